"""From files of rain to the hourly rain of areas: the one way that all sources of gridded rain go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.netcdf import FILE_LIBRARIES
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.fields import Moment
from ibf_pipeline.rain.hourly_rain import HourlyRain, hourly_rain
from ibf_pipeline.rain.reader import read_rain
from ibf_pipeline.rain.steps import GriddedRain, contradicting
from ibf_pipeline.rain.weights import area_steps, kept_weights
from ibf_pipeline.sources.rain.source import RainAreas


def rain_of_files(
    files: Sequence[Path],
    reads: RainDeclaration,
    areas: RainAreas,
    origin: str,
    *,
    cycle: datetime | None = None,
    observed: bool = False,
) -> HourlyRain:
    """The hourly rain of areas in files of one cycle (UTC), or of observations; `origin`: their name for people.

    Raises InputInvalid if a file is damaged, or is not what `reads` declares.
    """
    began = None if cycle is None else utc_minute(cycle)
    with FILE_LIBRARIES:
        rain = read_rain(files, reads, areas.bounds, began, observed=observed)
        weights = kept_weights(areas.weights, rain.grid, areas.codes, areas.shapes, areas.ground)
    return hourly_rain(area_steps(rain, weights), origin)


def observed_rain(
    files: Sequence[Path], reads: RainDeclaration, areas: RainAreas, origin: str
) -> tuple[HourlyRain, tuple[str, ...]]:
    """The same of observations, without the files that cannot be read or contradict each other: each is named,
    and its hours are missing.

    Raises InputInvalid if none can be read, or they do not fit together.
    """
    try:
        return rain_of_files(files, reads, areas, origin, observed=True), ()
    except InputInvalid:
        sound: dict[Path, GriddedRain] = {}
        notes = []
        for file in files:
            try:
                with FILE_LIBRARIES:
                    sound[file] = read_rain([file], reads, areas.bounds, observed=True)
            except InputInvalid as error:
                notes.append(f"{origin}: {file.name} is left out: {error.found}")
        for file in sorted(contradicting(sound)):
            del sound[file]
            notes.append(f"{origin}: {file.name} is left out: another file has other amounts of the same time")
        if not sound or not notes:
            raise
        return rain_of_files(list(sound), reads, areas, origin, observed=True), tuple(notes)


def utc_minute(at: datetime) -> Moment:
    """A time as the rain of areas has it: UTC, in minutes."""
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "m")
