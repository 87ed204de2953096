"""Rain gauges: counters to hours, and the areas that they stand for (rules 1 and 14 of flash floods)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.rain.gauges import (
    GaugeDeclaration,
    RainGauge,
    Readings,
    gauge_hours,
    gauge_rain,
    read_gauge,
    read_gauges,
)
from ibf_pipeline.rain.hourly_rain import HourlyRain

nan = float("nan")
SENSOR = GaugeDeclaration(moment="$ts", amount="Rain")
KM = 1 / 111.195
"""degrees of latitude"""


def readings(*pairs: tuple[str, float]) -> Readings:
    """Clock times of one day and what the counter shows."""
    moments = np.array([f"2026-02-15T{clock}" for clock, _ in pairs], dtype="datetime64[s]")
    return moments, np.array([value for _, value in pairs])


def hours_of(series: Readings, *, is_counter: bool = True) -> list[float]:
    rain = gauge_hours({"K": series}, GaugeDeclaration(is_counter=is_counter))["K"].rain
    return [float(each) for each in rain.values[0, :, 0]]


def test_a_counter_is_what_it_went_on_by() -> None:
    assert hours_of(readings(("00:00", 100), ("00:30", 101), ("01:00", 103), ("02:00", 103))) == [3, 0]


def test_a_counter_that_was_set_back_shows_what_fell_since() -> None:
    assert hours_of(readings(("00:00", 250), ("01:00", 2), ("02:00", 5))) == [2, 3]


def test_a_counter_that_falls_a_little_is_no_rain_of_its_whole_reading() -> None:
    """0.05 mm less is rounding; 1 mm less of 250 is no new beginning, and nobody knows what fell."""
    assert hours_of(readings(("00:00", 250), ("01:00", 249.95), ("02:00", 252.95))) == [0, 3]
    assert hours_of(readings(("00:00", 250), ("01:00", 249), ("02:00", 251))) == pytest.approx([nan, 2], nan_ok=True)


def test_a_silence_is_missing_and_never_dry() -> None:
    """3 hours are spread evenly, after 7 nobody knows when it fell."""
    assert hours_of(readings(("00:00", 0), ("03:00", 6))) == [2, 2, 2]
    assert hours_of(readings(("00:00", 0), ("07:00", 70), ("08:00", 71))) == pytest.approx([nan] * 7 + [1], nan_ok=True)


def test_a_jump_that_no_hour_has_had_is_missing() -> None:
    assert hours_of(readings(("00:00", 0), ("01:00", 900), ("02:00", 901))) == pytest.approx([nan, 1], nan_ok=True)


def test_readings_that_are_no_counter() -> None:
    series = readings(("00:00", 9), ("00:30", 1), ("01:00", 2))
    assert hours_of(series, is_counter=False) == [3]


def test_files_of_sensors(tmp_path: Path) -> None:
    """`data`, moments as yymmddHHMMSS, entries without rain and with texts; files overlap."""
    first, second, table = tmp_path / "1.json", tmp_path / "2.json", tmp_path / "3.csv"
    first.write_text(json.dumps({"data": [{"$ts": 260215000000, "Rain": 1.5}, {"$ts": 260215003000, "Batt": 12}]}))
    entries = [
        {"$ts": "260215000000", "Rain": "1.5"},
        {"$ts": "260215010000", "Rain": 4},
        {"$ts": 260215020000, "Rain": "T"},
    ]
    second.write_text(json.dumps(entries))
    moments, values = read_gauge([second, first], SENSOR)
    assert values.tolist() == [1.5, 4]
    assert moments.astype(str).tolist() == ["2026-02-15T00:00:00", "2026-02-15T01:00:00"]
    table.write_text("time,rain\n2026-02-15T02:00:00+02:00,1.5\n2026-02-15T01:00:00Z,4\n2026-02-15T02:00:00Z,\n")
    np.testing.assert_array_equal(read_gauge([table], GaugeDeclaration())[0], moments)
    table.write_text("time,rain\nyesterday,4\n")
    with pytest.raises(InputInvalid, match="'yesterday' is not a timestamp"):
        read_gauge([table], GaugeDeclaration())
    first.write_text(json.dumps({"data": [{"$ts": 260215000000, "Rain": 7}]}))
    with pytest.raises(InputInvalid, match=r"two readings at 2026-02-15T00:00:00: 1.5 and 7"):
        read_gauge([second, first], SENSOR)
    first.write_text("{}")
    with pytest.raises(InputInvalid, match="no readings of a gauge"):
        read_gauge([first], SENSOR)


def test_places_of_gauges(tmp_path: Path) -> None:
    file = tmp_path / "gauges.csv"
    file.write_text("code,lat,lon,area\nK1,-9.94,33.83,MW10407\nB1,-15.8,35.04,\n")
    assert read_gauges(file) == [RainGauge("K1", -9.94, 33.83, "MW10407"), RainGauge("B1", -15.8, 35.04)]
    file.write_text("code,lat,lon\nK1,-9.94,33.83\nK1,-15.8,35.04\n")
    with pytest.raises(InputInvalid, match=r"line 3: gauge K1 at -15\.8, 35\.04"):
        read_gauges(file)


def at_km(code: str, north: float, area: str = "") -> RainGauge:
    """So many kilometres north of the middle of the area, which is 0, 0."""
    return RainGauge(code, north * KM, 0.0, area)


def rain_of(gauges: list[RainGauge], mm: dict[str, list[float]], half_km: float = 0.5) -> dict[str, list[float]]:
    """mm of area A, half_km in every direction around 0, 0, by label."""
    clock = [f"{hour:02d}:00" for hour in range(len(next(iter(mm.values()))) + 1)]
    series = {code: readings(*zip(clock, [0, *each], strict=True)) for code, each in mm.items()}
    hours = gauge_hours(series, GaugeDeclaration(is_counter=False))
    half = half_km * KM
    found: list[HourlyRain] = gauge_rain(gauges, hours, ["A"], [shapely.box(-half, -half, half, half)])
    return {each.label: [float(value) for value in each.rain.values[0, :, 0]] for each in found}


def test_the_nearest_within_3_km_stands_for_the_area() -> None:
    found = rain_of([at_km("far", 2.9), at_km("near", -1)], {"far": [5, 6], "near": [1, nan]})
    assert found["gauge near"] == pytest.approx([1, nan], nan_ok=True)
    assert found["gauge far"] == pytest.approx([nan, 6], nan_ok=True), "in the hour in which the nearer one is silent"
    assert rain_of([at_km("far", 3.1)], {"far": [5]}) == {}


def test_a_gauge_inside_a_large_area_stands_for_it() -> None:
    assert rain_of([at_km("K", 20)], {"K": [5]}, half_km=25) == {"gauge K": [5]}


def test_three_within_6_km_by_the_inverse_square_of_their_distances() -> None:
    """4, 4 and 5.656854 km: weights 1/16, 1/16, 1/32: (2*10 + 2*20 + 1*40) / 5 = 20."""
    gauges = [at_km("a", 4), at_km("b", -4), at_km("c", 4 * 2**0.5), at_km("d", 7)]
    found = rain_of(gauges, {"a": [10], "b": [20], "c": [40], "d": [999]})
    assert found == {"gauges a, b, c": [pytest.approx(20, abs=0.01)]}
    assert rain_of(gauges[:2], {"a": [10], "b": [20]}) == {}


def test_a_gauge_that_names_an_area_stands_for_it_wherever_it_is() -> None:
    found = rain_of([at_km("near", 1), at_km("Karonga", 40, "A")], {"near": [1, 1], "Karonga": [7, nan]})
    assert found["gauge Karonga"] == pytest.approx([7, nan], nan_ok=True)
    assert found["gauge near"] == pytest.approx([nan, 1], nan_ok=True)
