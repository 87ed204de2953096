"""Setting a country up, as Prefect tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.prepare.parts import BuildProgress, log_progress
from ibf_pipeline.storage.shared_folder import SharedFolder
from tasks.decorator import task

log = logging.getLogger("ibf_pipeline.tasks")

Build = Callable[[Any, Path, Path, BuildProgress, SharedFolder | None], tuple[str, ...]]


@task(task_run_name="prepare {iso3}")
def build_layers(
    iso3: str, build: Build, country: CountryHazard, static: Path, folder: Path, shared: SharedFolder | None
) -> tuple[str, ...]:
    """Bring the prepared layers up to date; the steps are logged. Names of the parts that were made."""
    built = build(country, static, folder, log_progress, shared)
    log.info("%s: %s", iso3, f"built {', '.join(built)}" if built else "prepared layers are up to date")
    return built
