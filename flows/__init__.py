"""Prefect flows and the console script: orchestration, no logic."""

import logging

from flows.wiring.environment import collect_rarely, shorten_errors

logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
collect_rarely()
shorten_errors()
