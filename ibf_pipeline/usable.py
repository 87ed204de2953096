"""What of an ensemble may be used: missing input is never "no flood" (design rule 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

from ibf_pipeline.config import Country
from ibf_pipeline.country import CountryLayers
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.forecast.stations import blind_reason


@dataclass(frozen=True, slots=True)
class Usable:
    """A forecast that says something about at least one station."""

    discharge: xr.DataArray
    """(member, lead_time, station) m3/s; members without water are NaN"""
    missing: tuple[int, ...]
    """numbers of the members that are not there or have no water"""
    without_water: tuple[int, ...]
    """those of them that are 0 everywhere"""
    blind: Mapping[str, str | None]
    """station code -> why it has no usable forecast; None where it has one"""


def usable(discharge: xr.DataArray, layers: CountryLayers, country: Country) -> Usable:
    """Hold an ensemble against what a day needs.

    `discharge`: (member, lead_time, station) m3/s as from `read_cube`, one station per prepared station.

    Raises InputMissing with fewer members than the country's minimum; InputInvalid where enough are there and too few
    of them have any value, where every value is 0, and where every station is blind: waiting does not mend these.
    """
    whole = discharge
    discharge, without_water = leave_out_members_without_water(discharge)
    missing = _require_members(discharge, country)
    _require_water(whole, country)
    members = discharge.notnull().sum("member")
    blind = {
        station.code: blind_reason(
            members.sel(station=station.code),
            country.members.minimum,
            outside=bool(discharge["outside"].sel(station=station.code)),
            river=station.river,
        )
        for station in layers.stations
    }
    if all(blind.values()):
        raise InputInvalid(
            "no station has a usable forecast: " + "; ".join(f"{code} {reason}" for code, reason in blind.items()),
            where=_source(discharge, country),
            expected="at least one station with enough valid members on every lead time",
            remedy="check that the forecast files are whole and cover the country",
        )
    return Usable(discharge, missing, without_water, blind)


def leave_out_members_without_water(discharge: xr.DataArray) -> tuple[xr.DataArray, tuple[int, ...]]:
    """Members that are 0 at every station on every day become NaN; their numbers too.

    Only where another member has water on the first day: all members start from the same rivers, so these are empty
    files and no dry spell.
    """
    has_water = (discharge > 0).any(["lead_time", "station"])
    empty = discharge.notnull().any(["lead_time", "station"]) & ~has_water
    if not bool(empty.any()) or not bool((discharge.isel(lead_time=0) > 0).any()):
        return discharge, ()
    return discharge.where(~empty), tuple(int(member) for member in discharge["member"].values[empty.values])


def _require_members(discharge: xr.DataArray, country: Country) -> tuple[int, ...]:
    valid = discharge.notnull().any(["lead_time", "station"])
    present = [int(member) for member in discharge["member"].values[valid.values]]
    if len(present) < country.members.minimum <= discharge.sizes["member"]:
        raise InputInvalid(
            f"{len(present)} of {discharge.sizes['member']} ensemble members have a usable value at any station",
            where=_source(discharge, country),
            expected=f"at least {country.members.minimum}",
            remedy="look at the forecast files: they may cover another area, or be a run that failed",
        )
    if len(present) < country.members.minimum:
        raise InputMissing(
            f"{len(present)} of {country.members.expected} ensemble members are there",
            where=_source(discharge, country),
            expected=f"at least {country.members.minimum}",
            remedy="wait until the forecast is complete and run again",
        )
    return tuple(sorted(set(range(country.members.expected)) - set(present)))


def _require_water(discharge: xr.DataArray, country: Country) -> None:
    """No river of a country is dry for a week."""
    if bool((discharge.notnull() & (discharge != 0)).any()):
        return
    raise InputInvalid(
        f"every value at all {discharge.sizes['station']} stations is 0 m3/s",
        where=_source(discharge, country),
        expected="a forecast with water in it; this one would read as an all clear",
        remedy="obtain the forecast again: its files are empty or damaged",
    )


def _source(discharge: xr.DataArray, country: Country) -> str:
    return str(discharge.attrs.get("source") or country.iso3)
