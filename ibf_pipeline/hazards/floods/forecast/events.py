"""From classes by day to events: which station is alerted, with which class, for which lead time.

docs/design/floods.md, rules 2 and 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ibf_pipeline.domain.names import is_name, same_name
from ibf_pipeline.hazards.floods.profile import FLOODS


@dataclass(frozen=True, slots=True)
class Timing:
    """When stations are alerted; every array is (station,)."""

    rank: npt.NDArray[np.integer]
    """of the alert class: `max` with a trigger, else the highest class of the lead times; 0 where there is no event"""
    triggered: npt.NDArray[np.bool_]
    """whether any lead time triggers"""
    lead_time: npt.NDArray[np.integer]
    """days: the first trigger lead time; without a trigger the first lead time of any class; 0 without an event"""
    beyond_portal: npt.NDArray[np.bool_]
    """whether all of this is of lead times that the portal cannot show, as it has none with a class among its own"""

    @property
    def shown(self) -> npt.NDArray[np.bool_]:
        """(station,) whether there is an event within the portal's lead times."""
        return (self.rank > 0) & ~self.beyond_portal


def timing(ranks: npt.NDArray[np.integer], triggers: npt.NDArray[np.bool_]) -> Timing:
    """Events of stations: class, trigger and lead time of each.

    The portal shows 0-day to 7-day, and an event is one thing: class, trigger and lead time must be those of the flags
    that are sent with it. So a station with any class on 0-day to 7-day has the event of these lead times alone: what
    comes later changes neither its class nor its lead time, also if it is a trigger (a warning from 5-day with a
    trigger on 9-day is a warning from 5-day until the trigger comes within 7-day; a notice reports the trigger). A
    station with a class on later lead times only has the event of those, which is in the findings and not published.

    Parameters
    ----------
    ranks
        (lead_time, station) class ranks; lead times from 0-day on, as many as the country's horizon.
    triggers
        (lead_time, station) whether the lead time triggers.

    Returns
    -------
    Timing
        Arrays (station,); rank 0 if no lead time has a class.

    Notes
    ----- Source: the API description's event loop ("determine the 1st leadTime above trigger threshold ... if nowhere
    above, the 1st leadTime above any threshold").

    Examples
    --------
    A warning on 2-day and a trigger on 4-day: the event is a trigger with lead time 4.

    >>> ranks = np.array([[0], [0], [1], [0], [3], [0], [0], [0]])
    >>> event = timing(ranks, ranks == 3)
    >>> event.lead_time.tolist(), event.triggered.tolist(), flags(ranks, ranks == 3)
    ([4], [True], ['--w-T---'])

    References
    ----------
    docs/design/floods.md, rule 2
    """
    last = len(FLOODS.lead_times)
    near, rank = _first(ranks[:last], triggers[:last]), ranks[:last].max(axis=0)
    later = (rank == 0) & (ranks.max(axis=0) > 0)
    return Timing(
        np.where(later, ranks.max(axis=0), rank),
        np.where(later, triggers.max(axis=0), triggers[:last].max(axis=0)),
        np.where(later, _first(ranks, triggers), near),
        later,
    )


def _first(ranks: npt.NDArray[np.integer], triggers: npt.NDArray[np.bool_]) -> npt.NDArray[np.integer]:
    """(station,) the first trigger lead time; without a trigger the first of any class; 0 without any."""
    first: npt.NDArray[np.integer] = np.where(triggers.max(axis=0), triggers.argmax(axis=0), (ranks > 0).argmax(axis=0))
    return first


def flags(ranks: npt.NDArray[np.integer], triggers: npt.NDArray[np.bool_]) -> list[str]:
    """One character for each lead time: `T` trigger, `w` warning, `-` neither.

    Parameters
    ----------
    ranks
        (lead_time, station) class ranks.
    triggers
        (lead_time, station) bool.

    Returns
    -------
    list of str
        (station,) one text each, exact for each day.
    """
    marks = np.where(triggers, "T", np.where(ranks > 0, "w", "-"))
    return ["".join(days) for days in marks.T.tolist()]


def event_names(stations: Sequence[tuple[str, str]], scheme: str) -> Mapping[str, str]:
    """The event name of every station: its code, or its name if `scheme` is `station_name`.

    A name is used only if it is there ("Na", "N/A", "None" are not), unique among names and codes whatever the case,
    and without `_`, at which the portal splits names. The name is the event's identity on the server, so it is never
    altered.

    Parameters
    ----------
    stations
        (code, name) of all stations.
    scheme
        `station_code` or `station_name`.

    Returns
    -------
    Mapping
        Code -> event name.

    Examples
    --------
    >>> event_names([("G1", "Mill bridge"), ("G2", "Na")], "station_name")
    {'G1': 'Mill bridge', 'G2': 'G2'}

    References
    ----------
    docs/design/floods.md, rule 4
    """
    codes = {same_name(code) for code, _ in stations}
    times = Counter(same_name(name) for _, name in stations)

    def name_of(code: str, name: str) -> str:
        usable = (
            scheme == "station_name"
            and is_name(name)
            and times[same_name(name)] == 1
            and "_" not in name
            and (name == code or same_name(name) not in codes)
        )
        return name if usable else code

    return {code: name_of(code, name) for code, name in stations}
