"""Which events are alerted right now, and where: read from the run folders."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.run_index import countries_with_runs, runs_of
from ibf_pipeline.runs.withdrawal import standing_findings
from ibf_pipeline.satellites.subscriptions.declarations import area_outlines
from ibf_pipeline.storage.storage import Storage

log = logging.getLogger(__name__)

_OBSERVED: Final = FLOODS.name
"""the hazard whose alerts are looked for from above: a radar sees water on land"""


@dataclass(frozen=True, slots=True)
class AlertedEvent:
    """An event of a country's latest run."""

    country: str
    name: str
    issue_date: date
    alert_class: str
    lead_time: int
    """days"""
    where: BaseGeometry
    """its areas, or its station if it has none"""


def alerted_events(
    runs: Path,
    prepared: Callable[[str], Path],
    today: date,
    *,
    valid_days: int,
    triggers_only: bool = False,
    storage: Storage | None = None,
) -> list[AlertedEvent]:
    """The events of each country's latest finished run, if that is at most `valid_days` old and no exercise.

    Events that an operator took back do not count.
    `storage`: of the installation.
    A country whose run cannot be read is named in the log and left out: the others must not suffer from it.
    """
    found: list[AlertedEvent] = []
    for iso3 in countries_with_runs(runs, _OBSERVED, storage or Storage()):
        try:
            day = _latest(runs_of(runs, iso3, _OBSERVED, storage), today, valid_days)
            if day is not None:
                found += _events(day, prepared(iso3), triggers_only)
        except IbfError as error:
            log.warning("%s: its alerts are not known: %s", iso3, error)
    return found


def _latest(runs: Sequence[RunFolder], today: date, valid_days: int) -> Findings | None:
    for run in reversed(runs):
        if timedelta(0) <= today - run.issue_date <= timedelta(days=valid_days) and run.is_whole:
            found = run.findings()
            if not found.exercise:
                return standing_findings(found, run)
    return None


def _events(day: Findings, prepared: Path, triggers_only: bool) -> list[AlertedEvent]:
    chosen = [event for event in day.events if event.trigger or not triggers_only]
    if not chosen:
        return []
    level = day.admin_levels[-1]
    try:
        outlines = area_outlines(prepared, level)
    except IbfError as error:
        log.warning("%s: points stand for their areas: %s", day.country, error)
        outlines = {}
    return [
        AlertedEvent(
            country=day.country,
            name=event.name,
            issue_date=day.issue_date,
            alert_class=event.alert_class,
            lead_time=event.lead_time,
            where=_where(event, day, outlines, level),
        )
        for event in chosen
    ]


def _where(event: Event, day: Findings, outlines: dict[str, BaseGeometry], level: int) -> BaseGeometry:
    areas = [outlines[area.place_code] for area in event.areas_of(level) if area.place_code in outlines]
    if areas:
        return shapely.union_all(areas)
    place = day.place(event.key)
    return shapely.Point() if place is None else shapely.Point(*place)
