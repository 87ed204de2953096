"""How a run of a forecast ends: the message of its state, and events for what people must be told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from prefect.client.schemas.objects import State
from prefect.events import emit_event

from flows.states import (
    COMPLETED,
    FAILED,
    HELD,
    HELD_EVENT,
    INPUT_MISSING,
    NOT_ALL_PUBLISHED,
    NOT_NOTIFIED,
    NOT_PUBLISHED,
    NOTICE_EVENT,
    NOTIFICATION_UNCONFIRMED,
    PORTAL_DIFFERS,
    PORTAL_UNREACHABLE,
    NotNotified,
    Outcome,
)
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown, PortalUnreachable, only_logged
from ibf_pipeline.targets.notice import Notice, day_of
from ibf_pipeline.targets.open_target import Publication
from ibf_pipeline.targets.told import day_in_words

log = logging.getLogger("ibf_pipeline.flows")


HOLD = f"{HELD.words}: approve or abort it with `ibf-pipeline resume`"


URGENT = "not held for approval: there is no time to wait for a person"


def nothing_new(target: str) -> str:
    """What the state of a run says that had nothing to do on its target."""
    return f"nothing to publish: {target} has this very content"


def ended(found: Findings, publications: Sequence[Publication], *further: str, otherwise: Outcome = COMPLETED) -> State:
    """The state's message: what was found and what a person has to do.

    An alert that the portal cannot show gives the state its name, before what became of the notification (`otherwise`):
    nothing else tells people of it, whereas a held notification has an event of its own. An alert that lies beyond what
    the portal shows does not: nothing went wrong, it is published on a later day, and its notice tells people today. A
    portal that shows something else than was published comes before a notification that waits or was stopped, since who
    approves has to know, and after one that nobody got.
    """
    hidden, shown = found.unpublishable_events, found.publishable_events
    if any(each.verified is not None and each.verified.differs for each in publications[-1:]):
        otherwise = PORTAL_DIFFERS
    if otherwise in (COMPLETED, PORTAL_DIFFERS) and any(publication.unmailed for publication in publications[-1:]):
        otherwise = NOT_NOTIFIED
    outcome = otherwise if not hidden else NOT_ALL_PUBLISHED if shown else NOT_PUBLISHED
    return outcome.state(day_in_words(found, publications, *further))


def failed(error: IbfError, shown: Callable[[], str] | None = None) -> State:
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


def tell(found: Findings, notices: Sequence[Notice]) -> None:
    """One event a notice, with a text that can be forwarded as it is: an automation sends it on."""
    for notice in notices:
        # it stands in notices.json, in the log and in the report all the same
        with only_logged(log, "%s: the notice about %s could not be sent on", found.country, notice.event):
            emit_event(
                event=NOTICE_EVENT,
                resource={
                    "prefect.resource.id": f"ibf-pipeline.event.{found.country}.{notice.event}",
                    "prefect.resource.name": f"{found.country} {notice.event}",
                },
                payload={
                    "kind": notice.kind,
                    "event": notice.event,
                    "country": found.country,
                    "hazard": found.hazard,
                    "issue_date": str(found.issue_time),
                    "text": f"EXERCISE. {notice.text}" if found.exercise else notice.text,
                },
            )


def tell_held(found: Findings, target: str, until: str, what_to_do: str) -> None:
    """One event for a notification that waits for a person: an automation sends its text on.

    `until`: end of the hold, UTC; `what_to_do`: how a person decides.
    """
    exercise = "EXERCISE. " if found.exercise else ""
    text = (
        f"{exercise}{day_of(found)}: {found.headline}. Everything is on "
        f"{target}, and the notification waits for a person until {until}; afterwards nobody is notified. {what_to_do}"
    )
    # the state of the run says so too
    with only_logged(log, "%s: that a notification waits could not be sent on", found.country):
        emit_event(
            event=HELD_EVENT,
            resource={
                "prefect.resource.id": f"ibf-pipeline.run.{found.country}.{found.hazard}.{found.issue_time}",
                "prefect.resource.name": f"{found.country} {found.issue_time}",
            },
            payload={
                "country": found.country,
                "hazard": found.hazard,
                "issue_date": str(found.issue_time),
                "text": text,
            },
        )
