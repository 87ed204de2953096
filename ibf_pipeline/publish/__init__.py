"""Walking a plan: the only part with side effects on a target. It knows no hydrology."""
