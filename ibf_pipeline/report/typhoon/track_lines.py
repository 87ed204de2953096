"""Tracks as lines and points of maps and files, also across 180 degrees (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.sphere import wrap_longitude
from ibf_pipeline.hazards.typhoon.findings import TrackPoint, TyphoonEvent, TyphoonFindings
from ibf_pipeline.report.pictures.colours import INK
from ibf_pipeline.report.pictures.map_words import MapMarks

_LonLat = tuple[float, float]
_TRACK: Final = "#5b2a86"
"""of no alert class, and of no member"""


def parts_of(track: Sequence[TrackPoint]) -> tuple[tuple[_LonLat, ...], ...]:
    """A track as lines of longitudes -180..180, cut where it crosses 180 degrees, as GeoJSON wants it (RFC 7946 3.1.9).

    Lines of one point are left out.
    """
    lines: list[list[_LonLat]] = [[(track[0].lon, track[0].lat)]] if track else []
    for point, following in pairwise(track):
        ahead = wrap_longitude(following.lon, point.lon)
        if abs(ahead) > 180:
            edge = 180.0 if ahead > 0 else -180.0
            share = (edge - point.lon) / (ahead - point.lon)
            lat = point.lat + share * (following.lat - point.lat)
            lines[-1].append((edge, lat))
            lines.append([(-edge, lat)])
        lines[-1].append((following.lon, following.lat))
    return tuple(tuple(line) for line in lines if len(line) > 1)


def wkt_of(track: Sequence[TrackPoint]) -> str:
    """The same as text."""
    lines = (", ".join(f"{lon:g} {lat:g}" for lon, lat in line) for line in parts_of(track))
    return f"MULTILINESTRING ({', '.join(f'({line})' for line in lines)})"


def event_marks(findings: TyphoonFindings, event: TyphoonEvent, folder: Path) -> tuple[MapMarks, ...]:
    """The reference's track on the map of an event, its 6-hourly points and where it comes to land."""
    return _marks([event])


def country_marks(findings: TyphoonFindings) -> tuple[MapMarks, ...]:
    """Tracks of all events on the country's map."""
    return _marks(findings.events)


def _marks(events: Iterable[TyphoonEvent]) -> tuple[MapMarks, ...]:
    tracks = [event.track for event in events if event.track]
    points = [point for track in tracks for point in track]
    kinds = (
        MapMarks("reference track", "o", _TRACK, lines=tuple(wkt_of(track) for track in tracks if parts_of(track))),
        MapMarks("every 6 hours", "o", _TRACK, tuple((p.lon, p.lat) for p in points), size=8),
        MapMarks("hit or close pass", "X", INK, tuple((p.lon, p.lat) for p in points if p.landfall), size=18),
        MapMarks("nearest to land", "X", INK, tuple((p.lon, p.lat) for p in points if p.closest), size=18),
    )
    return tuple(kind for kind in kinds if kind.places or kind.lines)
