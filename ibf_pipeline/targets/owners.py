"""Which station an open event belongs to, whatever it was called when it was opened (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ibf_pipeline.domain.exercise import PREFIX
from ibf_pipeline.domain.found import Found


def owners(
    found: Found, names: Iterable[str], server_stations: Mapping[str, str] | None, earlier: Mapping[str, str]
) -> dict[str, str]:
    """Event name -> station code, of the events that have a station.

    An event is known on the server by its name alone, and names change: with `event_name`, with stations.csv. It
    belongs to the station that had the name in the latest earlier run (`earlier`: name -> code), else to the one whose
    event name, code or name it is today, else to the one that has that name on the server (`server_stations`: code ->
    name). Where none of today's stations is it, it may be one of `earlier` that stations.csv no longer has.
    """
    known = {
        **_unique((name, code) for code, name in (server_stations or {}).items()),
        **_unique((station.name, station.code) for station in found.stations),
        **{station.code: station.code for station in found.stations},
    }
    if found.exercise:
        known = {f"{PREFIX}{name}": code for name, code in known.items()}
    known |= {station.event_name: station.code for station in found.stations}
    codes = {station.code for station in found.stations}
    known = {**earlier, **known, **{name: code for name, code in earlier.items() if code in codes}}
    return {name: known[name] for name in names if name in known}


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    listed = list(pairs)
    times = Counter(name for name, _ in listed)
    return {name: code for name, code in listed if name and times[name] == 1}
