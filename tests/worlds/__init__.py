"""Made-up countries and services on loopback that tests and benchmarks run in."""
