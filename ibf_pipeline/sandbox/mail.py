"""Step 6: the mail that would have gone out, kept instead of sent.

IBF API 0.335, checked on a running instance: one mail a call with all notifiable events, no de-duplication. An
active event is notifiable if its first lead time is not 0, or if it is 0 and the event was first issued at exactly
this upload. Ended events mail nothing. (Typhoon: also only with a track point of category STS, TY or STY.)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template

from ibf_pipeline.sandbox.answers import server_error
from ibf_pipeline.sandbox.events import Event, active_events
from ibf_pipeline.sandbox.moments import parse_moment
from ibf_pipeline.sandbox.process import last_upload
from ibf_pipeline.sandbox.store import Store
from ibf_pipeline.sandbox.typhoon import strong_enough_to_mail
from ibf_pipeline.sandbox.vocabulary import lead_time_number

PAGE_FOLDER = Path(__file__).parent / "page"

LEVEL_WORDS = {
    "trigger": "Trigger",
    "warning": "High warning",
    "warning-medium": "Medium warning",
    "warning-low": "Low warning",
    "none": "No alert",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that the real service would have sent."""

    at: str
    """When it would have gone out: the server's clock."""
    iso3: str
    disaster_type: str
    subject: str
    recipients: int
    event_names: tuple[str, ...]
    html: str
    moment: str | None
    """Timestamp of the upload that it is about."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Content of the mail about the events of a moment."""

    subject: str
    events: tuple[Event, ...]
    html: str


def shown_name(event: str) -> str:
    """Portal and mail cut an event name at its first underscore: "Na_me_1" shows as "Na"."""
    return event.split("_")[0]


def notifiable_events(store: Store, iso3: str, disaster: str) -> list[Event]:
    last = last_upload(store, iso3, disaster)
    found = []
    for event in active_events(store, iso3, disaster):
        if event.first_lead_time is None:
            raise server_error()  # the service reads the number of a lead time that is not there
        ongoing = lead_time_number(event.first_lead_time) == 0
        if ongoing and (last is None or event.first_issued != last.moment):
            continue
        if disaster == "typhoon" and not strong_enough_to_mail(store, iso3, event.name):
            continue
        found.append(event)
    return found


def compose(store: Store, iso3: str, disaster: str) -> Notice | None:
    """The mail of this moment, or None when there is nothing to notify."""
    with store.transaction():
        events = notifiable_events(store, iso3, disaster)
        if not events:
            return None
        last = last_upload(store, iso3, disaster)
        country = store.row("SELECT name FROM country WHERE iso3 = ?", iso3)
    name = country["name"] if country else iso3
    issued = parse_moment(last.moment) if last else parse_moment(0)
    subject = f"{disaster.replace('-', ' ').capitalize()} alert {name}: " + ", ".join(
        f"{shown_name(event.name)} ({event.first_lead_time})" for event in events
    )
    html = _template().render(
        subject=subject, country=name, issued=issued, events=[_for_mail(event, issued) for event in events]
    )
    return Notice(subject, tuple(events), html)


def _for_mail(event: Event, issued: datetime) -> dict[str, Any]:
    return {
        "name": shown_name(event.name),
        "level": event.level,
        "level_words": LEVEL_WORDS[event.level],
        "user": event.user_trigger_name if event.user_trigger else None,
        "first_issued": parse_moment(event.first_issued),
        "first": _day(event.first_lead_time, issued),
        "first_trigger": _day(event.first_trigger_lead_time, issued),
        "people": sum(area["mainExposureValue"] or 0 for area in event.areas),
        "areas": event.areas,
    }


def _day(lead_time: str | None, issued: datetime) -> dict[str, Any] | None:
    if lead_time is None:
        return None
    size, _, unit = lead_time.partition("-")
    day = issued + {"day": timedelta(days=int(size)), "hour": timedelta(hours=int(size))}.get(unit, timedelta())
    return {"lead_time": lead_time, "date": day}


def keep(store: Store, iso3: str, disaster: str, notice: Notice, recipients: int, at: str) -> None:
    """Note the mail as sent; there is no check whether the same one went out before."""
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        store.run(
            "INSERT INTO mail (at, moment, iso3, disaster, subject, recipients, events, html)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            at,
            last.moment if last else None,
            iso3,
            disaster,
            notice.subject,
            recipients,
            json.dumps([event.name for event in notice.events]),
            notice.html,
        )


def kept_mails(store: Store, iso3: str | None = None) -> list[Mail]:
    found = store.rows("SELECT * FROM mail WHERE ? IS NULL OR iso3 = ? ORDER BY id", iso3, iso3)
    return [
        Mail(
            at=row["at"],
            iso3=row["iso3"],
            disaster_type=row["disaster"],
            subject=row["subject"],
            recipients=row["recipients"],
            event_names=tuple(json.loads(row["events"])),
            html=row["html"],
            moment=row["moment"],
        )
        for row in found
    ]


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(PAGE_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("mail.html.j2")
