"""What a run's manifest kept of the country, compared with today's configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ibf_pipeline.config.floods import FloodCountry
from tests.worlds.countries import tiny_country


def kept(country: FloodCountry) -> dict[str, Any]:
    """As it comes back out of a manifest."""
    content: dict[str, Any] = json.loads(json.dumps(country.model_dump(mode="json")))
    return content


@pytest.mark.parametrize("iso3", ["UGA", "XDM"])
def test_a_country_is_as_its_manifest_says(configuration: Any, iso3: str) -> None:
    country = configuration.country(iso3)
    assert country.says_the_same_as(kept(country))


def test_keys_that_an_earlier_version_did_not_know_have_their_default() -> None:
    country = tiny_country.country()
    older = kept(country)
    del older["horizon"], older["map_image"], older["people"]["for_warnings"]
    assert country.says_the_same_as(older)
    assert not tiny_country.country(horizon=8).says_the_same_as(older)
    assert not tiny_country.country(people={"for_warnings": True}).says_the_same_as(older)


@pytest.mark.parametrize(
    "changes",
    [{"name": "Otherland"}, {"members": {"expected": 10, "minimum": 7}}, {"accepted_process_ids": [128]}],
)
def test_another_value_is_a_change(changes: dict[str, Any]) -> None:
    before = kept(tiny_country.country())
    assert not tiny_country.country(**changes).says_the_same_as(before)


@pytest.mark.parametrize("damaged", [None, [], {}, {"iso3": "XTY"}])
def test_what_cannot_be_read_is_a_change(damaged: object) -> None:
    assert not tiny_country.country().says_the_same_as(damaged)


def test_a_key_that_there_is_no_more_is_a_change() -> None:
    assert not tiny_country.country().says_the_same_as({**kept(tiny_country.country()), "dropped": 1})
