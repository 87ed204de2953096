"""What works beside the forecasts: catalogue subscriptions, orders of evidence, observation of floods."""
