"""Walk a plan against a transport and keep its journal."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ibf_pipeline.errors import ForbiddenByRule, IbfError, OutcomeUnknown, WriteFailed
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.journal import Journal, Progress, State
from ibf_pipeline.records.lease import Lease, LeaseLost

log = logging.getLogger(__name__)

End = Literal["send", "hold", "again", "assume"]
"""What to do with the call that notifies: send it once; stop before it and wait for a person; send it although it may
have been sent; or take a person's word that it was carried out"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target answered to a call that it carried out."""

    status: int
    text: str


class Transport(Protocol):
    """How calls reach a target."""

    def send(self, call: Call) -> Answer:
        """Carry out one call; repeats it where that is safe.

        Raises ServerRefused, ServerUnreachable, or OutcomeUnknown where a call that must not be repeated was sent and
        its answer did not arrive.
        """
        ...


FileOf = Callable[[str], Path]
"""name of a file that a call uploads -> where it is by now: asked before each try, since a cache may vanish"""

Excuse = Callable[[Call, IbfError], bool]
"""Whether a call that failed has done all that it was to do but mail people: the target is looked at"""


def no_excuse(call: Call, error: IbfError) -> bool:
    """A call that failed has failed."""
    return False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing a plan came to."""

    calls: int
    """of the plan"""
    made: int
    """in this walk; the others were done before"""
    last: Call | None
    seconds_waiting: float
    """for the target's answers"""
    held: bool = False
    """stopped before the call that notifies"""


def publish(
    calls: Sequence[Call],
    transport: Transport,
    journal: Journal,
    *,
    end: End = "send",
    not_mailed: Excuse = no_excuse,
    on_answer: Callable[[Call, Answer], None] = lambda call, answer: None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Outcome:
    """Make the calls in their order, each once the one before is done.

    Calls that the journal knows to be done are not made again. The call that notifies is marked before it is sent; once
    it may have been carried out, it is not sent again without `end="again"`, and where an earlier call was `not_mailed`
    it is not sent at all. Who loses the right to publish makes no further call. Raises the transport's error, whose
    message names the call, after noting it in the journal; ForbiddenByRule for a revision that was given up.
    """
    with journal.open("publish") as held:
        return _walk(calls, transport, journal, held, end, not_mailed, on_answer, progress)


def _walk(
    calls: Sequence[Call],
    transport: Transport,
    journal: Journal,
    held: Lease,
    end: End,
    not_mailed: Excuse,
    on_answer: Callable[[Call, Answer], None],
    progress: Callable[[int, int], None],
) -> Outcome:
    before = journal.progress()
    if before.is_closed:
        raise ForbiddenByRule("this revision was closed", where=journal.file, remedy="run the day again")
    waiting, made = 0.0, 0
    if any(call.number not in before.done for call in calls):
        journal.begin()
    for call in calls:
        if call.number in before.done:
            continue
        failed: State = "unknown" if may_have_been_sent(call, before) else "failed"  # what was in doubt stays so
        held.require()  # before the mark, which would tell of a call that was never made
        if not call.repeatable:
            settled = _settled(call, journal, before, end, not_mailed)
            if settled == "held":
                return Outcome(len(calls), made, call, waiting, held=True)
            if settled:
                continue
            _mark(journal, call, failed)
        started = time.perf_counter()
        try:
            answer = transport.send(call)
        except IbfError as error:
            if not_mailed(call, error):
                journal.append(call.number, "not mailed", error=_text(error))
                continue
            _note(journal, call, "unknown" if isinstance(error, OutcomeUnknown) else failed, error)
            raise
        seconds = time.perf_counter() - started
        waiting += seconds
        on_answer(call, answer)
        _note_done(journal, call, answer, seconds)
        made += 1
        progress(call.number, len(calls))
    log.info("%d of %d calls made%s", made, len(calls), ", the others were done before" if made < len(calls) else "")
    return Outcome(len(calls), made, calls[-1] if calls else None, waiting)


def _settled(call: Call, journal: Journal, before: Progress, end: End, not_mailed: Excuse) -> State | None:
    """What is recorded of the call that notifies instead of sending it; None where it is to be sent.

    OutcomeUnknown where it may have been sent before and nobody has decided.
    """
    state: State | None = None
    why = None
    if before.is_unmailed:
        state, why = "not mailed", "not sent: an earlier call of this revision says that nobody is mailed"
    elif may_have_been_sent(call, before) and end != "again":
        unknown = OutcomeUnknown(
            f"{call.title} may have been carried out before",
            where=journal.file,
            remedy="find out whether people were notified, then resume --notify-again or --assume-notified",
        )
        if end != "assume" and not not_mailed(call, unknown):
            raise unknown
        state = "assumed" if end == "assume" else "not mailed"
    elif end == "hold":
        state = "held"
    if state is not None:
        journal.append(call.number, state, error=why)
    return state


def _mark(journal: Journal, call: Call, failed: State) -> None:
    """Record that a call is about to be sent; where that fails nothing is sent, so no mark may stay either."""
    try:
        journal.append(call.number, "sending")
    except WriteFailed as error:
        _note(journal, call, failed, error)
        raise


def _note(journal: Journal, call: Call, state: State, error: IbfError) -> None:
    """Keep why a call failed; a full disk does not hide the failure itself."""
    try:
        journal.append(call.number, state, error=_text(error))
    except IbfError as failed:
        log.error("%s", failed)


def _text(error: IbfError) -> str:
    return str(error).encode(errors="replace").decode()


def _note_done(journal: Journal, call: Call, answer: Answer, seconds: float) -> None:
    """Keep that a call is done; OutcomeUnknown where the notification went out and the journal cannot say so."""
    try:
        journal.append(call.number, "done", status=answer.status, seconds=seconds, durable=not call.repeatable)
    except (WriteFailed, LeaseLost) as error:
        if call.repeatable:
            raise
        raise OutcomeUnknown(
            f"{call.title} was carried out ({answer.status}) and {error.found}",
            where=journal.file,
            remedy="make free disk space, then `resume --assume-notified`",
        ) from error


def require_decidable(last: Sequence[Call], journal: Journal, end: End | None) -> None:
    """ForbiddenByRule where a person decides about a notification whose fate is not unknown.

    It would be sent although the person takes it for sent, or without the approval that it waits for.
    """
    if end in ("again", "assume") and not any(may_have_been_sent(call, journal.progress()) for call in last):
        raise ForbiddenByRule(
            "nothing is unknown about the notification of this revision",
            where=journal.file,
            expected="--notify-again and --assume-notified only where a run ended `notification unconfirmed`",
            remedy="resume without them; the notification has not been sent yet, or there is none",
        )


def may_have_been_sent(call: Call, progress: Progress) -> bool:
    """Whether a call was marked and no answer is known: the process may have died at any moment in between."""
    return progress.last_state(call.number) in ("sending", "unknown")
