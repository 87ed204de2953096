"""The station-to-area mapping: every fault at once, where the reader stops at the first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from ibf_pipeline.check.finding import Finding, fault, fine, listed, warning
from ibf_pipeline.domain.country import Station
from ibf_pipeline.prepare.boundaries import Boundaries, lost_zeros
from ibf_pipeline.prepare.stations import NO_STATION

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
    for station, code in pairs:
        if code:
            stations_of[code].add(station or NO_STATION)
            if station in areas and code in known_codes:
                areas[station].add(code)
    named = {station for station, _ in pairs} - {NO_STATION, ""}
    yield from _unknown(stations_of, known_codes, named - known_stations, deepest.admin_level)
    yield from _unmapped(areas, {station.code: station.name for station in stations})
    unnamed = known_codes - set(stations_of)
    if unnamed:
        yield warning(
            "mapping",
            f"{len(unnamed)} of {len(known_codes)} areas are not in the file: {listed(sorted(unnamed))}",
            f"taken as {NO_STATION}: they are part of no alert",
            f"list them with their station or with {NO_STATION}",
        )
    yield from _shared(areas, levels, default_level)


def _unknown(
    stations_of: Mapping[str, set[str]], codes: Collection[str], unlisted: Collection[str], level: int
) -> Iterator[Finding]:
    strange = sorted(set(stations_of) - set(codes))
    if strange:
        yield fault(
            "mapping",
            f"{len(strange)} place codes are no areas of level {level}: {listed(strange)}"
            + lost_zeros(strange[0], codes),
            "an alert there would create an event that nobody sees",
            "take mapping and boundaries from one edition; keep place codes as text",
        )
    if unlisted:
        yield fault(
            "mapping",
            f"stations that stations.csv does not list: {listed(sorted(unlisted))}",
            "their areas could never be alerted",
            f"add the station with its thresholds, or write {NO_STATION}",
        )
    twice = [f"{code} ({', '.join(sorted(found))})" for code, found in sorted(stations_of.items()) if len(found) > 1]
    if twice:
        yield fault(
            "mapping",
            f"{len(twice)} areas are mapped to more than one station: {listed(twice)}",
            "their people would count in two events, or in one and in none: `prepare` refuses it",
            "keep the station whose river floods the area",
        )
    if not strange and not twice and not unlisted:
        yield fine("mapping", f"{len(stations_of)} areas, each once, all codes known")


def _unmapped(areas: Mapping[str, Collection[str]], names: Mapping[str, str]) -> Iterator[Finding]:
    without = [f"{code} {names[code]}".strip() for code, found in areas.items() if not found]
    if len(without) == len(areas):
        yield fault(
            "mapping",
            "no station has an area",
            "no alert could be shown in the portal",
            "fill in the column glofasStation",
        )
    elif without:
        yield warning(
            "mapping",
            f"stations without areas: {listed(without)}",
            "a trigger there cannot be published: the run ends as `alert could not be published`",
            "give the station the areas that its river floods, or remove it from stations.csv",
        )


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
        yield warning(
            "mapping",
            f"{len(shared)} of {len(stations_in)} alerted areas of level {default_level} belong to more than one "
            f"station: {listed(shared)}",
            "where both alert, the area goes to the event of the higher class; the other event loses it",
            "nothing has to be done; map whole areas to one station where that is right hydrologically",
        )
    elif depth:
        yield fine("mapping", f"no two stations share an area of level {default_level}")
