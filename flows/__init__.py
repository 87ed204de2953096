"""Prefect flows and the console script: orchestration, no logic."""

from flows.wiring.environment import collect_rarely, shorten_errors

collect_rarely()
shorten_errors()
