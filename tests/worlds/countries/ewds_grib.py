"""Raw forecast files as EWDS delivers them: one GRIB2 file with the control and the perturbed members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.synthetic.ensemble import MEMBERS
from ibf_pipeline.synthetic.files import centres, discharge_fields

AVERAGE_DISCHARGE = 235270
"""paramId of `avg_dis`; `dis24` (240024) cannot be written from the samples that eccodes carries"""
PROCESS_ID = 128
"""generatingProcessIdentifier of the written messages; made up: those of GloFAS v4 carry 5"""
BACKGROUND_ID = 21
"""backgroundProcess of the written messages, as those of GloFAS v4 carry it"""

_MISSING = 9999.0
_HOURS = 24


def write_ewds_grib(
    path: Path,
    issue_date: date,
    cube: xr.DataArray,
    cells: Mapping[str, tuple[int, int]],
    grid: Grid,
    *,
    background: NDArray[np.floating] | None = None,
    members: Iterable[int] | None = None,
    process_id: int = PROCESS_ID,
    background_id: int = BACKGROUND_ID,
) -> Path:
    """Write one GRIB2 file (avg_dis, the cube's days as steps of 24 h, stamp at the end) and return its path.

    Arguments as in `files.write_ftp_members`; member 0 becomes the control (dataType cf), the others perturbed (pf).
    Longitudes are 0..360, as GRIB counts them.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = cube["member"].values.tolist() if members is None else list(members)
    pattern = _grid_keys(grid) | _product_keys(issue_date)
    pattern |= {"generatingProcessIdentifier": process_id, "backgroundProcess": background_id}
    with path.open("wb") as file, _message(pattern) as same:
        for member in wanted:
            fields = discharge_fields(cube, member, cells, grid, background=background, steps=cube.sizes["lead_time"])
            for lead_time, field in enumerate(fields):
                with _message(_field_keys(member, lead_time), same) as message:
                    _write(file, message, field)
    return path


def _grid_keys(grid: Grid) -> dict[str, Any]:
    lat, lon = centres(grid)
    return {
        "Ni": grid.width,
        "Nj": grid.height,
        "latitudeOfFirstGridPointInDegrees": float(lat[0]),
        "latitudeOfLastGridPointInDegrees": float(lat[-1]),
        "longitudeOfFirstGridPointInDegrees": float(lon[0]) % 360.0,
        "longitudeOfLastGridPointInDegrees": float(lon[-1]) % 360.0,
        "iDirectionIncrementInDegrees": grid.cell,
        "jDirectionIncrementInDegrees": grid.cell,
    }


def _product_keys(issue_date: date) -> dict[str, Any]:
    return {
        "productDefinitionTemplateNumber": 11,
        "dataDate": int(f"{issue_date:%Y%m%d}"),
        "dataTime": 0,
        "paramId": AVERAGE_DISCHARGE,
        "numberOfForecastsInEnsemble": MEMBERS,
        "bitmapPresent": 1,
        "missingValue": _MISSING,
        "decimalScaleFactor": 1,
        "bitsPerValue": 0,
    }


def _field_keys(member: int, lead_time: int) -> dict[str, Any]:
    return {
        "typeOfProcessedData": "cf" if member == 0 else "pf",
        "typeOfEnsembleForecast": 0 if member == 0 else 3,
        "perturbationNumber": member,
        "stepRange": f"{_HOURS * lead_time}-{_HOURS * (lead_time + 1)}",
    }


@contextmanager
def _message(header: Mapping[str, Any], like: int | None = None) -> Iterator[int]:
    """A message like another one: setting the keys that all fields share takes ten times as long as a copy."""
    import eccodes  # loads the GRIB library: only where a GRIB file is written

    message = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2") if like is None else eccodes.codes_clone(like)
    try:
        for key, value in header.items():
            eccodes.codes_set(message, key, value)
        yield message
    finally:
        eccodes.codes_release(message)


def _write(file: Any, message: int, field: NDArray[np.float32]) -> None:
    import eccodes

    eccodes.codes_set_values(message, np.where(np.isnan(field), _MISSING, field).astype(float).ravel())
    eccodes.codes_write(message, file)
