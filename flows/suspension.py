"""A run of a deployment that waits gives its worker's slot back: its process ends, and a worker begins it again.

It is scheduled again for a moment, or suspended until an operator answers. Where that is not possible (a command in a
terminal, a part of another run, a server that does not answer) nothing is lost: the run stays in its process.
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import FlowRunContext
from prefect.events import emit_event
from prefect.exceptions import Pause
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput, read_flow_run_input
from prefect.input.run_input import keyset_from_paused_state
from prefect.runtime import flow_run
from prefect.states import Running, Scheduled, Suspended

from flows.automation_version import own_server_automations
from flows.states import COMPLETED

log = logging.getLogger("ibf_pipeline.flows")

sleep = time.sleep
_Form = TypeVar("_Form", bound=RunInput)

WAITING = "Waiting"
"""name of the state of a run that waits for something else than an operator"""
WAITING_EVENT = f"prefect.flow-run.{WAITING}"
LEFT_EVENT = "ibf-pipeline.left"
"""the last that is heard of a process whose run waits without it"""
POLL_SECONDS = 5
_SERVER_LATER = 600
"""seconds by which the server's own limit of a pause is later than ours"""
_SOON, _LATEST = timedelta(seconds=20), timedelta(minutes=5)
_NOTES = "ibf-pipeline.waiting"
"""label of a run with what it must know when it comes back"""


def own_run() -> FlowRun | None:
    """This run where it can wait without a process: one of a deployment, and no part of another run."""
    context = FlowRunContext.get()
    run = None if context is None else context.flow_run
    return run if run is not None and run.deployment_id is not None and run.parent_task_run_id is None else None


def reschedule(until: datetime, message: str, notes: dict[str, Any] | None = None) -> None:
    """End the process of this run; a worker begins it again at a moment. Returns where that is not possible.

    `message`: for what and until when it waits; `notes`: JSON, for `came_back`.
    """
    run, found = own_run(), own_server_automations()
    if run is None or found is None:
        return
    known = not found.events or WAITING_EVENT in found.events  # earlier automations would take it for dead
    state: State[Any] = Scheduled(scheduled_time=until, name=WAITING if known else "Scheduled", message=message)
    try:
        with get_client(sync_client=True) as client:
            count = client.read_flow_run(run.id).run_count  # not ours: a wait that was shown here counts as a start
            kept = json.dumps({"run_count": count, "notes": notes or {}})
            client.update_flow_run_labels(run.id, {_NOTES: kept})
            now = client.set_flow_run_state(run.id, state).state
    except Exception as error:  # it waits here, and is looked for nowhere else
        log.warning("the run stays on its worker while it waits (%s)", type(error).__name__)
        return
    if now is not None and now.is_scheduled():
        _end(run, now)


def next_look(runs: Iterable[FlowRun]) -> datetime:
    """When to look again at runs that this one waits for: soon after one has changed, ever more rarely while none does.

    To begin this run again costs a worker some ten seconds.
    """
    at = datetime.now(UTC)
    changed = max((run.state.timestamp for run in runs if run.state is not None), default=at)
    return at + min(max((at - changed) / 2, _SOON), _LATEST)


def saved_notes() -> dict[str, Any]:
    """What this run noted when it left its process; empty if it begins, or is begun anew by an operator."""
    run = own_run()
    kept = json.loads(str(run.labels.get(_NOTES, "{}"))) if run is not None else {}
    notes: dict[str, Any] = kept["notes"] if run is not None and kept.get("run_count") == run.run_count - 1 else {}
    return notes


def wait_for(runs: Iterable[FlowRun], message: str, notes: dict[str, Any] | None = None) -> None:
    """Wait until the next look at runs that this one waits for: without its process, or here where that cannot be."""
    again = next_look(runs)
    text = f"{message}; looked at again at {again:%H:%M:%S} UTC"
    log.info("%s", text)
    reschedule(again, text, notes)
    show_waiting_here(text)
    sleep(max(0.0, (again - datetime.now(UTC)).total_seconds()))


def show_waiting_here(text: str) -> None:
    """Say in the state of this run for what it waits in its process."""
    if flow_run.id is None:
        return
    try:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Running(name=WAITING, message=text), force=True)
    except Exception as error:  # a server that does not answer for a moment is not a reason to miss anything
        log.warning("the state could not be shown (%s)", type(error).__name__)


def suspend(form: type[RunInput], key: str, message: str) -> None:
    """End the process of this run; a worker begins it again when an operator has filled in the form.

    `key`: of this question, no other of the run has it; `message`: for what it waits. Returns where the server takes no
    suspension. Raises what Prefect's client does; it may be asked again then.
    """
    run = own_run()
    if run is None:
        return
    state: State[Any] = Suspended(pause_key=key, message=message)
    keyset = keyset_from_paused_state(state)
    state.state_details.run_input_keyset = {str(part): name for part, name in keyset.items()}
    if read_flow_run_input(keyset["schema"], run.id) is None:  # it comes before the state: who answers needs it
        form.save(keyset, run.id)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, state)
        taken = [each for each in client.read_flow_run_states(run.id) if each.state_details.pause_key == key]
    if taken:  # also if it is refused now: the server had taken it before, and its answer was lost
        _end(run, taken[-1])


def pause_for_input(form: type[_Form], key: str, seconds: float, otherwise: dict[str, str]) -> _Form | None:
    """What an operator fills in while this process waits; None if nobody does in time.

    `key`: of this question; `otherwise`: what the form is given at the end of the time. Left to the server, a pause
    that runs out fails the run with words that no automation of ours knows.
    """
    with _ending_the_pause(seconds, otherwise) as expired:
        filled = pause_flow_run(
            wait_for_input=form, timeout=int(seconds) + _SERVER_LATER, poll_interval=POLL_SECONDS, key=key
        )
    return None if expired.is_set() else filled


@contextmanager
def _ending_the_pause(seconds: float, otherwise: dict[str, str]) -> Iterator[threading.Event]:
    """End the pause of this run after a time, as soon as it has begun; the event then says so."""
    expired, over, run = threading.Event(), threading.Event(), flow_run.id

    def end() -> None:
        expired.set()
        with get_client(sync_client=True) as client:
            while not over.is_set():
                try:
                    answer = client.resume_flow_run(run, run_input=otherwise)
                    if answer.status == SetStateStatus.ACCEPT:
                        return
                except httpx.HTTPError as error:
                    log.debug("the pause of %s is not ended yet: %s", run, error)
                over.wait(1)

    context = contextvars.copy_context()  # with the settings of the run
    timer = threading.Timer(seconds, context.run, args=(end,))
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        over.set()
        timer.cancel()


def suspended_for() -> State | None:
    """The suspension from which this run comes back; None if it begins, or is begun anew by an operator."""
    run = own_run()
    if run is None:
        return None
    with get_client(sync_client=True) as client:
        states = client.read_flow_run_states(run.id)
    for state in sorted(states, key=lambda each: each.timestamp, reverse=True):
        if state.is_paused():
            return state
        if state.is_final():
            break
    return None


def _end(run: FlowRun, state: State) -> NoReturn:
    """Leave the flow as Prefect does, so that no state follows.

    Prefect's thread still gives signs of life of this process. One that came after the state would make the run count
    as dead: so the thread is told that the run is over, and one event more says that nothing is to be expected.
    """
    run.state = COMPLETED.state("")
    emit_event(LEFT_EVENT, {"prefect.resource.id": f"prefect.flow-run.{run.id}", "prefect.resource.name": run.name})
    raise Pause(state=state)
