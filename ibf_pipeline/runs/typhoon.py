"""What a typhoon cycle keeps beside `events.json`: its tracks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.io.netcdf import open_netcdf, write_netcdf

TRACKS: Final = "tracks.nc"
_TEXTS: Final = ("storm", "name", "kind", "quadrant")
"""coordinates that are texts"""


def write_tracks_kept(folder: Path, tracks: xr.Dataset) -> None:
    """Write the tracks of a cycle as `tracks.nc`.

    Parameters
    ----------
    folder : Path
        Of the new findings.
    tracks : xr.Dataset
        As `domain/tracks.py` describes it, also without any storm; all coordinates and attributes are kept.

    Raises
    ------
    WriteFailed
        If the disk is full.
    """
    plain = tracks.assign_coords({name: tracks[name].astype(object) for name in _TEXTS})
    plain.attrs = {**tracks.attrs, "Conventions": "CF-1.8"}
    encoding: dict[str, dict[str, Any]] = {
        str(name): {"zlib": True, "_FillValue": values.dtype.type("nan")} for name, values in tracks.data_vars.items()
    }
    encoding["time"] = {"units": "hours since 1970-01-01"}
    with atomic_path(folder / TRACKS) as partial:
        write_netcdf(plain, partial, encoding)


def read_tracks_kept(folder: Path) -> xr.Dataset:
    """The tracks of a cycle as they were written.

    Parameters
    ----------
    folder : Path
        Of the run.

    Returns
    -------
    xarray.Dataset
        As `domain/tracks.py` describes.

    Raises
    ------
    InputInvalid
        If they are missing or damaged.
    """
    file = folder / TRACKS
    damaged = errors_as(
        InputInvalid,
        "the kept tracks cannot be read ({})",
        where=file,
        expected=f"{TRACKS} of a cycle",
        remedy="run the cycle again",
    )
    with damaged, open_netcdf(file) as data:
        kept = data.load().drop_encoding()
        texts = {name: (kept[name].dims, _texts(kept[name])) for name in _TEXTS}
        kept = kept.assign_coords(texts | {"time": kept["time"].values.astype("datetime64[ns]")})
        kept.attrs = {name: _plain(value) for name, value in kept.attrs.items() if name != "Conventions"}
        return kept


def _texts(values: xr.DataArray) -> np.ndarray:
    """As texts of fixed length: an object array that came out of a file is compared with nothing."""
    return np.array([str(value) for value in values.values], dtype=str)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
