"""A block of flash floods of one country: from the rain of areas to the portal, in the order of the API description."""

from __future__ import annotations

from prefect.client.schemas.objects import State

from flows.hazard_run import Options, hazard_flow, run_hazard
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.targets.problems import Overrides


@hazard_flow(FLASH_FLOODS)
def flash_floods(
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
    """Run a block of flash floods of a country.

    Args:
        country: ISO3 code of a country in the configuration.
        issue_time: day and hour (UTC) of the block, such as 2026-02-15T06; the newest whose rain can be there if
            none is given.
        target: name of a target in settings.yaml; the country's own if none is given.
        notify: whether people may be notified; of four blocks a day those notify that have news.
        publish: where off, the run ends with what it found and a report.
        hold: stop before the notification; an operator approves it with `ibf-pipeline resume`. Triggers within 12 hours
            are not held.
        approval: an operator approves or stops it with Resume on the run's page, within the target's hold_hours.
        accept_blind: events that may be closed although the rain of some of their areas is not known.
        take_over: replace an upload of the same block that is not ours.
        discard_decisions: delete triggers and early actions that people set in this block.
        publish_withdrawn: publish events again that an operator withdrew.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    overrides = Overrides(tuple(accept_blind or ()), take_over, discard_decisions, publish_withdrawn)
    options = Options(publish, notify, hold, approval, overrides)
    return run_hazard(FLASH_FLOODS.name, country, issue_time, target, options, config, workspace)
