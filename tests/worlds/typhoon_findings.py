"""Findings of typhoon cycles of the Philippines, made up: storms with the areas, lead time and track that a test asks
for. No wind is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.typhoon.findings import (
    AreaImpact,
    Category,
    Landfall,
    ProvinceFound,
    StormFound,
    TimeSpread,
    TrackPoint,
    TyphoonEvent,
    TyphoonFindings,
    TyphoonRule,
)
from ibf_pipeline.hazards.typhoon.profile import HOUSES, PEOPLE, SHOWN, TYPHOON, WINDSPEED, WITHIN_50KM

FIRST = "2026-11-24T00"
"""issue time of the first cycle, 08:00 PST"""
AREAS = tuple(f"PH{n:09}" for n in range(1, 7))
"""place codes of a small country; three of the north, three of the south"""
INDICATORS = (HOUSES, PEOPLE, WITHIN_50KM, WINDSPEED, SHOWN)
WINDS: Mapping[Category, int] = {"TD": 50, "TS": 70, "STS": 100, "TY": 150, "STY": 200}
"""km/h"""
RULE = TyphoonRule(
    penv_hpa=1010, v_threshold_ms=25.7, v_half_ms=(84.7, 188.4), area_wind_kmh=89, area_probability=0.1, people_kmh=89,
    tail_h=72, landfall_km=15, landfall_probability=0.3,
)  # fmt: skip


def issue(number: int) -> str:
    """The issue time of the n-th cycle from the first: every 6 hours."""
    return f"{start(FIRST) + timedelta(hours=6 * number):%Y-%m-%dT%H}"


def start(issue_time: str) -> datetime:
    return IssueTime.parse(issue_time).start


def track(
    at: datetime, landfall_h: int | None = 48, *, closest_h: int = 24, category: Category = "TY", last_h: int = 72,
    past_h: int = 0, lon: float = 128.0,
) -> tuple[TrackPoint, ...]:  # fmt: skip
    """Points every 6 hours from `past_h` hours before a cycle to `last_h` after it, 0.5 degrees west a step."""
    hours = range(-past_h, last_h + 1, 6)
    mark = closest_h if landfall_h is None else landfall_h
    times = sorted({*hours, mark})
    return tuple(
        TrackPoint(
            at + timedelta(hours=hour), 15.0, round(lon - hour / 12, 4), WINDS[category], category,
            landfall=hour == landfall_h, closest=landfall_h is None and hour == closest_h, past=hour < 0,
        )
        for hour in times
    )  # fmt: skip


def area(code: str, houses: float = 0.2, **more: Any) -> EventArea:
    """A municipality with a share of its houses; `alerted`, `trigger`, `people` as of `EventArea`."""
    further = {HOUSES: houses, WITHIN_50KM: 0.5, WINDSPEED: 150, SHOWN: 1} | more.pop("further", {})
    return EventArea(3, code, f"Area {code[-3:]}", more.pop("people", 100), None, further, **more)


def spread(middle: datetime, hours: int = 6, share: float = 0.8) -> TimeSpread:
    return TimeSpread(middle - timedelta(hours=hours), middle, middle + timedelta(hours=hours), share)


def province(name: str, onset: datetime | None, **changes: Any) -> ProvinceFound:
    gale = None if onset is None else spread(onset)
    centre = None if onset is None else spread(onset + timedelta(hours=8))
    made = ProvinceFound(f"PH-{name}", name, gale, centre, 0.4, 3, 150, 120.0, 900.0, 4_000)
    return replace(made, **changes)


def storm(
    name: str = "ALPHA",
    houses: Mapping[str, float] | Sequence[str] = AREAS[:2],
    *,
    at: str = FIRST,
    trigger: bool = True,
    lead: int = 48,
    approach: str = "landfall",
    category: Category = "TY",
    flags: str | None = None,
    **changes: Any,
) -> TyphoonEvent:
    """A storm over areas (place code -> share of houses) that comes to land `lead` hours after the cycle `at`.

    `approach` decides on the flags of its track; `changes`: of any other field.
    """
    begins = start(at)
    shares = houses if isinstance(houses, Mapping) else dict.fromkeys(houses, 0.2)
    areas = changes.pop("areas", tuple(area(code, share) for code, share in shares.items()))
    landing = begins + timedelta(hours=lead)
    landed = approach in ("landfall", "close-pass")
    points = track(
        begins, lead if landed else None, closest_h=lead, category=category,
        last_h=lead if approach == "not-yet" else lead + 24, past_h=12,
    )  # fmt: skip
    mark = "T" if trigger else "w"
    defaults: dict[str, Any] = {
        "alert_class": "max",
        "flags": flags or "".join(mark if hour == lead else "-" for hour in TYPHOON.lead_times),
        "people": sum(each.people for each in areas),
        "storm": f"2026-{name}",
        "identifier": "21W",
        "international_name": name,
        "landfall": Landfall(approach, 0.6 if landed else 0.1, spread(landing), landing, 0 if landed else 40),  # type: ignore[arg-type]
        "track": points,
        "reference": "high-resolution run",
        "peak_kmh": WINDS[category],
        "category": category,
        "impacts": tuple(AreaImpact(each.place_code, 150, 0.5, 0.3, 0.5, 0.01, 0.2, 1_000) for each in areas),
        "provinces": (province("North", begins + timedelta(hours=max(lead - 8, 0))),),
        "triggers": (),
        "houses_low": 120.0,
        "houses_high": 900.0,
        "members_with_storm": 50,
    }
    return TyphoonEvent(
        name=name,
        trigger=trigger,
        lead_time=lead,
        first_trigger=lead if trigger else None,
        areas=areas,
        **{**defaults, **changes},
    )


def cycle(*events: TyphoonEvent, at: str = FIRST, **changes: Any) -> TyphoonFindings:
    """A cycle of the Philippines with these storms, triggers first."""
    begins = start(at)
    known = tuple(
        StormFound(event.storm, event.identifier, event.international_name, event.name, in_cycle=True, fixes=())
        for event in events
    )
    defaults: dict[str, Any] = {
        "source": "made up",
        "indicators": INDICATORS,
        "rule": RULE,
        "time_zone": "Asia/Manila",
        "published": begins + timedelta(hours=8),
        "members": 52,
        "last_step_h": 240,
        "storms": known,
    }
    return TyphoonFindings(
        country="PHL",
        country_name="Philippines",
        issue_time=IssueTime.parse(at),
        admin_levels=(3,),
        default_admin_level=3,
        cycle=begins.astimezone(UTC),
        events=tuple(sorted(events, key=lambda event: (not event.trigger, event.lead_time))),
        **{**defaults, **changes},
    )


def sharing(*events: TyphoonEvent) -> tuple[TyphoonEvent, ...]:
    """The same, each with the names of those that have areas of it (rule 12)."""
    codes = {event.name: {each.place_code for each in event.areas} for event in events}
    return tuple(
        replace(
            event,
            shared_with=tuple(name for name in codes if name != event.name and codes[name] & codes[event.name]),
        )
        for event in events
    )
