"""Made-up countries, their forecasts, their days and the damage done to them."""
