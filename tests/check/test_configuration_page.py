"""The page of all keys says what the models say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.check.configuration_page import FILES, Key, keys_of, page
from ibf_pipeline.config.country import Country
from ibf_pipeline.config.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it again: python -m ibf_pipeline.check.configuration_page > docs/configuration.md"
    )


@pytest.mark.parametrize("model", [model for _, _, model in FILES])
def test_every_key_says_what_it_takes_and_means(model):
    dumb = [key.name for key in keys_of(model) if not key.meaning or key.kind == "section"]
    assert not dumb


def test_keys_in_sections_lists_and_names_are_found():
    keys = {key.name: key for key in (*keys_of(Country), *keys_of(Settings))}
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
