"""Sources of several hazards in one table: each country lists those of its hazard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.wiring.sources import source_settings, watched_sources
from ibf_pipeline.check.settings import check_settings
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.rain_sources import RainFolderSection
from ibf_pipeline.config.sources import SOURCE_KINDS
from ibf_pipeline.config.track_sources import TRACK_KINDS
from ibf_pipeline.errors import ConfigError

SOURCES: dict[str, Any] = {
    "glofas": {"kind": "folder", "root": "forecasts", "waiting": {}},
    "gfs": {"kind": "gfs"},
    "radar": {"kind": "rain-folder", "root": "radar", "role": "observed"},
    "sensors": {"kind": "rain-gauges", "root": "sensors"},
    "levels": {"kind": "water-levels", "root": "levels", "unit": "cm"},
}
FLOODS = {
    "trigger": {"return_period": 5, "probability": 0.6, "lead_time_limit": 7},
    "flood_maps": {"return_periods": [10, 20]},
    "thresholds_version": "4",
}
FLASH_FLOODS = {"admin_levels": [3], "default_admin_level": 3, "districts": {"Karonga": ["MW1"]}}
COUNTRY = {"iso3": "MWI", "name": "Malawi", "admin_levels": [2, 3], "default_admin_level": 3}


def configured(root: Path, sources: dict[str, Any], **hazards: Any) -> Configuration:
    (root / "countries").mkdir(exist_ok=True)
    settings = {"sources": sources, "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True}}}
    (root / "settings.yaml").write_text(yaml.safe_dump(settings))
    country = {
        **COUNTRY,
        "sources": ["glofas"],
        "hazards": {name.replace("_", "-"): keys for name, keys in hazards.items()},
    }
    (root / "countries" / "MWI.yaml").write_text(yaml.safe_dump(country))
    return load(root)


def test_each_hazard_lists_its_own_sources(tmp_path: Path) -> None:
    rain = ["radar", "sensors", "gfs", "levels"]
    configuration = configured(tmp_path, SOURCES, floods=FLOODS, flash_floods={**FLASH_FLOODS, "sources": rain})
    assert configuration.country_of("MWI", FloodCountry).sources == ("glofas",)
    assert configuration.country_of("MWI", FlashFloodCountry).sources == tuple(rain)
    assert watched_sources(configuration) == ["glofas"]
    assert list(configuration.settings.discharge_sources) == ["glofas"]
    found = [str(each) for each in check_settings(configuration, configuration.country("MWI", "flash-floods"))]
    assert [name for name in SOURCES if any(f"source {name}" in text for text in found)] == [
        "radar",
        "sensors",
        "levels",
    ]


@pytest.mark.parametrize(
    ("hazard", "section", "found"),
    [
        ("flash-floods", FLASH_FLOODS, "source glofas is of floods, and hazards.flash-floods lists it"),
        ("floods", {**FLOODS, "sources": ["gfs"]}, "source gfs is of flash-floods, and hazards.floods lists it"),
    ],
)
def test_a_source_of_another_hazard_is_one_clear_error(tmp_path: Path, hazard: str, section: Any, found: str) -> None:
    configuration = configured(tmp_path, SOURCES, **{hazard: section})
    with pytest.raises(ConfigError) as refused:
        configuration.country("MWI", hazard)
    assert refused.value.found == found
    assert f"write `sources` in the section hazards.{hazard}" in refused.value.remedy


def test_no_kind_of_source_serves_a_hazard_from_outside(tmp_path: Path, tides: Any) -> None:
    assert configured(tmp_path, SOURCES, tides={}).country("MWI", "tides").sources == ("glofas",)


def test_a_rain_source_is_no_source_of_floods(tmp_path: Path) -> None:
    configuration = configured(tmp_path, SOURCES, floods=FLOODS)
    with pytest.raises(ConfigError, match="source gfs is of flash-floods"):
        source_settings(configuration, "gfs")


def test_every_kind_says_which_hazards_it_serves() -> None:
    assert all(model.hazards for model in SOURCE_KINDS.values())
    assert all(kind in str(model.model_fields["kind"].annotation) for kind, model in SOURCE_KINDS.items())


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"kind": "nimbus"}, r"sources.rain.kind: input should be 'folder' or .* or 'gfs' .*found 'nimbus'"),
        ({"kind": "gfs", "root": "x"}, "sources.rain.root: a key of kind folder or rain-folder"),
        ({"kind": "rain-folder", "root": "x", "files": "%Y%m%d/*"}, "is the same 6 hours later"),
        ({"kind": "rain-folder", "root": "x", "files": "run*/%Y%m%d%H.nc"}, r"with `\*` in the file's name alone"),
        ({"kind": "rain-folder", "root": "x", "files": "../%Y%m%d%H.nc"}, "write a path below it"),
        ({"kind": "rain-folder", "root": "x", "files": "%Y%m%d%H/"}, "names no file"),
        ({"kind": "rain-folder", "root": "x", "every_hours": 5}, "does not divide a day"),
        ({"kind": "tracks-folder", "root": "x", "files": "%Y%m%d/*"}, "is the same 6 hours later"),
        ({"kind": "tracks-folder", "root": "x", "files": "run*/%Y%m%d%H"}, r"with `\*` in the file's name alone"),
        ({"kind": "tracks-ftp", "finished": "../x"}, "a name in the cycle's folder, without its path"),
        ({"kind": "rain-gauges", "root": "x", "files": "*.csv"}, r"sources.rain.files"),
        ({"kind": "rain-folder", "root": "x", "reads": {"unit": "mm", "stap": "end"}}, r"unknown key, did you mean"),
    ],
)
def test_what_cannot_be_meant_is_an_error(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        configured(tmp_path, {"rain": keys})


def test_files_have_a_place_for_each_role() -> None:
    sections = [
        RainFolderSection(kind="rain-folder", root="x", role=role) for role in ("forecast", "nowcast", "observed")
    ]
    assert [(section.pattern, section.hours_between) for section in sections] == [
        ("forecast/%Y%m%d%H/*", 6),
        ("nowcast/%Y%m%d%H%M/*", 1),
        ("observed/%Y%m%d/*", 24),
    ]


def test_the_example_of_the_page_about_rain_is_valid(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "rain.md"
    example = yaml.safe_load(page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0])
    sources = configured(tmp_path, example["sources"]).settings.sources
    kinds = ("gfs", "rain-folder", "rain-object-store", "rain-gauges", "water-levels")
    assert {type(section) for section in sources.values()} == {SOURCE_KINDS[kind] for kind in kinds}


def test_the_example_of_the_page_about_tracks_is_valid(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "tracks.md"
    example = yaml.safe_load(page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0])
    sources = configured(tmp_path, example["sources"]).settings.sources
    assert {type(section) for section in sources.values()} == set(TRACK_KINDS.values())
    assert {section.hazards for section in sources.values()} == {("typhoon",)}
