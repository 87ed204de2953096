"""Old files of runs are deleted, and old runs of Prefect's history, as the settings say."""

from __future__ import annotations

import logging

from prefect.client.schemas.objects import State

from flows.decorator import flow
from flows.history import old_history
from flows.states import COMPLETED
from flows.wiring.day import now, open_configuration
from flows.wiring.records import as_configured, open_pruning
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")


@flow(name="prune", flow_run_name="prune")
def prune(config: str = "config", workspace: str | None = None) -> State:
    """Delete files of runs that are older than `keep_days` and that the records do not need, from the store if there
    is one, and ended runs of Prefect's history that are older than `operations.history_days`.

    Args:
        config: folder of the configuration.
        workspace: folder of the runs, instead of that of the settings.
    """
    configuration = open_configuration(config, workspace)
    pruned = open_pruning(configuration, now).prune(as_configured(configuration))
    days = configuration.settings.operations.history_days
    history = old_history(days, now(), forget=True) if days is not None and has_server() else None
    for each in pruned.sets:
        log.info("deleted: %s, %s of %s", each.place, each.kind, each.at.date())
    said = [pruned.words, *([f"{history.words}, deleted"] if history is not None and history.runs else [])]
    return COMPLETED.state("; ".join([*said, *(f"not deleted: {each}" for each in pruned.passed_over)]))
