"""The first file of a new country: the loader accepts it, and nothing is written over."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from ibf_pipeline.static.country_template import CountryDraft, country_file
from tests.worlds.countries import tiny_country


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = tmp_path / "config"
    (config / "countries").mkdir(parents=True)
    write_settings(config)
    return config


def write_settings(config: Path, **targets: object) -> None:
    settings = {
        "sources": {"archive": {"kind": "folder", "root": "inputs"}},
        "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True}, **targets},
    }
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))


def invoke(folder: Path, *words: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(app, ["new-country", *words, "--config", str(folder)])
    return result.exit_code, result.output, result.exception


def test_the_file_is_valid_and_what_is_left_to_do_is_said(folder: Path) -> None:
    code, text, _ = invoke(folder, "KEN", "--name", "Kenya", "--admin-levels", "2,3")
    assert code == 0, text
    country = load(folder).country("KEN")
    assert (country.name, country.admin_levels, country.default_admin_level) == ("Kenya", (2, 3), 2)
    assert country.sources == ("archive",)
    assert str(country.static_sources.population).endswith(
        "/KEN/v1/100m/constrained/ken_pop_2026_CN_100m_R2025A_v1.tif"
    )
    for words in ("admin_areas/adm2.geojson", "population.tif", "flood_map_KEN_RP500.tif", "threshold grids", "decide"):
        assert words in text
    lines = (folder / "countries" / "KEN.yaml").read_text().splitlines()
    decide = [number for number, line in enumerate(lines, 1) if line.startswith("# DECIDE") or "  # DECIDE" in line]
    assert f"what stands at lines {', '.join(map(str, decide))}" in text
    assert max(map(len, lines)) < 170


def test_a_country_is_not_given_forecasts_that_are_made_up_or_of_past_runs(folder: Path) -> None:
    """Those of this repository stand before the archive in the settings: a new country has the archive all the same."""
    settings = yaml.safe_load((folder / "settings.yaml").read_text())
    others = {
        "demo": {"kind": "folder", "root": "data/fixtures/XDM/forecasts"},
        "generated": {"kind": "generated", "story": ["G9002=------ww:min"]},
        "kept": {"kind": "run"},
        "meteo": {"kind": "open-meteo"},
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings | {"sources": others | settings["sources"]}))
    code, text, _ = invoke(folder, "KEN", "--name", "Kenya", "--admin-levels", "2,3")
    assert code == 0, text
    assert load(folder).country("KEN").sources == ("archive",)


def test_levels_that_there_are_not(folder: Path) -> None:
    code, _, error = invoke(folder, "KEN", "--admin-levels", "6")
    assert isinstance(error, ConfigError)
    assert (code, error.found, error.expected) == (1, "--admin-levels 6", "levels 1 to 5, e.g. 2,3")
    assert not (folder / "countries" / "KEN.yaml").exists()


def test_nothing_is_written_over_and_codes_are_checked(folder: Path) -> None:
    invoke(folder, "KEN")
    before = (folder / "countries" / "KEN.yaml").read_bytes()
    code, _, error = invoke(folder, "KEN", "--name", "Other")
    assert code == 1
    assert isinstance(error, ConfigError)
    assert "the file is there already" in str(error)
    assert (folder / "countries" / "KEN.yaml").read_bytes() == before
    assert "'ke' is not a country code" in str(invoke(folder, "ke")[2])
    assert "admin levels 'two'" in str(invoke(folder, "TZA", "--admin-levels", "two")[2])
    error = invoke(folder, "TZA", "--admin-levels", "3,2")[2]
    assert isinstance(error, ConfigError)
    assert "admin_levels: list every level once" in str(error)
    assert not (folder / "countries" / "TZA.yaml").exists()


def test_name_and_levels_are_those_of_the_portal(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = tiny_country.write_country(tmp_path / "known")
    sandbox = Sandbox(tmp_path / "portal")
    sandbox.seed(seed_from_static(known, "XTY", name="Tiny: land", admin_levels=(1, 2), default_admin_level=1))
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    with sandbox:
        write_settings(folder, portal={"kind": "ibf", "url": sandbox.url})
        assert invoke(folder, "XTY")[0] == 0
        country = load(folder).country("XTY")
        assert (country.name, country.admin_levels, country.default_admin_level) == ("Tiny: land", (1, 2), 1)
        assert (country.target, country.static_sources.portal) == ("portal", "portal")
        code, text, _ = invoke(folder, "KEN")
        assert code == 0
        assert "check admin_levels and default_admin_level against the portal" in text
        assert "the portal portal does not know KEN" in (folder / "countries" / "KEN.yaml").read_text()


@pytest.mark.parametrize("name", ["Côte d'Ivoire", "NO", "Congo: the Democratic Republic", "# 1", "$iso3 {x}"])
def test_any_name_survives(name: str) -> None:
    text = country_file(CountryDraft("XNM", name, (1, 2), 1, ("archive",), "sandbox", None, "As it is."))
    assert FloodCountry.model_validate(yaml.safe_load(text)).name == name


def test_public_addresses_stand_in_the_file() -> None:
    address = "https://example.org/cod/{level}/xnm.parquet"
    draft = CountryDraft("XNM", "Newland", (1, 2), 1, ("archive",), "files", None, "As it is.", address)
    sources = FloodCountry.model_validate(yaml.safe_load(country_file(draft))).static_sources
    assert (sources.boundaries, sources.propose_stations, sources.portal) == (address, True, None)
    assert "/242067380" in str(sources.thresholds)
