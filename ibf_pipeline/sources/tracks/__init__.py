"""Sources of cyclone tracks: each answers with the storms of one forecast cycle."""
