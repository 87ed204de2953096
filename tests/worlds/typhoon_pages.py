"""Made-up storms for pages and files: every number is written down, nothing is computed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.hazards.typhoon.findings import (
    AreaImpact,
    Fix,
    Landfall,
    ProvinceFound,
    StormFound,
    TimeSpread,
    TrackPoint,
    TriggerJudged,
    TyphoonEvent,
    TyphoonFindings,
    TyphoonRule,
)
from ibf_pipeline.report.writer import write_report
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.typhoon import write_tracks_kept
from tests.worlds.track_data import dataset

CYCLE = datetime(2021, 9, 10, tzinfo=UTC)
STEP_H = 6
LAST_H = 120

Fixes = tuple[tuple[float, float, float], ...]
"""latitude, longitude (degrees) and wind (m/s), 6 hours from each other from the cycle on"""


def fixes(*places: tuple[float, ...], wind: float = 40) -> Fixes:
    """Places with a wind each, or one for all."""
    return tuple((place[0], place[1], place[2] if len(place) > 2 else wind) for place in places)


def tracks(
    storms: Mapping[str, tuple[str, Mapping[int, Fixes]]], members: Sequence[int] = (*range(1, 51), 51, 52)
) -> xr.Dataset:
    """Tracks as `domain/tracks.py` says: identifier -> name, and of some members the fixes."""
    steps = np.arange(0, LAST_H + 1, STEP_H)
    sizes = (len(storms), len(members), len(steps))
    lat, lon, wind = np.full((3, *sizes), np.nan)
    for number, (_, by_member) in enumerate(storms.values()):
        for member, places in by_member.items():
            for step, place in enumerate(places):
                row = (number, list(members).index(member), step)
                lat[row], lon[row], wind[row] = place
    seen = [by_member.get(52, ((np.nan, np.nan, 0),))[0][:2] for _, by_member in storms.values()]
    names = {identifier: name for identifier, (name, _) in storms.items()}
    pressure = np.where(np.isnan(wind), np.nan, 960.0)
    fields = {"lat": lat, "lon": lon, "pressure": pressure, "wind": wind}
    return dataset(CYCLE, names, members, steps, fields, np.array(seen).reshape(-1, 2).T, last_h=240)


PUBLISHED = datetime(2021, 9, 10, 8, tzinfo=UTC)
RULE = TyphoonRule(1010, 25.7, (84.7, 188.4), 89, 0.1, 89, 72, 15, 0.3)
OUTLINES: Mapping[str, tuple[str, shapely.Polygon]] = {
    "C1": ("Aparri", shapely.Polygon([(121.5, 18.3), (122.1, 18.5), (121.9, 17.6), (121.4, 17.7)])),
    "C2": ("Tuguegarao", shapely.Polygon([(121.4, 17.7), (121.9, 17.6), (121.8, 16.9), (121.2, 17.0)])),
    "B1": ("Basco", shapely.Point(121.97, 20.45).buffer(0.12)),
    "I1": ("Ilagan", shapely.Polygon([(121.2, 17.0), (121.8, 16.9), (121.7, 16.2), (121.0, 16.3)])),
}


def at(hour: float) -> datetime:
    """So many hours after the cycle."""
    return CYCLE + timedelta(hours=hour)


def spread(early: float, middle: float, late: float, share: float = 1) -> TimeSpread:
    """Hours after the cycle."""
    return TimeSpread(at(early), at(middle), at(late), share)


def province(code: str, name: str, onset: TimeSpread | None, centre: TimeSpread | None, **more: Any) -> ProvinceFound:
    """One with a strong wind."""
    numbers: dict[str, Any] = {
        "typhoon_probability": 0.8654, "signal": 4, "wind_kmh": 139, "houses_low": 12.4, "houses_high": 1345.6,
        "people": 17000,
    }  # fmt: skip
    return ProvinceFound(code, name, onset, centre, **{**numbers, **more})


BATANES = province("P2", "Batanes", spread(9, 12, 15), spread(18, 22, 30, 0.9))
CAGAYAN = province(
    "P1", "Cagayan", spread(10, 14, 20, 0.75), spread(14, 18, 22, 0.5), typhoon_probability=0.25, signal=3,
    wind_kmh=101, houses_low=3, houses_high=420, people=4000,
)  # fmt: skip
MET = TriggerJudged(
    "at least 185 km/h in Luzon", True, True, "50 % of members with at least 185 km/h", "57.7 % of members",
    ("Cagayan Valley",), ("B1",),
)  # fmt: skip
UNCALIBRATED = TriggerJudged(
    "at least 80,000 houses damaged", True, False, "60 % of members with at least 80,000 houses", "61.5 % of members",
    reason="damage has no calibration",
)  # fmt: skip
MISSING = TriggerJudged(
    "3 areas with 10 % damage in a province", False, False, "3 areas, mean over the members", "1 area",
    ("Batanes",), deadline=at(18),
)  # fmt: skip
TRACK = (
    TrackPoint(at(-12), 16.6, 125.6, 150, "TY", past=True),
    TrackPoint(at(-6), 16.8, 124.9, 158, "TY", past=True),
    TrackPoint(at(0), 17.1, 124.1, 162, "TY"),
    TrackPoint(at(6), 17.6, 123.5, 166, "TY"),
    TrackPoint(at(12), 18.3, 122.9, 170, "TY"),
    TrackPoint(at(18), 19.0, 122.3, 187, "STY"),
    TrackPoint(at(21), 19.5, 122.0, 183, "TY", closest=True),
    TrackPoint(at(24), 19.9, 121.8, 180, "TY"),
    TrackPoint(at(30), 20.6, 121.6, 170, "TY"),
    TrackPoint(at(36), 21.2, 121.5, 160, "TY"),
)
LANDFALL = Landfall("close-pass", 17 / 52, spread(11.8, 22.6, 30.7, 17 / 52), at(21), 0.9)


def area(code: str, people: int, *, alerted: bool = True, trigger: bool | None = None) -> EventArea:
    """A municipality of `OUTLINES`."""
    further: dict[str, int | float] = {"houses_affected": 0.0123, "prob_within_50km": 0.35, "windspeed": 139}
    return EventArea(
        3, code, OUTLINES[code][0] if code in OUTLINES else code, people, people / 30000,
        {**further, "show_admin_area": 1}, alerted, trigger,
    )  # fmt: skip


def flags(*marks: tuple[int, str]) -> str:
    """Of 169 lead times."""
    return "".join(dict(marks).get(lead, "-") for lead in range(169))


def storm(**more: Any) -> TyphoonEvent:
    """Chanthu as it might have been found: a trigger 21 hours ahead, in Batanes alone."""
    values: dict[str, Any] = {
        "name": "Kiko (CHANTHU)", "alert_class": "max", "trigger": True, "lead_time": 21, "first_trigger": 21,
        "flags": flags((21, "T")), "people": 21000,
        "areas": (area("B1", 17000), area("C1", 4000, trigger=False), area("C2", 0, alerted=False)),
        "storm": "2021-21W", "identifier": "21W", "international_name": "CHANTHU", "landfall": LANDFALL,
        "track": TRACK, "reference": "high-resolution run", "peak_kmh": 187, "category": "STY",
        "impacts": (AreaImpact("B1", 139, 0.98, 0.8654, 0.52, 0.0011, 0.0123, 4200.0),),
        "provinces": (BATANES, CAGAYAN), "triggers": (MET, UNCALIBRATED, MISSING), "houses_low": 15.4,
        "houses_high": 1765.6, "members_with_storm": 52,
    }  # fmt: skip
    return TyphoonEvent(**{**values, **more})


def warning(**more: Any) -> TyphoonEvent:
    """A weaker storm, three days behind."""
    values: dict[str, Any] = {
        "name": "Lannie (22W)", "trigger": False, "lead_time": 90, "first_trigger": None, "flags": flags((90, "w")),
        "people": 800, "areas": (area("I1", 800),), "storm": "2021-22W", "identifier": "22W",
        "international_name": "22W", "members_with_storm": 20, "houses_low": 0, "houses_high": 2.3,
        "landfall": Landfall("not-yet", 0.1, spread(84, 90, 110, 0.1), at(90), 210),
        "track": (
            TrackPoint(at(66), 14.0, 127.6, 55, "TD"),
            TrackPoint(at(78), 14.6, 126.0, 70, "TS"),
            TrackPoint(at(90), 15.5, 124.2, 95, "STS", closest=True),
        ),
        "peak_kmh": 95, "category": "STS", "triggers": (replace(MISSING, where=(), deadline=at(66)),),
        "provinces": (
            province("P3", "Isabela", spread(80, 90, 100, 0.1), None, typhoon_probability=0, signal=1, wind_kmh=45,
                     houses_low=0, houses_high=2.3, people=800),
        ),
        "impacts": (),
    }  # fmt: skip
    return storm(**{**values, **more})


def considered(event: TyphoonEvent, note: str = "") -> StormFound:
    """A storm as the cycle has it."""
    fixes = tuple(Fix(point.moment, point.lat, point.lon, point.wind_kmh) for point in event.track if not point.past)
    return StormFound(
        event.storm, event.identifier, event.international_name, event.name, True, fixes, (), event.members_with_storm,
        note,
    )  # fmt: skip


def found(*events: TyphoonEvent, storms: tuple[StormFound, ...] = (), **more: Any) -> TyphoonFindings:
    """A cycle with these events; `storms`: further ones that are none."""
    values: dict[str, Any] = {
        "country": "PHL", "country_name": "Philippines", "issue_time": IssueTime(CYCLE.date(), 0),
        "admin_levels": (3,), "default_admin_level": 3,
        "indicators": ("houses_affected", "affected_population", "prob_within_50km", "windspeed", "show_admin_area"),
        "source": "ECMWF ensemble of cyclone tracks", "events": events, "rule": RULE, "time_zone": "Asia/Manila",
        "published": PUBLISHED, "cycle": CYCLE, "members": 52, "last_step_h": 240,
        "storms": (*map(considered, events), *storms), "not_seen": ("rain: no source is configured",),
    }  # fmt: skip
    return TyphoonFindings(**{**values, **more})


def members_along(event: TyphoonEvent, members: Sequence[int], km: float = 60) -> dict[int, Fixes]:
    """Tracks that run beside the reference's, further away the later, alternating between its sides."""
    ahead = [point for point in event.track if not point.past and point.moment.hour % STEP_H == 0]
    return {
        member: tuple(
            (
                round(point.lat + number / 8 * km / 111 * math.sin(member), 2),
                round(point.lon + number / 8 * km / 105 * math.cos(member * 1.7), 2),
                point.wind_kmh / 3.6 * (0.85 + 0.3 * (member % 7) / 7),
            )
            for number, point in enumerate(ahead)
        )
        for member in members
    }


def write_outlines(
    prepared: Path, outlines: Mapping[str, tuple[str, BaseGeometry]] = OUTLINES, names: Mapping[str, str] | None = None
) -> Path:
    """`outlines_adm3.geojson`, as `prepare` leaves it."""
    prepared.mkdir(parents=True, exist_ok=True)
    features = [
        {
            "type": "Feature",
            "properties": {"place_code": code, "name": (names or {}).get(code, name)},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for code, (name, shape) in outlines.items()
    ]
    content = {"type": "FeatureCollection", "features": features}
    (prepared / "outlines_adm3.geojson").write_text(json.dumps(content), encoding="utf-8")
    return prepared


def typhoon_run(cycle: TyphoonFindings, kept: xr.Dataset | None, runs: Path, prepared: Path) -> RunFolder:
    """A finished cycle with its report."""
    run = RunFolder(runs, RunId(cycle.country, cycle.hazard, cycle.issue_time))
    partial = begin_findings(run)
    write_findings_json(cycle, partial / "events.json")
    if kept is not None:
        write_tracks_kept(partial, kept)
    manifest = {"versions": {"ibf-pipeline": "0"}, "configuration": {"time_zone": cycle.time_zone}}
    write_report(cycle, partial, prepared, run, manifest)
    keep_findings(run, partial, manifest)
    return run
