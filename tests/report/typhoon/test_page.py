"""The report of a cycle of typhoon: its page and its pictures."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import shapely

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.hazards.typhoon.findings import TrackPoint, TyphoonFindings
from ibf_pipeline.report.pictures.outlines import joined, read_map_layers
from ibf_pipeline.report.pictures.overview_map import area_classes
from ibf_pipeline.report.typhoon.run_data import TyphoonRunData
from ibf_pipeline.report.typhoon.track_map import track_map
from ibf_pipeline.report.typhoon.wind_chart import wind_chart
from ibf_pipeline.runs.findings import read_findings_json
from ibf_pipeline.runs.folder import RunFolder
from tests.report.pictures.clipped import clipped_texts, texts_of
from tests.worlds.typhoon_pages import (
    at,
    considered,
    fixes,
    found,
    members_along,
    storm,
    tracks,
    typhoon_run,
    warning,
    write_outlines,
)

WIND_ONLY = "wind only: no storm surge, flood or landslide"
MANY = "Kiko de los Santos Inocentes y Compañía del Mar Océano (CHANTHU)"


@dataclass(frozen=True)
class Cycle:
    found: TyphoonFindings
    run: RunFolder
    prepared: Path

    @property
    def report(self) -> Path:
        return self.run.path / "report"


@pytest.fixture(scope="module")
def cycle(tmp_path_factory) -> Cycle:
    """A trigger of two areas, one of them warned alone, all 52 members of it, and a disturbance that is no event."""
    folder = tmp_path_factory.mktemp("luzon")
    other = warning(storm="2021-70W", identifier="70W", international_name="70W", name="70W", members_with_storm=2)
    result = found(storm(), storms=(considered(other, "no area reaches the limit"),))
    prepared = write_outlines(folder / "prepared")
    kept = tracks({"21W": ("CHANTHU", members_along(storm(), range(1, 53)))})
    return Cycle(result, typhoon_run(result, kept, folder / "runs", prepared), prepared)


def test_the_page_says_everything_that_a_reader_needs(cycle):
    html = (cycle.report / "report.html").read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())
    for said in (
        "Wind only: no storm surge, flood or landslide.",
        "trigger detected by the forecast, direct hit or close pass: nearest Sat 2021-09-11 05:00 PST, in 13 hours",
        "Work outdoors ends with gale",
        "Triggers (winds are 10-minute means) Met: at least 185 km/h in Luzon",
        "Batanes Fri 2021-09-10 17:00 PST – Fri 2021-09-10 23:00 PST Sat 2021-09-11 02:00 PST – Sat 2021-09-11 14:00 "
        "PST in 90 % 86.5 % 139 4 12 to 1,346 17,000",
        "Aparri (warning) C1 4,000",
        "70W, in 2 of 52 members: no area reaches the limit.",
        "Rain: no source is configured.",
        "damage to houses by wind, one of the two curves (share of their value, 0 to 1)",
        "Tracks: ECMWF ensemble of cyclone tracks; cycle of Fri 2021-09-10 08:00 PST, 52 members.",
    ):
        assert said in text, said
    assert not re.search(r"\d\d:\d\d UTC", text.split("Calls made")[0]), "clock times are those of the country"
    assert html.count("data:image/png") == 4


def test_kept_findings_and_files_say_the_same(cycle):
    assert read_findings_json(cycle.run.path / "events.json") == cycle.found
    data = json.loads((cycle.report / "report.json").read_text(encoding="utf-8"))
    assert data["tables"][2:] == ["provinces", "winds", "track_points", "tracks", "triggers", "storms"]
    for name in data["tables"]:
        with (cycle.report / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            assert {row["covers"] for row in csv.DictReader(file)} == {WIND_ONLY}, name
    line = json.loads((cycle.report / "tracks.geojson").read_text(encoding="utf-8"))["features"][0]["geometry"]
    assert line["coordinates"][0][:2] == [[125.6, 16.6], [124.9, 16.8]]


def test_areas_that_are_warned_alone_never_have_the_colour_of_a_trigger(cycle):
    """Also where another storm is a trigger of one of them: the higher one is drawn."""
    assert area_classes(cycle.found) == {"B1": "max", "C1": "med"}
    other = storm(name="other", areas=(EventArea(3, "C1", "Aparri", 1, None, {}),))
    assert area_classes(found(storm(), other)) == {"B1": "max", "C1": "max"}


def test_the_track_has_local_times_categories_and_where_it_was(cycle):
    kept = TyphoonRunData(tracks({"21W": ("CHANTHU", members_along(storm(), range(1, 53)))}))
    event = storm(name=MANY)
    layers = read_map_layers(cycle.prepared, (3,))
    texts = texts_of(figure := track_map(cycle.found, event, layers, kept.members_of(event)))
    assert {"Sat 11 05:00\nTY 183", "Fri 10 08:00\nTY 162", "Fri 10 02:00", "52 of 52 members", WIND_ONLY} <= set(texts)
    assert "nearest to land" in texts
    assert any("10-minute means" in text for text in texts)
    assert clipped_texts(figure) == []


def test_a_country_across_180_degrees_is_one_place(tmp_path):
    shapes = {
        "F1": ("Viti", shapely.box(177.2, -18.2, 178.7, -17.3)),
        "F2": (
            "Taveuni",
            shapely.MultiPolygon([shapely.box(179.6, -17, 180, -16.6), shapely.box(-180, -17, -179, -16)]),
        ),
    }
    layers = joined(read_map_layers(write_outlines(tmp_path, shapes), (3,)))
    assert layers.country.bounds == (177.2, -18.2, 181, -16)
    path = ((0, -15, -178), (6, -16.5, -179.5), (12, -16.8, 179.8), (18, -17.6, 178))
    event = storm(
        name="YASA",
        track=tuple(TrackPoint(at(h), lat, lon, 120, "TY", landfall=h == 12) for h, lat, lon in path),
        areas=(EventArea(3, "F2", "Taveuni", 100, None, {}),),
        members_with_storm=2,
    )
    kept = TyphoonRunData(tracks({"21W": ("YASA", {3: fixes((-15, -178), (-16, 179)), 52: fixes((-15, -178))})}))
    figure = track_map(found(event), event, layers, kept.members_of(event))
    west, east = figure.axes[0].get_xlim()
    assert 170 < west < 180 < east < 190
    assert "2 of 52 members" in texts_of(figure)


def test_winds_of_few_members_are_lines_and_no_band(cycle):
    event = storm(members_with_storm=2)
    kept = TyphoonRunData(tracks({"21W": ("CHANTHU", members_along(event, (3, 52)))}))
    figure = wind_chart(cycle.found, event, kept.members_of(event))
    texts = texts_of(figure)
    assert {"2 of 52 members have the storm" in text for text in texts} == {True, False}
    assert {"super typhoon, 185", "typhoon, 118", "members, as forecast", "km/h (10-minute mean)", WIND_ONLY} <= set(
        texts
    )
    assert "10 to 90 %" not in texts
    assert clipped_texts(figure) == []
