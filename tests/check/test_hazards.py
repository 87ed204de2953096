"""`check` of a country with several hazards, and what flood days make of countries that have no floods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.cli.check import check_country
from flows.deployment.table import planned_deployments
from flows.wiring.sources import sound_countries, users_of
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.country import CountryHazard
from tests.worlds.countries import tiny_country
from tests.worlds.tides.country import Tides


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tides: type[Tides]) -> Path:
    """A configuration folder; the country's static data are there."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    folder = tmp_path / "config"
    (folder / "countries").mkdir(parents=True)
    settings = {
        "sources": {
            "folder": {"kind": "folder", "root": str(tmp_path), "glofas_version": "4"},
            "gauges": {"kind": "folder", "root": str(tmp_path / "nowhere")},
        },
        "targets": {"out": {"kind": "files", "folder": str(tmp_path / "out")}},
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    tiny_country.write_country(tmp_path / "static")
    return folder


def configure(config: Path, iso3: str, hazards: dict[str, Any]) -> None:
    """Write a country with these sections; those of floods are Tinyland's."""
    flat = tiny_country.country().model_dump(mode="json", exclude_unset=True)
    common = {key: value for key, value in flat.items() if key in CountryHazard.model_fields}
    static = config.parent / "static"
    own = {key: value for key, value in flat.items() if key not in common}
    sections = {hazard: {**own, **keys} if hazard == "floods" else keys for hazard, keys in hazards.items()}
    content = {**common, "iso3": iso3, "static": str(static), "target": "out", "hazards": sections}
    (config / "countries" / f"{iso3}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def checked(config: Path) -> list[tuple[str, str, str]]:
    findings = check_country(str(config), "XTY", None, str(config.parent / "work"))
    return [(finding.level, finding.subject, finding.found) for finding in findings]


def test_one_hazard_is_checked_as_a_flat_file_is(config: Path) -> None:
    configure(config, "XTY", {"floods": {}})
    sectioned = checked(config)
    file = config / "countries" / "XTY.yaml"
    content = yaml.safe_load(file.read_text())
    floods = content.pop("hazards")["floods"]
    file.write_text(yaml.safe_dump(content | floods))
    assert checked(config) == sectioned
    assert ("fine", "stations") in {(level, subject) for level, subject, _ in sectioned}


def test_several_hazards_are_checked_one_after_the_other(config: Path) -> None:
    configure(config, "XTY", {"floods": {}})
    alone = checked(config)
    configure(config, "XTY", {"floods": {}, "tides": {"sources": ["gauges"]}})
    found = checked(config)
    assert [(level, subject, text.removeprefix("floods: ")) for level, subject, text in found][: len(alone)] == alone
    assert all(text.startswith("floods: ") for _, _, text in found[: len(alone)])
    assert found[len(alone) :] == [
        ("fine", "configuration", "tides: countries/XTY.yaml is valid"),
        ("warning", "configuration", f"tides: the folder of source gauges is not there: {config.parent / 'nowhere'}"),
        ("fine", "boundaries", "tides: place codes unique, every area has its parent; level 1: 2, level 2: 4"),
        ("not checked", "static data", "tides: what tides need beside the boundaries is not checked"),
        ("fine", "portal", "tides: target out is a folder of files: there is no portal to ask"),
        ("not checked", "schedule", "tides: PREFECT_API_URL is not set, so no Prefect server was asked"),
    ]


def test_what_is_wrong_with_one_hazard_hides_no_other(config: Path) -> None:
    configure(config, "XTY", {"tides": {"guage": "lock"}, "floods": {}})
    wrong, *rest = check_country(str(config), "XTY", None, str(config.parent / "work"))
    file = config / "countries" / "XTY.yaml"
    assert wrong.found.startswith(f"tides: {file}: hazards.tides.guage: unknown key, did you mean 'gauge'?")
    assert wrong.meaning == "no command works with tides of this country, and nothing else was checked"
    assert "floods: countries/XTY.yaml is valid; trigger at 5 years" in " ".join(finding.found for finding in rest)


def test_countries_without_floods_have_no_flood_days(config: Path) -> None:
    configure(config, "XTY", {"floods": {}, "tides": {}})
    configure(config, "XTZ", {"tides": {}})
    configure(config, "XTW", {"floods": {"trigger": {}}, "tides": {}})
    configuration = load(config)
    sound, wrong = sound_countries(configuration)
    assert [country.iso3 for country in sound] == ["XTY"]
    assert list(wrong) == ["XTW"]
    assert configuration.country_codes("floods") == ["XTW", "XTY"]
    (config / "countries" / "XTV.yaml").write_text("hazards: {flods: {}}")
    assert load(config).country_codes("floods") == ["XTV", "XTW", "XTY"], "nobody can tell whether it has floods"
    assert [country.iso3 for country in users_of(configuration, "folder")[0]] == ["XTY"]
    planned = {deployment.full_name for deployment in planned_deployments(configuration, str(config), None)}
    assert "floods/XTY" in planned
    assert planned.isdisjoint({"floods/XTZ", "floods/XTW"})
