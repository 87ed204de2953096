"""The page of all keys says what the models say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ibf_pipeline.check.configuration_page import FILES, Key, configuration_markdown, keys_of, own_keys_of
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.hazards import MODELS
from ibf_pipeline.config.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == configuration_markdown(), (
        "write it again: python -m ibf_pipeline.check.configuration_page > docs/configuration.md"
    )


@pytest.mark.parametrize("model", [*(model for _, _, model in FILES), *MODELS.values()])
def test_every_key_says_what_it_takes_and_means(model):
    dumb = [key.name for key in keys_of(model) if not key.meaning or key.kind == "section"]
    assert not dumb


def test_keys_in_sections_lists_and_names_are_found():
    keys = {key.name: key for key in (*keys_of(FloodCountry), *keys_of(Settings))}
    assert keys["trigger.probability"] == Key(
        "trigger.probability",
        "number > 0 <= 1",
        "",
        "0..1, share of the members above that threshold: write 0.60 for 60 %",
    )
    assert keys["flood_maps.minimum_depth"].default == "0.1"
    assert keys["people.further_layers[].indicator"].kind == "text"
    assert keys["targets.<ibf>.attempts"].kind == "whole number >= 1 <= 20"
    assert keys["glofas_process_ids"].kind == "by name: list of whole number"


def test_the_page_says_which_keys_are_common() -> None:
    common = {key.name.split(".")[0] for key in keys_of(CountryHazard)}
    own = {key.name.split(".")[0] for key in own_keys_of(FloodCountry)}
    assert {"iso3", "admin_levels", "target", "static_sources"} <= common
    assert {"trigger", "flood_maps", "people", "accepted_process_ids", "horizon"} <= own
    assert common.isdisjoint(own)


def test_a_hazard_from_outside_is_on_the_page(tides: type[CountryHazard]) -> None:
    assert "### `hazards.tides`\n" in configuration_markdown()
    assert [key.name for key in own_keys_of(tides)] == ["piers", "gauge"]


def test_both_shapes_on_the_page_are_valid_and_mean_the_same(tmp_path: Path) -> None:
    examples = [text.split("```")[0] for text in configuration_markdown().split("```yaml\n")[1:]]
    (tmp_path / "countries").mkdir()
    (tmp_path / "settings.yaml").write_text(
        yaml.safe_dump(
            {
                "sources": {"glofas": {"kind": "folder", "root": "forecasts"}},
                "targets": {"portal": {"kind": "files", "folder": "out"}},
            }
        )
    )
    read = []
    for example in examples:
        (tmp_path / "countries" / "MWI.yaml").write_text(example)
        read.append(load(tmp_path).country("MWI"))
    sectioned, flat = read
    assert sectioned == flat
