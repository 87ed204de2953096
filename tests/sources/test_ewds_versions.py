"""What a form says of the model in operation, in the shapes that it may have on the day it changes."""

from __future__ import annotations

from typing import Any

import pytest

from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.sources.ewds_versions import check_operational

NOW = {"values": ["operational"]}


def judged(details: object, *, name: str = "system_version", accepted: tuple[str, ...] = ("4",)) -> str:
    return check_operational([{"name": name, "details": details}], accepted, "the service")


@pytest.mark.parametrize(
    "details",
    [
        {"groups": [NOW, {"label": "Legacy", "values": ["version_4_0"]}]},
        {"groups": [NOW, {"label": "Legacy", "values": ["version_5_0"]}]},
        {"groups": [NOW, {"label": "Previous versions", "values": ["version_4_0"]}]},
        {"groups": [NOW, {"label": "Other systems", "values": ["GloFAS v4.0"]}]},
        {"groups": [NOW, {"values": ["4.0", "3.1"]}]},
        {"groups": [{"label": "Current", "values": ["version_5_0"]}, {"values": ["version_4_0"]}]},
        {"groups": [{"values": ["operational", "version_5_0"]}, {"label": "Legacy", "values": ["v4"]}]},
        {"groups": [{"values": ["version_5_0"]}, {"label": "Former versions", "values": ["operational"]}]},
        {"values": ["operational", "4.0"]},
        {"values": ["Operational", "GloFAS v4.0"]},
    ],
)
def test_a_version_that_stands_elsewhere_than_operational_was_replaced(details: dict[str, Any]) -> None:
    with pytest.raises(VersionRefused, match="among its legacy versions"):
        judged(details)


@pytest.mark.parametrize(
    "details",
    [
        {"groups": [NOW, {"label": "Legacy", "values": ["version_3_1", "2.1", "GloFAS v1"]}]},
        {"groups": [NOW, {"label": "Pre-operational", "values": ["version_5_0"]}, {"values": ["version_3_1"]}]},
        {"groups": [{"values": ["operational", "version_4_5"]}, {"label": "Legacy", "values": ["version_4_0"]}]},
        {"groups": [{"label": "Operational", "values": ["version_4_5"]}, {"label": "Legacy", "values": ["3.1"]}]},
        {"values": ["operational", "version_3_1"]},
    ],
)
def test_a_version_in_operation_goes_on(details: dict[str, Any]) -> None:
    assert judged(details) == ""


@pytest.mark.parametrize(
    ("details", "why"),
    [
        (None, "its form lists no system_version"),
        (["version_4_0"], "its form lists no system_version"),
        ({"options": ["version_4_0"]}, "its form lists no system_version"),
        ({"values": {"version_4_0": "GloFAS 4"}}, "its form lists no system_version"),
        ({"values": ["operational"]}, "its form names no GloFAS version: operational"),
        ({"groups": [NOW, {"label": "Legacy", "values": ["2023-07-26"]}]}, "'2023-07-26', which names no GloFAS"),
        ({"groups": [{"values": ["version_3_1"]}]}, "does not say which system_version is in operation: version_3_1"),
        ({"groups": [{"values": ["operational", "v5"]}]}, "its form lists v5 as in operation, and no v4"),
    ],
)
def test_what_cannot_be_read_is_not_read_as_nothing(details: object, why: str) -> None:
    assert why in judged(details)


def test_a_key_of_another_name() -> None:
    assert (
        judged({"values": ["operational", "version_4_0"]}, name="model_version") == "its form lists no system_version"
    )
