"""What a day found, on disk: `events.json` and the station cube `forecast.nc`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import TypeAdapter

from ibf_pipeline.domain.findings import FORMAT, Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, turned_into
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.known import known_hazard
from ibf_pipeline.io.writing import whole, write_text

_OF_TRIALS = ("trial", "trial_notes")
"""attributes that only the cube of a source for trying has"""
_WHERE_ANY = ("trial", "doubts")
"""parts of the findings that are left out where there is nothing in them"""
_ARCHIVE = ("archive_maximum",)
"""coordinates (station,) that only such a cube has: m3/s, median annual maximum of the source's own archive"""


def write_found(found: Findings, file: Path) -> None:
    """Write `events.json`, whole or not at all."""
    kind: Any = type(found)
    content = _adapter(kind).dump_python(found, mode="json") | {"issue_time": str(found.issue_time)}
    for name in _WHERE_ANY:
        if not content[name]:
            del content[name]
    write_text(file, json.dumps(content, indent=1, ensure_ascii=False))


def read_found(file: Path) -> Findings:
    """Read `events.json` of this version or an earlier one, as the findings of its hazard.

    InputInvalid where it is damaged, of a later format, or of a hazard that is not known.
    """
    try:
        content = json.loads(file.read_bytes())
        if (number := content["format"]) not in range(1, FORMAT + 1):
            raise InputInvalid(
                f"events.json of format {number!r}",
                where=file,
                expected=f"format {FORMAT} or earlier, a whole number",
                remedy="update this installation, or run the day again",
            )
        content = _of_today(content)
        issue_time = IssueTime.parse(content.pop("issue_time"))
        kind: Any = known_hazard(content["hazard"], file).findings
        return _adapter(kind).validate_python(content | {"issue_time": issue_time}, strict=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputInvalid(
            f"what the day found cannot be read ({type(error).__name__})",
            where=file,
            expected="events.json of a finished run",
            remedy="run the day again",
        ) from None


def _of_today(content: dict[str, Any]) -> dict[str, Any]:
    """Format 1 was of floods alone: its disaster type was the hazard, its issue date the issue time."""
    if content["format"] == FORMAT:
        return content
    earlier = {key: value for key, value in content.items() if key not in ("issue_date", "disaster_type")}
    return {**earlier, "format": FORMAT, "hazard": content["disaster_type"], "issue_time": content["issue_date"]}


@cache
def _adapter(kind: Any) -> TypeAdapter[Findings]:
    return TypeAdapter(kind)


def write_findings(found: FloodFindings, discharge: xr.DataArray, folder: Path) -> None:
    """`events.json` and `forecast.nc` of a day into a folder; WriteFailed where the disk is full."""
    write_found(found, folder / "events.json")
    write_forecast(found, discharge, folder / "forecast.nc")


def write_forecast(found: FloodFindings, discharge: xr.DataArray, file: Path) -> None:
    """The station cube (member, lead_time, station) as CF-1.8 netCDF, from which the day can be run again."""
    by_code = {station.code: station for station in found.stations}
    stations = [by_code[str(code)] for code in discharge["station"].values]
    write_cube(
        discharge.assign_attrs(
            source=found.source, glofas_version=found.glofas_version, issue_date=found.issue_date.isoformat()
        ),
        Places(
            tuple(station.name for station in stations),
            np.array([station.lat for station in stations]),
            np.array([station.lon for station in stations]),
        ),
        f"GloFAS river discharge at the stations of {found.country_name}, run of {found.issue_date}",
        file,
    )


@dataclass(frozen=True, slots=True)
class Places:
    """Names and places (degrees) of the stations of a cube, in their order."""

    names: tuple[str, ...]
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]


def write_cube(discharge: xr.DataArray, places: Places, title: str, file: Path) -> None:
    """A cube as `read_cube` gives it, as `forecast.nc` holds it; of a trial with what it says of itself."""
    issue_date = str(discharge.attrs["issue_date"])
    issue, codes = np.datetime64(issue_date, "ns"), [str(code) for code in discharge["station"].values]
    days = discharge["lead_time"].values.astype("timedelta64[D]").astype("timedelta64[ns]")
    data = xr.Dataset(
        {"discharge": discharge.drop_vars(("outside", "lead_time", "station", "member"))},
        coords={
            "member": ("member", discharge["member"].values, {"standard_name": "realization"}),
            "lead_time": ("lead_time", discharge["lead_time"].values, {"long_name": "lead time", "units": "1"}),
            "time": ("lead_time", issue + days, {"standard_name": "time", "long_name": "start of the day"}),
            "forecast_reference_time": ((), issue, {"standard_name": "forecast_reference_time"}),
            "station": ("station", codes, {"cf_role": "timeseries_id", "long_name": "station code"}),
            "station_name": ("station", list(places.names)),
            "lat": ("station", places.lat, _axis("latitude", "degrees_north")),
            "lon": ("station", places.lon, _axis("longitude", "degrees_east")),
            "outside": ("station", discharge["outside"].values.astype("int8"), {"long_name": "outside the grid"}),
        },
        attrs={
            "Conventions": "CF-1.8",
            "featureType": "timeSeries",
            "title": title,
        },
    )
    data["discharge"].attrs = {
        "units": "m3 s-1",
        "standard_name": "water_volume_transport_in_river_channel",
        "cell_methods": "time: mean (of the day)",
        "source": str(discharge.attrs.get("source", "")),
        "glofas_version": str(discharge.attrs.get("glofas_version", "")),
        "issue_date": issue_date,
        **{name: str(discharge.attrs[name]) for name in _OF_TRIALS if discharge.attrs.get(name)},
    }
    with whole(file) as partial:
        encoding = {"discharge": {"zlib": True, "_FillValue": np.float32(-9999)}}
        data.to_netcdf(partial, engine="netcdf4", encoding=encoding)


def read_forecast(file: Path) -> xr.DataArray:
    """The kept cube of a past day, as `read_cube` gave it; InputInvalid where it is damaged."""
    damaged = turned_into(
        InputInvalid,
        "the kept forecast cannot be read ({})",
        where=file,
        expected="forecast.nc of a finished run",
        remedy="run the day again",
    )
    with damaged, xr.open_dataset(file, engine="netcdf4") as data:
        cube = data["discharge"].load()
        return xr.DataArray(
            cube.values,
            dims=("member", "lead_time", "station"),
            coords={
                "member": data["member"].values,
                "lead_time": data["lead_time"].values,
                "station": data["station"].values.astype(str),
                "outside": ("station", data["outside"].values.astype(bool)),
                **{name: ("station", data[name].values) for name in _ARCHIVE if name in data},
            },
            name="discharge",
            attrs=cube.attrs,
        )


def _axis(name: str, units: str) -> dict[str, str]:
    return {"standard_name": name, "units": units}
