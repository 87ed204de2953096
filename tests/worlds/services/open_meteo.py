"""A stand-in for Open-Meteo's flood API on loopback, written from its documentation and its public source.

Its grid is the service's: cells of 0.05 degrees named by their south-western corners, the nearest one answers. A daily
mean has the date of the day after, so that 0-day of a run is dated one day after its issue date.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from ibf_pipeline.discharge.cells import GLOFAS_CELL, cell_centre
from tests.worlds.services.scripted_server import Says, ScriptedServer

Corner = tuple[int, int]
"""row and column from 60 S, 180 W"""


@dataclass
class River:
    """What the service knows of one cell."""

    run: date
    """issue date of what it serves"""
    members: np.ndarray
    """(member, lead_time) m3/s; NaN is served as null"""
    maximum: float
    """m3/s, on one day of each year of the archive"""


CUT = Says(cut=True)
"""instead of an answer: the first half of it"""
MINUTELY = Says(
    429, {"error": True, "reason": "Minutely API request limit exceeded. Please try again in one minute."},
    {"Retry-After": "0"},
)  # fmt: skip


class FloodApi(ScriptedServer):
    """The service; `rivers` by cell, everything else is a brook."""

    def __init__(self) -> None:
        super().__init__()
        self.rivers: dict[Corner, River] = {}
        self.snaps: dict[Corner, Corner] = {}
        """cells for which it chooses another one"""
        self.named_by_centre = False
        """as its documentation has it: answers name the centres of cells"""
        self.faults: deque[Says | None] = deque()
        """of the next requests, in their order; None: an answer"""
        self.asked: list[dict[str, list[str]]] = []

    @property
    def url(self) -> str:
        return f"{super().url}/v1/flood"

    def put(self, lat: float, lon: float, river: River) -> Corner:
        """A river in the GloFAS cell that holds a point."""
        centre = cell_centre(lat, lon)
        corner = (round((centre[0] + 60) / GLOFAS_CELL - 0.5), round((centre[1] + 180) / GLOFAS_CELL - 0.5))
        self.rivers[corner] = river
        return corner

    def answer(self, path: str) -> Says:
        fault = self.faults.popleft() if self.faults else None
        status, content = self.answer_to(parse_qs(urlsplit(path).query))
        if fault is None or fault.cut:
            return Says(status, content, cut=fault is not None)
        return fault

    def answer_to(self, query: dict[str, list[str]]) -> tuple[int, Any]:
        """Status and content."""
        self.asked.append(query)
        try:
            lat, lon = ([float(text) for text in query[name][0].split(",")] for name in ("latitude", "longitude"))
            first, last = (date.fromisoformat(query[name][0]) for name in ("start_date", "end_date"))
        except (KeyError, ValueError) as error:
            return 400, {"error": True, "reason": f"Value of type 'Double' required: {error}"}
        if len(lat) != len(lon):
            return 400, {"error": True, "reason": "Parameter 'latitude' and 'longitude' must have the same number"}
        if query.get("daily") != ["river_discharge"]:
            return 400, {"error": True, "reason": f"Data corrupted at path ''. Cannot initialize {query.get('daily')}"}
        if first < date(1984, 1, 1) or first > last:
            return 400, {"error": True, "reason": "Parameter 'start_date' is out of allowed range from 1984-01-01"}
        ensemble = query.get("ensemble") == ["true"]
        places = [self._place(*point, first, last, ensemble=ensemble) for point in zip(lat, lon, strict=True)]
        for number, place in enumerate(places[1:], 1):
            place["location_id"] = number
        return 200, places if len(places) > 1 else places[0]

    def _place(self, lat: float, lon: float, first: date, last: date, *, ensemble: bool) -> dict[str, Any]:
        corner = (floor((lat + 60) / GLOFAS_CELL + 0.5), floor((lon + 180) / GLOFAS_CELL + 0.5))
        corner = self.snaps.get(corner, corner)
        river = self.rivers.get(corner, River(date.min, np.full((1, 1), 0.2), 0.3))
        days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        members = range(len(river.members) if ensemble else 1)
        names = ["river_discharge", *(f"river_discharge_member{member:02d}" for member in members[1:])]
        shift = GLOFAS_CELL / 2 if self.named_by_centre else 0.0
        return {
            "latitude": round(corner[0] * GLOFAS_CELL - 60 + shift, 5),
            "longitude": round(corner[1] * GLOFAS_CELL - 180 + shift, 5),
            "generationtime_ms": 0.1,
            "utc_offset_seconds": 0,
            "timezone": "GMT",
            "timezone_abbreviation": "GMT",
            "daily_units": {"time": "iso8601", **dict.fromkeys(names, "m³/s")},
            "daily": {
                "time": [day.isoformat() for day in days],
                **{name: _series(river, member, days) for name, member in zip(names, members, strict=True)},
            },
        }


def _series(river: River, member: int, days: Sequence[date]) -> list[float | None]:
    def value(day: date) -> float | None:
        lead_time = (day - river.run).days - 1
        if 0 <= lead_time < river.members.shape[1]:
            number = float(river.members[member, lead_time])
            return None if np.isnan(number) else round(number, 2)
        if member or day.year >= 2022:
            return None
        return river.maximum if (day.month, day.day) == (7, 1) else round(river.maximum / 10, 2)

    return [value(day) for day in days]
