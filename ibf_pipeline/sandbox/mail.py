"""Step 6: the mail that would have gone out, kept instead of sent.

IBF API 0.335, checked on a running instance: one mail a call with all notifiable events, no de-duplication. An
active event is notifiable if its first lead time is not 0, or if it is 0 and the event was first issued at exactly
this upload. Ended events mail nothing. (With tracks: also only with a point of category STS, TY or STY.)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from ibf_pipeline.sandbox.disasters import Disaster
from ibf_pipeline.sandbox.events import active_events
from ibf_pipeline.sandbox.mail_times import MailClock, expected_lines
from ibf_pipeline.sandbox.process import last_upload
from ibf_pipeline.sandbox.responses import server_error
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.timestamps import parse_js_date
from ibf_pipeline.sandbox.typhoon import strong_enough_to_mail
from ibf_pipeline.sandbox.vocabulary import lead_time_number

PAGE_FOLDER = Path(__file__).parent / "page"
TEMPLATES = Environment(loader=FileSystemLoader(PAGE_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)

_LEVEL_WORDS = {
    "trigger": "Trigger",
    "warning": "Warning",
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
class MailContent:
    """Content of the mail about the events of a timestamp."""

    subject: str
    event_names: tuple[str, ...]
    html: str


def shown_name(event: str) -> str:
    """Portal and mail cut an event name at its first underscore: "Na_me_1" shows as "Na"."""
    return event.split("_")[0]


def notifiable_events(store: SandboxStore, iso3: str, disaster: str) -> list[dict[str, Any]]:
    last = last_upload(store, iso3, disaster)
    found = []
    for event in active_events(store, iso3, disaster):
        if event["firstLeadTime"] is None:
            raise server_error()  # the service reads the number of a lead time that is not there
        ongoing = lead_time_number(event["firstLeadTime"]) == 0
        if ongoing and (last is None or event["firstIssuedDate"] != last.moment):
            continue
        if store.disasters[disaster].has_tracks and not strong_enough_to_mail(store, iso3, event["eventName"]):
            continue
        found.append(event)
    return found


def compose(store: SandboxStore, iso3: str, disaster: str) -> MailContent | None:
    """The mail of this moment, or None when there is nothing to notify.

    In a country without time zone the service fails over the first date of the mail; what was processed before stays.
    """
    with store.transaction():
        events = notifiable_events(store, iso3, disaster)
        if not events:
            return None
        if store.row("SELECT 1 FROM without_time_zone WHERE iso3 = :iso3", iso3=iso3):
            raise server_error()
        last = last_upload(store, iso3, disaster)
        country = store.row("SELECT name FROM country WHERE iso3 = :iso3", iso3=iso3)
    issued = parse_js_date(last.moment) if last else parse_js_date(0)
    # The service ends its subject with the name of its environment, "DEVELOPMENT" on the recorded one.
    subject = f"IBF {disaster} alert - SANDBOX"
    hazard, clock = store.disasters[disaster], MailClock.of(iso3, issued)
    html = TEMPLATES.get_template("mail.html.j2").render(
        subject=subject,
        country=country["name"] if country else iso3,
        issued=issued,
        label=hazard.label.title(),
        measure=hazard.measure.capitalize(),
        events=[_for_mail(event, clock, hazard) for event in events],
    )
    return MailContent(subject, tuple(event["eventName"] for event in events), html)


def _for_mail(event: dict[str, Any], clock: MailClock, hazard: Disaster) -> dict[str, Any]:
    total = max if hazard.exposure_is_share else sum
    return {
        "name": shown_name(event["eventName"]),
        "level": event["alertLevel"],
        "level_words": _LEVEL_WORDS[event["alertLevel"]],
        "user": event["userTriggerName"] if event["userTrigger"] else None,
        "kind": "trigger" if event["alertLevel"] == "trigger" else "warning",
        "first_issued": clock.first_issued(parse_js_date(event["firstIssuedDate"])),
        "expected": expected_lines(event, clock, hazard.label.title(), landfall=hazard.has_tracks),
        "people": _amount(total(area["mainExposureValue"] or 0 for area in event["alertAreas"]), hazard),
        "areas": [area | {"amount": _amount(area["mainExposureValue"] or 0, hazard)} for area in event["alertAreas"]],
    }


def _amount(amount: float, hazard: Disaster) -> str:
    return f"{amount:.0%}" if hazard.exposure_is_share else f"{amount:,.0f}"


def store_mail(store: SandboxStore, iso3: str, disaster: str, notice: MailContent, recipients: int, at: str) -> None:
    """Note the mail as sent; there is no check whether the same one went out before."""
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        mail = {"at": at, "moment": last and last.moment, "iso3": iso3, "disaster": disaster, "recipients": recipients}
        mail |= {"subject": notice.subject, "events": json.dumps(notice.event_names), "html": notice.html}
        store.insert("mail", [mail])


def kept_mails(store: SandboxStore, iso3: str | None = None) -> list[Mail]:
    found = store.rows(
        "SELECT at, iso3, disaster AS disaster_type, subject, recipients, events AS event_names, html, moment FROM mail"
        " WHERE :iso3 IS NULL OR iso3 = :iso3 ORDER BY id",
        iso3=iso3,
    )
    return [Mail(**{**row, "event_names": tuple(json.loads(row["event_names"]))}) for row in found]
