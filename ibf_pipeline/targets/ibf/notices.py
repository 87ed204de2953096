"""Notices of the pipeline's own, where the portal stays silent and people must hear (design section 6; pure).

The server mails an event whose first flagged day is 0-day only when it was first issued, and ended alerts never.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Collection, Mapping

from ibf_pipeline.domain.evidence import high_beyond_limit
from ibf_pipeline.domain.exercise import is_exercise
from ibf_pipeline.domain.found import Event, Found
from ibf_pipeline.domain.lead_times import lead_time_name
from ibf_pipeline.domain.wording import NOT_SHOWN
from ibf_pipeline.targets.ibf.revise import UNTOLD
from ibf_pipeline.targets.notice import Notice, blind_notices

TRIGGERS = ("trigger", UNTOLD)
"""what a trigger of the portal was before, whether people know of it or not"""


def notices(
    found: Found,
    before: Mapping[str, str],
    mailed: Collection[str] | None,
    stations: Mapping[str, str] | None = None,
    issued_today: Collection[str] = (),
) -> list[Notice]:
    """Compare a day with the server before it.

    `before`: active events before this publication, name -> alert level of the portal, or UNTOLD; `mailed`: names of
    today's events that the server's preview shows, None where there is no preview; there, and for names that a mail
    shows for other reasons as well, the server's own rule is applied;
    `stations`: event name -> code of the station that an event of `before` belongs to; `issued_today`: events of
    `before` that were first issued today, which a revision of the day issues anew.
    """
    day = f"{found.country_name}, forecast of {found.issue_date}"
    made: list[Notice] = []
    unclear = _unclear_in_a_mail(found)
    for event in found.publishable_events:
        new_trigger = event.trigger and before.get(event.name) != "trigger"
        silent = _server_stays_silent(event, set(before) - set(issued_today))
        if mailed is not None and event.name not in unclear:
            silent = event.name not in mailed
        if new_trigger and silent:
            text = (
                f"{day}: trigger detected by the forecast at {_station(found, event)}, first on "
                f"{lead_time_name(event.lead_time)}. The portal shows it and sends NO mail for it: tell the "
                "recipients yourself."
            )
            made.append(Notice("trigger without mail", event.name, text))
        elif not event.trigger and before.get(event.name) in TRIGGERS:
            beyond = high_beyond_limit(found, found.station(event.station_code))
            if beyond:
                days = ", ".join(lead_time_name(day.lead_time) for day in beyond)
                text = (
                    f"{day}: the trigger at {_station(found, event)} has moved to {days}, beyond the lead time "
                    f"limit of {found.rule.trigger_lead_time_limit} days. It is shown as a warning."
                )
                made.append(Notice("trigger lapsed beyond the limit", event.name, text))
    today = {event.name for event in found.publishable_events}
    owners = {station.event_name: station.code for station in found.stations} | dict(stations or {})
    for name in sorted(name for name in set(before) - today if found.exercise or not is_exercise(name)):
        made += _closed(found, name, before[name], owners.get(name), day)
    for event in found.unpublishable_events:
        text = f"{day}: {_station(found, event)} is alerted and has no areas in the mapping: the portal cannot show it."
        made.append(Notice(NOT_SHOWN, event.name, text))
    return [*made, *blind_notices(found)]


def unconfirmed_notices(found: Found, unconfirmed: Mapping[str, str]) -> list[Notice]:
    """Of notifications of earlier days that nobody decided about: event name -> the issue date of that forecast."""
    return [
        Notice(
            "earlier notification unconfirmed",
            name,
            f"{found.country_name}, forecast of {issue_date}: nobody knows whether the notification about {name} "
            f"arrived, and it is not sent again, as the forecast of {found.issue_date} is published now. Ask the "
            "recipients, and tell them yourself where it did not arrive.",
        )
        for name, issue_date in unconfirmed.items()
    ]


def _closed(found: Found, name: str, level: str, code: str | None, day: str) -> list[Notice]:
    """What to say of an event that this publication closes: that it has ended only where the forecast says so."""
    station = next((station for station in found.stations if station.code == code), None)
    if station is None:
        text = (
            f"{day}: the portal closes the alert at {name}, whose station is no longer monitored. This is no all clear."
        )
        return [Notice("station no longer monitored", name, text)]
    where = f"{name} ({station.name})"
    now = next((event for event in found.events if event.station_code == code), None)
    if station.condition == "blind" or (now is not None and not now.publishable):
        return []  # has a notice of its own
    if now is not None:
        text = f"{day}: the alert at {where} goes on as {now.name}. The portal shows it as a new one."
        return [Notice("alert goes on under another name", now.name, text)]
    if station.condition == "suspect":
        text = f"{day}: the portal closes the alert at {where}: {station.reason}. This is no all clear."
        return [Notice("station suspect", name, text)]
    beyond = high_beyond_limit(found, station) if level in TRIGGERS else []
    if beyond:
        days = ", ".join(lead_time_name(day.lead_time) for day in beyond)
        text = f"{day}: the trigger at {where} has moved to {days}, beyond the lead time limit, and is closed."
        return [Notice("trigger lapsed beyond the limit", name, text)]
    text = f"{day}: the alert at {where} has ended. The portal closes it and sends no mail about that."
    return [Notice("alert ended", name, text)]


def names_in_preview(preview: str, names: Collection[str], others: Collection[str] = ()) -> set[str]:
    """The event names that a mail shows, which cuts them at their first `_`.

    A longer name that holds a shorter one does not count for it, neither do `others`, what else the mail may name.
    """
    text = html.unescape(preview)
    events: dict[str, set[str]] = {}
    for name in names:
        events.setdefault(_shown(name), set()).add(name)
    seen: set[str] = set()
    for shown in sorted({*events, *others}, key=lambda name: (-len(name), name)):
        pattern = rf"(?<![\w-]){re.escape(shown)}(?![\w-])"
        if shown and re.search(pattern, text):
            seen |= events.get(shown, set())
            text = re.sub(pattern, "\n", text)
    return seen


def area_names(found: Found) -> set[str]:
    """What a mail names beside its events."""
    return {area.name for event in found.events for area in event.areas} | {found.country_name}


def _unclear_in_a_mail(found: Found) -> set[str]:
    """Events whose name in a mail may as well be an area's, the country's, or another event's."""
    times = Counter(_shown(event.name) for event in found.publishable_events)
    others = area_names(found)
    return {e.name for e in found.publishable_events if _shown(e.name) in others or times[_shown(e.name)] > 1}


def _shown(name: str) -> str:
    """As portal and mail show an event's name."""
    return name.split("_")[0]


def _server_stays_silent(event: Event, issued_before: Collection[str]) -> bool:
    """The server mails an event whose first flagged day is 0-day only when it was first issued."""
    return event.flags[0] != "-" and event.name in issued_before


def _station(found: Found, event: Event) -> str:
    return f"{event.name} ({found.station(event.station_code).name})"
