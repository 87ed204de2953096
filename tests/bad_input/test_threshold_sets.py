"""Two sets of thresholds beside each other: each day is judged by the one that is valid on its issue date."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from typer.testing import CliRunner

from flows.cli.app import app
from ibf_pipeline.check.country import StaticData
from ibf_pipeline.check.external_data import check_threshold_grids, of_day
from ibf_pipeline.check.versions import compare_sets
from ibf_pipeline.config.thresholds import LaterThresholds, thresholds_on
from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid, UsageError
from ibf_pipeline.prepare.stations import read_stations, read_thresholds
from ibf_pipeline.prepare.threshold_sets import later_sets, threshold_tables
from ibf_pipeline.static.origin import OriginFolder
from ibf_pipeline.static.threshold_grids import CountryGrids, area_around
from ibf_pipeline.static.thresholds import sample_river_cells
from tests.worlds.countries import tiny_country
from tests.worlds.countries.published_files import write_grid
from tests.worlds.countries.tiny_day import ISSUE, TRIGGER, TinyDay, edit_text
from tests.worlds.runs import flood_run

NEXT = ISSUE + timedelta(days=1)
LATER = [{"version": "5", "valid_from": NEXT.isoformat()}]


def test_the_set_of_an_issue_date() -> None:
    sets = [LaterThresholds(version=v, valid_from=d) for v, d in (("5", date(2026, 12, 1)), ("6", date(2029, 1, 1)))]
    found = [
        thresholds_on(sets, day)
        for day in (date(2026, 11, 30), date(2026, 12, 1), date(2028, 12, 31), date(2029, 1, 1))
    ]
    assert [None if each is None else each.version for each in found] == [None, "5", "5", "6"]
    country = tiny_country.country(later_thresholds=[each.model_dump() for each in sets])
    assert [country.on(date(year, 12, 31)).thresholds_version for year in (2025, 2026, 2029)] == ["4", "5", "6"]


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ([("4", "2026-12-01")], "version '4' stands twice"),
        ([("5", "2026-12-01"), ("5", "2027-12-01")], "version '5' stands twice"),
        ([("6", "2027-12-01"), ("5", "2026-12-01")], "earliest first"),
        ([("5", "2026-12-01"), ("6", "2026-12-01")], "each on a day of its own"),
    ],
)
def test_sets_that_leave_a_day_in_doubt(sets: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        tiny_country.country(later_thresholds=[{"version": v, "valid_from": d} for v, d in sets])


def test_sets_of_different_return_periods_come_back_as_they_were() -> None:
    def table(*periods: float) -> xr.DataArray:
        values = np.array([[10.0 * period for period in periods]])
        return xr.DataArray(values, {"station": ["G1"], "return_period": list(periods)}, name="thresholds")

    tables = xr.Dataset(threshold_tables(table(2, 5), {"5.1": table(2, 10, 50)}))
    assert tables["thresholds"].sizes == {"station": 1, "return_period": 2}
    assert later_sets(tables)["5.1"].identical(table(2, 10, 50))
    assert later_sets(xr.Dataset(threshold_tables(table(2), {}))) == {}


def check(day: TinyDay, version: str, *more: str) -> str:
    arguments = ["check", "XTY", "--glofas", version, "--config", str(day.config), *more]
    result = CliRunner().invoke(app, [*arguments, "--workspace", str(day.root / "work")], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_cells_that_move_and_stations_that_lose_their_river(tmp_path: Path) -> None:
    """By the grids of two versions: G1's river moves one cell up, G2's is gone, G3's was beside its cell before."""
    stations = [
        Station(code, code, lat, lon, *cell_centre(lat, lon))
        for code, lat, lon in (("G1", 0.97, 10.02), ("G2", 0.97, 10.42), ("G3", 0.57, 10.02), ("G4", 0.57, 10.42))
    ]
    dry = {(0.97 + 0.05 * up, 10.42 + 0.05 * right): -9999.0 for up in (-1, 0, 1) for right in (-1, 0, 1)}
    same = {(0.57, 10.02): 5.0, (0.62, 10.02): 90.0, (0.57, 10.42): 40.0}
    for version, river in (
        ("4", {(0.97, 10.02): 50.0, (0.97, 10.42): 60.0}),
        ("5", {(0.97, 10.02): 9.0, (1.02, 10.02): 55.0, **dry}),
    ):
        write_grid(tmp_path, f"flood_threshold_glofas_v{version}_rl_2.0.nc", {**same, **river})
    grids = CountryGrids(OriginFolder(str(tmp_path), tmp_path / "all"), tmp_path, lambda: area_around((9, 0, 11, 2)))
    before, after = (sample_river_cells(grids, stations, 2, version) for version in ("4", "5"))
    ours = {"G1": 50.0, "G2": 60.0, "G3": 5.0, "G4": 40.0}
    found = compare_sets(ours, {"G1": 9.0, "G2": None, "G3": 5.0, "G4": 20.0}, before, after)
    assert [(each.code, each.ratio, each.cell) for each in found] == [
        ("G1", 0.18, "the river moves to 1.025, 10.025"),
        ("G2", None, "loses its river"),
        ("G3", 1.0, ""),
        ("G4", 0.5, ""),
    ]
    without = compare_sets(ours, {**ours, "G2": None})
    assert [each.cell for each in without] == ["", "loses its river: no threshold in that set", "", ""]


def test_days_on_both_sides_of_the_change_are_judged_by_their_own_set(day: TinyDay) -> None:
    """The same water triggers by v4's thresholds, and stays below v5's, ten times as high."""
    stations = json.loads((day.static / "thresholds.json").read_text())
    for pair in (pair for station in stations for pair in station["thresholds"]):
        pair["threshold_value"] *= 10
    (day.static / "thresholds_v5.json").write_text(json.dumps(stations))
    day.configure(later_thresholds=LATER)
    edit_text(day.config / "settings.yaml", "glofas_version: '4'", "glofas_version: null")
    for issue_date, version in ((NEXT, "4"), (NEXT, "5"), (ISSUE, "4")):
        folder = day.write_forecast(TRIGGER, issue_date=issue_date)
        for file in folder.glob("*.nc"):
            with netCDF4.Dataset(file, "a") as data:
                data.setncatts({"glofas_version": version})
        if (issue_date, version) == (NEXT, "4"):
            error = day.refused(VersionRefused, issue_date=NEXT)
            assert error.found == "the forecast is of GloFAS v4, the thresholds are of v5"
        else:
            state = day.flow(publish=False, issue_date=issue_date)
            assert state.is_completed(), state.message
    runs = [flood_run(day.root / "work" / "runs", "XTY", each).findings() for each in (ISSUE, NEXT)]
    assert [(run.rule.thresholds_version, [event.flags for event in run.events]) for run in runs] == [
        ("4", ["--TTT---"]),
        ("5", []),
    ]
    output = check(day, "5")
    assert [line.split() for line in output.splitlines() if line.startswith("│ G1")] == [
        ["│", "G1", "│", "50", "│", "500", "│", "10", "│", "│"]
    ]
    assert "│ 2026-02-15 │ v4       │ G1 --TTT--- │ no alert │" in output
    assert "2 of 2 kept ensembles give other alerts" in output
    told = json.loads(check(day, "5", "--json"))
    assert [(each["code"], each["ratio"], each["cell"]) for each in told["stations"]] == [
        ("G1", 10, ""),
        ("G2", 10, ""),
    ]
    assert [(each["issue_date"], each["version"]) for each in told["days"]] == [
        ("2026-02-15", "4"),
        ("2026-02-16", "5"),
    ]
    with pytest.raises(UsageError, match="XTY has no thresholds of GloFAS v6") as refused:
        check(day, "6")
    assert refused.value.expected == "thresholds_v6.json in the static data"


def test_two_sets_are_compared_before_anybody_has_decided_on_a_date(day: TinyDay) -> None:
    assert day.findings().events
    stations = json.loads((day.static / "thresholds.json").read_text())
    for pair in (pair for station in stations for pair in station["thresholds"]):
        pair["threshold_value"] *= 10
    (day.static / "thresholds_v5.json").write_text(json.dumps(stations))
    told = json.loads(check(day, "5", "--json"))
    assert [(each["code"], each["ratio"]) for each in told["stations"]] == [("G1", 10), ("G2", 10)]
    assert [(each["ours"], each["other"]) for each in told["days"]] == [("G1 --TTT---", "no alert")]


def test_a_set_that_lacks_or_that_is_wrong_is_found_before_its_day_comes(day: TinyDay) -> None:
    day.configure(later_thresholds=LATER)
    error = day.refused(InputInvalid)
    assert error.found == "static data of XTY are missing: thresholds_v5.json"
    (day.static / "thresholds_v5.json").write_text("[]")
    error = day.refused(InputInvalid)
    assert (error.found, error.where) == ("stations without thresholds: G1, G2", str(day.static / "thresholds_v5.json"))


def test_check_holds_stations_against_the_grids_of_the_day(day: TinyDay, tmp_path: Path) -> None:
    """v5's thresholds are those of v5's grid, and v4's not: before the change by v4's set and grid, then by v5's."""
    stations = read_stations(day.static / "stations.csv")
    ours = json.loads((day.static / "thresholds.json").read_text())
    for pair in (pair for station in ours for pair in station["thresholds"]):
        pair["threshold_value"] *= 10
    (day.static / "thresholds_v5.json").write_text(json.dumps(ours))
    period = ours[0]["thresholds"][0]["return_period"]
    country = tiny_country.country(later_thresholds=LATER, static_sources={"threshold_periods": [period]})
    value_of = {each["station_code"]: each["thresholds"][0]["threshold_value"] for each in ours}
    fits = {(station.lat, station.lon): value_of[station.code] for station in stations}
    for version in ("4", "5"):
        write_grid(tmp_path, f"flood_threshold_glofas_v{version}_rl_{period:.1f}.nc", fits)
    grids = CountryGrids(OriginFolder(str(tmp_path), tmp_path / "all"), tmp_path, lambda: area_around((9, 0, 11, 2)))
    table = read_thresholds(day.static / "thresholds.json", stations, {period})
    levels = []
    for today in (ISSUE, NEXT):
        data = of_day(StaticData(None, stations, table), country, day.static, today)
        levels.append([one.level for one in check_threshold_grids(grids, country.on(today), data)])
    assert levels == [["fine", "warning"], ["fine", "fine"]]
