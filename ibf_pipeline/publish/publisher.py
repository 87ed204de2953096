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
from ibf_pipeline.publish.journal import CallState, Journal, RevisionProgress
from ibf_pipeline.records.lease import LeaseLost

log = logging.getLogger(__name__)

NotificationMode = Literal["send", "hold", "again", "assume"]
"""What to do with the call that notifies.

* `send`: send it, once;
* `hold`: stop before it and wait for the approval of an operator;
* `again`: send it although it may have been sent;
* `assume`: an operator says that it was carried out.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target answered to a call that it carried out."""

    status: int
    text: str


class Transport(Protocol):
    """How calls reach a target."""

    def send(self, call: Call) -> Answer:
        """Carry out one call; it is repeated if that is safe.

        Raises
        ------
        ServerRefused
            If the target refuses the call.
        ServerUnreachable
            If the target does not answer, and nothing is in doubt.
        OutcomeUnknown
            If a call that must not be repeated was sent and its answer did not arrive.
        """
        ...


FileOf = Callable[[str], Path]
"""name of a file that a call uploads -> where it is: asked before each try, since a local copy may be deleted"""

MailFailureCheck = Callable[[Call, IbfError], bool]
"""whether a failed call did everything except mail people; the target is asked"""


def no_mail_failure(call: Call, error: IbfError) -> bool:
    """The usual check: a call that failed has failed."""
    return False


@dataclass(frozen=True, slots=True)
class PublishOutcome:
    """The result of publishing a plan."""

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
    end: NotificationMode = "send",
    mail_failed: MailFailureCheck = no_mail_failure,
    on_answer: Callable[[Call, Answer], None] = lambda call, answer: None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> PublishOutcome:
    """Make the calls of a plan in their order, each after the one before is done.

    Parameters
    ----------
    calls : Sequence[Call]
        The plan.
    transport : Transport
        Sends one call to the target.
    journal : Journal
        Of the revision; calls that it knows to be done are not made again.
    end : NotificationMode
        What to do with the call that notifies. It is marked in the journal before it is sent. Once it may have been
        carried out, it is sent again only with `"again"`.
    mail_failed : MailFailureCheck
        Whether a failed call did everything except the mail: it then counts as `not mailed`, and the call that notifies
        is not sent at all.
    on_answer : Callable[[Call, Answer], None]
        Called with each answer.
    progress : Callable[[int, int], None]
        Called with (number of the call, calls of the plan).

    Returns
    -------
    PublishOutcome
        How many calls were made now, and whether the notification is held.

    Raises
    ------
    IbfError
        The transport's error, after it is in the journal; its message names the call.
    OutcomeUnknown
        If the notification may have been sent before and no operator has decided about it, or if it was sent and the
        journal cannot record that.
    LeaseLost
        If another run publishes by now; no further call is made.
    ForbiddenByRule
        If the revision was given up, or another process publishes.
    """
    with journal.open("publish") as held:
        before = journal.progress()
        if before.is_closed:
            raise ForbiddenByRule("this revision was closed", where=journal.file, remedy="run the day again")
        waiting, made = 0.0, 0
        if any(call.number not in before.done for call in calls):
            journal.begin()
        for call in calls:
            if call.number in before.done:
                continue
            # what was in doubt stays so
            failed: CallState = "unknown" if may_have_been_sent(call, before) else "failed"
            held.require()  # before the mark, which would tell of a call that was never made
            if not call.repeatable:
                settled = _settled(call, journal, before, end, mail_failed)
                if settled == "held":
                    return PublishOutcome(len(calls), made, call, waiting, held=True)
                if settled:
                    continue
                _mark(journal, call, failed)
            started = time.perf_counter()
            try:
                answer = transport.send(call)
            except IbfError as error:
                if mail_failed(call, error):
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
        others = ", the others were done before" if made < len(calls) else ""
        log.info("%d of %d calls made%s", made, len(calls), others)
        return PublishOutcome(len(calls), made, calls[-1] if calls else None, waiting)


def _settled(
    call: Call, journal: Journal, before: RevisionProgress, end: NotificationMode, mail_failed: MailFailureCheck
) -> CallState | None:
    """What is recorded of the call that notifies instead of sending it; None if it is to be sent.

    OutcomeUnknown if it may have been sent before and nobody has decided.
    """
    state: CallState | None = None
    why = None
    if before.is_unmailed:
        state, why = "not mailed", "not sent: an earlier call of this revision says that nobody is mailed"
    elif may_have_been_sent(call, before) and end != "again":
        unknown = OutcomeUnknown(
            f"{call.title} may have been carried out before",
            where=journal.file,
            remedy="find out whether people were notified, then resume --notify-again or --assume-notified",
        )
        if end != "assume" and not mail_failed(call, unknown):
            raise unknown
        state = "assumed" if end == "assume" else "not mailed"
    elif end == "hold":
        state = "held"
    if state is not None:
        journal.append(call.number, state, error=why)
    return state


def _mark(journal: Journal, call: Call, failed: CallState) -> None:
    """Record that a call is about to be sent; if that fails, nothing is sent and no mark may stay."""
    try:
        journal.append(call.number, "sending")
    except WriteFailed as error:
        _note(journal, call, failed, error)
        raise


def _note(journal: Journal, call: Call, state: CallState, error: IbfError) -> None:
    """Keep why a call failed; a full disk does not hide the failure itself."""
    try:
        journal.append(call.number, state, error=_text(error))
    except IbfError as failed:
        log.error("%s", failed)


def _text(error: IbfError) -> str:
    return str(error).encode(errors="replace").decode()


def _note_done(journal: Journal, call: Call, answer: Answer, seconds: float) -> None:
    """Keep that a call is done; OutcomeUnknown if the notification went out and the journal cannot say so."""
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


def require_decidable(last: Sequence[Call], journal: Journal, end: NotificationMode | None) -> None:
    """Refuse a decision of an operator about a notification whose outcome is not in doubt.

    Without this check it would be taken for sent, or sent without the approval that it waits for.

    Parameters
    ----------
    last : sequence of Call
        Those of kind `end`.
    journal : Journal
        Of the revision.
    end : NotificationMode or None
        What the operator decided.

    Raises
    ------
    ForbiddenByRule
        For `"again"` and `"assume"` if no call of `last` may have been sent without a known answer.
    """
    if end in ("again", "assume") and not any(may_have_been_sent(call, journal.progress()) for call in last):
        raise ForbiddenByRule(
            "nothing is unknown about the notification of this revision",
            where=journal.file,
            expected="--notify-again and --assume-notified only where a run ended `notification unconfirmed`",
            remedy="resume without them; the notification has not been sent yet, or there is none",
        )


def may_have_been_sent(call: Call, progress: RevisionProgress) -> bool:
    """Whether a call was marked and no answer is known: the process may have died at any time in between."""
    return progress.last_state(call.number) in ("sending", "unknown")
