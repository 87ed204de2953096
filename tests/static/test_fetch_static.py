"""Static data fetched from stand-ins of the services: JRC tiles, WorldPop, GloFAS grids, the IBF API."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from ibf_pipeline.check.country import check_static
from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, InputMissing
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.stations import read_mapping, read_stations
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from ibf_pipeline.static.fetch import Origins, fetch_static
from ibf_pipeline.static.flood_maps import corners_of, country_tiles, obtain_flood_map
from ibf_pipeline.static.mapping import mapping_csv, propose_mapping
from ibf_pipeline.static.origin import OriginFolder
from ibf_pipeline.static.thresholds import sample_thresholds
from tests.worlds.countries import tiny_country
from tests.worlds.countries.published_files import write_grid, write_tile
from tests.worlds.services.web_archive import Archive, running

HASTY = RetryPolicy(attempts=2, sleep=lambda seconds: None)
CORNERS = {"ID1_N10_E0": 1.0, "ID2_N10_E10": 2.0, "ID3_N0_E0": 3.0, "ID4_N0_E10": 4.0}
"""tiles around (10 E, 0 N), each as deep as its number"""


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("jrc")
    for period in (10, 20):
        for name, depth in CORNERS.items():
            write_tile(root, name, depth * period / 10, period)
    return root


def cut(place: OriginFolder, period: float, bounds: tuple[float, float, float, float], target: Path) -> list[str]:
    names = country_tiles(place, (period,), bounds).names[period]
    return obtain_flood_map(place, period, names.values(), bounds, target)


def test_tiles_by_their_upper_left_corner() -> None:
    assert corners_of((29.5, -1.5, 35.1, 4.3)) == [(10, 20), (10, 30), (0, 20), (0, 30)]
    assert corners_of((10.0, 0.0, 20.0, 10.0)) == [(10, 10)]
    assert corners_of((-81.3, -18.4, -79.9, -9.9)) == [(0, -90), (0, -80), (-10, -90), (-10, -80)]


def test_a_country_on_four_tiles_is_cut_out_of_them(tiles: Path, tmp_path: Path) -> None:
    """Half a degree to each side of the corner; the column without data east of 10 E is dry."""
    used = cut(OriginFolder(str(tiles), tmp_path), 10, (9.5, -0.5, 10.5, 0.5), tmp_path / "map.tif")
    assert [name[:11].rstrip("_R") for name in used] == [name[:11] for name in CORNERS]
    with rasterio.open(tmp_path / "map.tif") as raster:
        depth = raster.read(1)
        assert raster.bounds == pytest.approx((9.5, -0.5, 10.5, 0.5))
    assert depth.shape == (100, 100)
    assert (depth[10, 10], depth[10, 90], depth[90, 10], depth[90, 90]) == (1, 2, 3, 4)
    assert not depth[:, 50].any(), "the nodata column of the eastern tiles"


def test_a_refused_and_a_cut_tile_are_tried_again(tiles: Path, tmp_path: Path) -> None:
    root = tmp_path / "root" / "RP10"
    root.mkdir(parents=True)
    for name in ("ID1_N10_E0", "ID2_N10_E10"):
        (root / f"{name}_RP10_depth.tif").symlink_to(tiles / "RP10" / f"{name}_RP10_depth.tif")
    with running(tmp_path / "root") as server:
        server.refuse = 1
        server.cut_after["ID1_N10_E0_RP10_depth.tif"] = 500
        place = OriginFolder(
            server.url, tmp_path / "cache", retry_policy=RetryPolicy(attempts=4, sleep=lambda seconds: None)
        )
        used = cut(place, 10, (9.5, -0.5, 10.5, 0.5), tmp_path / "map.tif")
        assert len(used) == 2
        with rasterio.open(tmp_path / "map.tif") as raster:
            depth = raster.read(1)
        assert (depth[10, 10], depth[10, 90], depth[90, 10], depth[90, 90]) == (1, 2, 0, 0)
        with pytest.raises(InputMissing, match="no tile of 10 years covers the country"):
            cut(place, 10, (40.0, -0.5, 41.0, 0.5), tmp_path / "other.tif")
    assert not (tmp_path / "other.tif").exists()


def test_a_tile_that_is_listed_and_not_served_is_no_sea(tiles: Path, tmp_path: Path) -> None:
    root = tmp_path / "root" / "RP10"
    root.mkdir(parents=True)
    (root / "ID1_N10_E0_RP10_depth.tif").symlink_to(tiles / "RP10" / "ID1_N10_E0_RP10_depth.tif")
    (root / "ID3_N0_E0_RP10_depth.tif").symlink_to(tmp_path / "nowhere")
    with running(tmp_path / "root") as server:
        place = OriginFolder(server.url, tmp_path / "cache", retry_policy=HASTY)
        with pytest.raises(InputMissing, match=r"tile ID3_N0_E0_RP10_depth\.tif is listed and not there"):
            cut(place, 10, (9.5, -0.5, 9.9, 0.5), tmp_path / "map.tif")
    assert not (tmp_path / "map.tif").exists()


@pytest.mark.parametrize("other", ["ID9_N10_E0_RP10_depth.tif", "id1_n10_e0_rp10.TIF"])
def test_tiles_of_two_editions_are_refused_with_both_names(tiles: Path, tmp_path: Path, other: str) -> None:
    """The publisher numbered its tiles anew; the copy of an earlier year lies in the same folder."""
    folder, name = tmp_path / "root" / "RP10", "ID1_N10_E0_RP10_depth.tif"
    folder.mkdir(parents=True)
    for link in (name, other):
        (folder / link).symlink_to(tiles / "RP10" / name)
    with pytest.raises(InputInvalid) as caught:
        country_tiles(OriginFolder(str(tmp_path / "root"), tmp_path), (10,), (9.5, 0.1, 9.9, 0.9))
    assert name in caught.value.found
    assert other in caught.value.found
    assert caught.value.where == str(folder)


def test_a_tile_that_one_return_period_lacks_is_an_error_and_one_that_all_lack_is_said(
    tiles: Path, tmp_path: Path
) -> None:
    """The country lies on both sides of 10 E; the eastern tile is absent for 20 years, then for both."""
    root, bounds = tmp_path / "root", (9.5, 0.1, 10.5, 0.9)
    for period in (10, 20):
        (root / f"RP{period}").mkdir(parents=True)
        for name in ("ID1_N10_E0", "ID2_N10_E10"):
            file = f"RP{period}/{name}_RP{period}_depth.tif"
            (root / file).symlink_to(tiles / file)
    place = OriginFolder(str(root), tmp_path)
    assert country_tiles(place, (10, 20), bounds).without == ()
    (root / "RP20" / "ID2_N10_E10_RP20_depth.tif").unlink()
    with pytest.raises(InputMissing, match="no tile N10_E10 of 20 years; of 10 years there is"):
        country_tiles(place, (10, 20), bounds)
    (root / "RP10" / "ID2_N10_E10_RP10_depth.tif").unlink()
    assert country_tiles(place, (10, 20), bounds).without == ((10, 10),)

    country, static = tiny_country.country(), tmp_path / "static"
    areas = [tiny_country.feature(1, "01", None, tiny_country.square(9.5, 10.5))]
    tiny_country.write_areas(static / "admin_areas", 1, areas)
    both = {"01A": (9.5, 10.0), "01B": (10.0, 10.3), "01C": (10.3, 10.5)}
    areas = [tiny_country.feature(2, code, "01", tiny_country.square(*edges)) for code, edges in both.items()]
    tiny_country.write_areas(static / "admin_areas", 2, areas)
    said: list[str] = []
    fetch_static(country, static, Origins(flood_maps=place), None, said.append)
    assert said[0].startswith("CHECK: the source has no flood hazard tile N10_E10 with land of 2 areas (01B, 01C)")
    warned = [finding.found for finding in check_static(country, static)[0] if finding.level == "warning"]
    assert said[0].removeprefix("CHECK: ") in warned


def test_a_damaged_tile_is_named_and_leaves_no_map(tiles: Path, tmp_path: Path) -> None:
    broken = tmp_path / "root" / "RP10" / "ID1_N10_E0_RP10_depth.tif"
    broken.parent.mkdir(parents=True)
    broken.write_bytes((tiles / "RP10" / broken.name).read_bytes()[:3000])
    with pytest.raises(InputInvalid, match="flood hazard tile"):
        cut(OriginFolder(str(tmp_path / "root"), tmp_path), 10, (9.5, 0.1, 9.9, 0.5), tmp_path / "map.tif")
    assert not (tmp_path / "map.tif").exists()


def station(code: str, lat: float, lon: float) -> Station:
    return Station(code, code, lat, lon, *cell_centre(lat, lon))


@pytest.mark.parametrize("ascending", [False, True])
def test_thresholds_are_those_of_the_stations_cells(tmp_path: Path, *, ascending: bool) -> None:
    """G2 lies beside its river: 1 m3/s in its cell, 300 in the one north of it."""
    here = {(0.97, 10.02): 50.0, (1.02, 10.12): 300.0}
    for number, name in enumerate(("1.5", "2.0", "5.0"), 1):
        values = {place: value * number for place, value in here.items()} | {(0.97, 10.12): float(number)}
        write_grid(tmp_path / "g", f"flood_threshold_glofas_v4_rl_{name}.nc", values, ascending=ascending)
    stations = [station("G1", 0.97, 10.02), station("G2", 0.97, 10.12)]
    place = OriginFolder(str(tmp_path / "g"), tmp_path)
    tables, beside = sample_thresholds(place, stations, (5, 1.5, 2), "4")
    assert tables == {"G1": {1.5: 50, 2: 100, 5: 150}, "G2": {1.5: 1, 2: 2, 5: 3}}
    assert [str(entry) for entry in beside] == ["G2 (1 m3/s here, 300 m3/s at 1.025, 10.125)"]
    with pytest.raises(InputMissing, match="no threshold grid of 10 years"):
        sample_thresholds(place, stations, (1.5, 10), "4")
    with pytest.raises(InputMissing, match="no threshold grid of"):
        sample_thresholds(place, stations, (1.5,), "5")


def test_a_station_on_a_cell_without_river_is_refused_with_the_river_beside(tmp_path: Path) -> None:
    values = {(0.97, 10.12): -9999.0, (1.02, 10.12): 300.0}
    write_grid(tmp_path / "g", "flood_threshold_glofas_v4_rl_1.5.nc", values)
    with pytest.raises(InputInvalid, match="no river in the cells of G2") as caught:
        sample_thresholds(OriginFolder(str(tmp_path / "g"), tmp_path), [station("G2", 0.97, 10.12)], (1.5,), "4")
    assert "300 m3/s at 1.025, 10.125" in caught.value.expected
    (tmp_path / "g" / "flood_threshold_glofas_v4_rl_1.5.nc").write_bytes(b"no netCDF")
    with pytest.raises(InputInvalid, match="cannot be read"):
        sample_thresholds(OriginFolder(str(tmp_path / "g"), tmp_path), [station("G2", 0.97, 10.12)], (1.5,), "4")


def test_the_proposed_mapping_follows_the_water(tmp_path: Path) -> None:
    """The top row floods all areas as one water: each area goes to the nearer station. A pond apart floods nobody."""
    static = tiny_country.write_country(tmp_path / "static")
    boundaries = read_boundaries(static / "admin_areas", (1, 2))[2]
    stations = read_stations(static / "stations.csv")
    flood_map = static / "flood_maps" / "flood_map_XTY_RP20.tif"
    river = np.zeros((10, 20))
    river[2, :] = 1.0
    tiny_country.write_raster(flood_map, river)
    proposed = propose_mapping(stations, boundaries, flood_map, 0.1)
    assert {code: [c.station for c in found] for code, found in proposed.items()} == {
        "01A": ["G1", "G2"], "01B": ["G2", "G1"], "02A": ["G2", "G1"], "02B": ["G2", "G1"],
    }  # fmt: skip
    assert proposed["02B"][0].share == pytest.approx(0.1)
    river[2, 9:] = 0
    river[9, 18:] = 1.0  # 7 km from G2: not its river
    tiny_country.write_raster(flood_map, river)
    proposed = propose_mapping(stations, boundaries, flood_map, 0.1)
    assert {code: [c.station for c in found] for code, found in proposed.items()} == {
        "01A": ["G1", "G2"], "01B": ["G2", "G1"],
    }  # fmt: skip
    river[:, 7:] = 0  # away from G2 by more than a cell of GloFAS
    tiny_country.write_raster(flood_map, river)
    proposed = propose_mapping(stations, boundaries, flood_map, 0.1)
    file = tmp_path / "mapping.csv"
    file.write_text(mapping_csv(boundaries, proposed))
    mapping, _ = read_mapping(file, stations, boundaries.place_codes)
    assert mapping == {"G1": ("01A", "01B"), "G2": ()}
    tiny_country.write_raster(flood_map, np.zeros((10, 20)))
    with pytest.raises(InputInvalid, match="no station has water"):
        propose_mapping(stations, boundaries, flood_map, 0.1)


@pytest.fixture
def world(tmp_path: Path, tiles: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Archive]]:
    """A new country: the portal knows its areas and stations, the web has tiles, people and grids; no file is here."""
    known = tiny_country.write_country(tmp_path / "known")
    web = tmp_path / "web"
    (web / "people").mkdir(parents=True)
    (web / "people" / "xty_pop_2026.tif").write_bytes((known / "population.tif").read_bytes())
    for period in (10, 20):
        (web / f"RP{period}").symlink_to(tiles / f"RP{period}")
    for number, name in enumerate(("1.5", "2.0", "5.0"), 1):
        values = {(0.97, 10.02): 50.0 * number, (0.97, 10.12): 60.0 * number}
        write_grid(web / "grids", f"flood_threshold_glofas_v4_rl_{name}.nc", values)
    sandbox = Sandbox(tmp_path / "portal")
    sandbox.seed(seed_from_static(known, "XTY", name="Tinyland", admin_levels=(1, 2), default_admin_level=1))
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    with sandbox, running(web) as archive:
        folder = tmp_path / "config"
        (folder / "countries").mkdir(parents=True)
        settings = {
            "sources": {"folder": {"kind": "folder", "root": "forecasts"}},
            "targets": {
                "sandbox": {"kind": "ibf", "embedded_sandbox": True},
                "portal": {"kind": "ibf", "url": sandbox.url},
            },
        }
        (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
        write_config(folder, archive.url)
        yield folder, archive


def write_config(folder: Path, url: str, **changes: Any) -> None:
    content = tiny_country.country().model_dump(mode="json", exclude_unset=True) | {
        "static_sources": {
            "portal": "portal",
            "flood_maps": url,
            "population": f"{url}/people/xty_pop_2026.tif",
            "thresholds": f"{url}/grids",
            "threshold_periods": [1.5, 2, 5],
        },
        **changes,
    }
    (folder / "countries" / "XTY.yaml").write_text(yaml.safe_dump(content))


def invoke(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--config", str(folder)])
    failed = result.exception is not None and not isinstance(result.exception, SystemExit)
    return result.exit_code, result.output + (str(result.exception) if failed else "")


def test_a_new_country_from_nothing_to_prepared(world: tuple[Path, Archive]) -> None:
    folder, archive = world
    static = folder.parent / "data" / "countries" / "XTY"
    code, text = invoke(folder, "fetch-static", "XTY")
    assert code == 3, text
    assert "XTY: 7 files fetched" in text
    assert text.splitlines()[-1].startswith("- station_admin_mapping.csv: which station floods which area")
    with (static / "stations.csv").open() as stream:
        assert [(row["stationCode"], row["stationName"], float(row["lat"])) for row in csv.DictReader(stream)] == [
            ("G1", "Upper", 0.97), ("G2", "Na", 0.97),
        ]  # fmt: skip
    code, text = invoke(folder, "prepare", "XTY")
    assert code == 1
    assert "station_admin_mapping.csv" in text
    code, text = invoke(folder, "prepare", "XTY", "--propose-mapping")
    assert code == 0, text
    assert "a station for 4 of 4 areas" in text
    code, text = invoke(folder, "prepare", "XTY")
    assert code == 0, text
    assert "doubtful: the mapping is a proposal that no person has confirmed: for rehearsals only" in text
    again = invoke(folder, "fetch-static", "XTY")
    assert again[0] == 3, "a proposal leaves something to do"
    assert "station_admin_mapping.proposed.csv is a proposal; look through it and rename it" in again[1]
    rows = json.loads(invoke(folder, "check", "XTY", "--json")[1])
    assert "station_admin_mapping.proposed.csv waits to be confirmed" in [row["found"] for row in rows]
    (static / "station_admin_mapping.proposed.csv").rename(static / "station_admin_mapping.csv")
    code, text = invoke(folder, "prepare", "XTY")
    assert code == 0, text
    assert "XTY: built: tables" in text, "renaming it is what confirms it"
    assert "is a proposal" not in text
    rows = json.loads(invoke(folder, "check", "XTY", "--json", "--target", "portal")[1])
    assert [row for row in rows if row["level"] == "error"] == []
    found = [(row["level"], row["found"]) for row in rows]
    assert ("fine", "river cells, by the threshold grid of 1.5 years") in found
    assert ("fine", "as in the threshold grid, at 1.5 years") in found
    again = invoke(folder, "fetch-static", "XTY")
    assert again[0] == 0, again[1]
    assert "XTY: 0 files fetched" in again[1]
    assert archive.asked["ID2_N10_E10_RP10_depth.tif"] == 1


def test_a_country_without_a_river_is_set_up_with_its_boundaries(world: tuple[Path, Archive]) -> None:
    """Nothing else is fetched, `check` has no error, and no run says "no alert" of floods that nobody forecasts."""
    folder, _ = world
    static = folder.parent / "data" / "countries" / "XTY"
    static.mkdir(parents=True)
    (static / "stations.csv").write_text("stationCode,stationName,lat,lon\nno_station,,,\n")
    code, text = invoke(folder, "fetch-static", "XTY")
    assert code == 0, text
    assert "XTY: 2 files fetched" in text
    assert "no river that GloFAS can forecast here, so that nothing else is needed" in text
    rows = json.loads(invoke(folder, "check", "XTY", "--json", "--target", "sandbox")[1])
    assert [row for row in rows if row["level"] == "error" or row["subject"] == "schedule"] == []
    assert "no river that GloFAS can forecast here: the set-up is finished, and nothing runs" in [
        row["found"] for row in rows
    ]
    for words in (("prepare", "XTY"), ("prepare", "XTY", "--propose-mapping")):
        code, text = invoke(folder, *words)
        assert (code, "there is nothing to prepare" in text) == (0, True), text
    with pytest.raises(ForbiddenByRule, match="no river that GloFAS can forecast here"):
        prepare_floods(tiny_country.country(), static, folder.parent / "prepared")


def test_a_proposal_that_a_person_corrected_is_never_replaced(world: tuple[Path, Archive]) -> None:
    folder, _ = world
    static = folder.parent / "data" / "countries" / "XTY"
    invoke(folder, "fetch-static", "XTY")
    for _ in range(2):
        code, text = invoke(folder, "prepare", "XTY", "--propose-mapping")
        assert code == 0, text
    assert "until then it is for rehearsals that notify nobody" in text
    proposal = static / "station_admin_mapping.proposed.csv"
    corrected = proposal.read_text().replace("G1,01A", "no_station,01A")
    proposal.write_text(corrected)
    code, text = invoke(folder, "prepare", "XTY", "--propose-mapping")
    assert code == 1
    assert "changed since it was written" in text
    assert proposal.read_text() == corrected
    proposal.rename(static / "station_admin_mapping.csv")
    code, text = invoke(folder, "prepare", "XTY", "--propose-mapping")
    assert code == 0, text
    assert "station_admin_mapping.csv exists and stays in use" in text


def test_the_set_of_a_version_to_come_is_fetched_beside_the_one_in_use(world: tuple[Path, Archive]) -> None:
    """In v5's grids G1 carries half of the water, and G2's river flows one cell further north."""
    folder, archive = world
    write_config(folder, archive.url, later_thresholds=[{"version": "5", "valid_from": "2026-12-01"}])
    code, text = invoke(folder, "fetch-static", "XTY")
    assert "flood_threshold_glofas_v5_rl_1.5.nc" in text, "no grid of v5 yet"
    for number, name in enumerate(("1.5", "2.0", "5.0"), 1):
        values = {(0.97, 10.02): 25.0 * number, (0.97, 10.12): 6.0 * number, (1.02, 10.12): 66.0 * number}
        write_grid(archive.root / "grids", f"flood_threshold_glofas_v5_rl_{name}.nc", values)
    code, text = invoke(folder, "fetch-static", "XTY")
    assert code == 3, "the mapping is a person's"
    static = folder.parent / "data" / "countries" / "XTY"
    sets = [json.loads((static / name).read_text()) for name in ("thresholds.json", "thresholds_v5.json")]
    values_of = [[pair["threshold_value"] for pair in entries[0]["thresholds"]] for entries in sets]
    assert values_of == [[50, 100, 150], [25, 50, 75]]
    told = json.loads(invoke(folder, "check", "XTY", "--glofas", "5", "--json")[1])
    assert [(each["code"], each["ratio"], each["cell"]) for each in told["stations"]] == [
        ("G1", 0.5, ""),
        ("G2", 0.1, "the river moves to 1.025, 10.125"),
    ]
    assert told["notes"][0].startswith("past days are not checked: XTY is not prepared")


def test_check_compares_stations_and_thresholds_with_the_grids(world: tuple[Path, Archive]) -> None:
    """G1's cell carries 50 m3/s and its neighbour 400; G2's threshold is 60 in the grid and 66 in the file."""
    folder, archive = world
    invoke(folder, "fetch-static", "XTY")
    file = folder.parent / "data" / "countries" / "XTY" / "thresholds.json"
    content = json.loads(file.read_text())
    content[1]["thresholds"][0]["threshold_value"] = 66.0
    file.write_text(json.dumps(content))
    values = {(0.97, 10.02): 50.0, (0.97, 10.07): 400.0, (0.97, 10.12): 60.0}
    write_grid(archive.root / "grids", "flood_threshold_glofas_v4_rl_1.5.nc", values)
    rows = json.loads(invoke(folder, "check", "XTY", "--json", "--target", "portal")[1])
    found = [row["found"] for row in rows if row["level"] == "warning"]
    assert "the river flows through a neighbouring cell: G1 (50 m3/s here, 400 m3/s at 0.975, 10.075), " in "".join(
        found
    )
    assert "1.5-year thresholds differ from the grid: G2 (66, in the grid 60 m3/s)" in found
    archive.refuse = 99
    write_config(folder, archive.url, static_sources={"thresholds": f"{archive.url}/grids", "attempts": 1})
    rows = json.loads(invoke(folder, "check", "XTY", "--json")[1])
    assert [row["level"] for row in rows if row["found"].startswith("river cells: ")] == ["not checked"]


def test_files_of_people_stay_and_ours_are_renewed(world: tuple[Path, Archive]) -> None:
    folder, archive = world
    static = folder.parent / "data" / "countries" / "XTY"
    invoke(folder, "fetch-static", "XTY")
    stations = static / "stations.csv"
    stations.write_text(stations.read_text().replace(",Na,", ",Lower,"))
    people = archive.root / "people" / "xty_pop_2026.tif"
    tiny_country.write_raster(people, np.full((10, 20), 7.0))
    code, text = invoke(folder, "fetch-static", "XTY", "--refresh")
    assert code == 3, text
    assert "stations.csv: was not fetched as it is: it stays" in text
    assert "Lower" in stations.read_text()
    with rasterio.open(static / "population.tif") as raster:
        assert raster.read(1).max() == 7


def test_levels_of_the_server_are_named(world: tuple[Path, Archive]) -> None:
    folder, archive = world
    write_config(folder, archive.url, default_admin_level=2)
    code, text = invoke(folder, "fetch-static", "XTY")
    assert code == 1
    assert "the server has admin_levels: [1, 2] and default_admin_level: 1" in text


def test_a_population_that_is_a_web_page_never_gets_into_the_static_data(world: tuple[Path, Archive]) -> None:
    folder, archive = world
    (archive.root / "people" / "xty_pop_2026.tif").write_text("<html>404 Not Found</html>")
    code, text = invoke(folder, "fetch-static", "XTY")
    assert code == 1
    assert "population raster cannot be read" in text
    assert not (folder.parent / "data" / "countries" / "XTY" / "population.tif").exists()
