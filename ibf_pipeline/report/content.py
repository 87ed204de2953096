"""What a report says, as data: the page is drawn from it and `report.json` holds it.

What one hazard has beside it is in its own kinds of these classes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, tzinfo
from typing import Any

from ibf_pipeline.domain.findings import Event, EventArea, UnreliablePlace
from ibf_pipeline.report.calls import PublishedRevision
from ibf_pipeline.report.change import Change, Correction

OVERVIEW = "overview.png"
"""file of the country's map"""

REPORT_FORMAT = 1
"""Version of report.json."""

_LONGEST = 120
"""letters of a key in a file name; file systems take 255 bytes in all"""


@dataclass(frozen=True, slots=True)
class LeadTime:
    """A lead time of an event."""

    name: str
    """`4-day`"""
    at: datetime | date
    """a day, or a timestamp (UTC) of hourly hazards"""
    flag: str
    """T trigger, w warning, - neither"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPart:
    """An event as the report shows it."""

    event: Event
    name: str
    """of what it is about; `station G1` if that has no name"""
    words: str
    """its class"""
    day: datetime | date
    """of its lead time"""
    begins: str
    """the same in words, with the lead time"""
    lead_times: tuple[LeadTime, ...]
    areas: tuple[tuple[int, tuple[EventArea, ...]], ...]
    """(admin level, areas with most people first)"""
    map: str
    """file in the report's folder"""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A forecast file that went in."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run, as people read it."""

    format: int
    country: str
    country_name: str
    hazard: str
    """name of its profile"""
    issue_date: date
    issue_time: str
    """`2026-02-15`, or `2026-02-15T06` of the cycle of 06 UTC"""
    exercise: bool
    short: str
    """`2 triggers, 1 warning`"""
    headline: str
    cautions: tuple[str, ...]
    correction: Correction | None
    """if the day was published with other findings before"""
    compared_with: datetime | date | None
    """issue time of the run that changes are counted from"""
    changes: tuple[Change, ...]
    unchanged: tuple[str, ...]
    """names of events that go on as they were"""
    overview: str
    """file of the country's map"""
    events: tuple[EventPart, ...]
    withdrawn: tuple[EventPart, ...]
    """what an operator took back after it was published"""
    unseen: tuple[UnreliablePlace, ...]
    source: str
    notes: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    static: tuple[InputFile, ...]
    """files of the static data: boundaries, population and the others"""
    versions: Mapping[str, str]
    configuration: Mapping[str, Any]
    published: tuple[PublishedRevision, ...]
    default_admin_level: int
    further_indicators: tuple[str, ...]
    tables: tuple[str, ...]
    """names of the tables beside the page"""

    @property
    def zone(self) -> tzinfo | None:
        """The time zone in which times are given; None: UTC."""
        return None


def fields_of(part: Report | EventPart) -> dict[str, Any]:
    """The fields by name, for a kind that has more of them."""
    return {each.name: getattr(part, each.name) for each in fields(part)}


def map_name(event: Event) -> str:
    """File name of an event's map."""
    return f"map_{file_stem(event.key)}.png"


def file_stem(key: str) -> str:
    """A key as a part of a file name; letters that a file system may refuse become their numbers.

    A long one is cut, with a hash of the whole key behind it.
    """
    stem = "".join(letter if letter.isascii() and letter.isalnum() else f"-{ord(letter):x}-" for letter in key)
    if len(stem) <= _LONGEST:
        return stem
    return f"{stem[: _LONGEST - 17]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
