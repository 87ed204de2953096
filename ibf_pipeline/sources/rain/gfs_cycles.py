"""GFS as a source of rain: the newest whole cycle leads, older ones fill the hours before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ibf_pipeline.io.http import Client
from ibf_pipeline.rain.assembled import AHEAD
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.gfs import fetch_gfs, gfs_file, gfs_hours
from ibf_pipeline.sources.rain.runs import EVERY, Run, RunsRain


def gfs_runs(name: str, client: Client, cache: InputCache, *, step_h: int, oldest_h: int) -> RunsRain:
    """GFS of a public archive.

    `step_h`: between the hours that are fetched: 1, 3 or 6; `oldest_h`: hours before the issue time that the leading
    cycle may have begun. It is fetched as far as a later block may need it, so that it can lead that one too while the
    archive is away.
    """

    def run(hours: Sequence[int], began: datetime, folder: Path) -> Run:
        def fetch() -> None:  # the last hour is published last: where it is not there, nothing is fetched in vain
            fetch_gfs(client, began, hours[-1:], folder)
            fetch_gfs(client, began, hours, folder)

        return Run("GFS", tuple(gfs_file(folder, began, hour) for hour in hours), fetch)

    ahead, between = gfs_hours(AHEAD + oldest_h, step_h), gfs_hours(EVERY.seconds // 3600, step_h)
    return RunsRain(
        name,
        "GFS",
        client.server.base,
        cache,
        leading=lambda began, _, folder: run(ahead, began, folder),
        filling=lambda began, _, folder: run(between, began, folder),
        oldest_h=oldest_h,
    )
