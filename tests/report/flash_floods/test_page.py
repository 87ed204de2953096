"""The report of a block of flash floods: its page, its tables, its pictures."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.report.builder import make_report
from ibf_pipeline.report.flash_floods.area_rain import rain_of_area
from ibf_pipeline.report.flash_floods.assets import event_marks
from ibf_pipeline.report.flash_floods.content import FlashReport
from ibf_pipeline.report.flash_floods.earlier_numbers import has_earlier_numbers
from ibf_pipeline.report.flash_floods.hyetograph import hyetograph
from ibf_pipeline.report.flash_floods.run_data import FlashFloodRunData
from ibf_pipeline.report.flash_floods.words import country_words, event_words
from ibf_pipeline.report.pictures.event_map import event_figure
from ibf_pipeline.report.pictures.fonts import is_slanted
from ibf_pipeline.report.pictures.map_words import MapMarks
from ibf_pipeline.report.pictures.outlines import read_map_layers
from ibf_pipeline.report.pictures.overview_map import area_classes, overview_figure
from ibf_pipeline.runs.findings import read_findings_json
from ibf_pipeline.runs.folder import RunFolder
from tests.report.pictures.clipped import clipped_texts, texts_of
from tests.worlds.countries.two_valleys import at, found, only, rain
from tests.worlds.countries.two_valleys import block as block_after
from tests.worlds.countries.two_valleys_run import flash_run, write_outlines

EIGHTY = dict.fromkeys((9, 10, 11, 12), 20.5)


@dataclass(frozen=True)
class Block:
    found: FlashFloodFindings
    rain: xr.DataArray
    run: RunFolder
    prepared: Path

    @property
    def report(self) -> Path:
        return self.run.path / "report"

    @property
    def text(self) -> str:
        """The page as it is read: without style and pictures, blanks as one."""
        html = (self.report / "report.html").read_text(encoding="utf-8")
        return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


@pytest.fixture(scope="module")
def block(tmp_path_factory) -> Block:
    """A trigger at Alpha, a warning at Beta, a gauge, and one that is left out."""
    folder = tmp_path_factory.mktemp("valleys")
    gauges = [
        RiverGauge("G1", "Kelim bridge", {at(-1): 3.2, at(-24): 2.1}, {2: 2.0}),
        RiverGauge("G2", "Old", {at(-20): 1.0}),
    ]
    cube = rain({"A1": EIGHTY, "A2": {12: 30}, "B1": {20: 30}})
    result = found(cube, gauges=gauges)
    prepared = write_outlines(folder / "prepared")
    return Block(result, cube, flash_run(result, cube, folder / "runs", prepared), prepared)


def test_the_page_says_everything_that_a_reader_needs(block):
    text = block.text
    for said in (
        "Two Valleys, block of Sun 2026-02-15 06 UTC (08:00 CAT): trigger detected by the forecast in 1 district",
        "The next update is that of the block of 12 UTC, not before Sun 2026-02-15 18:00 CAT.",
        "trigger detected by the forecast, starts Sun 2026-02-15 17:00 CAT, in 9 hours; 242 people affected",
        "Worst hour: Sun 2026-02-15 20:00 CAT",
        "In the portal at 9-hour: trigger at 9, 10, 11 and 12 hours",
        "82 mm in 4 hours from 16:00 CAT, nearest scenario 80mm_4hr, rank 7; 212 people in A1; limit 20; all of it is",
        "2 schools: Kelim primary school and Saint-Étienne",
        "1 road cut: M1",
        "No school, health site, waterpoint, road or building of the country's data.",
        "Gauge Old is left out: its last level is 20 hours old.",
        "Kelim bridge Sun 2026-02-15 07:00 CAT 3.20 2.10 2.00 not declared",
        "An area is alerted above 20 people, or above its own limit where it has one.",
        "slide the picture sideways to see all of it",
        "Hours left are counted from Sun 2026-02-15 08:00 CAT.",
        "place code people affected of the area's people buildings",
    ):
        assert said in text, said
    assert "nr_affected" not in text.split("Calls made")[0], "indicators are words, roads have their unit"
    assert text.count("Alpha, Area A1: 82 mm") == 0, "what is told above is no note again"
    assert not re.search(r"\d\d:\d\d UTC", text.split("Calls made")[0]), "clock times are those of the country"


def test_kept_findings_are_read_back_and_the_data_has_what_the_page_has(block):
    assert read_findings_json(block.run.path / "events.json") == block.found
    data = json.loads((block.report / "report.json").read_text(encoding="utf-8"))
    assert data["time_zone"] == "Africa/Blantyre"
    assert data["events"][0]["reached"][0]["words"] == "2 schools: Kelim primary school and Saint-Étienne"
    assert data["tables"] == ["events", "areas", "reasons", "gauges", "exposed"]


def test_tables_for_spreadsheets(block):
    def rows(name: str) -> list[dict[str, str]]:
        with (block.report / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    assert [(row["event"], row["time"], row["state"]) for row in rows("events")] == [
        ("Alpha", "2026-02-15T15:00:00+00:00", "forecast"),
        ("Beta", "2026-02-16T02:00:00+00:00", "forecast"),
    ]
    assert [(row["place_code"], row["rain_mm"], row["scenario"], row["people"]) for row in rows("reasons")] == [
        ("A1", "82.0", "80mm_4hr", "212"), ("A2", "30.0", "30mm_1hr", "30"), ("B1", "30.0", "30mm_1hr", "60"),
    ]  # fmt: skip
    assert [(row["gauge"], row["level_m"], row["day_before_m"]) for row in rows("gauges")] == [
        ("Kelim bridge", "3.2", "2.1")
    ]
    assert [(row["category"], row["fid"], row["name"], row["lat"]) for row in rows("exposed")] == [
        ("roads", "120", "M1", "-10.8"),
        ("schools", "7", "Kelim primary school", "-10.83"),
        ("schools", "16", "Saint-Étienne", "-10.72"),
    ]
    places = json.loads((block.report / "exposed.geojson").read_text(encoding="utf-8"))["features"]
    assert places[1]["geometry"]["coordinates"] == [33.2, -10.83]


def test_a_warning_is_never_in_the_colour_of_a_trigger(block):
    """Both are of class max."""
    assert {event.alert_class for event in block.found.events} == {"max"}
    assert area_classes(block.found) == {"A1": "max", "A2": "max", "B1": "med"}
    html = (block.report / "report.html").read_text(encoding="utf-8")
    assert '<span class="badge med">warning</span>' in html
    assert '<span class="badge max">warning</span>' not in html
    layers = read_map_layers(block.prepared, (3,))
    texts = texts_of(overview_figure(block.found, layers, [], country_words(block.found)))
    assert {"trigger", "warning", "Alpha", "Beta"} <= set(texts)


def test_the_map_of_a_district_has_its_assets(block):
    event = only(block.found)
    marks = event_marks(block.found, event, block.run.path)
    assert [(each.words, len(each.places), len(each.lines)) for each in marks] == [
        ("2 schools", 2, 0), ("1 road cut", 0, 1), ("1 gauge", 1, 0),
    ]  # fmt: skip
    words = event_words(block.found, event)
    figure = event_figure(block.found, event, read_map_layers(block.prepared, (3,)), None, words, marks)
    texts = texts_of(figure)
    assert {"2 schools", "1 road cut", "1 gauge", "Area A1\n212"} <= set(texts)
    assert "starts Sun 2026-02-15 17:00 CAT, in 9 hours · forecast of Sun 2026-02-15 08:00 CAT" in texts
    assert clipped_texts(figure) == []


def test_an_area_is_named_once_wherever_its_label_had_to_go(block):
    """A school in the way of its two lines and not of the name alone."""
    event, layers = only(block.found), read_map_layers(block.prepared, (3,))
    centre = layers.levels[3].shapes["A1"].centroid
    school = MapMarks("1 school", "s", "#12489e", ((centre.x, centre.y + 0.03),))
    words = event_words(block.found, event)

    def label(*marks: MapMarks) -> Text:
        figure = event_figure(block.found, event, layers, None, words, marks)
        assert "Area A1" not in texts_of(figure)
        (it,) = [text for text in figure.findobj(Text) if text.get_text() == "Area A1\n212"]
        return it

    assert label(school).get_position() != label().get_position()


def test_blind_areas_are_on_both_maps(block):
    result = found(rain({"A1": EIGHTY}, missing={"B1": range(-40, 49), "A2": range(-40, 49)}))
    layers = read_map_layers(block.prepared, (3,))
    for figure in (
        overview_figure(result, layers, [], country_words(result)),
        of_event := event_figure(result, only(result), layers, None, event_words(result, only(result))),
    ):
        assert "blind: nothing is known, no all clear" in texts_of(figure)
        assert clipped_texts(figure) == []
    part = make_report(result, None, {}, (), FlashFloodRunData()).events[0]
    assert [(a.name, a.people_known) for _, areas in part.areas for a in areas] == [
        ("Area A1", True),
        ("Area A2, blind", False),
    ]
    assert "Area A2\nblind" in texts_of(of_event), "nobody knows that it is 0"
    (legend,) = [text for text in of_event.findobj(Text) if text.get_text().startswith("blind: nothing")]
    small_map = min(axes.get_window_extent().x0 for axes in of_event.axes if axes.get_window_extent().width < 400)
    assert legend.get_window_extent().x1 < small_map


def test_the_hyetograph_marks_start_worst_hour_and_steps_on_local_clocks(block):
    figure = hyetograph(block.found, only(block.found), block.rain)
    texts = texts_of(figure)
    assert {
        "Alpha: rain in Area A1",
        "block of 06 UTC, 08:00 CAT",
        "start Sun 2026-02-15 17:00 CAT",
        "worst hour Sun 2026-02-15 20:00 CAT",
        "80mm_4hr, rank 7",
        "40mm_4hr, rank 4",
        "observed: IMERG Late",
        "forecast: GFS",
        "from 15 hours on: warnings only",
        "Sun 2026-02-15",
    } <= set(texts)
    assert not {"100mm_24hr, rank 6", "30mm_1hr, rank 5"} & set(texts), "floods of other durations"
    assert clipped_texts(figure) == []


def test_hours_of_a_zone_with_quarters_and_an_exercise():
    cube = rain({"A1": EIGHTY}, missing={"A1": [30, 31]})
    result = found(cube, time_zone="Asia/Kathmandu", exercise=True)
    figure = hyetograph(result, only(result), cube)
    texts = texts_of(figure)
    assert "EXERCISE · Alpha: rain in Area A1" in texts
    assert "block of 06 UTC, 11:45 UTC+0545" in texts
    assert {"00:00", "06:00", "12:00", "18:00", "rain missing"} <= set(texts)
    assert "00:15" not in texts
    assert clipped_texts(figure) == []


def test_members_are_a_band_around_their_median():
    cube = rain([{"A1": dict.fromkeys((9, 10, 11, 12), mm)} for mm in (10, 20, 30)])
    result = found(cube)
    figure = hyetograph(result, only(result), cube)
    assert {"median of sums", "members: all, and 10 to 90 %"} <= set(texts_of(figure))
    (line,) = [line for line in figure.axes[1].lines if len(line.get_xdata()) > 50]
    values = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert values[12] == 80, "the median of 40, 80 and 120 mm in four hours"
    assert clipped_texts(figure) == []


def test_observed_nowcast_and_forecast_are_told_apart():
    """Origins 0 observed to the issue time; 2 for the hours 1 to 3; 1 from then on; an hour without any."""
    cube = rain({"A1": EIGHTY}, missing={"A1": [-5]})
    cube.attrs["origins"] = ("IMERG Late", "GFS", "Radar")
    hours = np.arange(cube.sizes["time"]) - 53
    cube["origin"][(hours >= 1) & (hours <= 3)] = 2
    area = rain_of_area(cube, "A1", at(0))
    kinds = dict(zip(hours.tolist(), area.kinds, strict=True))
    assert [kinds[hour] for hour in (-5, 0, 1, 3, 4, 48)] == ["", "observed", "nowcast", "nowcast", *["forecast"] * 2]
    assert area.origins == {"observed": ("IMERG Late",), "nowcast": ("Radar",), "forecast": ("GFS",)}
    sums = area.sums(4)[0]
    assert sums[hours == 12] == 82
    assert np.isnan(sums[(hours >= -5) & (hours <= -2)]).all(), "a sum with a missing hour is not drawn"
    assert sums[hours == -1] == 0


def test_names_in_scripts_without_an_italic_face_are_drawn_upright():
    assert is_slanted("Łódź Área")
    assert not is_slanted("مقياس النيل")


def test_a_report_without_kept_rain_has_no_hyetograph_and_says_the_rest(block):
    report = make_report(block.found, None, {}, (), FlashFloodRunData())
    assert isinstance(report, FlashReport)
    assert [part.hyetograph for part in report.events] == [None, None]
    assert report.events[0].why[0].startswith("Area A1: 82 mm in 4 hours")


def test_an_alert_that_goes_on_says_how_many_hours_are_left():
    before = found(rain({"A1": {18: 30}}))
    now = found(rain({"A1": {12: 30}}, block_after(1)), before, warning_from_h=9)
    report = make_report(now, before, {}, (), FlashFloodRunData(before=before))
    assert isinstance(report, FlashReport)
    assert report.going_on == ("Alpha: starts Mon 2026-02-16 02:00 CAT, in 12 hours; 12 hours are left, 18 before",)


def test_what_began_days_ago_is_named_at_the_edge():
    first = found(rain({"A1": {-1: 30}}))
    cube = rain({"A1": {26: 12}}, block_after(8))
    later = found(cube, found(rain({}, block_after(4)), first))
    assert only(later).state == "tail"
    texts = texts_of(hyetograph(later, only(later), cube))
    assert "← start and worst hour Sun 2026-02-15 07:00 CAT" in texts
    assert any(text.startswith("numbers of an earlier block") for text in texts)


def test_larger_numbers_of_an_earlier_block_are_said_to_be_so_where_this_one_exceeds_too():
    """90 mm in four hours then; 21 mm in an hour now, and the four hours are dry in this block's rain."""
    first = found(rain({"A1": {-4: 20, -3: 20, -2: 20, -1: 30}}))
    cube = rain({"A1": {0: 21}}, block_after(1))
    now = found(cube, first)
    event = only(now)
    assert (event.state, event.people) == ("forecast", 212)
    report = make_report(now, first, {}, (), FlashFloodRunData(cube, before=first))
    assert isinstance(report, FlashReport)
    assert "Numbers of an earlier block, larger than this one's: Area A1." in report.events[0].states
    figure = hyetograph(now, event, cube, first)
    assert any(text.startswith("numbers of an earlier block") for text in texts_of(figure))
    assert "sum of an earlier block" in texts_of(figure)
    assert clipped_texts(figure) == []


def test_numbers_that_this_blocks_rain_has_too_are_its_own():
    first = found(rain({"A1": {-4: 20, -3: 20, -2: 20, -1: 30}}))
    cube = rain({"A1": {-10: 20, -9: 20, -8: 20, -7: 30, 0: 21}}, block_after(1))
    event = only(found(cube, first))
    assert event.people == 212
    assert not has_earlier_numbers(event, event.causes[0], cube, first)
    assert has_earlier_numbers(event, replace(event.causes[0], of_catchment=True), cube, first), (
        "the last block had the same"
    )
    assert not has_earlier_numbers(event, replace(event.causes[0], of_catchment=True), cube, None)
