"""The day in short: what stands in the tables and on the page, with ugly names and many events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound
from ibf_pipeline.report.calls import PublishedRevision
from ibf_pipeline.report.change import Correction
from ibf_pipeline.report.floods.tables import station_rows
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.report.short_table import MOST_ROWS
from ibf_pipeline.report.tables import (
    area_rows,
    change_rows,
    escaped,
    event_rows,
    summary,
)
from tests.worlds.countries.flood_findings import event, station
from tests.worlds.countries.flood_findings import found as made


def found(events: list[FloodEvent], quiet: list[StationFound], issue_date: date = date(2026, 11, 10)) -> FloodFindings:
    """A day whose stations have 31 of 51 members above 50 m3/s, the 5-year threshold, on every day."""
    day = made(events, quiet, issue_date)
    stations = (replace(station, above={"5": (31,) * 8}, thresholds={"5": 50.0}) for station in day.stations)
    return replace(day, stations=tuple(stations))


TRIGGER = event("G1", "---TT---", "max", {"A": 300, "A1": 100, "A2": 200})
WARNING = event("G2", "-----ww-", "med", {"B": 0, "B1": 0})
DAY = found([TRIGGER, WARNING], [station("G3"), station("G4", blind=True)])


def test_an_event_is_a_row_with_its_day_people_and_place() -> None:
    first, second = event_rows(DAY)
    assert first == {
        "event": "G1",
        "station": "Name of G1",
        "alert": "trigger",
        "day": "Fri 2026-11-13, 3-day",
        "people": 300,
        "days 0-7": "---TT---",
        "where": "Area A",
    }
    assert second["people"] is None, "nothing was estimated, which is not nobody"


def test_areas_come_with_most_people_first_on_the_default_level_only() -> None:
    assert [(row["place code"], row["people affected"]) for row in area_rows(DAY)] == [("A", 300), ("B", None)]
    assert area_rows(DAY)[0]["of the population"] == "30 %"


def test_stations_begin_with_the_alerted_and_the_blind_ones() -> None:
    rows = station_rows(DAY)
    assert [row["station"] for row in rows] == ["G1", "G2", "G4", "G3"]
    assert rows[2]["condition"] == "blind: no members"
    assert rows[2]["m3/s"] is None


def test_long_tables_are_cut() -> None:
    many = found([], [station(f"G{number:04d}") for number in range(MOST_ROWS + 50)])
    assert len(station_rows(many)) == MOST_ROWS


def test_the_page_tells_the_day_and_what_changed() -> None:
    as_before = event("G2", "------ww", "med", {"B": 0, "B1": 0})
    before = found([as_before], [station("G1"), station("G3")], date(2026, 11, 9))
    at = "2026-11-10T00:00:01Z"
    published = PublishedRevision("portal", "https://x", 1, at, "current", True, "all 9 calls made", True, ())
    page = summary(DAY, compare_runs(before, DAY), before.issue_date, [published], "https://host/UGA/report.html")
    assert page.startswith("# Testland: 1 trigger, 1 warning\n")
    assert "| G1 | Name of G1 | trigger | Fri 2026-11-13, 3-day | 300 | ---TT--- | Area A |" in page
    assert "- **new** G1 (Name of G1): " in page
    assert "no usable forecast, which is no all clear" in page
    assert "- portal, revision 1: all 9 calls made" in page
    assert "[report.html](https://host/UGA/report.html)" in page
    (row,) = change_rows(DAY, compare_runs(before, DAY), "the run of 2026-11-09")
    assert (row["since"], row["change"]) == ("the run of 2026-11-09", "new")


def test_the_page_tells_what_became_of_an_earlier_publication_of_the_day() -> None:
    earlier = found([event("G1", "---TT---", "max", {"A": 300, "A1": 300})], [station("G1"), station("G3")])
    quiet = found([], [station("G1"), station("G3")])
    correction = Correction("portal", 1, "2026-11-10T00:00:01Z", compare_runs(earlier, quiet))
    page = summary(quiet, (), date(2026, 11, 9), (), None, correction)
    head = page.index("## Since the earlier run of this day, revision 1 on portal (2026-11-10 00:00 UTC)")
    assert head < page.index("- **lapsed** G1 (Name of G1): ") < page.index("## Since the run of Mon 2026-11-09")


def test_a_quiet_first_day_and_an_exercise_say_so() -> None:
    quiet = summary(found([], [station("G3")]), (), None, (), None)
    assert "No river flood alert for Testland" in quiet
    assert "No earlier run to compare with." in quiet
    assert "Nothing was published." in quiet
    exercise = summary(replace(DAY, exercise=True), (), None, (), None)
    assert exercise.startswith("# EXERCISE - not a real forecast: Testland")


def test_forty_events_do_not_make_the_page_forty_rows_long() -> None:
    events = [event(f"G{number}", "T-------", "max", {"A": number, "A1": number}) for number in range(40)]
    page = summary(found(events, []), (), None, (), None)
    assert page.count("| trigger |") == 20
    assert "and 20 further events, in the table of events" in page


def test_names_cannot_break_the_page() -> None:
    assert escaped("Na | [x](y) <b>_*\n#") == r"Na \| \[x\](y) \<b\>\_\* \#"
