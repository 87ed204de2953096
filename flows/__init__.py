"""Prefect flows and the console script: orchestration, no logic."""

from flows.wiring.environment import shorten_errors

shorten_errors()
