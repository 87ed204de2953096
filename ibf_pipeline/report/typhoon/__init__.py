"""What reports say and show of typhoon."""
