"""What a country may say of flash floods, and what of it cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from tests.worlds.countries.two_valleys import country


def test_the_smallest_section() -> None:
    """Districts alone: everything else is as the production pipeline has it."""
    least = FlashFloodCountry.model_validate(
        {
            "iso3": "MWI",
            "name": "Malawi",
            "admin_levels": [3],
            "default_admin_level": 3,
            "sources": ["imerg", "gfs"],
            "districts": {"Karonga": ["MW10106", "MW10104"]},
        }
    )
    assert (least.durations_h, least.people_threshold, least.warning_from_h) == ((1, 2, 4, 12, 24, 48), 20, 15)
    assert (least.tail_h, least.oldest_cycle_h, least.minimum_depth_m) == (120, 12, 0.1)
    assert (least.probability.trigger, least.probability.warning) == (0.5, 0.3)
    assert least.small_lag is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"districts": {}}, "at least 1 item"),
        ({"districts": {"Blantyre_City": ["A1"]}}, "'Blantyre_City' cannot name an event"),
        ({"districts": {"Alpha": ["A1"], "ALPHA": ["B1"]}}, "'Alpha' cannot name an event"),
        ({"districts": {"N/A": ["A1"]}}, "'N/A' cannot name an event"),
        ({"districts": {"Alpha": []}}, "Alpha has no areas"),
        ({"districts": {"Alpha": ["A1"], "Beta": ["A1"]}}, "area A1 stands twice"),
        ({"small_lag": ["X9"]}, "small_lag: area X9 is in no district"),
        ({"admin_levels": [2, 3]}, "flash floods are of one level"),
        ({"durations_h": [4, 1]}, "smallest first"),
        ({"durations_h": [1, 1]}, "every duration once"),
        ({"durations_h": [72]}, "less than or equal to 48"),
        ({"durations_h": [1, 2], "small_lag": ["A1"]}, "would have no duration left"),
        ({"probability": {"trigger": 0.3, "warning": 0.5}}, "warning 0.5 is larger than trigger 0.3"),
        ({"probability": {"trigger": 50}}, "less than or equal to 1"),
        ({"warning_from_h": 0}, "greater than or equal to 1"),
        ({"upstream": "/etc/upstream.csv"}, "not a file below the country's static data"),
        ({"time_zone": "Malawi"}, "'Malawi' is not a time zone"),
        ({"enable": True}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be(changes: dict[str, Any], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        country(**changes)


def test_time_zones_are_names_of_places() -> None:
    assert country().zone.utcoffset(None) is None or str(country().zone) == "Africa/Blantyre"
    assert str(country(time_zone="UTC").zone) == "UTC"
