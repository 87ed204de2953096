"""ECMWF's open forecasts, without an account: of files of several GB only the messages of precipitation.

The library `ecmwf-opendata` knows where the files of a run lie, whatever their streams were called at the time, and
reads their indexes. The messages are fetched with our own client: the library's download knows no time limit, draws
progress bars into logs, and where members lack in an index takes those that are there.
Source: ECMWF, open data, and Implementation of IFS Cycle 50r1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests
from ecmwf.opendata import Client as Library

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing, turned_into
from ibf_pipeline.io.answers import Gone
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.writing import whole
from ibf_pipeline.rain.assembled import OLDEST_CYCLE
from ibf_pipeline.rain.hourly import HourlyRain
from ibf_pipeline.rain.reads import Reads
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.byte_ranges import fetch_message
from ibf_pipeline.sources.rain.read import rain_of_files
from ibf_pipeline.sources.rain.source import RainAreas, RainGiven, Role

ECMWF: Final = "https://data.ecmwf.int/forecasts"
"""about four days of runs; Amazon, Google and Azure have the same files under the same paths"""
PERTURBED: Final = 50
"""members of the ensemble beside its control"""
_ONE_CONTROL: Final = datetime(2026, 5, 12, 6, tzinfo=UTC)
"""from this run on (cycle 50r1) the control is the single run, and has no message of its own in the ensemble's files"""
_THREE_HOURLY, _LAST = 144, 360
"""hours to which there is a step for every third, then for every sixth"""


_CYCLE: Final = timedelta(hours=6)
"""from one run to the next"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Precipitation of a step that lies in one file."""

    stream: str
    type: str
    messages: int
    """how many a whole run has"""


def single_run(cycle: datetime) -> list[Wanted]:
    """The run without perturbations."""
    return [Wanted("oper", "fc", 1)]


def ensemble(cycle: datetime) -> list[Wanted]:
    """Its perturbed members and its control."""
    control = Wanted("oper", "fc", 1) if cycle >= _ONE_CONTROL else Wanted("enfo", "cf", 1)
    return [Wanted("enfo", "pf", PERTURBED), control]


def ecmwf_steps(last: float) -> list[int]:
    """Steps (hours after the start of the run) that reach `last` hours, or just beyond."""
    there = [*range(3, _THREE_HOURLY + 1, 3), *range(_THREE_HOURLY + 6, _LAST + 1, 6)]
    return [step for step in there if step < math.ceil(last)] + [next((s for s in there if s >= last), _LAST)]


def fetch_ecmwf(
    client: Client, cycle: datetime, steps: Sequence[int], folder: Path, wanted: Sequence[Wanted], *, parallel: int = 4
) -> list[Path]:
    """Files with the precipitation from the start of a run (UTC) to each of its steps; kept in `folder`.

    `client`: of ECMWF or a mirror. What lies there already is not fetched again, and nothing lies there that is not
    whole. Raises InputMissing where the run is not whole yet, also where members lack, InputInvalid where a file is
    something else, Refused or NoAnswer.
    """
    library = _Library(client.server.base, maximum_retries=1)
    library.session = _Asking(client)
    found = []
    for step in steps:
        for part in wanted:
            target = folder / f"{cycle:%Y%m%d%H}" / f"{part.stream}-{part.type}-{step}h.grib2"
            if not target.is_file():
                _fetch(client, library, cycle, step, part, target, parallel)
            found.append(target)
    return found


def _fetch(
    client: Client, library: _Library, cycle: datetime, step: int, part: Wanted, target: Path, parallel: int
) -> None:
    url, places = _in_index(library, cycle, step, part)
    one = partial(_message, client, url)
    with whole(target) as begun, begun.open("wb") as out, ThreadPoolExecutor(parallel) as pool:
        for content in pool.map(one, places):
            out.write(content)


def _message(client: Client, url: str, place: tuple[int, int]) -> bytes:
    offset, length = place
    return fetch_message(client, url, offset, offset + length - 1, of="ECMWF's open data")


def _in_index(library: _Library, cycle: datetime, step: int, part: Wanted) -> tuple[str, list[tuple[int, int]]]:
    """Address of a file, and (first byte, length) of the messages in it; InputMissing where not all are there."""
    day, expected = f"{cycle:%Y-%m-%d %H} UTC", "a run is whole about 8 hours after it began"
    remedy = "wait, or go on with the run before"
    try:
        with turned_into(
            InputMissing,
            f"the index of step {step} of the run of {day} cannot be used: {{}}",
            where=library.url,
            expected=f"{part.messages} lines of total precipitation",
            remedy=remedy,
        ):
            answer = library.retrieve(
                date=f"{cycle:%Y%m%d}", time=cycle.hour, stream=part.stream, type=part.type, step=step, param="tp"
            )
            ((url, places),) = answer.urls
            places = [(int(offset), int(length)) for offset, length in places]
    except Gone as error:
        raise InputMissing(
            f"ECMWF's run of {day} has no step {step} yet", where=error.where, expected=expected, remedy=remedy
        ) from None
    if len(set(places)) != part.messages:
        raise InputMissing(
            f"step {step} of ECMWF's run of {day} has {len(set(places))} of {part.messages} members",
            where=url,
            expected=expected,
            remedy=remedy,
        )
    return url, places


class _Library(Library):  # type: ignore[misc, unused-ignore]
    """The library, up to where it would begin to download."""

    def _download(self, result: Any) -> Any:
        return result


@dataclass(frozen=True, slots=True)
class _Asking:
    """What the library takes for a session: its questions are asked with our patience."""

    client: Client

    def get(self, url: str, **_: Any) -> requests.Response:
        return self.client.ask("GET", url)


@dataclass(frozen=True, slots=True)
class EcmwfRain:
    """ECMWF's open data as a source of rain: its ensemble or its single run."""

    name: str
    client: Client
    """of ECMWF or a mirror"""
    cache: InputCache
    is_ensemble: bool
    parallel: int = 4
    """messages fetched at a time"""
    oldest_h: int = OLDEST_CYCLE
    """hours before the block at which the leading run may have begun"""
    role: Role = "forecast"

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainGiven:
        """As every source of rain; hours before the leading run are those of single runs, which are small."""
        newest = issue_time.start - timedelta(hours=issue_time.start.hour % 6)
        notes: list[str] = []
        for age in range(self.oldest_h // 6 + 1):
            cycle = newest - age * _CYCLE
            leading = self._given(cycle, last, areas, notes, whole_ensemble=self.is_ensemble)
            if leading is not None:
                earlier = self._earlier(cycle, first, areas, notes)
                origin = {"url": self.client.server.base, "cycle": f"{cycle:%Y-%m-%dT%H}"}
                origin["members"] = str(leading.rain.sizes["member"])
                return RainGiven((leading, *earlier), tuple(notes), origin)
        raise InputMissing(
            f"no run of ECMWF is whole: {'; '.join(notes)}",
            where=self.client.server.base,
            expected=f"one that began at most {self.oldest_h} hours before {issue_time.words}",
            remedy="run again later, or list another source of forecasts",
        )

    def _earlier(self, leading: datetime, first: datetime, areas: RainAreas, notes: list[str]) -> Iterator[HourlyRain]:
        """Of the hours after `first`, those before the leading run: of each run the first six."""
        cycle = leading - _CYCLE
        while cycle + _CYCLE > first:
            given = self._given(cycle, cycle + _CYCLE, areas, notes, whole_ensemble=False)
            if given is not None:
                yield given
            cycle -= _CYCLE

    def _given(
        self, cycle: datetime, last: datetime, areas: RainAreas, notes: list[str], *, whole_ensemble: bool
    ) -> HourlyRain | None:
        """A run up to `last`; None, and a note, where it is not whole."""
        wanted = ensemble(cycle) if whole_ensemble else single_run(cycle)
        steps = ecmwf_steps((last - cycle) / timedelta(hours=1))
        try:
            with self.cache.held(self.name, cycle.date()) as folder:
                files = fetch_ecmwf(self.client, cycle, steps, folder, wanted, parallel=self.parallel)
                title = "ECMWF ensemble" if whole_ensemble else "ECMWF"
                return rain_of_files(files, Reads(), areas, title, cycle=cycle)
        except InputMissing as error:
            notes.append(error.found)
            return None
