"""Old files are deleted from the store, as `store.keep_days` says."""

from __future__ import annotations

import logging

from prefect import flow
from prefect.client.schemas.objects import State

from flows.installed import final
from flows.states import COMPLETED, FAILED
from flows.wiring.day import now, open_configuration
from flows.wiring.records import as_configured, open_pruning
from ibf_pipeline.errors import IbfError

log = logging.getLogger("ibf_pipeline.flows")


@flow(name="prune", flow_run_name="prune", retries=0, persist_result=False)
def prune(config: str = "config", workspace: str | None = None) -> State:
    """Delete files from the store that are older than `store.keep_days` and that the records do not need.

    Args:
        config: folder of the configuration.
        workspace: folder of the runs, instead of that of the settings.
    """
    try:
        configuration = open_configuration(config, workspace)
        pruned = open_pruning(configuration, now).prune(as_configured(configuration))
    except IbfError as error:
        return final(FAILED.state(str(error), error))
    for row in pruned.sets:
        log.info("deleted: %s, %s of %s", row.place, row.kind, row.at.date())
    return final(COMPLETED.state("; ".join([pruned.words, *(f"not deleted: {each}" for each in pruned.passed_over)])))
