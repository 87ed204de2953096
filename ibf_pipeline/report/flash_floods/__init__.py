"""What reports say and show of flash floods."""
