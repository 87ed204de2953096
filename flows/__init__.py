"""Prefect flows and the console script: orchestration, no logic."""
