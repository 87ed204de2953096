"""Findings on disk: `events.json` and, for floods, the station cube `forecast.nc`."""

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

from ibf_pipeline.domain.findings import EVENTS_FORMAT, Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.io.atomic_files import atomic_path, write_text
from ibf_pipeline.io.netcdf import open_netcdf, write_netcdf

_OF_TRIALS = ("trial", "trial_notes")
"""attributes that only the cube of a source for trying has"""
_WHERE_ANY = ("trial", "doubts")
"""parts of the findings that are left out if they are empty"""
_ARCHIVE = ("archive_maximum",)
"""coordinates (station,) that only such a cube has: m3/s, median annual maximum of the source's own archive"""


def write_findings_json(findings: Findings, file: Path) -> None:
    """Write `events.json`, completely or not at all.

    Raises
    ------
    WriteFailed
        If the disk is full.
    """
    kind: Any = type(findings)
    content = _adapter(kind).dump_python(findings, mode="json") | {"issue_time": str(findings.issue_time)}
    for name in _WHERE_ANY:
        if not content[name]:
            del content[name]
    write_text(file, json.dumps(content, indent=1, ensure_ascii=False))


def read_findings_json(file: Path) -> Findings:
    """Read an `events.json` of this version or an earlier one.

    Returns
    -------
    Findings
        Of the class of its hazard.

    Raises
    ------
    InputInvalid
        If it is damaged, of a later format, or of an unknown hazard.
    """
    try:
        content = json.loads(file.read_bytes())
        if (number := content["format"]) not in range(1, EVENTS_FORMAT + 1):
            raise InputInvalid(
                f"events.json of format {number!r}",
                where=file,
                expected=f"format {EVENTS_FORMAT} or earlier, a whole number",
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
    if content["format"] == EVENTS_FORMAT:
        return content
    earlier = {key: value for key, value in content.items() if key not in ("issue_date", "disaster_type")}
    return {**earlier, "format": EVENTS_FORMAT, "hazard": content["disaster_type"], "issue_time": content["issue_date"]}


@cache
def _adapter(kind: Any) -> TypeAdapter[Findings]:
    return TypeAdapter(kind)


def write_flood_findings(findings: FloodFindings, discharge: xr.DataArray, folder: Path) -> None:
    """Write `events.json` and `forecast.nc` of a flood day into a folder.

    Parameters
    ----------
    findings : FloodFindings
        Of the day.
    discharge : xarray.DataArray
        (member, lead_time, station) m3/s.
    folder : Path
        Where the two files go.

    Raises
    ------
    WriteFailed
        If the disk is full.
    """
    write_findings_json(findings, folder / "events.json")
    write_forecast(findings, discharge, folder / "forecast.nc")


def write_forecast(findings: FloodFindings, discharge: xr.DataArray, file: Path) -> None:
    """Write the station cube of a flood day, from which the day can be run again.

    Parameters
    ----------
    findings : FloodFindings
        Of the day, with every station of the cube.
    discharge : xr.DataArray
        (member, lead_time, station), m3/s.
    file : Path
        CF-1.8 netCDF.
    """
    by_code = {station.code: station for station in findings.stations}
    stations = [by_code[str(code)] for code in discharge["station"].values]
    write_cube(
        discharge.assign_attrs(
            source=findings.source, glofas_version=findings.glofas_version, issue_date=findings.issue_date.isoformat()
        ),
        CubeStations(
            tuple(station.name for station in stations),
            np.array([station.lat for station in stations]),
            np.array([station.lon for station in stations]),
        ),
        f"GloFAS river discharge at the stations of {findings.country_name}, run of {findings.issue_date}",
        file,
    )


@dataclass(frozen=True, slots=True)
class CubeStations:
    """Names and positions (degrees, EPSG:4326) of the stations of a cube, in its order."""

    names: tuple[str, ...]
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]


def write_cube(discharge: xr.DataArray, places: CubeStations, title: str, file: Path) -> None:
    """Write a station cube as `forecast.nc`.

    Parameters
    ----------
    discharge : xr.DataArray
        As `read_cube` returns it: (member, lead_time, station), m3/s, with the attribute `issue_date`. Attributes of a
        source on trial are kept.
    places : CubeStations
        Of its stations.
    title : str
        Of the file.
    file : Path
        CF-1.8 netCDF, float32, fill value -9999.

    Raises
    ------
    WriteFailed
        If the disk is full.
    """
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
    with atomic_path(file) as partial:
        encoding = {"discharge": {"zlib": True, "_FillValue": np.float32(-9999)}}
        write_netcdf(data, partial, encoding)


def read_forecast(file: Path) -> xr.DataArray:
    """Read the kept cube of a past day, as `read_cube` returned it.

    Returns
    -------
    xr.DataArray
        `discharge` (member, lead_time, station), m3/s.

    Raises
    ------
    InputInvalid
        If it is missing or damaged.
    """
    damaged = errors_as(
        InputInvalid,
        "the kept forecast cannot be read ({})",
        where=file,
        expected="forecast.nc of a finished run",
        remedy="run the day again",
    )
    with damaged, open_netcdf(file) as data:
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
