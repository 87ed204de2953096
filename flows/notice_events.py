"""What the server's automations send on to people: notices, and that a notification waits for an operator."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from prefect.client.orchestration import get_client
from prefect.events import Event
from prefect.events.schemas.events import RelatedResource, Resource
from prefect.runtime import flow_run

from flows.states import HELD_EVENT, NOTICE_EVENT
from flows.wiring.day import now
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import errors_logged
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.targets.notice import Notice, intro
from ibf_pipeline.targets.notice_ledger import keep_further, mark_told, untold
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")


def send_notices(run: RunFolder, target: str, found_since: Sequence[Notice] = ()) -> None:
    """Send on the notices of a day that nobody was told yet; whatever goes wrong, the next run of the day does so.

    `found_since`: of what changes nothing on the target, so that no revision has them; it shows something of the day.
    They count as told once the server has taken them. Without a server nothing is sent: they stand in the log, in the
    report and in notices.json.
    """
    if not has_server():
        return
    with errors_logged(log, "%s: not all notices could be sent on, the next run of the day tells them", run.id):
        keep_further(run, target, found_since)
        for revision, notices in untold(run, target):
            found = revision.findings()
            send_events([notice_event(found, notice) for notice in notices])
            mark_told(revision, notices, now)


def notice_event(findings: Findings, notice: Notice) -> Event:
    """With a text that can be forwarded as it is."""
    about = {
        "prefect.resource.id": f"ibf-pipeline.event.{findings.country}.{notice.event}",
        "prefect.resource.name": f"{findings.country} {notice.event}",
    }
    text = f"EXERCISE. {notice.text}" if findings.exercise else notice.text
    return _event(NOTICE_EVENT, about, findings, {"kind": notice.kind, "event": notice.event, "text": text})


def tell_held(findings: Findings, target: str, until: str, what_to_do: str) -> None:
    """One event for a notification that waits for an operator.

    `until`: end of the hold, UTC; `what_to_do`: how an operator decides.
    """
    if not has_server():
        return
    # the state of the run says so too
    with errors_logged(log, "%s: that a notification waits could not be sent on", findings.country):
        send_events([held_event(findings, target, until, what_to_do)])


def held_event(findings: Findings, target: str, until: str, what_to_do: str) -> Event:
    """The same as an event."""
    about = {
        "prefect.resource.id": f"ibf-pipeline.run.{findings.country}.{findings.hazard}.{findings.issue_time}",
        "prefect.resource.name": f"{findings.country} {findings.issue_time}",
    }
    exercise = "EXERCISE. " if findings.exercise else ""
    text = (
        f"{exercise}{intro(findings)}: {findings.headline}. Everything is on "
        f"{target}, and the notification waits for a person until {until}; afterwards nobody is notified. {what_to_do}"
    )
    return _event(HELD_EVENT, about, findings, {"text": text})


def send_events(events: Sequence[Event]) -> None:
    """Give events to the server, which has them afterwards: those that Prefect sends by itself can be lost with the
    process. Raises what Prefect's client does.
    """
    with get_client(sync_client=True) as client:
        client.request("POST", "/events", json=[event.model_dump(mode="json") for event in events])


def _event(name: str, about: dict[str, str], findings: Findings, payload: dict[str, str]) -> Event:
    of = {"country": findings.country, "hazard": findings.hazard, "issue_date": str(findings.issue_time)}
    run = {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}", "prefect.resource.role": "flow-run"}
    related = [RelatedResource.model_validate(run)] if flow_run.id else []
    return Event(event=name, resource=Resource.model_validate(about), related=related, payload={**payload, **of})
