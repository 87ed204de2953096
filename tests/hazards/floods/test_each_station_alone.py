"""What is found of a station does not depend on which other stations are computed with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound
from tests.budget import examples
from tests.worlds.countries import many_stations

CLASSES: list[dict[str, Any]] = [
    {"rule": "disable"},
    {"rule": "return-period", "return_period": {"min": 1.5, "med": 2, "max": 5}, "probability": 0.6},
    {"rule": "probability", "return_period": 5, "probability": {"min": 0.3, "med": 0.55, "max": 0.6}},
]


@st.composite
def days(draw: st.DrawFn) -> tuple[xr.DataArray, CountryLayers, FloodCountry]:
    """A forecast with missing values, ties, values on thresholds, dry rivers, and stations that nothing is known of."""
    members, stations = draw(st.sampled_from([1, 2, 7, 9, 20, 51])), draw(st.integers(2, 6))
    country = many_stations.country(
        classes=draw(st.sampled_from(CLASSES)),
        trigger={"return_period": 5, "probability": 0.6, "lead_time_limit": draw(st.integers(0, 7))},
        members={"expected": members, "minimum": draw(st.integers(1, members))},
        flood_maps={
            "return_periods": list(many_stations.MAPS),
            "event_return_period": draw(st.sampled_from(["largest", "first-trigger-day"])),
        },
        people={"for_warnings": draw(st.booleans())},
        stations={"forecast_level": draw(st.sampled_from(["trigger-probability", "mean"]))},
    )
    made = np.random.default_rng(draw(st.integers(0, 10_000)))
    layers = many_stations.layers(stations, seed=int(made.integers(1000)))
    cube = many_stations.ensemble(layers.thresholds, members, seed=int(made.integers(1000)))
    values = cube.values.astype(draw(st.sampled_from(["float32", "float64"])))
    limits = layers.thresholds.sel(return_period=5.0).values.astype(values.dtype)
    values = np.where(made.random(values.shape) < draw(st.sampled_from([0, 0.3, 1])), limits, values)
    values[:, :, made.random(stations) < 0.1] *= values.dtype.type(0.001)
    values[made.random(values.shape) < draw(st.sampled_from([0, 0.1, 0.4]))] = np.nan
    outside = made.random(stations) < draw(st.sampled_from([0, 0.3]))
    rivers = made.random(stations) < draw(st.sampled_from([1, 0.7]))
    there = [replace(station, river=bool(river)) for station, river in zip(layers.stations, rivers, strict=True)]
    cube = cube.copy(data=values).assign_coords(outside=("station", outside))
    return cube, replace(layers, stations=tuple(there)), country


def findings_of(cube: xr.DataArray, layers: CountryLayers, country: FloodCountry) -> FloodFindings | None:
    """None where every station is blind."""
    try:
        return find(cube, layers, country)
    except InputInvalid:
        return None


def of_the_station(findings: FloodFindings, code: str) -> tuple[StationFound, list[FloodEvent]]:
    """The station and its event, but for the areas above the deepest level, which events share."""
    events = [event for event in findings.events if event.station_code == code]
    alone = {"shared_areas_kept": (), "shared_areas_given": ()}
    deepest = [replace(event, areas=tuple(event.areas_of(2)), **alone) for event in events]
    return findings.station(code), deepest


@settings(max_examples=examples(15, 500))
@given(days())
def test_all_stations_at_once_are_each_station_alone(day: tuple[xr.DataArray, CountryLayers, FloodCountry]) -> None:
    cube, layers, country = day
    together = findings_of(cube, layers, country)
    for station in layers.stations:
        alone = findings_of(cube.sel(station=[station.code]), replace(layers, stations=(station,)), country)
        assert (alone is None) == (together is None or together.station(station.code).condition == "blind")
        if alone is not None and together is not None:
            assert of_the_station(alone, station.code) == of_the_station(together, station.code)


def test_a_mean_is_the_same_to_the_last_bit_beside_other_stations() -> None:
    """Each trigger level is the mean of the station alone; a mean that is one bit above it would be rounded up.

    A sum of 51 numbers of 32 bits depends on their order, and numpy's order on the shape of what is summed.
    """
    layers = many_stations.layers(100)
    cube = many_stations.ensemble(layers.thresholds)
    cube[:] = cube.isel(lead_time=[0]).values
    layers.thresholds.loc[{"return_period": 5.0}] = [
        float(cube.isel(lead_time=0, station=[number]).mean("member").item()) for number in range(100)
    ]
    country = many_stations.country(classes={"rule": "disable"}, stations={"forecast_level": "mean"})
    values = [station.values for station in find(cube, layers, country).stations]
    assert all(shown is not None and shown.forecast_level <= shown.trigger_level for shown in values)


@pytest.mark.parametrize("other", ["reversed", "by code"])
def test_stations_of_the_forecast_may_stand_in_another_order(other: str) -> None:
    layers, country = many_stations.layers(12), many_stations.country()
    cube = many_stations.ensemble(layers.thresholds)
    codes = [station.code for station in layers.stations]
    order = codes[::-1] if other == "reversed" else sorted(codes)
    assert find(cube.sel(station=order), layers, country) == find(cube, layers, country)
