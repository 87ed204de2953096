"""From classes by day to events: which station is alerted, with which class, for which lead time (rules 2 and 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_NO_NAMES = frozenset({"", "-", "na", "n/a", "none", "nan", "null", "no", "no name", "no alert", "unknown"})


@dataclass(frozen=True, slots=True)
class Timing:
    """When stations are alerted; every array is (station,)."""

    rank: npt.NDArray[np.integer]
    """of the alert class: `max` with a trigger, else the highest class of the lead times; 0 where there is no event"""
    triggered: npt.NDArray[np.bool_]
    """whether any lead time triggers"""
    lead_time: npt.NDArray[np.integer]
    """days: the first trigger lead time; without a trigger the first lead time of any class; 0 without an event"""


def timing(ranks: npt.NDArray[np.integer], triggers: npt.NDArray[np.bool_]) -> Timing:
    """The events of stations; there is none where no lead time has a class.

    `ranks`: (lead_time, station) class ranks; `triggers`: (lead_time, station). Source: the API description's event
    loop ("determine the 1st leadTime above trigger threshold ... if nowhere above, the 1st leadTime above any
    threshold").
    """
    triggered = triggers.max(axis=0)
    first = np.where(triggered, triggers.argmax(axis=0), (ranks > 0).argmax(axis=0))
    return Timing(ranks.max(axis=0), triggered, first)


def flags(ranks: npt.NDArray[np.integer], triggers: npt.NDArray[np.bool_]) -> list[str]:
    """One character a lead time: `T` trigger, `w` warning, `-` neither; for people and wish lists.

    `ranks`, `triggers`: (lead_time, station). Returns one text a station.
    """
    marks = np.where(triggers, "T", np.where(ranks > 0, "w", "-"))
    return ["".join(days) for days in marks.T.tolist()]


def event_names(stations: Sequence[tuple[str, str]], scheme: str) -> Mapping[str, str]:
    """The event name of every station (code, name): its code, or its name where `scheme` is `station_name`.

    A name is used only if it is there ("Na", "N/A", "None" are not), unique among names and codes in whatever letters,
    and without `_`, which the portal cuts. The name is the event's identity on the server, so it is never altered.
    """
    codes = {_same(code) for code, _ in stations}
    times = Counter(_same(name) for _, name in stations)

    def name_of(code: str, name: str) -> str:
        usable = (
            scheme == "station_name"
            and _same(name) not in _NO_NAMES
            and times[_same(name)] == 1
            and "_" not in name
            and (name == code or _same(name) not in codes)
        )
        return name if usable else code

    return {code: name_of(code, name) for code, name in stations}


def _same(name: str) -> str:
    """What people read as one name: capitals and blanks make no difference."""
    return " ".join(name.split()).casefold()
