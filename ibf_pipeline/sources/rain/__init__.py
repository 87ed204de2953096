"""Where rain comes from: public archives of forecasts and of what satellites saw."""
