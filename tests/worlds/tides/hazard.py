"""What tides are, what is found of them, and the rule: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ibf_pipeline.domain.exercise import exercise_name
from ibf_pipeline.domain.findings import Event, EventArea, Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile

TIDES = HazardProfile(
    name="tides",
    disaster_type="tides",
    noun="high tide",
    short="tide",
    subject="pier",
    subject_list=None,
    unit="hour",
    lead_times=(0, 1, 2, 3, 6, 12, 24, 48),
    period_hours=6,
    no_alert_lead_time=1,
    main_exposure="homes_flooded",
    people_indicator="population_affected",
    indicators=("population_affected",),
    schedule="30 1,7,13,19 * * *",
    hours_late=1,
)
WARNING, TRIGGER = 2.0, 3.0
"""metres"""
HOMES_A_METRE, PEOPLE_A_HOME = 100, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TideEvent(Event):
    """A pier."""

    highest: float
    """metres"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TideFindings(Findings):
    """One country, one block of six hours."""

    hazard: str = TIDES.name
    lead_times: tuple[int, ...] = TIDES.lead_times
    events: tuple[TideEvent, ...]
    withdrawn: tuple[TideEvent, ...] = ()
    gauge: str


def find(
    heights: Mapping[str, Mapping[int, float]],
    piers: Mapping[str, Sequence[str]],
    gauge: str,
    *,
    country: str,
    name: str,
    levels: tuple[int, ...],
    default_level: int,
    issue_time: IssueTime,
    exercise: bool = False,
) -> TideFindings:
    """`heights`: pier -> hours ahead -> metres; `piers`: pier -> place codes, whose length is the level."""
    events = [
        event
        for pier, by_hour in heights.items()
        if (event := _event(exercise_name(pier) if exercise else pier, by_hour, piers[pier])) is not None
    ]
    return TideFindings(
        country=country,
        country_name=name,
        issue_time=issue_time,
        admin_levels=levels,
        default_admin_level=default_level,
        indicators=("homes_flooded", "population_affected"),
        source="the harbour master",
        events=tuple(sorted(events, key=lambda event: (not event.trigger, event.lead_time))),
        notes=(f"read from {gauge}",),
        exercise=exercise,
        gauge=gauge,
    )


def _event(name: str, by_hour: Mapping[int, float], codes: Sequence[str]) -> TideEvent | None:
    flags, highest = {}, max(by_hour.values(), default=0.0)
    for hours, metres in by_hour.items():
        shown = TIDES.shown(hours)
        if shown is not None and metres >= WARNING:
            flags[shown] = "T" if metres >= TRIGGER or flags.get(shown) == "T" else "w"
    if not flags:
        return None
    triggers = [lead for lead, flag in sorted(flags.items()) if flag == "T"]
    homes = round(HOMES_A_METRE * highest)
    people, further = homes * PEOPLE_A_HOME, {"homes_flooded": homes}
    lengths = sorted({len(code) for code in codes})
    areas = [EventArea(lengths.index(len(code)) + 1, code, f"Area {code}", people, 0.0, {**further}) for code in codes]
    return TideEvent(
        name=name,
        alert_class="max" if triggers else "med",
        trigger=bool(triggers),
        lead_time=triggers[0] if triggers else min(flags),
        first_trigger=triggers[0] if triggers else None,
        flags="".join(flags.get(lead, "-") for lead in TIDES.lead_times),
        people=sum(area.people for area in areas if area.admin_level == len(lengths)),
        areas=tuple(areas),
        highest=highest,
    )
