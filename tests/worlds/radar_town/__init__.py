"""A second configuration of flash floods: one town, radar in steps of 15 minutes, gauges that decide and alert."""
