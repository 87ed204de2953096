"""A town of Ethiopia for flash floods: made-up squares with the portal's codes, names and gauges."""
