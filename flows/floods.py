"""The flood day of one country: from a GloFAS ensemble to the portal, in the order of the API description."""

from __future__ import annotations

from datetime import date

from prefect.client.schemas.objects import State

from flows.hazard_run import Options, hazard_flow, run_hazard
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.targets.problems import Overrides


@hazard_flow(FLOODS)
def floods(
    country: str,
    issue_date: date | None = None,
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
    """Run the flood day of a country.

    Args:
        country: ISO3 code of a country in the configuration.
        issue_date: day of the GloFAS 00 UTC run; the day (UTC) that the run is scheduled for if none is given.
        target: name of a target in settings.yaml; the country's own if none is given.
        notify: whether people are notified.
        publish: where off, the run ends with what it found and a report.
        hold: stop before the notification; an operator approves it with `ibf-pipeline resume`.
        approval: an operator approves or stops it with Resume on the run's page, within the target's hold_hours.
        accept_blind: events that may be closed although their station is blind, suspect or no longer there.
        take_over: replace an upload of the same day that is not ours.
        discard_decisions: delete triggers and early actions that people set today.
        publish_withdrawn: publish events again that an operator withdrew.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    overrides = Overrides(tuple(accept_blind or ()), take_over, discard_decisions, publish_withdrawn)
    options = Options(publish, notify, hold, approval, overrides)
    return run_hazard(FLOODS.name, country, issue_date, target, options, config, workspace)
