"""What would go wrong on the server, found before the first call: all problems at once (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.found import Found
from ibf_pipeline.targets.ibf.state import ServerState


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the server and the day disagree on."""

    text: str
    blocks: bool
    """false: reported and worked around"""


def check_server(
    found: Found,
    state: ServerState,
    place_codes_by_level: dict[int, frozenset[str]],
    *,
    accept_blind: Iterable[str] = (),
) -> list[Problem]:
    """Compare a day with what the server knows of the country.

    `place_codes_by_level`: the prepared areas; `accept_blind`: events of blind stations whose closing the operator
    accepts.
    """
    problems: list[Problem] = []
    if tuple(found.admin_levels) != state.admin_levels:
        problems.append(
            Problem(
                f"admin levels are {_list(found.admin_levels)}, the server has {_list(state.admin_levels)}: correct "
                "admin_levels",
                True,
            )
        )
    if found.default_admin_level != state.default_admin_level:
        problems.append(
            Problem(
                f"the default admin level is {found.default_admin_level}, the server has {state.default_admin_level}: "
                "correct default_admin_level",
                True,
            )
        )
    for level in found.admin_levels:
        problems += _unknown_codes(found, state, level, place_codes_by_level.get(level, frozenset()))
    unknown = sorted(station.code for station in found.stations if station.code not in state.stations)
    if unknown:
        problems.append(
            Problem(f"the server does not know the stations {_list(unknown)}: left out of the calls", False)
        )
    for station in found.stations:
        server_name = state.stations.get(station.code)
        if station.event_name != station.code and server_name is not None and server_name != station.event_name:
            problems.append(
                Problem(
                    f"event name {station.event_name!r} of station {station.code} is {server_name!r} on the server: "
                    "take over its spelling in stations.csv",
                    True,
                )
            )
    accepted = set(accept_blind)
    open_names = {event.name for event in state.open_events}
    for station in found.with_condition("blind"):
        if station.event_name in open_names - accepted:
            problems.append(
                Problem(
                    f"event {station.event_name} is open on the server and its station is blind ({station.reason}): "
                    f"publishing would close it, a wrong all clear; accept it with --accept-blind {station.event_name}",
                    True,
                )
            )
    return problems


def _unknown_codes(found: Found, state: ServerState, level: int, prepared: frozenset[str]) -> list[Problem]:
    known = set(state.place_codes.get(level, ()))
    if not known:
        return [Problem(f"the server has no areas of admin level {level}", True)]
    wrong = sorted({area.place_code for event in found.events for area in event.areas_of(level)} - known)
    if wrong:
        return [
            Problem(
                f"{len(wrong)} place codes of level {level} are unknown to the server ({_list(wrong[:3])}): they would "
                "become an event that nobody sees; take the boundaries from the server",
                True,
            )
        ]
    unmatched = prepared ^ known
    if unmatched:
        return [
            Problem(
                f"{len(unmatched)} place codes of level {level} differ between the boundaries and the server", False
            )
        ]
    return []


def require_publishable(problems: Iterable[Problem], where: str) -> list[str]:
    """The texts of what is only reported; ServerRefused listing everything that blocks."""
    listed = list(problems)
    blocking = [problem.text for problem in listed if problem.blocks]
    if blocking:
        raise ServerRefused(
            "this day cannot be published there: " + "; ".join(blocking), where=where, remedy="correct all of them"
        )
    return [problem.text for problem in listed]


def _list(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
