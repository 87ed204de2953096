"""Countries set up from what their portal has, without editing a geometry file: all that there are real areas of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.scenario import scenario
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, CountrySeed
from tests.conftest import real_data
from tests.worlds.countries.portal_country import (
    COUNTRIES,
    WITHOUT_RIVER,
    bring_files,
    configure,
    country_seed,
    people_in_union,
    portal_of,
    write_project,
)
from tests.worlds.countries.projects import SUNDAY
from tests.worlds.runs import flood_run

pytestmark = pytest.mark.usefixtures("plain", "quick")
ALWAYS = ("BDI", "GMB", "STP")
"""one whose codes say the parents, one whose areas overlap by a third, one without a river"""


def each(countries: tuple[str, ...]) -> list[object]:
    return [iso3 if iso3 in ALWAYS else pytest.param(iso3, marks=pytest.mark.story) for iso3 in countries]


@pytest.fixture
def seed(iso3: str) -> CountrySeed:
    return country_seed(real_data("boundaries"), iso3)


@pytest.fixture
def config(seed: CountrySeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose portal has the country, and the country's file as `new-country` writes it."""
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    with portal_of(tmp_path / "portal", seed) as portal:
        config = write_project(tmp_path, portal)
        command(config, "new-country", seed.iso3)
        configure(config, seed.iso3)
        yield config


def command(config: Path, *words: str, code: int = 0) -> str:
    """What a command says, which ends with this exit code."""
    result = CliRunner().invoke(app, [*words, "--config", str(config)])
    assert result.exit_code == code, (words, result.output, result.exception)
    return result.output


def errors(config: Path, iso3: str) -> list[str]:
    """Errors that `check` finds."""
    rows = json.loads(command(config, "check", iso3, "--json"))
    return [row["found"] for row in rows if row["level"] == "error"]


@pytest.mark.parametrize("iso3", each(tuple(code for code in COUNTRIES if code not in WITHOUT_RIVER)))
def test_a_country_of_the_portal_from_its_areas_to_a_rehearsal(seed: CountrySeed, config: Path, tmp_path: Path) -> None:
    iso3, static = seed.iso3, tmp_path / "data" / "countries" / seed.iso3
    command(config, "fetch-static", iso3, code=3)
    bring_files(static, seed)
    command(config, "prepare", iso3, "--propose-mapping")
    assert errors(config, iso3) == []
    notes = [line for line in command(config, "prepare", iso3).splitlines() if line.startswith("note: boundaries")]
    assert len(notes) == 1, "what is remarkable about the boundaries is one line"

    country = load(config).country_of(iso3, FloodCountry)
    assert country.admin_levels == seed.admin_levels
    layers, _ = read_prepared(load(config).prepared_folder(iso3), iso3)
    sums = [sum(area.population for area in layers.level(level)) for level in seed.admin_levels]
    deepest = read_boundaries(static / "admin_areas", seed.admin_levels)[seed.admin_levels[-1]]
    assert sums == pytest.approx([people_in_union(static, deepest)] * len(sums), rel=1e-3)
    assert max(sums) == pytest.approx(min(sums), rel=1e-9), "every level adds up to the same"

    state = scenario(iso3, "P1=--TTT---", SUNDAY, config=str(config), return_state=True)
    assert (state.name, "; checked on the portal at " in str(state.message)) == ("Completed", True), state.message
    run = flood_run(load(config).path(load(config).settings.paths.runs) / "exercises", iso3, SUNDAY)
    (event,) = run.findings().events
    affected = layers.exposure.sel(indicator=POPULATION_AFFECTED, flood_map=10, area=list(layers.mapping["P1"]))
    assert event.people == round(affected.round().sum().item()) > 0
    assert "the mapping is a proposal that no person has confirmed: for rehearsals only" in run.findings().notes
    sent: Counter[int] = Counter()
    for call in run.revisions("sandbox")[-1].calls():
        body = call.body if isinstance(call.body, dict) else {}
        if body.get("dynamicIndicator") == POPULATION_AFFECTED:
            sent[body["adminLevel"]] += round(sum(place["amount"] for place in body["exposurePlaceCodes"]))
    assert sent == dict.fromkeys(seed.admin_levels, event.people)


@pytest.mark.parametrize("iso3", each(WITHOUT_RIVER))
def test_a_country_of_the_portal_without_a_river_is_finished(seed: CountrySeed, config: Path, tmp_path: Path) -> None:
    iso3, static = seed.iso3, tmp_path / "data" / "countries" / seed.iso3
    with pytest.raises(AssertionError, match="no GloFAS stations"):
        command(config, "fetch-static", iso3)
    (static / "stations.csv").write_text("stationCode,stationName,lat,lon\nno_station,,,\n")
    command(config, "fetch-static", iso3)
    assert errors(config, iso3) == []
    assert "the set-up is finished" in command(config, "prepare", iso3)
    state = scenario(iso3, "P1=--TTT---", SUNDAY, config=str(config), return_state=True)
    assert (state.is_failed(), "no river that GloFAS can forecast here" in str(state.message)) == (True, True)
    lines = (static / "admin_areas" / "admin_parents.csv").read_text().splitlines()
    below = sum(len(areas["features"]) for level, areas in seed.admin_areas.items() if level > seed.admin_levels[0])
    assert len(lines) == 1 + below, "the parents are there for whoever brings another hazard"
