"""A cycle of typhoon of one country: from an ensemble of tracks to the portal, in the order of the API description."""

from __future__ import annotations

from prefect.client.schemas.objects import State

from flows.hazard_run import Options, hazard_flow, run_hazard
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.targets.problems import Overrides


@hazard_flow(TYPHOON)
def typhoon(
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
    """Run a forecast cycle of typhoon of a country.

    Args:
        country: ISO3 code of a country in the configuration.
        issue_time: day and hour (UTC) of the cycle, such as 2026-02-15T06; the newest whose tracks can be there if
            none is given.
        target: name of a target in settings.yaml; the country's own if none is given.
        notify: whether people may be notified; of four cycles a day those notify that have news.
        publish: where off, the run ends with what it found and a report.
        hold: stop before the notification; an operator approves it with `ibf-pipeline resume`. Triggers that leave no
            time for that are not held.
        approval: an operator approves or stops it with Resume on the run's page, within the target's hold_hours.
        accept_blind: events that may be closed although their storm is missing from this cycle alone.
        take_over: replace an upload of the same block of six hours that is not ours.
        discard_decisions: delete triggers and early actions that people set in this block.
        publish_withdrawn: publish events again that an operator withdrew.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    overrides = Overrides(tuple(accept_blind or ()), take_over, discard_decisions, publish_withdrawn)
    options = Options(publish, notify, hold, approval, overrides)
    return run_hazard(TYPHOON.name, country, issue_time, target, options, config, workspace)
