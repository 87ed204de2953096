"""Tables of a cycle of typhoon: provinces, areas, tracks, triggers, storms; for files, and in short (pure)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ibf_pipeline.domain.local_time import local_text
from ibf_pipeline.domain.wording import percent_text
from ibf_pipeline.hazards.typhoon.findings import (
    AreaImpact,
    ProvinceFound,
    TimeSpread,
    TrackPoint,
    TriggerJudged,
    TyphoonEvent,
    TyphoonFindings,
)
from ibf_pipeline.hazards.typhoon.wording import AVERAGED, houses_text
from ibf_pipeline.report.short_table import MOST_ROWS, ShortRow, ShortTable
from ibf_pipeline.report.table_files import Place, Table, Value, point, run_table
from ibf_pipeline.report.typhoon.run_data import TyphoonRunData
from ibf_pipeline.report.typhoon.track_lines import parts_of

_SPREAD = ("10_percent", "50_percent", "90_percent", "share")
_PROVINCE = (
    "event", "province_code", "province",
    *(f"{what}_{name}" for what in ("gale", "centre") for name in _SPREAD),
    "probability_118_kmh_10min", "signal_equivalent", "wind_kmh_10min", "houses_low", "houses_high", "people",
    "trigger", "passed",
)  # fmt: skip
_IMPACT = (
    "event", "place_code", "wind_kmh_10min", "probability_event_wind", "probability_118_kmh_10min",
    "probability_within_50km", "damage_low", "damage_high", "houses", "passed_at",
)  # fmt: skip
_POINT = ("event", "time", "lat", "lon", "wind_kmh_10min", "category", "landfall", "closest_to_land", "past")
_TRACK = ("event", "storm", "identifier", "international_name", "reference", "peak_kmh_10min", "category")
_TRIGGER = ("event", "trigger_rule", "met", "counts", "wanted", "reached", "where", "areas", "deadline", "reason")
_STORM = ("storm", "identifier", "international_name", "event", "in_cycle", "members_with_storm", "members", "note")


def event_columns() -> dict[str, Callable[[Any], Value]]:
    """Further columns of the table of events: name -> (event)."""
    return {
        "storm": lambda event: event.storm,
        "identifier": lambda event: event.identifier,
        "international_name": lambda event: event.international_name,
        "state": lambda event: event.state,
        "approach": lambda event: event.landfall.approach,
        "probability_landfall": lambda event: event.landfall.probability,
        "peak_kmh_10min": lambda event: event.peak_kmh,
        "category": lambda event: event.category,
        "houses_low": lambda event: event.houses_low,
        "houses_high": lambda event: event.houses_high,
        "members_with_storm": lambda event: event.members_with_storm,
        "shown_until": lambda event: _iso(event.ends_at),
    }


def typhoon_tables(findings: TyphoonFindings, kept: TyphoonRunData | None) -> tuple[Table, ...]:
    """Provinces, areas with winds, tracks as points and as lines, triggers, and all storms that were considered."""
    events = findings.events
    impacts = [(event, impact) for event in events for impact in event.impacts]
    points = [(event, each) for event in events for each in event.track]
    judged = [(event, each) for event in events for each in event.triggers]
    storms = [
        (
            storm.storm, storm.identifier, storm.international_name, storm.event_name, storm.in_cycle,
            storm.members_with_storm, findings.members, storm.note,
        )
        for storm in findings.storms
    ]  # fmt: skip
    places = [point((each.lon, each.lat)) for _, each in points]
    return (
        run_table(findings, "provinces", _PROVINCE, [_province(e, each) for e in events for each in e.provinces]),
        run_table(findings, "winds", _IMPACT, [_impact(*each) for each in impacts]),
        run_table(findings, "track_points", _POINT, [_point(*each) for each in points], places),
        run_table(findings, "tracks", _TRACK, [_track(event) for event in events], [_line(event) for event in events]),
        run_table(findings, "triggers", _TRIGGER, [_judged(*each) for each in judged]),
        run_table(findings, "storms", _STORM, storms),
    )


def short_tables(findings: TyphoonFindings) -> tuple[ShortTable, ...]:
    """Provinces and triggers in short."""
    provinces = [_short_province(findings, event, each) for event in findings.events for each in event.provinces]
    judged = [_short_trigger(findings, event, each) for event in findings.events for each in event.triggers]
    return (
        ShortTable("provinces", provinces[:MOST_ROWS], "no province is alerted"),
        ShortTable("triggers", judged[:MOST_ROWS], "no storm was looked at"),
    )


def _short_province(findings: TyphoonFindings, event: TyphoonEvent, province: ProvinceFound) -> ShortRow:
    return {
        "storm": event.name,
        "province": province.name,
        "gale from (10 to 90 %)": _between(findings, province.gale_onset),
        "centre nearest (10 to 90 %)": _between(findings, province.centre),
        "P(118 km/h)": percent_text(province.typhoon_probability),
        "signal-equivalent": province.signal,
        f"wind (km/h, {AVERAGED})": province.wind_kmh,
        "houses, low to high": houses_text(province.houses_low, province.houses_high),
        "people": province.people,
        "trigger": "yes" if province.trigger else "no",
        "passed": "yes" if province.passed else "no",
    }


def _between(findings: TyphoonFindings, spread: TimeSpread | None) -> str | None:
    if spread is None:
        return None
    return f"{local_text(spread.early, findings.zone)} to {local_text(spread.late, findings.zone)}"


def _short_trigger(findings: TyphoonFindings, event: TyphoonEvent, judged: TriggerJudged) -> ShortRow:
    return {
        "storm": event.name,
        "rule": judged.name,
        "met": "yes" if judged.met and judged.counts else "met, and does not count" if judged.met else "no",
        "wanted": judged.wanted,
        "reached": judged.reached,
        "where": ", ".join(judged.where),
        "until": None if judged.deadline is None else local_text(judged.deadline, findings.zone),
        "reason": judged.reason,
    }


def _province(event: TyphoonEvent, province: ProvinceFound) -> tuple[Value, ...]:
    return (
        event.name, province.code, province.name, *_spread(province.gale_onset), *_spread(province.centre),
        province.typhoon_probability, province.signal, province.wind_kmh, province.houses_low, province.houses_high,
        province.people, province.trigger, province.passed,
    )  # fmt: skip


def _spread(spread: TimeSpread | None) -> tuple[Value, ...]:
    if spread is None:
        return None, None, None, 0.0
    return _iso(spread.early), _iso(spread.middle), _iso(spread.late), spread.share


def _impact(event: TyphoonEvent, impact: AreaImpact) -> tuple[Value, ...]:
    return (
        event.name, impact.place_code, impact.wind_kmh, impact.gale_probability, impact.typhoon_probability,
        impact.within_50km, impact.damage_low, impact.damage_high, impact.houses, _iso(impact.passed_at),
    )  # fmt: skip


def _point(event: TyphoonEvent, each: TrackPoint) -> tuple[Value, ...]:
    return (
        event.name, _iso(each.moment), each.lat, each.lon, each.wind_kmh, each.category, each.landfall, each.closest,
        each.past,
    )  # fmt: skip


def _track(event: TyphoonEvent) -> tuple[Value, ...]:
    return (
        event.name, event.storm, event.identifier, event.international_name, event.reference, event.peak_kmh,
        event.category,
    )  # fmt: skip


def _line(event: TyphoonEvent) -> Place | None:
    lines = [[list(place) for place in line] for line in parts_of(event.track)]
    return {"type": "MultiLineString", "coordinates": lines} if lines else None


def _judged(event: TyphoonEvent, judged: TriggerJudged) -> tuple[Value, ...]:
    return (
        event.name, judged.name, judged.met, judged.counts, judged.wanted, judged.reached, "; ".join(judged.where),
        " ".join(judged.areas), _iso(judged.deadline), judged.reason,
    )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
