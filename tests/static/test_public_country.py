"""A country set up without any account: every source a stand-in on loopback, from nothing to a rehearsal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from flows.scenario import scenario
from ibf_pipeline.config.configuration import load
from ibf_pipeline.static import country_template
from tests.worlds.countries import tiny_country
from tests.worlds.countries.projects import SUNDAY
from tests.worlds.countries.published_files import write_cod_ab, write_grid, write_points, write_tile
from tests.worlds.runs import flood_run
from tests.worlds.services.web_archive import Archive, running

PERIODS = {"1.5": 1, "2.0": 2, "5.0": 5}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Archive]]:
    """A project without portal or account, and a web that has everything of the tiny country."""
    web = tmp_path / "web"
    write_cod_ab(web / "cod" / "xty.gpkg.zip")
    for period in (10, 20):
        write_tile(web / "tiles", "ID1_N10_E10", period / 10, period)
    for name, times in PERIODS.items():
        rivers = {(0.97, 10.02): 50.0 * times, (0.97, 10.12): 60.0 * times}
        write_grid(web / "grids", f"flood_threshold_glofas_v4_rl_{name}.nc", rivers)
    people = tiny_country.write_country(tmp_path / "known") / "population.tif"
    (web / "people").mkdir()
    (web / "people" / "xty.tif").write_bytes(people.read_bytes())
    config = tmp_path / "config"
    (config / "countries").mkdir(parents=True)
    targets = {
        "portal": {"kind": "ibf", "url": "http://127.0.0.1:9"},
        "sandbox": {"kind": "ibf", "embedded_sandbox": True, "exercises": True, "test_target": True},
        "files": {"kind": "files", "folder": "files"},
    }
    sources = {"folder": {"kind": "folder", "root": "forecasts"}}
    (config / "settings.yaml").write_text(yaml.safe_dump({"sources": sources, "targets": targets}))
    with running(web) as archive:
        monkeypatch.setattr(country_template, "COD_AB", f"{archive.url}/cod/{{lower}}.gpkg.zip")
        yield config, archive


def command(config: Path, *words: str, code: int = 0) -> str:
    """What a command says, with its error, which ends with this exit code."""
    result = CliRunner().invoke(app, [*words, "--config", str(config)])
    assert result.exit_code == code, (words, result.output, result.exception)
    return result.output + ("" if isinstance(result.exception, SystemExit) else str(result.exception or ""))


def edit(config: Path, url: str, **static_sources: Any) -> None:
    """The services of the country's file are those on loopback; its two flood maps are what the tiles have."""
    file = config / "countries" / "XTY.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["flood_maps"]["return_periods"] = [10, 20]
    content["members"] = {"expected": 10, "minimum": 6}
    content["static_sources"] |= {
        "flood_maps": f"{url}/tiles",
        "population": f"{url}/people/xty.tif",
        "thresholds": f"{url}/grids",
        "threshold_periods": [1.5, 2, 5],
        "attempts": 1,
        **static_sources,
    }
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.mark.usefixtures("plain", "quick")
def test_from_nothing_to_a_rehearsal_without_an_account(world: tuple[Path, Archive], tmp_path: Path) -> None:
    """Name and levels come from the boundaries, the station from the larger of two rivers."""
    config, archive = world
    static = tmp_path / "data" / "countries" / "XTY"
    said = command(config, "new-country", "XTY", "--public")
    assert "docs/first-country.md" in said
    assert "portal" not in said
    country = load(config).country("XTY")
    assert (country.name, country.admin_levels, country.target) == ("Tinyland", (1, 2), "files")
    assert country.static_sources.boundaries == f"{archive.url}/cod/xty.gpkg.zip"
    edit(config, archive.url)
    said = command(config, "fetch-static", "XTY", code=3)
    assert "XTY: 7 files fetched" in said
    assert "flood_threshold_glofas_v4_rl_5.0.nc: arrived, and cut to the country: " in said
    assert "stations.csv: fetched from the largest rivers of" in said
    assert "CHECK: 1 station proposed on large rivers" in said
    assert "P1,River in Area 02A,0.975,10.125,P1" in (static / "stations.csv").read_text()
    costs = [line.partition(" MB")[0] for line in said.splitlines() if " MB fetched in " in line]
    assert [line.partition(":")[0] for line in costs] == ["stations", "thresholds", "flood maps", "population"]
    record = json.loads((static / "fetched.json").read_text())
    licences = {name: entry["licence"] for name, entry in record.items()}
    assert "CC BY-IGO" in licences["admin_areas/adm2.geojson"]
    assert "CC BY 4.0, WorldPop" in licences["population.tif"]
    assert not list((tmp_path / "inputs").glob("static-sources/*/flood_threshold*")), "only the country's part stays"

    assert "a station for 4 of 4 areas" in command(config, "prepare", "XTY", "--propose-mapping")
    rows = json.loads(command(config, "check", "XTY", "--json"))
    assert [row["found"] for row in rows if row["level"] == "error"] == []
    assert "1 station proposed on large rivers by a rule that knows no gauges" in [row["found"] for row in rows]
    state = scenario("XTY", "P1=--TTT---", SUNDAY, target="sandbox", config=str(config), return_state=True)
    assert state.is_completed(), state.message
    run = flood_run(load(config).path(load(config).settings.paths.runs) / "exercises", "XTY", date(2026, 2, 15))
    (event,) = run.findings().events
    assert event.people > 0


def test_a_part_that_cannot_be_had_stops_only_those_that_need_it(world: tuple[Path, Archive], tmp_path: Path) -> None:
    """The boundaries are a web page, then the tiles are gone; what came stays and is not asked for again."""
    config, archive = world
    command(config, "new-country", "XTY", "--public")
    edit(config, archive.url)
    cod = archive.root / "cod" / "xty.gpkg.zip"
    whole = cod.read_bytes()
    cod.write_text("<!doctype html><html>Moved</html>")
    said = command(config, "fetch-static", "XTY", code=1)
    assert "a web page in place of the boundaries" in said
    for name in ("stations", "thresholds", "flood maps"):
        assert f"{name}: not tried without the boundaries" in said
    assert "population.tif: fetched from" in said
    cod.write_bytes(whole)
    (archive.root / "tiles").rename(archive.root / "later")
    (archive.root / "people" / "xty.tif").unlink()
    said = command(config, "fetch-static", "XTY", code=1)
    assert f"{archive.url}/tiles/RP10: there is no such folder" in said
    assert "thresholds.json: fetched from" in said
    (tmp_path / "data" / "countries" / "XTY" / "population.tif").unlink()
    said = command(config, "fetch-static", "XTY", code=1)
    for words in (
        "flood maps: NOT FETCHED: ",
        "population: NOT FETCHED: ",
        "2 parts could not be had: flood maps, pop",
    ):
        assert words in said
    (archive.root / "later").rename(archive.root / "tiles")
    said = command(config, "fetch-static", "XTY", code=1)
    assert "flood_map_XTY_RP20.tif: fetched from" in said
    assert archive.asked["xty.gpkg.zip"] == 3, "at new-country, the page, the file again"


def test_stations_of_a_list_and_a_country_without_rivers(world: tuple[Path, Archive], tmp_path: Path) -> None:
    config, archive = world
    stations = tmp_path / "data" / "countries" / "XTY" / "stations.csv"
    command(config, "new-country", "XTY", "--public", "--name", "Tiny", "--admin-levels", "1,2")
    write_points(archive.root / "points.csv", [("G7", "Upper", 0.97, 10.02), ("G8", "Abroad", 0.97, 11.02)])
    edit(config, archive.url, stations=f"{archive.url}/points.csv")
    command(config, "fetch-static", "XTY", code=3)
    assert stations.read_text().splitlines()[1:] == ["G7,Upper,0.97,10.02,G7"]

    stations.unlink()
    write_points(archive.root / "points.csv", [("G8", "Abroad", 0.97, 11.02)])
    edit(config, archive.url, stations=f"{archive.url}/points.csv", propose_stations=False)
    said = command(config, "fetch-static", "XTY", code=1)
    assert "no station of the list lies in the country" in said
    edit(config, archive.url, propose_stations=True)
    write_grid(archive.root / "grids", "flood_threshold_glofas_v4_rl_1.5.nc", {})
    said = command(config, "fetch-static", "XTY")
    assert "no river that GloFAS can forecast here, so that nothing else is needed" in said
    rows = json.loads(command(config, "check", "XTY", "--json"))
    assert "no cell of the country carries 10 m3/s in 1.5 years: no stations" in [row["found"] for row in rows]


def test_boundaries_that_cannot_be_had_yet_are_said(world: tuple[Path, Archive]) -> None:
    config, archive = world
    said = command(config, "new-country", "XTY", "--boundaries", f"{archive.url}/cod/abc.gpkg")
    assert "check admin_levels and default_admin_level against the boundaries" in said
    text = (config / "countries" / "XTY.yaml").read_text(encoding="utf-8")
    assert "CHECK them: the boundaries could not be had (abc.gpkg is not there)." in text
    edit(config, archive.url, propose_stations=True, thresholds=None)
    said = command(config, "fetch-static", "XTY", code=1)
    assert "propose_stations needs the grids of thresholds" in said


def test_a_portal_and_public_areas_are_one_too_many(world: tuple[Path, Archive]) -> None:
    config, archive = world
    command(config, "new-country", "XTY", "--public")
    edit(config, archive.url, portal="portal")
    said = command(config, "fetch-static", "XTY", code=1)
    assert "areas and stations come from the portal, or from boundaries, propose_stations: remove one" in said
