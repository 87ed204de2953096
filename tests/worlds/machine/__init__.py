"""A machine among several: its home, its name, its worker, its commands."""
