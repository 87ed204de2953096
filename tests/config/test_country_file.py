"""A country's file: common keys once, one section a hazard; a flat file is of floods, as it always was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.hazards import MODELS
from ibf_pipeline.errors import ConfigError, UsageError
from tests.budget import examples
from tests.conftest import ROOT
from tests.worlds.tides.country import Tides

COMMON: dict[str, Any] = {
    "iso3": "XTY", "name": "Tinyland", "admin_levels": [1, 2], "default_admin_level": 1, "sources": ["folder"],
}  # fmt: skip
FLOODS: dict[str, Any] = {
    "trigger": {"return_period": 5, "probability": 0.6, "lead_time_limit": 7},
    "flood_maps": {"return_periods": [10, 20]},
    "thresholds_version": "4",
}
OTHERWISE: dict[str, Any] = {
    "static_sources": {"attempts": 2}, "admin_levels": [4], "default_admin_level": 4,
    "sources": ["other"], "target": "portal", "map_image": True, "schedule": "0 1 * * *", "awaits_static": True,
}  # fmt: skip
"""of every key that a section may say otherwise, another value than the tiny country's (but the last, any country's)"""

TOO_DEEP = "input should be less than or equal to 5, found 9 (exactly the levels of the IBF server for this country)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder without a country."""
    (tmp_path / "countries").mkdir()
    names = ("folder", "other", "archive", "demo", "generated")
    (tmp_path / "settings.yaml").write_text(
        yaml.safe_dump(
            {
                "sources": {name: {"kind": "folder", "root": "forecasts"} for name in names},
                "targets": {
                    "sandbox": {"kind": "ibf", "embedded_sandbox": True},
                    "portal": {"kind": "files", "folder": "out"},
                },
            }
        ),
        encoding="utf-8",
    )
    return tmp_path


def configured(folder: Path, content: dict[str, Any], iso3: str = "XTY") -> Configuration:
    file = folder / "countries" / f"{iso3}.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load(folder)


def refused(folder: Path, content: dict[str, Any], hazard: str | None = None) -> ConfigError:
    configuration = configured(folder, content)
    with pytest.raises(ConfigError) as caught:
        configuration.country("XTY", hazard)
    assert caught.value.where == str(folder / "countries" / "XTY.yaml")
    return caught.value


def test_the_names_of_the_table_are_those_of_the_models() -> None:
    assert {name: model.hazard for name, model in MODELS.items()} == {name: name for name in MODELS}


@pytest.mark.parametrize("iso3", ["UGA", "XDM"])
@settings(max_examples=examples(15, 400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_keys_mean_the_same_at_the_top_and_in_the_section(folder: Path, iso3: str, data: st.DataObject) -> None:
    """Every common key at the top, in the section, or in both with the section's word; floods' own in either place."""
    flat = yaml.safe_load((ROOT / "config" / "countries" / f"{iso3}.yaml").read_text(encoding="utf-8"))
    expected = configured(folder, flat, iso3).country_of(iso3, FloodCountry)
    top, section = {}, {}
    for key, value in flat.items():
        where = data.draw(st.sampled_from(["top", "section", "both"]), label=key)
        if key in ("iso3", "name", "static") or (key in CountryHazard.model_fields and where == "top"):
            top[key] = value
        else:
            section[key] = value
            if key in CountryHazard.model_fields and where == "both":
                top[key] = OTHERWISE[key]
    configuration = configured(folder, {"hazards": {"floods": section}, **top}, iso3)
    assert configuration.hazards(iso3) == ("floods",)
    assert configuration.country(iso3) == expected
    assert configuration.country_of(iso3, FloodCountry).model_dump() == expected.model_dump()


@pytest.mark.parametrize("key", sorted(OTHERWISE))
def test_a_section_says_a_common_key_otherwise_for_its_hazard_alone(folder: Path, tides: type[Tides], key: str) -> None:
    common = {**COMMON, "admin_levels": [1, 4]} if key == "default_admin_level" else COMMON
    section = {key: OTHERWISE[key], **({"default_admin_level": 4} if key == "admin_levels" else {})}
    content = {**common, "hazards": {"floods": {**FLOODS, **section}, "tides": {}}}
    configuration = configured(folder, content)
    plain = Tides.model_validate(common)
    assert configuration.country("XTY", "tides") == plain
    floods = configuration.country("XTY", "floods").model_dump(mode="json")
    assert floods[key] != plain.model_dump(mode="json")[key]
    changed = Tides.model_validate({**common, **section}).model_dump(mode="json")
    assert {name: floods[name] for name in CountryHazard.model_fields} == {
        name: changed[name] for name in CountryHazard.model_fields
    }


def test_a_hazard_from_outside(folder: Path, tides: type[Tides]) -> None:
    content = {**COMMON, "hazards": {"tides": {"gauge": "lock"}, "floods": FLOODS}}
    configuration = configured(folder, content)
    assert configuration.hazards("XTY") == ("tides", "floods")
    country = configuration.country_of("XTY", tides)
    assert (type(country), country.gauge, country.name) == (Tides, "lock", "Tinyland")
    assert configuration.country("XTY", "floods") == FloodCountry.model_validate(COMMON | FLOODS)
    alone = configured(folder, {**COMMON, "hazards": {"tides": {}}})
    assert alone.country("XTY") == Tides.model_validate(COMMON)


def test_floods_at_the_top_beside_another_hazard(folder: Path, tides: type[Tides]) -> None:
    configuration = configured(folder, {**COMMON, **FLOODS, "hazards": {"tides": {"gauge": "lock"}}})
    assert configuration.hazards("XTY") == ("floods", "tides")
    assert configuration.country("XTY", "floods") == FloodCountry.model_validate(COMMON | FLOODS)
    assert configuration.country_of("XTY", Tides).gauge == "lock"
    plain = configured(folder, {**COMMON, **FLOODS, "hazards": {}})
    assert plain.country("XTY") == FloodCountry.model_validate(COMMON | FLOODS)


def test_which_of_several_hazards_is_meant_must_be_said(folder: Path, tides: type[Tides]) -> None:
    content = {**COMMON, "hazards": {"tides": {}, "floods": FLOODS}}
    assert configured(folder, content).country("XTY").hazard == "floods", "which came first"
    error = refused(folder, {**COMMON, "hazards": {"tides": {}, "flash-floods": {}}})
    assert isinstance(error, UsageError)
    assert error.found == "XTY has several hazards: tides, flash-floods"
    assert error.remedy == "say which one with --hazard, e.g. --hazard tides"


def test_a_hazard_that_the_country_does_not_have(folder: Path, tides: type[Tides]) -> None:
    error = refused(folder, COMMON | FLOODS, "tides")
    assert isinstance(error, UsageError)
    assert (error.found, error.expected) == ("XTY has no hazard 'tides'", "one of floods")
    assert error.remedy == "choose another with --hazard, or add the section hazards.tides"
    error = refused(folder, COMMON | FLOODS, "fires")
    assert (error.found, error.remedy) == ("XTY has no hazard 'fires'", "choose another with --hazard")
    with pytest.raises(UsageError, match="XTY has no hazard 'floods'"):
        configured(folder, {**COMMON, "hazards": {"tides": {}}}).country_of("XTY", FloodCountry)


def test_floods_are_configured_twice(folder: Path) -> None:
    error = refused(folder, {**COMMON, "people": {}, "horizon": 8, "hazards": {"floods": FLOODS}})
    assert error.found == (
        "floods are configured twice: by hazards.floods and by keys at the top of the file, people, horizon"
    )
    assert error.expected == "the keys of floods in one place"
    assert error.remedy == "move these keys below hazards.floods"


def test_no_hazard_at_all(folder: Path, tides: type[Tides]) -> None:
    error = refused(folder, {**COMMON, "hazards": {}})
    assert (error.found, error.expected) == (
        "hazards: no hazard is configured", "one section a hazard, of flash-floods, floods, tides, typhoon",
    )  # fmt: skip
    assert error.remedy == "write e.g. hazards.floods with what is configured for that hazard"


@pytest.mark.parametrize(
    ("hazards", "found"),
    [
        ({"flods": FLOODS}, "hazards.flods: unknown hazard, did you mean 'floods'?"),
        ({"floods": FLOODS, 7: {}}, "hazards.7: unknown hazard"),
    ],
)
def test_an_unknown_hazard(folder: Path, tides: type[Tides], hazards: dict[Any, Any], found: str) -> None:
    error = refused(folder, {**COMMON, "hazards": hazards})
    assert (error.found, error.expected) == (found, "one of flash-floods, floods, tides, typhoon")
    assert error.remedy == "name a hazard of this installation"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"hazards": None}, "hazards: this is not a section, found None"),
        ({"hazards": ["floods"]}, "hazards: this is not a section, found a list"),
        ({"hazards": {"floods": None}}, "hazards.floods: this is not a section, found None"),
        (
            {"hazards": {"floods": {**FLOODS, "iso3": "XTY"}}},
            "hazards.floods.iso3: this key is the same for all hazards",
        ),
        ({"hazards": {"floods": {**FLOODS, "name": "T"}}}, "hazards.floods.name: this key is the same for all hazards"),
        ({"hazards": {"floods": {"static": "s"}}}, "hazards.floods.static: this key is the same for all hazards"),
    ],
)
def test_no_section(folder: Path, content: dict[str, Any], found: str) -> None:
    assert refused(folder, COMMON | content).found == found


@pytest.mark.parametrize(
    ("top", "floods", "found"),
    [
        ({}, {"triger": {}}, "hazards.floods.triger: unknown key, did you mean 'trigger'?"),
        ({}, {"members": {"minimun": 3}}, "hazards.floods.members.minimun: unknown key, did you mean 'minimum'?"),
        ({}, {"target": "portal2"}, "there is no target 'portal2'"),
        ({}, {"admin_levels": [1, 9]}, f"hazards.floods.admin_levels.1: {TOO_DEEP}"),
        ({"admin_levels": [1, 9]}, {}, f"admin_levels.1: {TOO_DEEP}"),
        ({}, {"default_admin_level": 3}, "hazards.floods: default_admin_level 3 is not among admin_levels [1, 2]"),
        ({}, {"thresholds_version": 4}, 'hazards.floods.thresholds_version: input should be a valid string, found 4 '
         '(GloFAS version that the thresholds were made with, in quotation marks, e.g. "4")'),
        ({"tagret": "portal"}, {}, "tagret: unknown key, did you mean 'target'?"),
        ({"triger": {}}, {}, "triger: unknown key, did you mean 'hazards.floods.trigger'?"),
        ({"hazard": {}, "xyz": 1}, {}, "hazard: unknown key, did you mean 'hazards'?; xyz: unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_where_it_stands(
    folder: Path, top: dict[str, Any], floods: dict[str, Any], found: str
) -> None:
    assert refused(folder, {**COMMON, **top, "hazards": {"floods": {**FLOODS, **floods}}}).found == found


def test_a_missing_key_is_named_where_it_belongs(folder: Path) -> None:
    error = refused(folder, {"iso3": "XTY", "hazards": {"floods": {"sources": ["folder"]}}})
    assert error.found.split("; ") == [
        f"{key}: this key is missing"
        for key in (
            "name", "admin_levels", "default_admin_level",
            "hazards.floods.trigger", "hazards.floods.flood_maps", "hazards.floods.thresholds_version",
        )
    ]  # fmt: skip


def test_a_hazards_own_key_at_the_top_belongs_into_its_section(folder: Path, tides: type[Tides]) -> None:
    error = refused(folder, {**COMMON, "gauge": "lock", "hazards": {"tides": {}}})
    assert error.found == "gauge: unknown key, did you mean 'hazards.tides.gauge'?"


def test_a_misspelt_hazards_in_a_file_of_floods(folder: Path) -> None:
    assert refused(folder, {**COMMON, **FLOODS, "hazard": {}}).found == "hazard: unknown key, did you mean 'hazards'?"


def test_one_hazard_is_read_whatever_is_wrong_with_another(folder: Path, tides: type[Tides]) -> None:
    content = {**COMMON, "hazards": {"tides": {"guage": "lock"}, "floods": FLOODS}}
    assert configured(folder, content).country("XTY", "floods") == FloodCountry.model_validate(COMMON | FLOODS)
    assert refused(folder, content, "tides").found == "hazards.tides.guage: unknown key, did you mean 'gauge'?"
