"""Gridded precipitation and rain gauges to the hourly rain of areas, every hour with its origin."""
