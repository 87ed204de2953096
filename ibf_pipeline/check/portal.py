"""The country on its portal: what a run would stumble over, before there is a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from ibf_pipeline.check.finding import Finding, finding, fine, first_few
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import Station
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.hazards.floods.forecast.events import event_names
from ibf_pipeline.targets.portal import STATION_CATEGORY, OpenOnPortal, PortalState

_MAP_LAYERS: Final = {"flood_extent": "the flood extent", "glofas_stations": "the stations"}
"""layers that the portal must have for a country's floods to be seen on its map"""


def check_portal(
    state: PortalState,
    layers: Collection[str] | None,
    country: CountryHazard,
    profile: HazardProfile,
    stations: Sequence[Station],
    place_codes: Mapping[int, Collection[str]],
) -> Iterator[Finding]:
    """`layers`: names of the layers of its map, None if it cannot tell; `stations`: of floods."""
    yield fine("portal", f"reached; {state.api_words}")
    yield from _account(state)
    yield from _levels(state, country)
    yield from _areas(state, place_codes)
    if isinstance(country, FloodCountry):
        yield from _stations(state, stations)
    yield from _indicators(state, country, profile)
    if state.mailed_only is not None:
        yield finding("nobody mailed", iso3=country.iso3, countries=", ".join(state.mailed_only) or "none")
    if isinstance(country, FloodCountry):
        yield from _layers(layers)
        yield from _event_names(state.open_events, stations, country)
    for name in state.not_checked:
        yield finding("no route", name=name)


def _account(state: PortalState) -> Iterator[Finding]:
    if state.role is not None and state.role not in state.upload_roles:
        yield finding("role too low", role=state.role, needed=" or ".join(state.upload_roles))


def _levels(state: PortalState, country: CountryHazard) -> Iterator[Finding]:
    file = f"countries/{country.iso3}.yaml"
    for key, ours, theirs in (
        ("admin_levels", list(country.admin_levels), list(state.admin_levels)),
        ("default_admin_level", country.default_admin_level, state.default_admin_level),
    ):
        if ours != theirs:
            yield finding("levels differ", key=key, ours=ours, theirs=theirs, file=file)
    if tuple(country.admin_levels) == state.admin_levels and country.default_admin_level == state.default_admin_level:
        yield fine("portal", f"levels {list(state.admin_levels)}, default {state.default_admin_level}, as configured")


def _areas(state: PortalState, place_codes: Mapping[int, Collection[str]]) -> Iterator[Finding]:
    for level, ours in place_codes.items():
        theirs = state.place_codes.get(level)
        if theirs is None:
            continue
        unknown, lacking = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
        if unknown:
            yield finding("areas unknown to portal", count=len(unknown), level=level, codes=first_few(unknown))
        if lacking:
            yield finding("areas on portal only", count=len(lacking), level=level, codes=first_few(lacking))
        if not unknown and not lacking:
            yield fine("portal", f"the {len(theirs)} areas of level {level} are the same here and there")


def _stations(state: PortalState, stations: Sequence[Station]) -> Iterator[Finding]:
    known = state.points.get(STATION_CATEGORY)
    if known is None:
        return
    unknown = [station.code for station in stations if station.code not in known]
    if unknown:
        yield finding("stations unknown to portal", stations=first_few(unknown))
    lacking = sorted(set(known) - {station.code for station in stations})
    if lacking:
        yield finding("stations on portal only", stations=first_few(lacking))
    other = [f"{s.code} ({s.name!r}, there {known[s.code]!r})" for s in stations if known.get(s.code, s.name) != s.name]
    if other:
        yield finding("stations named differently", stations=first_few(other))
    if not unknown and not lacking and not other:
        yield fine("portal", f"the {len(known)} stations are the same here and there, names too")


def _indicators(state: PortalState, country: CountryHazard, profile: HazardProfile) -> Iterator[Finding]:
    if state.indicators is None:
        return
    sent = {profile.main_exposure, profile.people_indicator, *profile.indicators, *country.further_indicators}
    sent -= set(profile.unlisted)
    if profile.share_indicator is not None and country.publishes_share:
        sent.add(profile.share_indicator)
    missing = sorted(sent - state.indicators)
    if missing:
        yield finding("indicators not set up", missing=first_few(missing))
    else:
        yield fine("portal", f"indicators are set up: {first_few(sorted(sent))}")


def _layers(layers: Collection[str] | None) -> Iterator[Finding]:
    if layers is None:
        yield finding("no route for layers")
        return
    missing = [f"{name} ({words})" for name, words in _MAP_LAYERS.items() if name not in layers]
    if missing:
        yield finding("layers lacking", missing=first_few(missing))
    else:
        yield fine("portal", f"map layers are set up: {', '.join(_MAP_LAYERS)}")


def _event_names(
    events: Sequence[OpenOnPortal] | None, stations: Sequence[Station], country: FloodCountry
) -> Iterator[Finding]:
    """What a change of `event_name` closes and opens again: an event is known on the server by its name alone."""
    if events is None:
        return
    pairs = [(station.code, station.name) for station in stations]
    now = event_names(pairs, country.event_name)
    other = {scheme: event_names(pairs, scheme) for scheme in ("station_code", "station_name")}
    for event in events:
        if event.name in now.values():
            continue
        station = next((c for names in other.values() for c, name in names.items() if name == event.name), None)
        kind = "trigger" if event.is_trigger else "warning"
        if station is None:
            yield finding("event of no station", kind=kind, name=event.name)
        else:
            yield finding("event renamed", kind=kind, name=event.name, event_name=country.event_name, now=now[station])
    if not any(event.name not in now.values() for event in events):
        codes = ", ".join(event.name for event in events)
        yield fine("portal", f"open events keep their names: {codes}" if events else "no event is open")
