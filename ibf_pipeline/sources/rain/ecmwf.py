"""ECMWF's open forecasts, without an account: of files of several GB only the messages of precipitation.

The library `ecmwf-opendata` knows where the files of a run lie, whatever their streams were called at the time, and
reads their indexes. The messages are fetched with our own client: the library's download knows no time limit, draws
progress bars into logs, and if members lack in an index takes those that are there.
Source: ECMWF, open data, and Implementation of IFS Cycle 50r1.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests
from ecmwf.opendata import Client as OpenData

from ibf_pipeline.errors import InputMissing, errors_as
from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.rain.assembly import HORIZON_HOURS
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.byte_ranges import fetch_message
from ibf_pipeline.sources.rain.runs import Run, RunsRain

log = logging.getLogger(__name__)

_PERTURBED: Final = 50
"""members of the ensemble beside its control"""
_ONE_CONTROL: Final = datetime(2026, 5, 12, 6, tzinfo=UTC)
"""from this run on (cycle 50r1) the control is the single run, and has no message of its own in the ensemble's files"""
_THREE_HOURLY, _LAST = 144, 360
"""hours to which there is a step for every third, then for every sixth"""


@dataclass(frozen=True, slots=True)
class FileSelection:
    """Precipitation of a step that lies in one file."""

    stream: str
    type: str
    messages: int
    """how many a whole run has, at least"""


SINGLE_RUN: Final = FileSelection("oper", "fc", 1)
"""the run without perturbations"""


def ensemble(cycle: datetime) -> list[FileSelection]:
    """Its control and its perturbed members."""
    control = SINGLE_RUN if cycle >= _ONE_CONTROL else FileSelection("enfo", "cf", 1)
    return [control, FileSelection("enfo", "pf", _PERTURBED)]


def ecmwf_steps(last: float) -> list[int]:
    """Steps (hours after the start of the run) that reach `last` hours, or just beyond."""
    there = [*range(3, _THREE_HOURLY + 1, 3), *range(_THREE_HOURLY + 6, _LAST + 1, 6)]
    return [step for step in there if step < math.ceil(last)] + [next((s for s in there if s >= last), _LAST)]


def fetch_ecmwf(
    client: Client,
    cycle: datetime,
    steps: Sequence[int],
    folder: Path,
    wanted: Sequence[FileSelection],
    *,
    parallel: int = 4,
) -> list[Path]:
    """Files with the precipitation from the start of a run (UTC) to each of its steps; kept in `folder`.

    `client`: of ECMWF, which keeps runs for four days, or a mirror. What lies there already is not fetched again, and
    nothing lies there that is not whole. Raises InputMissing if the run is not whole yet, also if members lack,
    InputInvalid if a file is something else, Refused or NoAnswer.
    """
    library = open_data_client(client)
    for step in reversed(steps):  # the last one is published last: if it is not there, nothing is fetched in vain
        for part in wanted:
            target = ecmwf_file(folder, cycle, step, part)
            if not target.is_file():
                _fetch(client, library, cycle, step, part, target, parallel)
    return [ecmwf_file(folder, cycle, step, part) for step in steps for part in wanted]


def ecmwf_file(folder: Path, cycle: datetime, step: int, part: FileSelection) -> Path:
    """Where precipitation up to a step is kept."""
    return folder / f"{cycle:%Y%m%d%H}" / f"{part.stream}-{part.type}-{step}h.grib2"


def _fetch(
    client: Client,
    library: OpenDataClient,
    cycle: datetime,
    step: int,
    part: FileSelection,
    target: Path,
    parallel: int,
) -> None:
    url, places = _in_index(library, cycle, step, part)
    one = partial(_message, client, url)
    with atomic_path(target) as begun, begun.open("wb") as out, ThreadPoolExecutor(parallel) as pool:
        for content in pool.map(one, places):
            out.write(content)
    log.info("ECMWF of %s UTC: step %d of %s is fetched", f"{cycle:%Y-%m-%d %H}", step, f"{part.stream}/{part.type}")


def _message(client: Client, url: str, place: tuple[int, int]) -> bytes:
    offset, length = place
    return fetch_message(client, url, offset, offset + length - 1, of="ECMWF's open data")


def _in_index(
    library: OpenDataClient, cycle: datetime, step: int, part: FileSelection
) -> tuple[str, list[tuple[int, int]]]:
    """Address of a file, and (first byte, length) of the messages in it; InputMissing if not all are there."""
    day, expected = f"{cycle:%Y-%m-%d %H} UTC", "a run is whole about 8 hours after it began"
    remedy = "wait, or go on with the run before"
    try:
        with errors_as(
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
            f"the run of {day} has no step {step} yet", where=error.where, expected=expected, remedy=remedy
        ) from None
    if len(set(places)) < part.messages:
        raise InputMissing(
            f"step {step} of the run of {day} has {len(set(places))} of {part.messages} members",
            where=url,
            expected=expected,
            remedy=remedy,
        )
    return url, places


class OpenDataClient(OpenData):  # type: ignore[misc, unused-ignore]
    """The library, up to where it would begin to download."""

    def _download(self, result: Any) -> Any:
        return result


def open_data_client(client: Client) -> OpenDataClient:
    """The library, asking a client's archive."""
    library = OpenDataClient(client.server.base.rstrip("/"), maximum_retries=1)
    library.session = _Asking(client)
    return library


@dataclass(frozen=True, slots=True)
class _Asking:
    """What the library takes for a session: its questions are asked with our patience."""

    client: Client

    def get(self, url: str, **_: Any) -> requests.Response:
        return self.client.ask("GET", url)


def ecmwf_runs(
    name: str,
    client: Client,
    cache: InputCache,
    *,
    is_ensemble: bool,
    oldest_h: int,
    ahead_h: int = HORIZON_HOURS,
    parallel: int = 4,
) -> RunsRain:
    """ECMWF's open data as a source of rain; hours before the leading run are those of single runs, which are small.

    `client`: of ECMWF or a mirror; `oldest_h`: hours before the issue time that the leading run may have begun;
    `ahead_h`: hours after it that are wanted, even of the oldest run that may lead, so that one that was fetched can
    lead a later block, too; `parallel`: messages fetched at a time.
    """

    def run(origin: str, hours: float, wanted: Sequence[FileSelection], began: datetime, folder: Path) -> Run:
        steps = ecmwf_steps(hours)
        return Run(
            origin,
            tuple(ecmwf_file(folder, began, step, part) for step in steps for part in wanted),
            lambda: fetch_ecmwf(client, began, steps, folder, wanted, parallel=parallel),
        )

    def leading(began: datetime, _: datetime, folder: Path) -> Run:
        if is_ensemble:
            return run("ECMWF ensemble", ahead_h + oldest_h, ensemble(began), began, folder)
        return run("ECMWF", ahead_h + oldest_h, [SINGLE_RUN], began, folder)

    return RunsRain(
        name,
        "ECMWF",
        client.server.base,
        cache,
        leading,
        lambda began, last, folder: run("ECMWF", (last - began) / timedelta(hours=1), [SINGLE_RUN], began, folder),
        oldest_h,
    )
