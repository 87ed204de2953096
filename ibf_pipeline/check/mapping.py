"""The station-to-area mapping: every fault at once, while the reader stops at the first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from ibf_pipeline.check.finding import Finding, finding, fine, first_few
from ibf_pipeline.domain.country import Station
from ibf_pipeline.domain.names import is_name
from ibf_pipeline.prepare.boundaries import Boundaries, lost_zeros
from ibf_pipeline.prepare.stations import NO_STATION, unlisted_station_notes

Pairs = Sequence[tuple[str, str]]
"""(station, place code) as the file lists them"""


def check_mapping(
    pairs: Pairs, stations: Sequence[Station], levels: Mapping[int, Boundaries], default_level: int
) -> Iterator[Finding]:
    """Unknown codes, areas mapped twice, stations without areas, stations that share default-level areas."""
    deepest = levels[max(levels)]
    known_codes, known_stations = set(deepest.place_codes), {station.code for station in stations}
    areas: dict[str, set[str]] = {code: set() for code in sorted(known_stations)}
    stations_of: dict[str, set[str]] = defaultdict(set)
    first_of: dict[str, str] = {}
    for station, code in pairs:
        if code:
            stations_of[code].add(station or NO_STATION)
            first_of.setdefault(code, station)
            if station in areas and code in known_codes:
                areas[station].add(code)
    named = {station for station, _ in pairs} - {NO_STATION, ""}
    alerting = {code: found for code, found in stations_of.items() if code in known_codes or found & known_stations}
    yield from _unknown(alerting, known_codes, deepest.admin_level)
    unlisted = first_few(sorted(named - known_stations))
    if unlisted and known_stations - named:
        yield finding("mapped stations unknown", stations=unlisted, no_station=NO_STATION)
    elif unlisted:
        rows = [pair for pair in pairs if pair[0] not in (*known_stations, NO_STATION, "")]
        yield finding("mapped stations left out", stations=unlisted, no_station=NO_STATION).doubted(
            *unlisted_station_notes(rows)
        )
    yield from _unmapped(areas, {s.code: s.name if is_name(s.name) else "" for s in stations})
    total = len(known_codes)
    if empty := sorted(code for code in known_codes if first_of.get(code) == ""):
        yield finding(
            "areas with empty station", count=len(empty), total=total, areas=first_few(empty), no_station=NO_STATION
        )
    if unmapped := sorted(known_codes - set(stations_of)):
        yield finding(
            "areas not mapped", count=len(unmapped), total=total, areas=first_few(unmapped), no_station=NO_STATION
        )
    yield from _shared(areas, levels, default_level)


def _unknown(stations_of: Mapping[str, set[str]], codes: Collection[str], level: int) -> Iterator[Finding]:
    strange = sorted(set(stations_of) - set(codes))
    if strange:
        yield finding(
            "mapped areas unknown",
            count=len(strange),
            level=level,
            codes=first_few(strange),
            hint=lost_zeros(strange[0], codes),
        )
    twice = [f"{code} ({', '.join(sorted(found))})" for code, found in sorted(stations_of.items()) if len(found) > 1]
    if twice:
        yield finding("areas mapped twice", count=len(twice), areas=first_few(twice))
    if not strange and not twice:
        yield fine("mapping", f"{len(stations_of)} areas, each once, all codes known")


def _unmapped(areas: Mapping[str, Collection[str]], names: Mapping[str, str]) -> Iterator[Finding]:
    without = [f"{code} {names[code]}".strip() for code, found in areas.items() if not found]
    if len(without) == len(areas):
        yield finding("no station has an area")
    elif without:
        yield finding("stations without areas", stations=first_few(without))


def _shared(
    areas: Mapping[str, Collection[str]], levels: Mapping[int, Boundaries], default_level: int
) -> Iterator[Finding]:
    stations_in: dict[str, set[str]] = defaultdict(set)
    parent_of = {
        code: parent
        for boundaries in levels.values()
        for code, parent in zip(boundaries.place_codes, boundaries.parents, strict=True)
    }
    depth = sum(1 for level in levels if level > default_level)
    for station, codes in areas.items():
        for code in codes:
            place: str | None = code
            for _ in range(depth):
                place = parent_of.get(str(place))
            if place is not None:
                stations_in[place].add(station)
    names = dict(zip(levels[default_level].place_codes, levels[default_level].names, strict=True))
    shared = [
        f"{names.get(place, place)} ({', '.join(sorted(found))})"
        for place, found in sorted(stations_in.items())
        if len(found) > 1
    ]
    if shared and depth:
        yield finding(
            "stations share areas",
            count=len(shared),
            total=len(stations_in),
            default_level=default_level,
            areas=first_few(shared),
        )
    elif depth:
        yield fine("mapping", f"no two stations share an area of level {default_level}")
