"""From events to areas, people and extents: pure functions on the country's prepared tables."""
