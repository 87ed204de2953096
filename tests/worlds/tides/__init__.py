"""A made-up fourth hazard, of which the product knows nothing: high tides at piers, in hours, four runs a day."""
