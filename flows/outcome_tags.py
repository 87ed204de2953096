"""What a day came to, as tags of its run: lists of runs in the UI show them."""

from __future__ import annotations

import logging
from typing import Final
from uuid import UUID

from prefect.runtime import flow_run

from flows.brief_client import brief_client
from ibf_pipeline.domain.findings import NO_ALERT, Findings

log = logging.getLogger("ibf_pipeline.flows")

_HELD, _BLIND = "held", "not all seen"
_FOUND: Final = ("trigger", "warning", NO_ALERT)
_TAGS: Final = (*_FOUND, _BLIND, _HELD)
"""those that a run may get; it has no others from here"""


def outcome_tags(findings: Findings, *, held: bool) -> tuple[str, ...]:
    """The highest that was found; that something could not be seen, without which "no alert" says too much; and that
    the notification waits for an operator.
    """
    blind = any(unseen.condition == "blind" for unseen in findings.unseen)
    highest = (
        _FOUND[0] if any(event.trigger for event in findings.events) else _FOUND[1] if findings.events else NO_ALERT
    )
    return (highest, *([_BLIND] if blind else []), *([_HELD] if held else []))


def show_outcome(findings: Findings, *, held: bool) -> None:
    """Let the tags of this run say what its day came to, in place of what they said before. It never fails a run."""
    if flow_run.id is None:
        return
    tags = outcome_tags(findings, held=held)
    try:
        with brief_client() as client:
            run = UUID(str(flow_run.id))
            others = [tag for tag in client.read_flow_run(run).tags if tag not in _TAGS]
            client.update_flow_run(run, tags=[*others, *tags])
    except Exception as error:  # the state of the run says all of it
        log.debug("the tags of the run could not be set: %s", error)
