"""Environment of Prefect in our own processes, set before Prefect is imported: quiet, no telemetry."""

from __future__ import annotations

import logging
import os
from pathlib import Path


def settle(home: Path | None = None) -> None:
    """Defaults that the operator's own environment overrides; with `home` Prefect keeps its files there."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "ibf_pipeline")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        os.environ["PREFECT_HOME"] = str(home)
        os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
