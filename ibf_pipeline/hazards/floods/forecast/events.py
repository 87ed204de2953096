"""From classes by day to events: which station is alerted, with which class, for which lead time (rules 2 and 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES

_NO_NAMES = frozenset({"", "-", "na", "n/a", "none", "nan", "null", "no", "no name", "no alert", "unknown"})


@dataclass(frozen=True, slots=True)
class Timing:
    """When an alerted station is alerted."""

    lead_time: int
    """days: the first trigger lead time; without a trigger the first lead time of any class"""
    first_trigger: int | None
    """days"""
    alert_class: str
    """`max` with a trigger, else the highest class of the lead times"""


def timing(ranks: npt.NDArray[np.integer], triggers: npt.NDArray[np.bool_]) -> Timing | None:
    """The event of a station, None where no lead time has a class.

    `ranks`: (lead_time,) class ranks; `triggers`: (lead_time,). Source: the API description's event loop ("determine
    the 1st leadTime above trigger threshold ... if nowhere above, the 1st leadTime above any threshold").
    """
    alerted = np.flatnonzero(ranks > 0)
    if alerted.size == 0:
        return None
    triggered = np.flatnonzero(triggers)
    first_trigger = int(triggered[0]) if triggered.size else None
    return Timing(
        lead_time=int(alerted[0]) if first_trigger is None else first_trigger,
        first_trigger=first_trigger,
        alert_class=ALERT_CLASSES[int(ranks.max())],
    )


def flags(ranks: npt.NDArray[np.integer], triggers: npt.NDArray[np.bool_]) -> str:
    """One character a lead time: `T` trigger, `w` warning, `-` neither; for people and wish lists."""
    return "".join("T" if trigger else "w" if rank > 0 else "-" for rank, trigger in zip(ranks, triggers, strict=True))


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
