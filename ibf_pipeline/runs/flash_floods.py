"""What a block of flash floods keeps beside `events.json`: its rain, and names and positions of exposed assets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from pydantic import TypeAdapter

from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.io.atomic_files import atomic_path, write_text
from ibf_pipeline.io.netcdf import open_netcdf, write_netcdf

RAIN_FILE: Final = "rain.nc"
ASSETS: Final = "assets.json"
GAUGES: Final = "gauges"
"""category of the gauges, as portals call it"""
_DIMS: Final = ("member", "time", "area")
_LISTS: Final = ("origins",)
"""attributes that are tuples of texts"""
_REMEDY: Final = "run the block again"


@dataclass(frozen=True, slots=True)
class KeptAsset:
    """A school, road, building or other asset, or a gauge: its position and its name."""

    category: str
    """the portal's word: `schools`, `roads`, `gauges`"""
    fid: str
    name: str
    """empty if it has none"""
    lat: float
    lon: float
    """degrees, EPSG:4326; of lines and buildings a place on them"""
    area: str = ""
    """place code"""
    shape: str = ""
    """WKT of a road, degrees, simplified; empty for all others, which are drawn as points"""


def write_rain_kept(folder: Path, rain: xr.DataArray) -> None:
    """Write the rain of a block as `rain.nc`.

    Parameters
    ----------
    folder : Path
        Of the new findings.
    rain : xr.DataArray
        (member, time, area), mm in the hour that ends at `time` (UTC), as `domain/flash_flood_layers.py` describes it;
        all coordinates and attributes are kept.

    Raises
    ------
    WriteFailed
        If the disk is full.
    """
    plain = rain.transpose(*_DIMS).rename("rain").astype("float32")
    flags = plain["observed"].transpose(*_DIMS[1:]).astype("int8")
    data = plain.assign_coords(observed=flags, area=plain["area"].values.astype(object)).to_dataset()
    data["rain"].attrs = {name: _as_attribute(name, value) for name, value in rain.attrs.items()} | {
        "units": "mm",
        "long_name": "rain in the hour that ends at time (UTC)",
        "cell_methods": "time: sum area: mean",
    }
    data.attrs = {"Conventions": "CF-1.8"}
    encoding: dict[str, dict[str, Any]] = {
        "rain": {"zlib": True, "_FillValue": np.float32("nan")},
        "time": {"units": "hours since 1970-01-01"},
    }
    with atomic_path(folder / RAIN_FILE) as partial:
        write_netcdf(data, partial, encoding)


def read_rain_kept(folder: Path) -> xr.DataArray:
    """The rain of a block as it was written.

    Parameters
    ----------
    folder : Path
        Of the run.

    Returns
    -------
    xarray.DataArray
        (member, time, area) mm in the hour that ends at `time`, as `domain/flash_flood_layers.py` describes.

    Raises
    ------
    InputInvalid
        If it is missing or damaged.
    """
    file = folder / RAIN_FILE
    damaged = errors_as(
        InputInvalid, "the kept rain cannot be read ({})", where=file, expected="rain.nc of a block", remedy=_REMEDY
    )
    with damaged, open_netcdf(file) as data:
        kept = data["rain"].load().transpose(*_DIMS)
        both = _DIMS[1:]
        return xr.DataArray(
            kept.values,
            dims=_DIMS,
            coords={
                "member": kept["member"].values,
                "time": kept["time"].values.astype("datetime64[ns]"),
                "area": [str(code) for code in kept["area"].values],
                "origin": (both, kept["origin"].values.astype("int8")),
                "observed": (both, kept["observed"].values.astype(bool)),
                "step_hours": (both, kept["step_hours"].values.astype("float32")),
            },
            name="rain",
            attrs={name: tuple(json.loads(v)) if name in _LISTS else v for name, v in kept.attrs.items()},
        )


def _as_attribute(name: str, value: object) -> object:
    return json.dumps([str(each) for each in value]) if name in _LISTS and isinstance(value, Sequence) else value


def write_assets_kept(folder: Path, findings: FlashFloodFindings, assets: Iterable[KeptAsset]) -> None:
    """Write `assets.json`: the assets that are exposed in any event, and all gauges.

    Parameters
    ----------
    folder : Path
        Of the new findings.
    findings : FlashFloodFindings
        Of the block.
    assets : Iterable[KeptAsset]
        All of the country.

    Raises
    ------
    WriteFailed
        If the disk is full.
    """
    exposed = {(each.category, fid) for event in findings.events for each in event.exposed for fid in each.fids}
    kept = [each for each in assets if each.category == GAUGES or (each.category, each.fid) in exposed]
    write_text(folder / ASSETS, _ASSETS.dump_json(sorted(kept, key=_order)).decode())


def read_assets_kept(folder: Path) -> Mapping[tuple[str, str], KeptAsset]:
    """The kept assets by (category, fid); empty if the block kept none.

    Raises
    ------
    InputInvalid
        If they are damaged.
    """
    file = folder / ASSETS
    if not file.is_file():
        return {}
    with errors_as(InputInvalid, "the kept assets cannot be read ({type})", where=file, remedy=_REMEDY):
        return {(each.category, each.fid): each for each in _ASSETS.validate_json(file.read_bytes())}


def _order(asset: KeptAsset) -> tuple[str, int, str]:
    return asset.category, len(asset.fid), asset.fid


_ASSETS: Final = TypeAdapter(list[KeptAsset])
