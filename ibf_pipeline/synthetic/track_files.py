"""Cyclone tracks as a BUFR file, as ECMWF writes them: what `tracks.reader` reads is what was written.

One compressed message a storm, edition 4, template 3-16-082; a member is a subset. Values that are the same for all
members stand there once. Positions are to 0.01 degrees, pressure to 0.1 hPa, wind to 0.1 m/s, radii to 0.1 km.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import eccodes
import numpy as np
import xarray as xr

from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import write_bytes
from ibf_pipeline.tracks.bufr_messages import CYCLONE_TRACK
from ibf_pipeline.tracks.dataset import SYNTHETIC_CENTRE
from ibf_pipeline.tracks.decoder import (
    BEARING,
    BEARINGS,
    CENTRE,
    CENTRE_PERTURBED,
    LATITUDE,
    LONGITUDE,
    PLACE,
    PRESSURE,
    RADIUS,
    SEEN,
    SPEED,
    SPEEDS,
    STEP,
    STRONGEST,
    WIND,
)
from ibf_pipeline.tracks.storm_message import Floats

_TYPES: Final = {"high-resolution": 0, "control": 1, "perturbed": 4}
"""code table 0 01 092"""
_HOURS: Final = 4
"""code table 0 08 021: the time of a forecast"""
_TABLES: Final = 35
"""version of the WMO's master tables"""


def write_tracks(tracks: xr.Dataset, file: Path) -> Path:
    """Write all storms of a dataset as `domain/tracks.py` says it, and return the file.

    Of a storm that was seen all members are written, of others those that have it. Its message ends with the last step
    at which a member has it. Raises InputInvalid if there is no storm: such a cycle has no file.
    """
    if not tracks.sizes["storm"]:
        raise InputInvalid(
            "no storm to write", where=file, expected="one at least", remedy="leave the file out: no cyclone, no file"
        )
    write_bytes(file, b"".join(_message(tracks.isel(storm=number)) for number in range(tracks.sizes["storm"])))
    return file


def _message(storm: xr.Dataset) -> bytes:
    have = np.isfinite(storm["lat"].values)
    seen = bool(np.isfinite(storm["observed_lat"]))
    storm = storm.isel(
        member=np.flatnonzero(have.any(axis=1) | seen),
        time=np.arange(1 + max(np.flatnonzero(have.any(axis=0)), default=0)),
    )
    handle = eccodes.codes_bufr_new_from_samples("BUFR4")
    try:
        _set_head(handle, storm)
        for key, value in _body(storm):
            eccodes.codes_set_array(handle, key, value)
        for key in ("stormIdentifier", "longStormName"):
            text = str(storm["storm" if key == "stormIdentifier" else "name"].values)
            eccodes.codes_set(handle, key, text if key == "stormIdentifier" else text.rjust(10))
        eccodes.codes_set(handle, "pack", 1)
        return bytes(eccodes.codes_get_message(handle))
    finally:
        eccodes.codes_release(handle)


def _set_head(handle: int, storm: xr.Dataset) -> None:
    cycle = cycle_of(storm)
    eccodes.codes_set_array(handle, "inputDelayedDescriptorReplicationFactor", [storm.sizes["time"] - 1])
    moment = {"Year": cycle.year, "Month": cycle.month, "Day": cycle.day, "Hour": cycle.hour, "Minute": 0, "Second": 0}
    head = {f"typical{name}": value for name, value in moment.items()} | {
        "masterTablesVersionNumber": _TABLES,
        "localTablesVersionNumber": 0,
        "bufrHeaderCentre": SYNTHETIC_CENTRE,
        "bufrHeaderSubCentre": 0,
        "dataCategory": 7,
        "internationalDataSubCategory": 0,
        "dataSubCategory": 32,
        "observedData": 0,
        "numberOfSubsets": storm.sizes["member"],
        "compressedData": 1,
    }
    for key, value in head.items():
        eccodes.codes_set(handle, key, value)
    eccodes.codes_set_array(handle, "unexpandedDescriptors", list(CYCLONE_TRACK))
    body = {name.lower(): value for name, value in moment.items() if name != "Second"}
    for key, value in body.items():
        eccodes.codes_set(handle, key, value)


def _body(storm: xr.Dataset) -> Iterator[tuple[str, Floats | list[int]]]:
    """Keys by rank and their values of all members."""
    kinds = storm["kind"].values.tolist()
    yield "ensembleMemberNumber", storm["member"].values.tolist()
    yield "ensembleForecastType", [_TYPES[kind] for kind in kinds]
    yield f"#1#{PLACE}", [SEEN]
    yield f"#1#{LATITUDE}", _filled(storm["observed_lat"].values.reshape(1))
    yield f"#1#{LONGITUDE}", _filled(storm["observed_lon"].values.reshape(1))
    steps = storm["step"].values.tolist()
    for number, step in enumerate(steps):
        at = storm.isel(time=number)
        analysed = [CENTRE_PERTURBED if kind == "perturbed" else CENTRE for kind in kinds]
        yield f"#{2 * number + 2}#{PLACE}", [SEEN] if number else analysed
        yield f"#{2 * number + 3}#{PLACE}", [STRONGEST]
        for rank, of in ((2 * number + 2, ""), (2 * number + 3, "wind_")):
            yield f"#{rank}#{LATITUDE}", _filled(at[f"{of}lat"].values)
            yield f"#{rank}#{LONGITUDE}", _filled(at[f"{of}lon"].values)
        yield f"#{number + 1}#{PRESSURE}", _filled(at["pressure"].values * 100)
        yield f"#{number + 1}#{WIND}", _filled(at["wind"].values)
        if number:
            yield f"#{number}#timeSignificance", [_HOURS]
            yield f"#{number}#{STEP}", [step]
        yield from _radii(at, number)


def _radii(at: xr.Dataset, number: int) -> Iterator[tuple[str, Floats | list[int]]]:
    quadrants = at.sizes["quadrant"]
    for place, speed in enumerate(SPEEDS):
        group = number * len(SPEEDS) + place
        yield f"#{group + 1}#{SPEED}", [speed]
        for rank, bearing in enumerate(BEARINGS, start=group * len(BEARINGS) + 1):
            yield f"#{rank}#{BEARING}", [bearing]
        for quadrant in range(quadrants):
            radius = at["radius"].values[:, place, quadrant] * 1000
            yield f"#{group * quadrants + quadrant + 1}#{RADIUS}", _filled(radius)


def _filled(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, eccodes.CODES_MISSING_DOUBLE)
