"""What the portal must show once a day is published (pure), and how that is written down before the first call."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.targets.ibf.lookback.facts import FACTS, Facts, PointExpected, TrackExpected

_FORMAT = 1
"""Version of expected.json."""
FILE = "expected.json"
"""in the folder of a revision"""
_LEVELS: Final = {"max": "warning", "med": "warning-medium", "min": "warning-low"}
"""class of an event that is not a trigger -> the portal's alert level: severity 1, 0.7 and 0.3"""


@dataclass(frozen=True, slots=True)
class EventExpected:
    """An event, which is its name."""

    name: str
    alert_level: str
    """trigger, warning, warning-medium or warning-low"""
    lead_time: str
    """that its people are shown at"""
    first_lead_time: str
    """of any class"""
    first_trigger: str | None
    alerted: tuple[str, ...]
    """place codes on the country's default level, where alone the server has events"""
    people: dict[int, dict[str, float]]
    """admin level -> place code -> people affected, or what else the hazard counts; 0 if nobody is counted"""


@dataclass(frozen=True, slots=True)
class ExpectedPortal:
    """A day on the portal. No other event is open there."""

    country: str
    hazard: str
    upload: datetime
    """time of the portal's last upload"""
    default_level: int
    events: tuple[EventExpected, ...]
    points: tuple[PointExpected, ...]
    rasters: dict[str, tuple[str, ...]]
    """lead time -> events whose extent its raster has"""
    tracks: tuple[TrackExpected, ...] = ()
    """of every event; no others are shown"""
    format: int = field(default=_FORMAT)

    @property
    def facts(self) -> Facts:
        """Of its hazard."""
        return FACTS[self.hazard]


def expected_of(findings: Findings, upload: datetime, *, takes_severity: bool = True) -> ExpectedPortal | None:
    """What a portal must show once these findings are published.

    Parameters
    ----------
    findings : Findings
        Of the day.
    upload : datetime
        The `date` of the revision's calls.
    takes_severity : bool
        Servers since 0.284, which tell an area without an alert from a warned one.

    Returns
    -------
    ExpectedPortal or None
        None for a hazard without a row in `FACTS`.

    Notes
    -----
    Only events with areas and with a flag within the portal's lead times: it can show no others. What an operator
    withdrew and what a country does not alert on is not an event of the findings.
    """
    facts = FACTS.get(findings.hazard)
    if facts is None:
        return None
    zeros_warn = facts.zeros_warn and not takes_severity
    events = [_event(findings, event, facts, zeros_warn=zeros_warn) for event in findings.events if event.areas]
    return ExpectedPortal(
        country=findings.country,
        hazard=findings.hazard,
        upload=upload,
        default_level=findings.default_admin_level,
        events=tuple(event for event in events if event is not None),
        points=tuple(facts.points(findings)),
        rasters={_name(extent.lead_time, facts): extent.events for extent in findings.extents},
        tracks=tuple(facts.tracks(findings)) if facts.tracks else (),
    )


def _event(findings: Findings, event: Event, facts: Facts, *, zeros_warn: bool) -> EventExpected | None:
    """An event as the portal shows it; None if all of its lead times are beyond the portal's.

    Its rows are sent for the first lead time of the trigger, of a warning for its first one; the list of events says
    the first flagged one. People are those of each area; a district that two events share is sent for one of them, and
    is no longer among the areas of the other.
    """
    pairs = zip(findings.lead_times, event.flags, strict=True)
    flags = {lead_time: flag for lead_time, flag in pairs if flag != "-" and lead_time <= facts.last_lead_time}
    if not flags:
        return None
    triggers = [lead_time for lead_time, flag in flags.items() if flag == "T"]
    first, first_trigger = min(flags), min(triggers) if event.trigger and triggers else None
    people: dict[int, dict[str, float]] = {}
    for area in event.areas:
        people.setdefault(area.admin_level, {})[area.place_code] = facts.amount(area)
    shown = [area for area in event.areas if area.alerted or (zeros_warn and not event.trigger)]
    if event.trigger:  # the list has the areas of the highest level alone
        shown = [area for area in shown if area.trigger is not False]
    alerted = [area.place_code for area in shown if area.admin_level == findings.default_admin_level]
    return EventExpected(
        name=event.name,
        alert_level="trigger" if event.trigger else _LEVELS[event.alert_class],
        lead_time=_name(first if first_trigger is None else first_trigger, facts),
        first_lead_time=_name(first, facts),
        first_trigger=None if first_trigger is None else _name(first_trigger, facts),
        alerted=tuple(sorted(alerted)),
        people=people,
    )


def _name(lead_time: int, facts: Facts) -> str:
    return f"{lead_time}-{facts.unit}"


_EXPECTED = TypeAdapter(ExpectedPortal)


def write_expected(expected: ExpectedPortal, folder: Path) -> None:
    """`expected.json` into the folder of a revision, before any of its calls."""
    write_text(folder / FILE, _EXPECTED.dump_json(expected, indent=1).decode())


def read_expected(file: Path) -> ExpectedPortal:
    """The expectation that was written down.

    Raises
    ------
    InputInvalid
        If the file is missing or damaged, or of another format or hazard.
    """
    try:
        content = json.loads(file.read_bytes())
        if content["format"] != _FORMAT or content["hazard"] not in FACTS:
            raise InputInvalid(
                f"expected.json of format {content['format']!r} and hazard {content['hazard']!r}",
                where=file,
                expected=f"format {_FORMAT} of {', '.join(FACTS)}",
                remedy="look with the version that published the day",
            )
        return _EXPECTED.validate_json(file.read_bytes())
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputInvalid(
            f"what the portal must show cannot be read ({type(error).__name__})",
            where=file,
            expected="it as it was written",
            remedy="bring it back from a back-up; the report has all numbers",
        ) from None
