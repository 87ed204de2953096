"""Flash floods, from the rain of areas to what was found: pure functions on values."""
