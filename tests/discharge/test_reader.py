"""GloFAS files of either layout to one cube of discharge."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.config import Country
from ibf_pipeline.country import CountryLayers
from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.discharge.reader import StationCells, find_files, read_cube
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.forecast.stations import suspect_reason
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.prepare.store import ExtentTiles, station_cells
from ibf_pipeline.synthetic import damage
from ibf_pipeline.synthetic.stories import STORIES, story_ensemble, write_day
from tests.conftest import ROOT, real_data

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
    assert suspect_reason(athi, 2.4, 0.05) is not None
    assert suspect_reason(kenya().sel(station=["G5195"]), 100.0, 0.05) is None


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


def test_a_missing_step_is_missing_and_not_zero(
    tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]
) -> None:
    copy, original = one_member(tmp_path, demo_layers)
    damage.blank_lead_time(copy, 3)
    cube = read_cube([copy], cells_of(demo_layers), ISSUE)
    assert bool(cube.sel(lead_time=3).isnull().all())
    assert bool(cube.drop_sel(lead_time=3).equals(original.drop_sel(lead_time=3)))


def test_a_station_outside_the_files_grid_is_missing_and_said_to_be(
    tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles], demo_country: Country
) -> None:
    inside = cells_of(demo_layers)
    lat, lon = cell_centre(-30.0, 100.0)
    cells = StationCells((*inside.codes, "FAR"), np.append(inside.lat, lat), np.append(inside.lon, lon))
    copy, _ = one_member(tmp_path, demo_layers)
    cube = read_cube([copy], cells, ISSUE)
    assert cube["outside"].values.tolist() == [False] * 8 + [True]
    assert bool(cube.sel(station="FAR").isnull().all())


def test_the_same_member_twice_is_an_error(
    tmp_path: Path, demo_layers: tuple[CountryLayers, ExtentTiles]
) -> None:
    copy, _ = one_member(tmp_path, demo_layers)
    other = tmp_path / "dis_07_2026021500_XDM.nc"
    other.write_bytes(copy.read_bytes())
    with pytest.raises(InputInvalid, match="member 7 is there more than once"):
        read_cube([copy, other], cells_of(demo_layers), ISSUE)
