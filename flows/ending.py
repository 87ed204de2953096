"""How a flood day ends: the message of its state, and events for what people must be told."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed, Failed

from flows.messages import INPUT_MISSING, NOT_PUBLISHED, NOTICE_EVENT, NOTIFICATION_UNCONFIRMED
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown
from ibf_pipeline.found import Found
from ibf_pipeline.run_folder import RunFolder
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.open_target import Publication

log = logging.getLogger("ibf_pipeline.flows")

HELD = "held before the notification: approve or abort it with `ibf-pipeline resume`"


def ended(found: Found, publications: Sequence[Publication], *further: str) -> State:
    """The state's message: what was found and what a person has to do; automations go by its first words."""
    headline = f"EXERCISE: {found.headline}" if found.exercise else found.headline
    names = ", ".join(event.name for event in found.unpublishable_events)
    hidden = [f"{NOT_PUBLISHED}: {names} (no areas in the mapping)"] if names else []
    told = [notice for publication in publications for notice in _needing_people(publication.notices)]
    to_do = [*dict.fromkeys(f"{notice.kind}: {notice.event}" for notice in told), *further]
    if hidden and not found.publishable_events:
        return Failed(message="; ".join([*hidden, headline, *to_do]), data=None)
    return Completed(message="; ".join([headline, *hidden, *to_do]))


def failed(error: IbfError) -> State:
    """Failed with the cause in one line."""
    log.error("%s", error)
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


def kept_notices(run: RunFolder, target: str) -> list[Notice]:
    """The notices of the newest revision of a run: they are on disk before anybody is notified."""
    revisions = run.revisions(target)
    if not revisions or not revisions[-1].notices_file.is_file():
        return []
    kept = json.loads(revisions[-1].notices_file.read_text(encoding="utf-8"))
    return [Notice(**notice) for notice in kept["notices"]]


def _needing_people(notices: Sequence[Notice]) -> list[Notice]:
    return [notice for notice in notices if notice.kind in ("trigger without mail", "trigger lapsed beyond the limit")]


def _cause(error: IbfError) -> str:
    if isinstance(error, OutcomeUnknown):
        return f"{NOTIFICATION_UNCONFIRMED}: "
    return f"{INPUT_MISSING}: " if isinstance(error, InputMissing) else ""
