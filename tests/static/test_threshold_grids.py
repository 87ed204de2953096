"""Threshold grids are cut to a country as they arrive; stations out of lists, or proposed on the rivers of a grid."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import pytest

from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.sources.lat_lon_box import LatLonBox
from ibf_pipeline.static.origin import OriginFolder
from ibf_pipeline.static.reporting_points import listed_points, proposed_points, stations_csv
from ibf_pipeline.static.threshold_grids import CountryGrids, area_around
from ibf_pipeline.static.thresholds import sample_thresholds
from tests.worlds.countries import tiny_country
from tests.worlds.countries.published_files import write_grid, write_points
from tests.worlds.services.web_archive import running

HASTY = RetryPolicy(attempts=3, sleep=lambda seconds: None)
GRID = "flood_threshold_glofas_v4_rl_2.0.nc"
TINY = area_around((10.0, 0.9, 10.2, 1.0))


def station(code: str, lat: float, lon: float) -> Station:
    return Station(code, code, lat, lon, *cell_centre(lat, lon))


@pytest.mark.parametrize("ascending", [False, True])
def test_a_grid_is_cut_in_arriving_and_says_the_same(tmp_path: Path, *, ascending: bool) -> None:
    """The global grid is gone afterwards, and is asked for again only where it or the country changed."""
    stations = [station("G1", 0.97, 10.02), station("G2", 0.97, 10.12)]
    values = {(0.97, 10.02): 50.0, (0.97, 10.12): -9999.0, (1.02, 10.12): 300.0}
    write_grid(tmp_path / "web", GRID, values, ascending=ascending)
    areas = [TINY]
    with running(tmp_path / "web") as server:
        server.cut_after[GRID] = 5000
        grids = CountryGrids(OriginFolder(server.url, tmp_path / "all", HASTY), tmp_path / "XTY", lambda: areas[-1])
        with pytest.raises(InputInvalid, match="no river in the cells of G2") as caught:
            sample_thresholds(grids, stations, (2,), "4")
        assert "300 m3/s at 1.025, 10.125" in caught.value.expected
        assert [file.name for file in tmp_path.rglob("*.nc") if file.is_relative_to(tmp_path / "all")] == []
        with netCDF4.Dataset(tmp_path / "XTY" / GRID) as data:
            assert data["Band1"].shape == (6, 8), "0.3 x 0.4 degrees out of 2 x 2"
        asked = server.asked[GRID]
        tables, _ = sample_thresholds(grids, stations[:1], (2,), "4")
        assert (tables, server.asked[GRID], asked) == ({"G1": {2: 50}}, asked, 2)
        areas.append(LatLonBox(1.5, 9.5, 0.5, 10.5))
        grids = CountryGrids(OriginFolder(server.url, tmp_path / "all", HASTY), tmp_path / "XTY", lambda: areas[-1])
        grids.file(GRID)
        assert server.asked[GRID] == asked + 1
        write_grid(tmp_path / "web", GRID, {(0.97, 10.02): 70.0}, ascending=ascending)
        assert sample_thresholds(grids, stations[:1], (2,), "4")[0] == {"G1": {2: 70}}
        with pytest.raises(InputMissing, match="no threshold grid of 5 years"):
            sample_thresholds(grids, stations[:1], (5,), "4")
    assert grids.arrived > 15_000


def test_a_damaged_grid_and_a_page_leave_nothing_behind(tmp_path: Path) -> None:
    write_grid(tmp_path / "web", GRID, {})
    file = tmp_path / "web" / GRID
    whole = file.read_bytes()
    with running(tmp_path / "web") as server:
        grids = CountryGrids(OriginFolder(server.url, tmp_path / "all", HASTY), tmp_path / "XTY", lambda: TINY)
        for content, said in (
            (whole[: len(whole) // 2], "the threshold grid cannot be read"),
            (b"<html>Service forbidden</html>", "a web page in place of the threshold grid"),
        ):
            file.write_bytes(content)
            with pytest.raises(InputInvalid, match=said):
                grids.file(GRID)
            assert not [*tmp_path.glob("all/*"), *tmp_path.glob("XTY/*")]
        file.write_bytes(whole)
        assert grids.file(GRID).stat().st_size < len(whole)


def tiny(folder: Path) -> dict[int, Boundaries]:
    return read_boundaries(tiny_country.write_country(folder) / "admin_areas", (1, 2))


def test_reporting_points_of_the_country_out_of_a_list(tmp_path: Path) -> None:
    """By the model's cell, not by the gauge's place; G3 lies abroad, and of G4 nobody knows where."""
    file, deepest = tmp_path / "points.csv", tiny(tmp_path / "static")[2]
    rows = [("G2", "", 0.97, 10.12), ("G1", "Upper", 0.97, 10.02), ("G3", "Abroad", 5, 10), ("G4", "", float("nan"), 1)]
    write_points(file, rows)
    assert listed_points(file, "list", deepest) == (
        Station("G1", "Upper", 0.97, 10.02, 0.975, 10.025), Station("G2", "Na", 0.97, 10.12, 0.975, 10.125),
    )  # fmt: skip
    file.write_text(stations_csv(listed_points(file, "list", deepest)))
    assert [(s.code, s.name, s.lat) for s in read_stations(file)] == [("G1", "Upper", 0.97), ("G2", "Na", 0.97)]
    write_points(file, [("G1", "Upper", "0,97", 10.02)])
    with pytest.raises(InputInvalid, match=r"line 2: \w+ is '0,97'"):
        listed_points(file, "list", deepest)
    write_points(file, [("G1", "Upper", 0.97, 10.02), ("G1", "Upper", 0.92, 10.02)])
    with pytest.raises(InputInvalid, match="line 3: station G1 stands twice"):
        listed_points(file, "list", deepest)
    file.write_text("id,lat,lon,upArea\nG1,0.97,10.02,\nG2,0.97,10,12\n")
    with pytest.raises(InputInvalid, match="line 3: lon 10, then 12, and upArea '12'"):
        listed_points(file, "list", deepest)
    file.write_text("<html>gone</html>")
    with pytest.raises(InputInvalid, match="a web page in place of the list of stations"):
        listed_points(file, "list", deepest)
    file.write_text("name,basin\nUpper,Nile\n")
    with pytest.raises(InputInvalid, match="no column has the code nor the lat nor the lon of a station"):
        listed_points(file, "list", deepest)


def test_points_are_proposed_on_the_largest_river_of_an_area(tmp_path: Path) -> None:
    """Three areas of half a degree; the country ends at 1 N, where a larger river flows abroad."""
    edges = {"A": (9.0, 9.5), "B": (9.5, 10.0), "C": (10.0, 10.5)}
    areas = [
        tiny_country.feature(1, code, None, tiny_country.square(*span, top=1.0, bottom=0.0))
        for code, span in edges.items()
    ]
    tiny_country.write_areas(tmp_path, 1, areas)
    boundaries = read_boundaries(tmp_path, (1,))[1]
    rivers = {
        (0.52, 9.12): 200.0, (0.52, 9.22): 90.0,  # A: the larger of two
        (0.52, 9.72): 80.0,  # B
        (0.52, 10.02): 300.0,  # C: 0.3 degrees from B's, which is smaller
        (1.52, 9.72): 9000.0,
    }  # fmt: skip
    write_grid(tmp_path, GRID, rivers)
    assert [(s.code, s.name, s.lat, s.lon) for s in proposed_points(tmp_path / GRID, boundaries)] == [
        ("P1", "River in Area C", 0.525, 10.025), ("P2", "River in Area A", 0.525, 9.125),
    ]  # fmt: skip
    write_grid(tmp_path, GRID, {(0.52, 9.12): 12.0, (0.52, 9.92): 9.0})
    assert [s.name for s in proposed_points(tmp_path / GRID, boundaries)] == ["River in Area A"], "no large river"
    write_grid(tmp_path, GRID, {(0.52, 9.92): 9.0})
    assert proposed_points(tmp_path / GRID, boundaries) == ()
    assert stations_csv(()) == "stationCode,stationName,lat,lon,fid\nno_station,,,,\n"
    (tmp_path / "stations.csv").write_text(stations_csv(()))
    assert read_stations(tmp_path / "stations.csv") == ()
