"""How a run of a forecast ends: the name and the message of its state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prefect.client.schemas.objects import State

from flows.states import (
    COMPLETED,
    FAILED,
    HELD,
    INPUT_MISSING,
    NOT_ALL_PUBLISHED,
    NOT_NOTIFIED,
    NOT_PUBLISHED,
    NOTIFICATION_UNCONFIRMED,
    PORTAL_DIFFERS,
    PORTAL_UNREACHABLE,
    NotNotified,
    RunOutcome,
)
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown, PortalUnreachable
from ibf_pipeline.targets.day_summary import day_in_words
from ibf_pipeline.targets.target import Publication

HOLD = f"{HELD.words}: approve or abort it with `ibf-pipeline resume`"


NO_TIME = "not held for approval: there is no time to wait for a person"


def nothing_new(target: str) -> str:
    """What the state of a run says that had nothing to do on its target."""
    return f"nothing to publish: {target} has this very content"


def day_state(
    findings: Findings, publications: Sequence[Publication], *further: str, otherwise: RunOutcome = COMPLETED
) -> State:
    """The state's message: what was found and what an operator has to do.

    An alert that the portal cannot show gives the state its name, before what became of the notification (`otherwise`):
    it is on no portal, and who decides about the notification sees it all the same. An alert that lies beyond what the
    portal shows does not: nothing went wrong, it is published on a later day, and its notice tells people today. A
    portal that shows something else than was published comes before a notification that waits or was stopped, since who
    approves has to know, and after one that nobody got.
    """
    hidden, shown = findings.unpublishable_events, findings.publishable_events
    if any(each.verified is not None and each.verified.differs for each in publications[-1:]):
        otherwise = PORTAL_DIFFERS
    if otherwise in (COMPLETED, PORTAL_DIFFERS) and any(publication.unmailed for publication in publications[-1:]):
        otherwise = NOT_NOTIFIED
    outcome = otherwise if not hidden else NOT_ALL_PUBLISHED if shown else NOT_PUBLISHED
    return outcome.state(day_in_words(findings, publications, *further))


def failed_state(error: IbfError, shown: Callable[[], str] | None = None) -> State:
    """Failed with the cause in one line, which Prefect logs as the state of the run.

    `shown`: what a portal that is away shows meanwhile, in words; asked for nothing else.
    """
    if isinstance(error, PortalUnreachable):
        said = f"{shown()}; {error}" if shown else str(error)
        return PORTAL_UNREACHABLE.state(f"{PORTAL_UNREACHABLE.words}: {said}", error)
    if isinstance(error, NotNotified):  # its own words say it, and stand first: where is left out
        return NOT_NOTIFIED.state(str(IbfError(error.found, expected=error.expected, remedy=error.remedy)), error)
    for kind, outcome in ((OutcomeUnknown, NOTIFICATION_UNCONFIRMED), (InputMissing, INPUT_MISSING)):
        if isinstance(error, kind):
            return outcome.state(f"{outcome.words}: {error}", error)
    return FAILED.state(str(error), error)
