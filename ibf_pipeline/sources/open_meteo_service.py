"""Open-Meteo's flood API: daily discharge at points, asked for many at once and at a polite pace.

What it speaks, from its documentation: `GET ?latitude=a,b&longitude=a,b&daily=river_discharge&start_date=&end_date=`,
with `ensemble=true` the members too; an object for one point, a list of them in the order of the points for several;
refusals as `{"error": true, "reason": ...}` with status 400, 429 if too much was asked for in a minute, hour or day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.discharge.cells import CENTRE_TOLERANCE, GLOFAS_CELL
from ibf_pipeline.discharge.file_discharge import LARGEST_DISCHARGE
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy

_CONTROL: Final = "river_discharge"
_MEMBER: Final = re.compile(r"river_discharge_member0*([1-9]\d*)")
_UNITS: Final = ("m³/s", "m3/s")
_MOST_AT_ONCE: Final = 250.0
"""calls, as the service counts them, that one request may stand for"""
_BESIDE: Final = GLOFAS_CELL / 4
"""degrees; see `asked_point`"""


@dataclass(frozen=True, slots=True)
class PointSeries:
    """What the service gives for one point."""

    lat: float
    """degrees, of the cell that it took"""
    lon: float
    members: tuple[int, ...]
    """0 is the control"""
    values: npt.NDArray[np.float32]
    """(member, day) m3/s; NaN where it has none"""


@dataclass(slots=True)
class Pace:
    """What was asked last, and how long to be quiet after it."""

    calls_per_minute: float
    retry_policy: RetryPolicy
    _next: float | None = None

    def wait(self, calls: float) -> None:
        """Before a request that counts as so many calls."""
        now = self.retry_policy.clock()
        if self._next is not None and self._next > now:
            self.retry_policy.sleep(self._next - now)
            now = self._next
        self._next = now + 60 * calls / self.calls_per_minute


class FloodService:
    """The service behind one address."""

    def __init__(self, url: str, retry_policy: RetryPolicy, calls_per_minute: float) -> None:
        self.url = url
        self._retry_policy = retry_policy
        self._pace = Pace(calls_per_minute, retry_policy)

    def ask(
        self, cells: Sequence[tuple[float, float]], first: date, last: date, *, ensemble: bool = False
    ) -> list[PointSeries]:
        """The days from `first` to `last` in some cells (centres: lat, lon in degrees), in one request.

        Raises BadRequest or another Refused with the service's reason, NoAnswer if it does not answer or has
        enough of us, InputInvalid if the answer is not what was asked for.
        """
        points = [(asked_point(lat), asked_point(lon)) for lat, lon in cells]
        query = {
            "latitude": ",".join(f"{lat:.4f}" for lat, _ in points),
            "longitude": ",".join(f"{lon:.4f}" for _, lon in points),
            "daily": _CONTROL,
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            **({"ensemble": "true"} if ensemble else {}),
        }
        self._pace.wait(call_cost(len(cells), first, last, ensemble=ensemble))
        with closing(Client(Server(self.url, _REMEDIES), self._retry_policy, Redactor())) as client:
            answer = client.read("GET", query=query, title=f"the question for {len(cells)} points")
        return read_answer(answer, len(cells), first, last, self.url)


_REMEDIES: Final = {
    429: "wait until the next hour, or the next day: the service bounds what one address may ask; see calls_per_minute",
}


def asked_point(centre: float) -> float:
    """The coordinate (degrees) that the service is asked for of a GloFAS cell with this centre.

    Its public source names cells by their south-western corners, its documentation by their centres. A quarter of a
    cell south-west of the centre the nearest one is ours by either; at the centre itself two would be equally near.
    """
    return round(centre - _BESIDE, 6)


def is_ours(lat: float, lon: float, served: PointSeries) -> bool:
    """Whether the service took our cell (centre in degrees), by either way of naming it."""
    off = (abs(served.lat - asked_point(lat)), abs(served.lon - asked_point(lon)))
    return max(off) <= _BESIDE + CENTRE_TOLERANCE


def call_cost(points: int, first: date, last: date, *, ensemble: bool) -> float:
    """As how many calls the service counts a request: points x variables / 10 x fortnights, by its public source."""
    share = (51 if ensemble else 1) / 10
    return points * max(1.0, share, share * ((last - first).days + 1) / 14)


def at_once(first: date, last: date, *, ensemble: bool) -> int:
    """How many points a request may have."""
    return max(1, int(_MOST_AT_ONCE / call_cost(1, first, last, ensemble=ensemble)))


def read_answer(answer: Any, points: int, first: date, last: date, where: str) -> list[PointSeries]:
    """What an answer holds for each point; InputInvalid if it is not what was asked for."""
    places = answer if isinstance(answer, list) else [answer]
    if len(places) != points:
        raise _strange(f"{len(places)} places were answered, {points} were asked for", where)
    days = [(first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]
    try:
        return [_served(place, days, where) for place in places]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _strange(
            f"the answer is not in the form that is known ({type(error).__name__}: {error})", where
        ) from None


def _served(place: Mapping[str, Any], days: list[str], where: str) -> PointSeries:
    daily = place["daily"]
    if daily["time"] != days:
        raise _strange(
            f"the days {daily['time'][:1]} to {daily['time'][-1:]}, asked for {days[0]} to {days[-1]}", where
        )
    unit = place["daily_units"][_CONTROL]
    if unit not in _UNITS:
        raise _strange(f"discharge is in {unit!r}, not in m3/s", where)
    names = {0: _CONTROL} | {int(found.group(1)): name for name in daily if (found := _MEMBER.fullmatch(name))}
    numbers = tuple(sorted(names))
    values = np.array([daily[names[number]] for number in numbers], dtype=np.float32)
    if values.shape != (len(numbers), len(days)):
        raise _strange("members of different lengths", where)
    if (values > LARGEST_DISCHARGE).any():
        raise _strange(f"a discharge of {np.nanmax(values):g} m3/s", where)
    return PointSeries(
        float(place["latitude"]), float(place["longitude"]), numbers, np.where(values >= 0, values, np.float32(np.nan))
    )


def _strange(found: str, where: str) -> InputInvalid:
    return InputInvalid(
        found,
        where=where,
        expected="daily river_discharge of every point and day that was asked for",
        remedy="run again; if it stays, the service has changed: take another source",
    )
