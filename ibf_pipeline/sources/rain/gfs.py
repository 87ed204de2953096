"""GFS as a source of rain, from a public archive: the newest whole cycle leads, older ones fill the hours before it.

Of files of 500 MB only the messages that are needed are fetched, without an account.

Beside each file lies its index, a line a message: `596:397886129:d=2026021418:APCP:surface:0-3 hour acc fcst:`, where
the second number is its first byte. Source: NCEP, products inventory of gfs.tCCz.pgrb2.0p25.fFFF, and wgrib2's -s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.atomic_files import write_bytes
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.rain.assembly import HORIZON_HOURS
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.byte_ranges import fetch_message
from ibf_pipeline.sources.rain.runs import EVERY, Run, RunsRain

_LAST_HOURLY: Final = 120
"""hours to which there is a file for every hour; then one for every third, to `_LAST`"""
_LAST: Final = 384
_LINE: Final = re.compile(r"(?m)^[\d.]+:(\d+):d=(\d{10}):APCP:surface:(\d+)-(\d+) (hour|day) acc fcst:")
_BEGINS: Final = re.compile(r"(?m)^[\d.]+:(\d+):")


@dataclass(frozen=True, slots=True)
class Message:
    """Where in a file the precipitation since the last restart is."""

    first: int
    """its first byte"""
    last: int | None
    """its last byte; None of the last message of the file"""


def gfs_hours(last: int, step: int = 1) -> list[int]:
    """Hours after the cycle that have a file, every `step`-th (1, 3 or 6) of them, up to `last` or just beyond it."""
    there = [hour for hour in range(step, _LAST + 1, step) if hour <= _LAST_HOURLY or hour % 3 == 0]
    end = next((hour for hour in there if hour >= last), _LAST)
    return [hour for hour in there if hour <= end]


def gfs_file(folder: Path, cycle: datetime, hour: int) -> Path:
    """Where the precipitation up to an hour after the cycle is kept."""
    return folder / f"{cycle:%Y%m%d%H}" / f"gfs.t{cycle:%H}z.pgrb2.0p25.f{hour:03d}.apcp"


def fetch_gfs(client: Client, cycle: datetime, hours: Sequence[int], folder: Path) -> list[Path]:
    """A file for each of `hours` after the cycle (UTC), of the precipitation since the last restart; kept in `folder`.

    `client`: of NCEP's own server (ten days), of Amazon's copy (years) or of a mirror. What lies there is not
    fetched again.
    Raises InputMissing if the cycle is not whole yet, InputInvalid if the archive answers something else, Refused
    or NoAnswer.
    """
    found = []
    for hour in hours:
        target = gfs_file(folder, cycle, hour)
        if not target.is_file():
            path = f"gfs.{cycle:%Y%m%d}/{cycle:%H}/atmos/gfs.t{cycle:%H}z.pgrb2.0p25.f{hour:03d}"
            try:
                message = in_index(client.ask("GET", f"{path}.idx").text, cycle, hour, path)
                url = client.address(path)
                write_bytes(target, fetch_message(client, url, message.first, message.last, of="GFS"))
            except Gone:
                raise InputMissing(
                    f"GFS of {cycle:%Y-%m-%d %H} UTC has no hour {hour} yet",
                    where=client.address(path),
                    expected=f"hours {hours[0]} to {hours[-1]}; a cycle is whole about 5 hours after it began",
                    remedy="wait, or go on with the cycle before",
                ) from None
        found.append(target)
    return found


def in_index(index: str, cycle: datetime, hour: int, where: object) -> Message:
    """The precipitation that ends at `hour` and begins last: the bucket, which is rounded less than the run's sum."""
    spans: list[tuple[int, int]] = []
    for first, run, start, end, unit in _LINE.findall(index):
        hours = 24 if unit == "day" else 1
        if run == f"{cycle:%Y%m%d%H}" and int(end) * hours == hour:
            spans.append((int(start) * hours, int(first)))
    if not spans:
        raise InputInvalid(
            f"no precipitation of the cycle {cycle:%Y-%m-%d %H} UTC up to hour {hour} in the index",
            where=where,
            expected="APCP:surface:<from>-<to> hour acc fcst",
            remedy="look at the index with a browser: the archive may have changed",
        )
    _, first = max(spans, key=lambda span: (span[0], -span[1]))
    later = [int(begin) for begin in _BEGINS.findall(index) if int(begin) > first]
    return Message(first, min(later) - 1 if later else None)


def gfs_runs(name: str, client: Client, cache: InputCache, *, step_h: int, oldest_h: int) -> RunsRain:
    """GFS of a public archive.

    `step_h`: between the hours that are fetched: 1, 3 or 6; `oldest_h`: hours before the issue time that the leading
    cycle may have begun. It is fetched as far as a later block may need it, so that it can lead that one too while the
    archive cannot be reached.
    """

    def run(hours: Sequence[int], began: datetime, folder: Path) -> Run:
        def fetch() -> None:  # the last hour is published last: if it is not there, nothing is fetched in vain
            fetch_gfs(client, began, hours[-1:], folder)
            fetch_gfs(client, began, hours, folder)

        return Run("GFS", tuple(gfs_file(folder, began, hour) for hour in hours), fetch)

    ahead, between = gfs_hours(HORIZON_HOURS + oldest_h, step_h), gfs_hours(EVERY.seconds // 3600, step_h)
    return RunsRain(
        name,
        "GFS",
        client.server.base,
        cache,
        leading=lambda began, _, folder: run(ahead, began, folder),
        filling=lambda began, _, folder: run(between, began, folder),
        oldest_h=oldest_h,
    )
