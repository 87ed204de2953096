"""Static data of a country, read once, checked, and turned into tables that a day can look up."""
