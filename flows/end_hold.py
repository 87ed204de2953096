"""Nobody has approved a notification in time: the run that is suspended for it is begun again, and says so.

A run of its own, scheduled when the question is asked, so that nothing sleeps until then. It decides nothing: the run
that it wakes closes the revision that it has held.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound

from flows.decorator import flow
from flows.states import COMPLETED, FAILED, SKIPPED
from flows.wiring.deployment_run import start_run
from ibf_pipeline.errors import errors_logged

log = logging.getLogger("ibf_pipeline.flows")

END_HOLD = "end-hold"
"""name of the flow and of its deployment"""
NOBODY = "the time limit\N{WORD JOINER}"
"""who decides if no operator does; nobody who fills in the form types the last character"""
NOBODY_ANSWERED = {"decision": "stop", "by": NOBODY}
"""answer to the question then"""
_GONE = (
    "the run that waited for a person was deleted, and what it held may be neither sent nor given up. What to do: "
    "`ibf-pipeline runs list` says so; run the day again"
)
_LATER = timedelta(seconds=2)
"""after the limit, so that clocks that differ a little do not end it before"""


@flow(name=END_HOLD)
def end_hold(run: str, question: str) -> State:
    """Begin a run again that is suspended until an operator approves its notification: the time for that is over.

    Args:
        run: id of the flow run that waits.
        question: for which it was suspended; a later one has a time limit of its own.
    """
    with get_client(sync_client=True) as client:
        try:
            waiting = client.read_flow_run(UUID(run))
        except ObjectNotFound:
            return FAILED.state(_GONE)
        state = waiting.state
        if state is None or not state.is_paused() or state.state_details.pause_key != question:
            return SKIPPED.state(f"nothing to do: {waiting.name} does not wait for this any more")
        answer = client.resume_flow_run(waiting.id, run_input=NOBODY_ANSWERED)
    if answer.status != SetStateStatus.ACCEPT:
        return FAILED.state(f"{waiting.name} waits beyond its time limit and cannot be begun again: {answer}")
    return COMPLETED.state(f"nobody has approved the notification of {waiting.name} in time")


def schedule_end(run: UUID, question: str, limit: datetime) -> None:
    """Schedule the end of a question; one however often it is asked for. Raises what Prefect's client does,
    ObjectNotFound if the server has no such deployment.
    """
    parameters = {"run": str(run), "question": question}
    start_run(f"{END_HOLD}/{END_HOLD}", parameters, _key(run, question), [], scheduled_time=limit + _LATER)


def cancel_end(run: UUID, question: str) -> None:
    """Take the scheduled end back, since the question is answered; one that stays finds nothing to do."""
    ours = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=[_key(run, question)]))
    with errors_logged(log, "the end of the hold could not be taken back"), get_client(sync_client=True) as client:
        for later in client.read_flow_runs(flow_run_filter=ours):
            client.delete_flow_run(later.id)


def _key(run: UUID, question: str) -> str:
    return f"{END_HOLD}-{run}-{question}"
