"""How our runs end: one table of the states, by whose names automations, exit codes and the morning page go.

A name says the one thing that people must act on first; the rest stands in the message. Prefect's event of a run that
ends is `prefect.flow-run.<name of the state>`, whatever its type: an automation has to name every outcome that it is to
see.
"""

from __future__ import annotations

from dataclasses import dataclass

from prefect.client.schemas.objects import State, StateType

from ibf_pipeline.domain.wording import NOT_SHOWN
from ibf_pipeline.errors import IbfError


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A way for a run to end."""

    name: str
    """of the state"""
    type: StateType
    exit_code: int
    """of the command that ran it, and of a country's run among those of all countries"""
    told: str = ""
    """automation, without the prefix of their names, that tells people of a run that ends so; empty for none"""
    words: str = ""
    """what the message says of it; people and earlier automations look for this"""

    @property
    def event(self) -> str:
        """The event of Prefect by which automations hear of it."""
        return f"prefect.flow-run.{self.name}"

    def state(self, message: str, error: IbfError | None = None) -> State:
        """A state for a run that ends so; `error` is what the command line shows of it."""
        return State(type=self.type, name=self.name, message=message, data=error)


COMPLETED = RunOutcome("Completed", StateType.COMPLETED, 0)
SKIPPED = RunOutcome("Skipped", StateType.COMPLETED, 0)
"""there was nothing to do: the pass or the event is not worth an order"""
HELD = RunOutcome("Held", StateType.COMPLETED, 0, words="held before the notification")
"""people are told by an event of its own, HELD_EVENT, which a run that waits for an operator has as well"""
STOPPED = RunOutcome("Notification stopped", StateType.COMPLETED, 0, words="not notified")
"""by an operator, who need not be told"""
NOT_ALL_PUBLISHED = RunOutcome("Not all published", StateType.COMPLETED, 0, words=NOT_SHOWN)
"""some alerts are on the portal, and some have no areas: a notice of each tells people, once a day"""
NOT_PUBLISHED = RunOutcome("Could not be published", StateType.FAILED, 1, words=NOT_SHOWN)
"""no alert of the day is on the portal; the same"""
PORTAL_DIFFERS = RunOutcome("Portal differs", StateType.COMPLETED, 0, words="the portal differs")
"""everything was done, and a look at the portal afterwards shows something else: a notice tells people the rows"""
INPUT_MISSING = RunOutcome("Input not available", StateType.FAILED, 3, "input not available", "input not available yet")
NOTIFICATION_UNCONFIRMED = RunOutcome(
    "Notification unconfirmed", StateType.FAILED, 4, "notification unconfirmed", "notification unconfirmed"
)
NOT_NOTIFIED = RunOutcome("Not notified", StateType.FAILED, 1, "not notified", "not notified")
"""everything was published; nobody has approved the notification in time, or the server mails nobody about it"""
PORTAL_UNREACHABLE = RunOutcome(
    "Portal unreachable", StateType.FAILED, 1, "portal unreachable", "the portal is unreachable"
)
"""for longer than the run waits; attempts of the deployment `resume` follow"""
PORTAL_AWAITED = RunOutcome("Portal awaited", StateType.COMPLETED, 0)
"""an attempt found it away as well, and the next one is scheduled; people were told before"""
PORTAL_STAYED_AWAY = RunOutcome("Portal stayed away", StateType.FAILED, 1, "portal stayed away")
"""the attempts are over: an operator goes on"""
FAILED = RunOutcome("Failed", StateType.FAILED, 1, "failed runs")
"""for any other reason, also those that Prefect itself finds; the exit code is that of the error if there is one"""
CRASHED = RunOutcome("Crashed", StateType.CRASHED, 1, "crashed runs")
CANCELLED = RunOutcome("Cancelled", StateType.CANCELLED, 1, "cancelled runs")

OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        COMPLETED,
        SKIPPED,
        HELD,
        STOPPED,
        NOT_ALL_PUBLISHED,
        NOT_PUBLISHED,
        PORTAL_DIFFERS,
        INPUT_MISSING,
        NOTIFICATION_UNCONFIRMED,
        NOT_NOTIFIED,
        PORTAL_UNREACHABLE,
        PORTAL_AWAITED,
        PORTAL_STAYED_AWAY,
        FAILED,
        CRASHED,
        CANCELLED,
    )
}
"""every one, by name; Crashed and Cancelled are set by Prefect alone"""

NOTICE_EVENT = "ibf-pipeline.notice"
HELD_EVENT = "ibf-pipeline.held"

WATCHED = "watched"
"""tag of the runs that a sensor has started"""


class NotNotified(IbfError):
    """A held notification was not approved in time, or its revision was given up before."""


def exit_code(state: State) -> int:
    """0 done, 1 failed, 2 bad usage, 3 input not available yet, 4 notification unconfirmed."""
    error = error_of(state) if state.name == FAILED.name else None
    return error.exit_code if isinstance(error, IbfError) else exit_code_by_name(state)


def exit_code_by_name(state: State) -> int:
    """The same where only a server knows the run, and so not the error that made it fail."""
    known = OUTCOMES.get(state.name or "")
    return known.exit_code if known else int(not state.is_completed())


def error_of(state: State) -> BaseException | None:
    """What has made a run of this process end so."""
    result = state.result(raise_on_failure=False) if not state.is_completed() else None
    return result if isinstance(result, BaseException) else None
