"""Notes of a flood day: what a reader must know besides its events, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.domain.wording import BEYOND_SHOWN, number_text, some
from ibf_pipeline.hazards.floods.findings import FloodEvent, StationFound
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.floods.screening import ScreenedEnsemble, days_before_water


def trial_notes(discharge: xr.DataArray) -> Iterator[str]:
    """What a source that is for trying only says of itself, line by line."""
    if trial := str(discharge.attrs.get("trial", "")):
        yield f"source {discharge.attrs.get('source', '')}: {trial}"
        yield from str(discharge.attrs.get("trial_notes", "")).splitlines()


def members_notes(present: Iterable[int], ensemble: ScreenedEnsemble, expected: int) -> Iterator[str]:
    """Members (numbers; 0 is the control) that are missing, and those that nobody expected: who is there counts."""
    beyond = [int(member) for member in present if member >= expected]
    if beyond:
        yield f"members beyond the {expected} expected are there and count: {_numbers(beyond)}"
    if ensemble.missing:
        there = expected - len(ensemble.missing)
        yield f"{there} of {expected} members are there; missing: {_numbers(ensemble.missing)}"


def members_doubts(ensemble: ScreenedEnsemble) -> Iterator[str]:
    """Members or days that have no water: they cannot be, or may not be, what the model said."""
    if ensemble.without_water:
        yield f"members that are 0 m3/s everywhere count as missing: {_numbers(ensemble.without_water)}"
    for day, members in ensemble.days_without_water.items():
        yield (
            f"members that are 0 m3/s at every station on {day}-day, beside water, count as missing there: "
            f"{_numbers(members)}"
        )
    for day in days_before_water(ensemble.discharge):
        yield (
            f"all members are 0 m3/s at every station on {day}-day, and have water at three or more the day after: "
            "wadis that a storm fills, or days that were lost"
        )


def station_notes(stations: Sequence[StationFound], members: int) -> Iterator[str]:
    """Stations that are not fine, and those with fewer valid members than the `members` there are."""
    for station in stations:
        if station.condition != "fine":
            yield f"station {station.called} is {station.condition}: {station.reason}"
        elif min(station.members) < members:
            yield f"station {station.called} has as few as {min(station.members)} valid members"


def reliance_doubts(stations: Sequence[StationFound], events: Sequence[FloodEvent]) -> Iterator[str]:
    """A day on which no station could alert reliably: "no alert" would read as an all clear.

    Rule: no refusal, since wadis are practically dry for months. It is the same doubt as long as the reasons are.
    """
    if not events and all(station.condition != "fine" for station in stations):
        reasons = sorted({station.reason.partition(":")[0] for station in stations})
        yield (
            "no station has a forecast that can be relied on, so that no alert is no all clear: " + "; ".join(reasons)
        )


def event_notes(events: Sequence[FloodEvent], country: FloodCountry) -> Iterator[str]:
    """What the portal cannot show of an event, and the flood map that stands in for one that is not there."""
    smallest = min(country.flood_maps.return_periods)
    for event in events:
        if not event.areas:
            yield f"event {event.name} has no areas in the mapping: it cannot be shown in the portal"
        later = [lead for lead, flag in enumerate(event.flags) if flag == "T" and lead > FLOODS.lead_times[-1]]
        if event.beyond_portal:
            yield f"event {event.name} begins on {event.lead_time}-day, {BEYOND_SHOWN}: it is in no call yet"
        elif later and not event.trigger:
            yield (
                f"event {event.name} triggers on {later[0]}-day, {BEYOND_SHOWN}: it is published as the warning that "
                f"it is from {event.lead_time}-day on"
            )
        if event.areas and (event.trigger or event.flood_map) and event.return_period < smallest:
            use = f"the {event.flood_map:g}-year map is used" if event.flood_map else "its extent is empty"
            yield (
                f"event {event.name} reaches the {event.return_period:g}-year threshold, below the smallest flood map "
                f"({smallest:g} years): {use}"
            )


def people_notes(events: Iterable[FloodEvent], layers: CountryLayers) -> Iterator[str]:
    """Events with people to count of whom not all are known, or none is found: outside the rasters, or a dry map."""
    for event in events:
        count, unknown, empty = _areas_counted(event, layers)
        if unknown:
            yield (
                f"event {event.name}: who lives in {len(unknown)} of its {count} areas ({some(unknown, 3)}) "
                f"is not or not wholly known; the portal takes numbers only and shows the {number_text(event.people)} "
                "affected who are known"
            )
        if empty:
            yield (
                f"event {event.name}: nobody lives in {len(empty)} of its {count} areas ({some(empty, 3)}) by the "
                "population raster: outside of it, or practically without size"
            )
        if count and _shows_nobody(event):
            yield (
                f"event {event.name} shows 0 people: the {event.flood_map:g}-year flood map reaches nobody in its "
                "areas; check that the maps cover them"
            )


def people_doubts(events: Iterable[FloodEvent], layers: CountryLayers) -> Iterator[str]:
    """The same in one sentence a cause, without numbers; whom the raster leaves unknown is a doubt of the layers."""
    areas = [(event, *_areas_counted(event, layers)) for event in events]
    if empty := [event.name for event, _, _, without in areas if without]:
        yield f"by the population raster nobody lives in areas of {some(empty, 3)}: outside of it, or without size"
    if dry := [event.name for event, count, _, _ in areas if count and _shows_nobody(event)]:
        yield f"the flood maps reach nobody in the areas of {some(dry, 3)}: check that they cover them"


def _areas_counted(event: FloodEvent, layers: CountryLayers) -> tuple[int, list[str], list[str]]:
    """How many deepest areas count for an event with a flood map; of them those of unknown people, and of nobody."""
    deepest = layers.mapping.get(event.station_code, ()) if event.flood_map is not None else ()
    unknown = [code for code in deepest if not layers.areas[code].people_known]
    return len(deepest), unknown, [c for c in deepest if layers.areas[c].population <= 0 and c not in unknown]


def _shows_nobody(event: FloodEvent) -> bool:
    return event.people == 0 and event.people_known


def _numbers(members: Iterable[int]) -> str:
    return ", ".join(f"{member:02d}" for member in members)
