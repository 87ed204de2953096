"""The flow of tides: what it takes in the UI, and a run like any other."""

from __future__ import annotations

from prefect.client.schemas.objects import State

from flows.decorator import flow
from flows.hazard_run import Options, run_hazard
from ibf_pipeline.targets.problems import Overrides
from tests.worlds.tides.hazard import TIDES


@flow(name=TIDES.name, retries=0, persist_result=False, validate_parameters=False)
def tides(
    country: str,
    issue_time: str | None = None,
    target: str | None = None,
    notify: bool = True,
    publish: bool = True,
    hold: bool = False,
    approval: bool = False,
    accept_blind: list[str] | None = None,
    take_over: bool = False,
    discard_decisions: bool = False,
    publish_withdrawn: bool = False,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Run a block of six hours of a country."""
    overrides = Overrides(tuple(accept_blind or ()), take_over, discard_decisions, publish_withdrawn)
    options = Options(publish, notify, hold, approval, overrides)
    return run_hazard(TIDES.name, country, issue_time, target, options, config, workspace)
