"""A country prepared for typhoon: where people live on the wind's grid, houses, provinces, land."""
