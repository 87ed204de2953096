"""A station whose name in the list is none, such as `Na`: people read `station G1724`, its event keeps its identity."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from flows.cli.tables import print_found
from ibf_pipeline.domain.names import is_name
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.notes import station_notes
from ibf_pipeline.report.headline import cautions
from ibf_pipeline.report.words import event_text, subject_text
from ibf_pipeline.targets.event_keys import event_keys
from ibf_pipeline.targets.ibf.notices import notices
from ibf_pipeline.targets.withdrawal import withdrawal_text
from tests.worlds.countries import flood_findings
from tests.worlds.countries.flood_findings import event, station

NONE = ("Na", "NaN", "None", "null", "-", "", "  ")


def day(name: str) -> FloodFindings:
    """An alert at G1724, and a blind G1725; both are called `name` in the list of stations."""
    found = flood_findings.found([event("G1724", "TT------", "max", {"A": 3, "A1": 3})], [station("G1725", blind=True)])
    return replace(found, stations=tuple(replace(each, name=name) for each in found.stations))


@pytest.mark.parametrize("name", NONE)
def test_people_read_the_code_of_a_station_that_has_no_name(name: str) -> None:
    found = day(name)
    console = Console(record=True, width=200)
    print_found(found, console)
    said = "\n".join([
        console.export_text(),
        *cautions(found),
        *station_notes(found.stations, 51),
        *(notice.text for notice in notices(found, {"Na": "trigger"}, set(), {"Na": "G1725"})),
        withdrawal_text(found, ["G1724"]),
    ])  # fmt: skip
    for words in (
        "station G1724  trigger",
        "1 station has no usable forecast, which is no all clear: station G1725.",
        "station G1725 is blind",
        "trigger detected by the forecast at station G1724, first on 0-day",
        "no usable forecast for station G1725:",
        "- station G1724 (trigger)",
    ):
        assert words in said
    assert not name.strip() or f"({name})" not in said
    assert subject_text(found, "G1724") == "station G1724"


def test_an_event_that_was_called_so_is_still_known() -> None:
    """The name on the portal is the event's identity: what is open there as `Na` is this station's."""
    found = replace(day("Na"), stations=day("Na").stations[:1])
    assert event_keys(found, ["Na"], None, {}) == {"Na": "G1724"}
    assert found.events[0].name == "G1724"
    assert event_text(found, "Na", "G1724") == "Na (station G1724)"


def test_a_name_stays_one() -> None:
    assert event_text(day("Mill bridge"), "G1724", "G1724") == "G1724 (Mill bridge)"
    assert [is_name(name) for name in ("Nairobi", "No Man's Ford", "Nanyuki")] == [True] * 3
