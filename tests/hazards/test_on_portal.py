"""What the portal shows of events that share areas: 83,282 people of the forecast may be 19,465 there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from flows.cli.tables import print_found
from ibf_pipeline.domain.portal_view import event_views, portal_notes
from ibf_pipeline.hazards.floods.findings import FloodFindings
from tests.report.conftest import FLOOD, MONDAY
from tests.worlds.countries import flood_findings
from tests.worlds.countries.flood_findings import event
from tests.worlds.countries.square_country import square_config, square_day

FIRST = event("G1", "-TT-----", "max", {"A": 90_000, "A1": 26_183, "A2": 63_817})
LOSER = replace(
    event("G2", "---TT---", "max", {"B": 19_465, "A2": 63_817, "B1": 19_465}),
    people=83_282, shared_areas_given=(("A", "G1"),),
)  # fmt: skip
WARNING = event("G3", "--ww----", "med", {"A": 0, "A2": 0})
DAY = flood_findings.found([replace(FIRST, people=26_183), LOSER, WARNING], [])


def test_each_event_as_it_is_shown() -> None:
    first, loser, warning = event_views(DAY.events, DAY.default_admin_level)
    assert [view.people for view in (first, loser, warning)] == [90_000, 19_465, 0]
    assert [[area.place_code for area in view.areas] for view in (first, loser, warning)] == [["A"], ["B"], ["A"]]
    assert (loser.elsewhere, loser.higher) == ((("Area A", "G1"),), ())
    assert [(area, other.name) for area, other in warning.higher] == [("Area A", "G1")]


def test_an_area_of_a_withdrawn_event_is_shown_with_none() -> None:
    shown = {names: event_views(DAY.without(names).events, 1)[0] for names in (("G1",), ("G1", "G3"))}
    assert [view.people_note.rpartition(": ")[2] for view in shown.values()] == [
        "Area A is shown with G3", "A is shown with no event"
    ]  # fmt: skip


def test_both_numbers_are_said() -> None:
    assert portal_notes(DAY.events, 1) == [
        "the portal shows 90,000 people for event G1, the forecast has 26,183: areas that several events have are "
        "shown whole with one of them",
        "the portal shows 19,465 people for event G2, the forecast has 83,282: Area A is shown with G1",
        "event G3 (medium warning, 0 people) and event G1 (trigger, 26,183 people) both have Area A: the portal's "
        "national map draws it as trigger",
    ]
    same = replace(WARNING, name="G4", alert_class="max", trigger=True)
    assert portal_notes([WARNING, replace(WARNING, name="G5")], 1)[0].endswith(
        "the portal's national map mixes the two up"
    )
    assert portal_notes([same, replace(WARNING, areas=())], 1) == [], "what is not published is not shown"


def test_the_terminal_prints_what_the_portal_shows_and_the_forecasts_own_number_once() -> None:
    console = Console(record=True, width=200)
    found = replace(DAY, notes=tuple(portal_notes(DAY.events, 1)[:2]))
    print_found(found, console)
    said = console.export_text()
    assert [line.split()[-5] for line in said.splitlines() if " on level 1" in line] == ["90,000", "19,465", "0"]
    assert said.count("the forecast has 83,282: Area A is shown with G1") == 1
    assert said.count("draws it as trigger") == 1


@pytest.mark.parametrize(("width", "alert_class", "words"), [(200, "med", "warning (med)"), (80, "max", "warning")])
def test_marks_are_whole_and_a_class_is_said_where_there_are_several(width: int, alert_class: str, words: str) -> None:
    console = Console(record=True, width=width)
    flags = "--ww" + "-" * 14
    print_found(replace(DAY, events=(replace(WARNING, flags=flags, alert_class=alert_class),)), console)
    said = console.export_text()
    assert flags in said
    assert words in said
    assert ("(" in words) == ("(m" in said)


@pytest.fixture(scope="module")
def shared() -> FloodFindings:
    """S02 has Row 1 on level 1 with S01's people; on the default level 2 each has its own."""
    return square_day(MONDAY, {"S01": {3: (38, FLOOD)}, "S02": {2: (40, FLOOD)}})


def test_events_of_a_forecast_keep_what_they_would_lose(shared: FloodFindings) -> None:
    assert [note for note in shared.notes if "national map" in note] == [
        "event S01 (trigger, 100 people) and event S02 (trigger, 100 people) both have Row 1: the portal's national "
        "map mixes the two up"
    ]
    assert [view.people for view in event_views(shared.events, shared.default_admin_level)] == [100, 100]


def test_areas_that_are_not_shared_need_no_words() -> None:
    found = square_day(
        MONDAY, {"S01": {3: (38, FLOOD)}, "S02": {2: (40, FLOOD)}}, config=square_config(default_admin_level=2)
    )
    assert portal_notes(found.events, found.default_admin_level) == []
