"""The country on its IBF server: what a run would stumble over, before there is a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from ibf_pipeline.check.finding import Finding, fault, fine, listed, not_checked, warning
from ibf_pipeline.config.country import Country
from ibf_pipeline.domain.country import POPULATION_AFFECTED, Station
from ibf_pipeline.hazards.floods.forecast.events import event_names
from ibf_pipeline.targets.ibf.preflight import UPLOAD_ROLES
from ibf_pipeline.targets.ibf.state import OpenEvent, ServerState

MAP_LAYERS: Final = {"flood_extent": "the flood extent", "glofas_stations": "the stations"}
"""layers that the portal must have for a country's floods to be seen on its map"""


def check_portal(
    state: ServerState,
    layers: Any | None,
    country: Country,
    stations: Sequence[Station],
    place_codes: Mapping[int, Collection[str]],
) -> Iterator[Finding]:
    """`layers`: the answer of metadata/layers, None where the server has no such route."""
    yield fine("portal", f"reached; capabilities `{state.choice.capabilities.name}`: {state.choice.reason}")
    yield from _account(state)
    yield from _levels(state, country)
    yield from _areas(state, place_codes)
    yield from _stations(state, stations)
    yield from _indicators(state, country)
    yield from _layers(layers)
    yield from _event_names(state.open_events, stations, country)
    for name in state.not_checked:
        yield not_checked("portal", f"{name}: this server has no route for it", "found out during a run")


def _account(state: ServerState) -> Iterator[Finding]:
    if state.role is not None and state.role not in UPLOAD_ROLES:
        yield fault(
            "portal",
            f"the account has the role {state.role}",
            f"uploads need {' or '.join(UPLOAD_ROLES)}: every run would be refused",
            "ask the portal's administrator for a pipeline account",
        )


def _levels(state: ServerState, country: Country) -> Iterator[Finding]:
    file = f"countries/{country.iso3}.yaml"
    for key, ours, theirs in (
        ("admin_levels", list(country.admin_levels), list(state.admin_levels)),
        ("default_admin_level", country.default_admin_level, state.default_admin_level),
    ):
        if ours != theirs:
            yield fault(
                "portal",
                f"{key} is {ours}, on the server {theirs}",
                "events exist on the server's default level and areas on its levels: every run would be refused",
                f"write {key}: {theirs} in {file} and take the boundaries from the server",
            )
    if tuple(country.admin_levels) == state.admin_levels and country.default_admin_level == state.default_admin_level:
        yield fine("portal", f"levels {list(state.admin_levels)}, default {state.default_admin_level}, as configured")


def _areas(state: ServerState, place_codes: Mapping[int, Collection[str]]) -> Iterator[Finding]:
    for level, ours in place_codes.items():
        theirs = state.place_codes.get(level)
        if theirs is None:
            continue
        unknown, lacking = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
        if unknown:
            yield fault(
                "portal",
                f"{len(unknown)} place codes of level {level} are unknown to the server: {listed(unknown)}",
                "an alert there would become an event that nobody sees: the run is refused",
                "take the boundaries from the server (`fetch-static`)",
            )
        if lacking:
            yield warning(
                "portal",
                f"{len(lacking)} areas of level {level} are on the server only: {listed(lacking)}",
                "they never get a value",
                "take the boundaries from the server (`fetch-static`)",
            )
        if not unknown and not lacking:
            yield fine("portal", f"the {len(theirs)} areas of level {level} are the same here and there")


def _stations(state: ServerState, stations: Sequence[Station]) -> Iterator[Finding]:
    if state.stations is None:
        return
    known = state.stations
    unknown = [station.code for station in stations if station.code not in known]
    if unknown:
        yield warning(
            "portal",
            f"stations that the server does not know: {listed(unknown)}",
            "their events go out, their points are not on the map and show no discharge",
            "ask the portal's administrator to add them",
        )
    lacking = sorted(set(known) - {station.code for station in stations})
    if lacking:
        yield warning(
            "portal",
            f"stations of the server that stations.csv does not list: {listed(lacking)}",
            "they stay without values, and nothing is forecast for them",
            "add them with thresholds and areas, or ask to have them removed there",
        )
    other = [f"{s.code} ({s.name!r}, there {known[s.code]!r})" for s in stations if known.get(s.code, s.name) != s.name]
    if other:
        yield warning(
            "portal",
            f"stations named differently on the server: {listed(other)}",
            "with event_name: station_name the run is refused; else people read two names for one station",
            "take over the server's spelling in stations.csv",
        )
    if not unknown and not lacking and not other:
        yield fine("portal", f"the {len(known)} stations are the same here and there, names too")


def _indicators(state: ServerState, country: Country) -> Iterator[Finding]:
    if state.indicators is None:
        return
    sent = {POPULATION_AFFECTED, *(layer.indicator for layer in country.people.further_layers)}
    sent |= {f"{POPULATION_AFFECTED}_percentage"} if country.people.percentage else set()
    missing = sorted(sent - state.indicators)
    if missing:
        yield fault(
            "portal",
            f"indicators that are not set up on the server: {listed(missing)}",
            "a run that sends them is refused",
            "ask to have them set up, or remove them from people in the country's file",
        )
    else:
        yield fine("portal", f"indicators are set up: {listed(sorted(sent))}")


def _layers(layers: Any | None) -> Iterator[Finding]:
    if not isinstance(layers, list):
        yield not_checked("portal", "map layers: this server has no route for them", "look at its map")
        return
    names = {str(entry.get("name")) for entry in layers if isinstance(entry, dict)}
    missing = [f"{name} ({words})" for name, words in MAP_LAYERS.items() if name not in names]
    if missing:
        yield warning(
            "portal",
            f"map layers that the portal lacks for floods in this country: {listed(missing)}",
            "what the pipeline uploads for them is never shown",
            "ask the portal's administrator to add the layers",
        )
    else:
        yield fine("portal", f"map layers are set up: {', '.join(MAP_LAYERS)}")


def _event_names(
    events: Sequence[OpenEvent] | None, stations: Sequence[Station], country: Country
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
            yield warning(
                "portal",
                f"{kind} {event.name!r} is open on the server and belongs to no station of stations.csv",
                "the next run closes it",
                "make sure that nobody else publishes there, and that no station was removed while on alert",
            )
        else:
            yield warning(
                "portal",
                f"{kind} {event.name!r} is open; with event_name: {country.event_name} it is called {now[station]!r}",
                "the next run closes it and opens a new one: first issued date, ticked actions and people's decisions "
                "start anew",
                "change event_name while nothing is open",
            )
    if not any(event.name not in now.values() for event in events):
        codes = ", ".join(event.name for event in events)
        yield fine("portal", f"open events keep their names: {codes}" if events else "no event is open")
