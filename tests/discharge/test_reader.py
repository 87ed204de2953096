"""GloFAS files of either layout to one cube of discharge."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.discharge.file_discharge import MANY_CELLS
from ibf_pipeline.discharge.reader import StationCells, find_files, read_cube
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.forecast.stations import suspect_reasons
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.prepare.store import ExtentTiles, station_cells
from tests.conftest import ROOT, real_data
from tests.worlds.countries import damage
from tests.worlds.countries.stories import STORIES, story_ensemble, write_day

ISSUE = date(2026, 2, 15)


def kenya() -> xr.DataArray:
    stations = read_stations(real_data("glofas", "glofas_stations_KEN.csv"))
    cells = StationCells(
        tuple(station.code for station in stations),
        np.array([station.cell_lat for station in stations]),
        np.array([station.cell_lon for station in stations]),
    )
    return read_cube([real_data("glofas", "dis_00_2026021500_KEN.nc")], cells, ISSUE)


def test_the_real_member_at_kenyas_stations() -> None:
    """Stamps are the END of the day: the band stamped 2026-02-16 is 0-day, the mean of 2026-02-15."""
    cube = kenya()
    assert cube.dims == ("member", "lead_time", "station")
    assert cube.attrs["units"] == "m3 s-1"
    assert cube.sel(member=0, lead_time=0, station="G5195").item() == pytest.approx(93.7, abs=0.05)
    assert cube.sel(member=0, lead_time=0, station="G5305").item() == pytest.approx(60, abs=0.5)


def test_the_station_off_the_river_is_suspect() -> None:
    athi = kenya().sel(station=["G5142"])
    assert float(athi.max()) < 0.1
    stations = kenya().sel(station=["G5142", "G5195"])
    thresholds = xr.DataArray([[2.4], [100.0]], dims=("station", "return_period"))
    assert [reason is None for reason in suspect_reasons(stations, thresholds, 0.05)] == [False, True]


def cells_of(demo_layers: tuple[CountryLayers, ExtentTiles]) -> StationCells:
    return station_cells(demo_layers[0])


@pytest.mark.parametrize("layout", ["ftp", "ewds"])
def test_both_layouts_give_the_cube_that_was_written(
    layout: str, tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]
) -> None:
    story = STORIES["trigger-after-warnings"]
    folder = write_day(tmp_path, story, ISSUE, layout)  # type: ignore[arg-type]
    cube = read_cube(find_files(folder), cells_of(demo_layers), ISSUE, version="4")
    wanted = story_ensemble(story, ISSUE).sel(station=cube["station"].values)
    np.testing.assert_allclose(cube.values, wanted.values, atol=0.01)
    assert cube["member"].values.tolist() == list(range(51))
    assert cube.attrs["glofas_version"] == "4"


def by_step(data: xr.Dataset) -> xr.Dataset:
    """Steps as dimension, the stamps beside it, the run as a scalar: what cfgrib makes of GRIB."""
    run = np.datetime64(ISSUE, "ns")
    steps = data.rename(time="valid_time").assign_coords(step=("valid_time", data["time"].values - run))
    return steps.swap_dims(valid_time="step").assign_coords(time=run)


def run_as_dimension(data: xr.Dataset) -> xr.Dataset:
    """The run as a dimension of length 1, before the steps."""
    steps = by_step(data)
    stamps = steps["valid_time"].values[np.newaxis]
    return steps.drop_vars("valid_time").expand_dims("time").assign_coords(valid_time=(("time", "step"), stamps))


EWDS_NETCDF: dict[str, Callable[[xr.Dataset], xr.Dataset]] = {
    "number": lambda data: data,
    "dis24, latitude, longitude, step": lambda data: by_step(data.rename(dis="dis24", lat="latitude", lon="longitude")),
    "avg_dis, y, x, valid_time, realization": lambda data: data.rename(
        dis="avg_dis", lat="y", lon="x", time="valid_time", number="realization"
    ),
    "member, in another order": lambda data: data.rename(number="member").transpose("lat", "member", "lon", "time"),
    "time of length 1 beside step": run_as_dimension,
}


@pytest.mark.parametrize("layout", EWDS_NETCDF)
def test_every_name_and_shape_of_an_ewds_netcdf_gives_the_cube_of_its_members(
    layout: str, tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]
) -> None:
    members = find_files(write_day(tmp_path, "trigger-after-warnings", ISSUE))[:4]
    opened = [xr.open_dataset(file) for file in members]
    ensemble = xr.concat(opened, "number", coords="minimal", compat="override", join="override")
    file = tmp_path / "glofas.nc"
    EWDS_NETCDF[layout](ensemble.assign_coords(number=range(4))).to_netcdf(file)
    cells = cells_of(demo_layers)
    xr.testing.assert_equal(read_cube([file], cells, ISSUE), read_cube(members, cells, ISSUE))


def one_member(tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]) -> tuple[Path, xr.DataArray]:
    source = ROOT / "data/fixtures/XDM/forecasts/20260215/dis_07_2026021500.nc"
    copy = tmp_path / source.name
    copy.write_bytes(source.read_bytes())
    return copy, read_cube([source], cells_of(demo_layers), ISSUE)


@pytest.mark.parametrize("turn", [damage.turn_longitudes, damage.flip_latitudes])
def test_longitudes_to_360_and_ascending_latitudes_change_nothing(
    turn, tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]
) -> None:
    copy, original = one_member(tmp_path, demo_layers)
    turn(copy)
    xr.testing.assert_identical(read_cube([copy], cells_of(demo_layers), ISSUE), original)


def test_a_missing_step_is_missing_and_not_zero(tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]) -> None:
    copy, original = one_member(tmp_path, demo_layers)
    damage.blank_lead_time(copy, 3)
    cube = read_cube([copy], cells_of(demo_layers), ISSUE)
    assert bool(cube.sel(lead_time=3).isnull().all())
    assert bool(cube.drop_sel(lead_time=3).equals(original.drop_sel(lead_time=3)))


def test_a_station_outside_the_files_grid_is_missing_and_said_to_be(
    tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles], demo_country: FloodCountry
) -> None:
    inside = cells_of(demo_layers)
    lat, lon = cell_centre(-30.0, 100.0)
    cells = StationCells((*inside.codes, "FAR"), np.append(inside.lat, lat), np.append(inside.lon, lon))
    copy, _ = one_member(tmp_path, demo_layers)
    cube = read_cube([copy], cells, ISSUE)
    assert cube["outside"].values.tolist() == [False] * 8 + [True]
    assert bool(cube.sel(station="FAR").isnull().all())


def test_the_same_member_twice_is_an_error(tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]) -> None:
    copy, _ = one_member(tmp_path, demo_layers)
    other = tmp_path / "dis_07_2026021500_XDM.nc"
    other.write_bytes(copy.read_bytes())
    with pytest.raises(InputInvalid, match="member 7 is there more than once"):
        read_cube([copy, other], cells_of(demo_layers), ISSUE)


@pytest.mark.parametrize(
    ("row", "differ"), [(99, True), (45, True), (None, False)], ids=["far away", "near", "nowhere"]
)
def test_members_are_told_apart_by_all_of_a_countrys_field(tmp_path: Path, row: int | None, differ: bool) -> None:
    """100 x 100 cells with 3 m3/s and 1 more each day, the station in the sixth row; member 1 has 1 more in one cell on
    the last day."""
    lat, lon = 9.975 - 0.05 * np.arange(100), 20.025 + 0.05 * np.arange(100)
    files = [tmp_path / f"dis_0{member}_2026021500.nc" for member in (0, 1)]
    for member, file in enumerate(files):
        field = (
            np.full((8, 100, 100), 3.0, dtype=np.float32) + np.arange(8, dtype=np.float32)[:, np.newaxis, np.newaxis]
        )
        if row is not None:
            field[7, row, 5] += member
        days = np.datetime64("2026-02-15", "ns") + np.arange(1, 9) * np.timedelta64(24, "h")
        cube = xr.DataArray(field, {"time": days, "lat": lat, "lon": lon}, name="dis", attrs={"units": "m3/s"})
        cube.to_netcdf(file, engine="netcdf4")
    cells = StationCells(("G1",), lat[[5]], lon[[5]])
    if differ:
        assert read_cube(files, cells, date(2026, 2, 15)).values.tolist() == [[[3.0 + day] for day in range(8)]] * 2
    else:
        cube = read_cube(files, cells, date(2026, 2, 15))
        assert cube.attrs["copies"] == [1]
        assert cube.isnull().all(["lead_time", "station"]).values.tolist() == [False, True]


@pytest.mark.parametrize(("wet", "refused"), [(199, False), (200, True)])
@pytest.mark.parametrize("constant", [False, True], ids=["one day twice", "one day eight times"])
def test_a_day_under_two_dates_is_told_where_enough_flows(
    wet: int, refused: bool, constant: bool, tmp_path: Path
) -> None:
    """20 x 20 cells, `wet` of them with 1 m3/s or more: the others may well hold the same on every day."""
    lat, lon = 9.975 - 0.05 * np.arange(20), 20.025 + 0.05 * np.arange(20)
    flow = np.where(np.arange(400) < wet, 1.0, 0.9).reshape(20, 20)
    rising = np.where(constant, 1.0, [1, 1.1, 1.2, 1.2, 1.3, 1.4, 1.5, 1.6])
    field = np.where(flow < 1, flow, flow * rising[:, np.newaxis, np.newaxis]).astype(np.float32)
    days = np.datetime64("2026-02-15", "ns") + np.arange(1, 9) * np.timedelta64(24, "h")
    cube = xr.DataArray(field, {"time": days, "lat": lat, "lon": lon}, name="dis", attrs={"units": "m3/s"})
    file = tmp_path / "dis_07_2026021500.nc"
    cube.to_netcdf(file, engine="netcdf4")
    cells = StationCells(("G1",), lat[[5]], lon[[5]])
    if refused:
        with pytest.raises(InputInvalid, match="the same field on") as told:
            read_cube([file], cells, date(2026, 2, 15))
        twice = "0-day and on 1-day" if constant else "2-day and on 3-day"
        assert told.value.found == f"member 7 holds the same field on {twice}"
        assert told.value.where == str(file)
    else:
        assert read_cube([file], cells, date(2026, 2, 15)).shape == (1, 8, 1)


@pytest.mark.parametrize("lon", [[179.925, 179.975, -179.975, -179.925], [-179.975, -179.925, 179.925, 179.975]])
def test_longitudes_that_were_cut_across_180_degrees_are_no_other_grid(lon: list[float], tmp_path: Path) -> None:
    days = np.datetime64("2026-02-15", "ns") + np.arange(1, 9) * np.timedelta64(24, "h")
    field = np.arange(8 * 2 * 4, dtype=np.float32).reshape(8, 2, 4)
    axes = {"time": days, "lat": [9.975, 9.925], "lon": lon}
    file = tmp_path / "dis_00_2026021500.nc"
    xr.DataArray(field, axes, name="dis", attrs={"units": "m3/s"}).to_netcdf(file, engine="netcdf4")
    cells = StationCells(("G1",), np.array([9.975]), np.array([179.975]))
    with pytest.raises(InputInvalid, match="the longitudes jump from") as refused:
        read_cube([file], cells, date(2026, 2, 15))
    assert "beyond 180" in refused.value.remedy


def test_windows_of_a_real_member_never_stand_still() -> None:
    """40 x 40 cells of a dry February, rounded to a quarter of a m3/s: with 200 wet cells no two days are equal."""
    with xr.open_dataset(real_data("glofas", "dis_00_2026021500_KEN.nc")) as data:
        days = np.round(data["dis"].fillna(0).values[:8] * 4) / 4
    windows = [days[:, i : i + 40, j : j + 40] for i in range(0, 160, 20) for j in range(0, 120, 20)]
    wet = [window for window in windows if (window >= 1).sum(axis=(1, 2)).min() >= MANY_CELLS]
    assert len(wet) >= 5
    assert not any((window[1:] == window[:-1]).all(axis=(1, 2)).any() for window in wet)
