"""The console script: commands, their options, and what is printed."""
