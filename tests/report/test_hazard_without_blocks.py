"""A hazard of which the report knows its profile and its findings alone: the frame says all that there is to say."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import DictLoader
from rich.console import Console

from flows.cli.tables import print_found
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.registry import HAZARDS, Hazard
from ibf_pipeline.report.content import map_name
from ibf_pipeline.report.default_words import country_words, event_words
from ibf_pipeline.report.earlier_runs import earlier_runs
from ibf_pipeline.report.extensions import REPORT_EXTENSIONS, ReportExtension
from ibf_pipeline.report.headline import cautions, headline, title_of
from ibf_pipeline.report.pictures.event_map import event_figure
from ibf_pipeline.report.pictures.outlines import read_map_layers
from ibf_pipeline.report.pictures.overview_map import overview_figure
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.report.tables import area_rows, change_rows, event_rows, summary
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.runs.folder import RunFolder
from tasks.artifacts import artifact_key, report_link
from tests.report.pictures.clipped import clipped_texts, texts_of
from tests.report.tides import GAUGED, MIDNIGHT, MORNING, TIDES, GaugedTides, gauged, tide, tide_run, tides
from tests.worlds.countries.square_run import make_square_country
from tests.worlds.speedups import quick_days

WORDS_OF_FLOODS = re.compile(r"flood|station|river|glofas|member|hydrograph|\bday|issue date", re.IGNORECASE)


@dataclass(frozen=True)
class Cycles:
    prepared: Path
    before: Findings
    now: Findings
    run: RunFolder
    """of now"""

    @property
    def html(self) -> str:
        return (self.run.path / "report" / "report.html").read_text(encoding="utf-8")

    @property
    def text(self) -> str:
        """The page as it is read: without style and pictures, blanks as one."""
        return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", self.html, flags=re.DOTALL).split())


@pytest.fixture(scope="module")
def known():
    HAZARDS["tides"] = Hazard(TIDES, Findings)
    yield
    del HAZARDS["tides"]


@pytest.fixture(scope="module")
def cycles(tmp_path_factory, known) -> Cycles:
    """Of midnight, and of 06 UTC on the same day."""
    folder = tmp_path_factory.mktemp("tides")
    prepared = make_square_country(folder, 12).prepared
    before = tides(
        MIDNIGHT,
        [
            tide("Kelim coast", {24: "T", 30: "T"}, "max", {"Q1": (300, 2), "0001": (300, 2)}),
            tide("Ros", {18: "T"}, "max", {"Q2": (70, 0), "0011": (70, 0)}),
            tide("Sarvo", {36: "w"}, "med", {"Q1": (50, 1), "0003": (50, 1)}),
            tide("Old bay", {12: "w", 18: "w"}, "min", {"Q1": (5, 0), "0004": (5, 0)}),
        ],
    )
    now = tides(
        MORNING,
        [
            tide(
                "Kelim coast", {12: "w", 18: "T", 24: "T"}, "max", {"Q1": (450, 3), "0001": (300, 2), "0002": (150, 1)}
            ),
            tide("Ros", {24: "T"}, "max", {"Q2": (70, 0), "0011": (70, 0)}),
            tide("Sarvo", {30: "T"}, "max", {"Q1": (60, 1), "0003": (60, 1)}),
            tide("Nor", {66: "w", 72: "w"}, "min", {"Q2": (9, 0), "0012": (9, 0)}),
        ],
    )
    with quick_days():
        tide_run(before, folder / "runs", prepared)  # its findings alone are looked at
    return Cycles(prepared, before, now, tide_run(now, folder / "runs", prepared))


def test_headline_says_hours_people_and_places(cycles):
    assert headline(cycles.now) == (
        "Trigger detected by the forecast of 3 coasts in Squareland, the first for Mon 2026-02-16 00:00 UTC "
        "(18 hours ahead). 580 people may be affected, in Area Q1 and Area Q2. "
        "1 warning besides, for Wed 2026-02-18 00:00 UTC, in Area Q2."
    )
    quiet = tides(MORNING, [], exercise=True)
    assert headline(quiet) == (
        "No spring tide alert for Squareland in the forecast from Sun 2026-02-15 06:00 UTC to Wed 2026-02-18 06:00 UTC."
    )
    assert cautions(quiet) == ["This is an exercise: the forecast was made up, no tide is expected."]
    nowhere = tides(MORNING, [replace(cycles.now.events[0], areas=())])
    assert cautions(nowhere) == [
        "The portal cannot show Kelim coast: no areas are mapped to the coast. Tell people another way."
    ]


def test_changes_are_counted_on_the_clock_and_not_by_lead_time(cycles):
    """18 hours ahead at 06 UTC is 24 hours ahead at midnight: no move. Ros moved from 18 UTC to 06 UTC."""
    changes = {change.event: change for change in compare_runs(cycles.before, cycles.now)}
    assert {name: (change.kind, change.moved) for name, change in changes.items()} == {
        "Kelim coast": ("larger", 0),
        "Ros": ("moved", 12),
        "Sarvo": ("escalated", 0),
        "Nor": ("new", 0),
        "Old bay": ("ended", 0),
    }
    assert {name: change.why for name, change in changes.items()} == {
        "Kelim coast": "Trigger as before, larger. 450 people affected, 300 before.",
        "Ros": "Trigger as before, 12 hours later.",
        "Sarvo": "Medium warning before, trigger now. 60 people affected, 50 before.",
        "Nor": "No alert in the run of Sun 2026-02-15 00:00 UTC.",
        "Old bay": "Low warning before; now no alert.",
    }
    assert changes["Ros"].after.day == datetime(2026, 2, 16, 6, tzinfo=UTC)
    assert changes["Old bay"].since == datetime(2026, 2, 15, tzinfo=UTC)


def test_what_a_person_took_back_and_a_smaller_one(cycles):
    (change, *_) = [c for c in compare_runs(cycles.before, cycles.now.without({"Ros"})) if c.event == "Ros"]
    assert (change.kind, change.after) == ("withdrawn", None)
    assert change.why.startswith("An operator took back the trigger of this cycle after it was published.")
    smaller = replace(cycles.now, events=(replace(cycles.now.events[0], people=200),))
    assert [c.kind for c in compare_runs(cycles.before, smaller) if c.event == "Kelim coast"] == ["smaller"]


def test_a_later_wave_is_new_and_runs_of_two_hazards_are_not_compared(cycles):
    """The old one is over at 06 UTC; the new one begins twelve hours after its end: two lead times."""
    over = tides(MIDNIGHT, [tide("Ros", {0: "T"}, "max", {"Q2": (70, 0)})])
    later = tides(MORNING, [tide("Ros", {6: "T"}, "max", {"Q2": (70, 0)})])
    (change,) = compare_runs(over, later)
    assert (change.kind, change.moved) == ("new", 0)
    assert change.why == "A trigger in the run of Sun 2026-02-15 00:00 UTC is over; this one is for later hours."
    (moved,) = compare_runs(over, tides(MORNING, [tide("Ros", {0: "T"}, "max", {"Q2": (70, 0)})]))
    assert (moved.kind, moved.moved) == ("moved", 6)
    with pytest.raises(InputInvalid, match="XSQ of 2026-02-15T06 is not an earlier run of XSQ of 2026-02-15T00"):
        compare_runs(later, over)
    with pytest.raises(InputInvalid):
        compare_runs(replace(over, hazard="floods"), later)


def test_rows_are_in_hours(cycles):
    first = event_rows(cycles.now)[0]
    assert first == {
        "event": "Kelim coast",
        "alert": "trigger",
        "time": "Mon 2026-02-16 00:00 UTC, 18-hour",
        "people": 450,
        "hours 0-72": "--wTT--------",
        "where": "Area Q1",
    }
    assert [(row["place code"], row["people affected"]) for row in area_rows(cycles.now)] == [
        ("Q1", 450), ("Q2", 70), ("Q1", 60), ("Q2", 9),
    ]  # fmt: skip
    row = change_rows(cycles.now, compare_runs(cycles.before, cycles.now), "the run of midnight")[0]
    assert list(row) == ["since", "change", "event", "coast", "before", "now", "why"]


def test_the_summary_names_the_hazard(cycles):
    changes = compare_runs(cycles.before, cycles.now)
    text = summary(cycles.now, changes, datetime(2026, 2, 15, tzinfo=UTC), (), "report.html")
    assert text.startswith(
        "# Squareland, spring tides: 3 triggers, 1 warning\n\n"
        "Forecast of **Sun 2026-02-15 06:00 UTC**, 0 to 72 hours ahead.\n"
    )
    assert "## Since the run of Sun 2026-02-15 00:00 UTC" in text
    assert "- **moved** Ros: Trigger as before, 12 hours later." in text
    assert "Report with maps: `report.html`" in text
    assert not WORDS_OF_FLOODS.search(text)


def test_the_page_says_it_all_and_nothing_of_floods(cycles):
    text = cycles.text
    assert not WORDS_OF_FLOODS.search(text), WORDS_OF_FLOODS.search(text)
    assert "Squareland, spring tides 2026-02-15 06 UTC: 3 triggers, 1 warning" in text
    assert "Spring tides · forecast of Sun 2026-02-15, 06 UTC" in text
    assert "trigger detected by the forecast, 18 hours ahead, Mon 2026-02-16 00:00 UTC; 450 people affected" in text
    assert "18-hour Mon 2026-02-16 00:00 UTC trigger" in text
    assert "66-hour Wed 2026-02-18 00:00 UTC warning" in text, "also beyond what the portal can show"
    assert "area place code people affected of the area's people harbours Area Q1 Q1 450 45 % 3" in text
    assert "Source moon tables." in text
    assert "the moon is full" in text
    assert "report.json, events.csv, areas.csv and their .geojson" in text
    assert "The rule" not in text
    assert cycles.html.count("data:image/png;base64,") == 5, "the country and four events"
    data = json.loads((cycles.run.path / "report" / "report.json").read_text(encoding="utf-8"))
    assert (data["hazard"], data["issue_time"], data["compared_with"]) == (
        "tides", "2026-02-15T06", "2026-02-15T00:00:00Z",
    )  # fmt: skip
    assert data["events"][0]["day"] == "2026-02-16T00:00:00Z"


def test_exports_have_hours_and_the_indicator(cycles):
    folder = cycles.run.path / "report"
    assert not (folder / "stations.csv").exists()
    with (folder / "events.csv").open(encoding="utf-8-sig", newline="") as file:
        events = list(csv.DictReader(file))
    assert events[0] == {
        "country": "XSQ", "issue_time": "2026-02-15T06", "exercise": "no", "event": "Kelim coast",
        "alert_class": "max", "trigger": "yes", "lead_time_hours": "18", "time": "2026-02-16T00:00:00+00:00",
        "hours": "..wTT........", "people_affected": "450", "published": "yes",
    }  # fmt: skip
    with (folder / "areas.csv").open(encoding="utf-8-sig", newline="") as file:
        areas = list(csv.DictReader(file))
    assert [(row["place_code"], row["people_affected"], row["harbours"]) for row in areas[:3]] == [
        ("Q1", "450", "3"), ("0001", "300", "2"), ("0002", "150", "1"),
    ]  # fmt: skip
    shapes = json.loads((folder / "areas.geojson").read_text(encoding="utf-8"))["features"]
    assert all(feature["geometry"]["type"] in ("Polygon", "MultiPolygon") for feature in shapes)


def test_maps_are_the_frames_own(cycles):
    event = cycles.now.events[0]
    layers = read_map_layers(cycles.prepared, (1, 2))
    figure = event_figure(cycles.now, event, layers, None, event_words(cycles.now, event))
    texts = texts_of(figure)
    assert "18 hours ahead, Mon 2026-02-16 00:00 UTC · forecast of Sun 2026-02-15 06:00 UTC" in texts
    assert {"Kelim coast", "450 people", "may be affected · Squareland", "people affected in an area"} <= set(texts)
    assert any(text.startswith("Source: moon tables. A forecast, not an observation.") for text in texts)
    assert clipped_texts(figure) == []
    assert not WORDS_OF_FLOODS.search(" ".join(texts))


def test_long_names_of_any_script_make_files_that_can_be_written(cycles):
    first, second = (map_name(replace(cycles.now.events[0], name=name)) for name in ("አ" * 300, "አ" * 299 + "ባ"))
    assert first != second
    assert max(len(first), len(second)) < 150
    assert map_name(cycles.now.events[1]) == "map_Ros.png"


def test_the_terminal_and_artifacts_know_the_hazard(cycles):
    console = Console(width=200, record=True)
    print_found(cycles.now, console)
    said = console.export_text()
    assert "Squareland (XSQ), spring tides, issue time 2026-02-15 06 UTC (Sunday): 3 triggers, 1 warning" in said
    assert "18-hour" in said
    assert "--wTT--------" in said
    assert not WORDS_OF_FLOODS.search(said)
    assert title_of(cycles.now) == "Squareland, spring tides"
    assert artifact_key("summary", cycles.now) == "summary-xsq-tides"
    link = report_link(cycles.run, "https://example.org/runs/")
    assert link == "https://example.org/runs/XSQ/tides/2026-02-15T06/report/report.html"
    assert [run.found.issue_time for run in earlier_runs(cycles.run, 3)] == [MIDNIGHT]


def test_blocks_from_outside_bring_words_and_parts_of_the_page(cycles, monkeypatch):
    page = DictLoader({"areas.html.j2": "<p>{{ moon(event) }}</p>\n"})
    extension = ReportExtension(
        cautions=lambda found: ["Mind the moon."],
        templates=page,
        template_names={"moon": lambda event: f"The moon over {event.name}."},
    )
    monkeypatch.setitem(REPORT_EXTENSIONS, "tides", extension)
    rewrite_report(cycles.run, cycles.prepared)
    assert "Mind the moon." in cycles.text
    assert "The moon over Kelim coast." in cycles.text
    assert "18-hour Mon 2026-02-16 00:00 UTC trigger" in cycles.text
    monkeypatch.delitem(REPORT_EXTENSIONS, "tides")
    rewrite_report(cycles.run, cycles.prepared)
    assert "moon over" not in cycles.text


def test_subjects_with_name_and_place_are_the_frames_too(cycles, tmp_path, monkeypatch):
    """Three gauges: an alert at the first, none at the second; the third had one at midnight and is blind now."""
    monkeypatch.setitem(HAZARDS, "tides", Hazard(GAUGED, GaugedTides))
    names = {"K1": "Kelim pier", "K2": "Sarvo lock", "K3": "Nor quay"}
    at = tide("K1", {12: "T"}, "max", {"Q1": (40, 1), "0001": (40, 1)})
    other = tide("K3", {18: "w"}, "min", {"Q1": (5, 0), "0003": (5, 0)})
    before = gauged(tides(MIDNIGHT, [at, other]), {"K1": "Kelim pier", "K3": "Nor quay", "K2": "Sarvo lock"})
    now = gauged(tides(MORNING, [at]), names)
    assert headline(now).startswith("Trigger detected by the forecast at 1 gauge in Squareland, for ")
    assert cautions(now) == ["1 gauge has no usable forecast, which is no all clear: Nor quay (K3)."]
    blind = next(change for change in compare_runs(before, now) if change.key == "K3")
    assert (blind.kind, blind.name) == ("blind", "Nor quay")
    assert blind.why == ("Low warning before; now the gauge has no usable forecast: no readings. That is no all clear.")
    gone = next(change for change in compare_runs(before, gauged(now, {"K1": "Kelim pier"})) if change.key == "K3")
    assert (gone.kind, gone.why.split(": ")[1]) == (
        "blind", "it is no longer among the country's gauges. That is no all clear.",
    )  # fmt: skip
    texts = texts_of(overview_figure(now, read_map_layers(cycles.prepared, (1, 2)), [], country_words(now)))
    assert {"K1", "K3 (blind)", "gauge without alert", "blind gauge: no forecast, no all clear"} <= set(texts)
    assert event_rows(now)[0]["gauge"] == "Kelim pier"
    run = tide_run(now, tmp_path, cycles.prepared)
    page = (run.path / "report" / "report.html").read_text(encoding="utf-8")
    assert "<h4>Blind: no usable forecast, no all clear</h4>\n<ul>\n<li>K3 (Nor quay): no readings</li>" in page
    assert "<h3><bdi>Kelim pier</bdi> (K1)</h3>" in page
    with (run.path / "report" / "events.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["gauge_code"], row["gauge"]) == ("K1", "Kelim pier")
    point = json.loads((run.path / "report" / "events.geojson").read_text(encoding="utf-8"))["features"][0]["geometry"]
    assert point == {"type": "Point", "coordinates": [30.1, 1.1]}
