"""What people decided on the portal about events of a period, which publishing that period again deletes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.ibf.baseline import server_baseline
from ibf_pipeline.targets.ibf.queries import ask_list
from ibf_pipeline.targets.ibf.state import OpenArea, open_area
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.problems import Problem

log = logging.getLogger(__name__)


def deleted_decisions(findings: Findings, areas: Mapping[str, Iterable[OpenArea]], what: str) -> Iterator[Problem]:
    """What people decided about events first issued in the period of the findings, one problem an event.

    The server makes the rows of these events anew when it processes the period again, without the triggers that people
    set and the early actions that they ticked.

    Parameters
    ----------
    findings : Findings
        Of the day.
    areas : mapping
        Event name -> its open areas.
    what : str
        What would delete them, for the message.
    """
    profile = profile_of(findings)
    for event, of_event in areas.items():
        dated = ((area, area.first_issued) for area in of_event)
        today = [area for area, issued in dated if issued and profile.issue_time(issued) == findings.issue_time]
        triggers = sorted(area.place_code for area in today if area.set_by_person)
        ticked = sum(area.actions_ticked for area in today)
        if triggers or ticked:
            decided = [f"the trigger that a person set for {', '.join(triggers)}"] if triggers else []
            decided += [f"{ticked} ticked early actions"] if ticked else []
            yield Problem(
                f"{what} would delete {' and '.join(decided)} of event {event}; accept it with --discard-decisions"
            )


def decisions_since(revision: Revision, client: IbfClient) -> list[Problem]:
    """What people decided about the events of a revision since it was planned, read from the server.

    It is asked event by event: the list of all events cannot be read while the calls of a day are half made. A server
    without the route event/alert-areas is not checked.
    """
    found = revision.findings()
    names = sorted({event.name for event in found.publishable_events} | set(server_baseline(revision.about()).before))
    disaster_type = profile_of(found).disaster_type
    path = f"/event/alert-areas/{found.country}/{found.default_admin_level}/{disaster_type}"
    areas = {}
    for name in names:
        listed = ask_list(client, path, eventName=name)
        if listed is None:
            log.warning("%s: what people decided: not checked, this server has no route for it", found.country)
            return []
        areas[name] = [open_area(area) for area in listed]
    return list(deleted_decisions(found, areas, f"going on with revision {revision.number}"))
