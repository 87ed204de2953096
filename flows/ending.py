"""How a flood day ends: the message of its state, and events for what people must be told."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed, Failed

from flows.messages import INPUT_MISSING, NOT_PUBLISHED, NOTICE_EVENT, NOTIFICATION_UNCONFIRMED
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown
from ibf_pipeline.found import Found
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.open_target import Publication

log = logging.getLogger("ibf_pipeline.flows")

HELD = "held before the notification: approve or abort it with `ibf-pipeline resume`"


def ended(found: Found, publications: Sequence[Publication], *further: str) -> State:
    """The state's message: what was found and what a person has to do; automations go by its first words."""
    parts = [f"EXERCISE: {found.headline}" if found.exercise else found.headline]
    names = ", ".join(event.name for event in found.unpublishable_events)
    hidden = f"{NOT_PUBLISHED}: {names} (no areas in the mapping)"
    if names and not found.publishable_events:
        return Failed(message=f"{hidden}; {parts[0]}", data=None)
    if names:
        parts.append(hidden)
    told = [notice for publication in publications for notice in _needing_people(publication.notices)]
    parts += dict.fromkeys(f"{notice.kind}: {notice.event}" for notice in told)
    return Completed(message="; ".join([*parts, *further]))


def failed(error: IbfError) -> State:
    """Failed with the cause in one line, which Prefect logs as the state of the run."""
    return Failed(message=f"{_cause(error)}{error}", data=error)


def tell(found: Found, notices: Sequence[Notice]) -> None:
    """One event a notice, with a text that can be forwarded as it is: an automation sends it on."""
    for notice in notices:
        try:
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
                    "issue_date": found.issue_date.isoformat(),
                    "text": f"EXERCISE. {notice.text}" if found.exercise else notice.text,
                },
            )
        except Exception:  # it stands in notices.json, in the log and in the report all the same
            log.exception("%s: the notice about %s could not be sent on", found.country, notice.event)


def _needing_people(notices: Sequence[Notice]) -> list[Notice]:
    return [notice for notice in notices if notice.kind in ("trigger without mail", "trigger lapsed beyond the limit")]


def _cause(error: IbfError) -> str:
    if isinstance(error, OutcomeUnknown):
        return f"{NOTIFICATION_UNCONFIRMED}: "
    return f"{INPUT_MISSING}: " if isinstance(error, InputMissing) else ""
