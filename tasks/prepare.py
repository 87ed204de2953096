"""Setting a country up, as Prefect tasks."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.prepare.build import prepare

log = logging.getLogger("ibf_pipeline.tasks")


@task(task_run_name="prepare {iso3}", cache_policy=NO_CACHE)
def build_layers(iso3: str, country: FloodCountry, static: Path, folder: Path) -> tuple[str, ...]:
    """Bring the prepared layers up to date; the steps are logged. Names of the parts that were made."""
    built = prepare(country, static, folder)
    log.info("%s: %s", iso3, f"built {', '.join(built)}" if built else "prepared layers are up to date")
    return built
