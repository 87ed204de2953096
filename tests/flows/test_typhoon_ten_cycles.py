"""Ten cycles through the real pipeline, judged by what the built-in server's `GET event`, tracks and mails say."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest

from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.runs.typhoon import read_tracks_kept
from tests.worlds.plain_calls import plain_calls
from tests.worlds.ten_cycles import CYCLES, Seen, ten_cycles
from tests.worlds.typhoon_project import TyphoonProject, issued, moment

KIKO, JOLINA = "Kiko (CHANTHU)", "Jolina (CONSON)"
ALL = ["V1", "V2", "W1", "W2"]
AHEAD, AT_ONCE = ("trigger", "72-hour", "72-hour"), ("trigger", "0-hour", "0-hour")
EXPECTED: dict[str, tuple[dict[str, Any], int, set[str]]] = {
    "genesis": ({"70W": ("warning", "96-hour", None)}, 1, {"further alert ahead"}),
    "named": ({KIKO: ("warning", "90-hour", None)}, 1, {"alert goes on under another name"}),
    "warning": ({KIKO: ("warning", "84-hour", None)}, 0, set()),
    "missing": ({KIKO: ("warning", "84-hour", None)}, 0, set()),
    "trigger": ({KIKO: AHEAD}, 1, {"wrong times in the mail"}),
    "landfall": ({KIKO: AT_ONCE}, 0, {"storm at 0-hour", "alert changed without mail"}),
    "second landfall ahead": ({KIKO: AT_ONCE}, 0, set()),
    "after": ({KIKO: AT_ONCE}, 0, set()),
    "gone": ({KIKO: AT_ONCE}, 0, set()),
    "second storm": (
        {KIKO: AT_ONCE, JOLINA: ("trigger", "48-hour", "48-hour")},
        1,
        {"area no longer alerted", "alert changed without mail", "wrong times in the mail"},
    ),
}
"""cycle -> events of the portal (level, first lead time, first trigger), new mails, notices of what it does not say"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> TyphoonProject:
    return TyphoonProject(tmp_path_factory.mktemp("ten-cycles"))


@pytest.fixture(scope="module")
def seen(project: TyphoonProject, quick: None) -> Iterator[dict[str, Seen]]:
    with plain_calls(), patch.object(os, "fsync", lambda descriptor: None):  # no test pulls the plug
        yield dict(ten_cycles(project))


@pytest.mark.parametrize("name", CYCLES)
def test_a_cycle_shows_the_right_events_mails_and_notices(name: str, seen: dict[str, Seen]) -> None:
    events, mails, notices = EXPECTED[name]
    assert seen[name].state == ("Failed" if name == "missing" else "Completed"), seen[name].message
    assert seen[name].portal.events == events
    assert (seen[name].new_mails, {kind for kind, _ in seen[name].notices}) == (mails, notices)


def test_who_was_mailed_about_what(seen: dict[str, Seen]) -> None:
    assert seen["second storm"].portal.mails == [("70W",), (KIKO,), (KIKO,), (JOLINA,)]
    assert seen["gone"].portal.issued == {KIKO: "2026-02-10T06:00"}, "kept through warning, trigger and landfall"


def test_a_storm_that_is_missing_once_closes_nothing(seen: dict[str, Seen]) -> None:
    for words in ("its storm is blind", "two valid cycles without it end its alert", f"--accept-blind {KIKO}"):
        assert words in seen["missing"].message
    before, after = seen["warning"].portal, seen["missing"].portal
    assert (after.events, after.areas, after.points) == (before.events, before.areas, before.points)


def test_the_track_has_one_landfall_whole_winds_and_points_of_our_own_past(seen: dict[str, Seen]) -> None:
    for name, each in seen.items():
        for event, points in each.portal.points.items():
            assert sum(point.landfall for point in points) == 1, f"{name}: {event} at its first coast"
            assert not any(point.closest for point in points)
            assert {type(point.wind) for point in points} == {int}
            assert all(one.moment < other.moment for one, other in pairwise(points))
    landfall = {
        name: [point for point in each.portal.points.get(KIKO, ()) if point.landfall] for name, each in seen.items()
    }
    assert {(point.moment, point.lon) for points in landfall.values() for point in points} == {(moment(96), 124.5)}
    assert seen["named"].portal.points[KIKO][0].moment == moment(6), "nobody saw the disturbance at 00 UTC"
    assert seen["trigger"].portal.points[KIKO][0].moment == moment(6), "from our records, 18 hours ago"
    last = seen["gone"].portal.points[KIKO][-1]
    assert (last.moment, last.lon) == (moment(132), pytest.approx(124.5 - 0.2 * 36)), "where it was forecast to be"


def test_areas_that_were_passed_keep_their_numbers_while_others_go_on(
    project: TyphoonProject, seen: dict[str, Seen]
) -> None:
    found = {name: project.found(issued(hour)) for name, (hour, _) in CYCLES.items()}
    events = {name: each.events[0] for name, each in found.items() if each.events}
    passed = {
        name: sorted(row.place_code for row in event.impacts if row.passed_at is not None)
        for name, event in events.items()
    }
    assert passed["landfall"] == []
    assert passed["second landfall ahead"] == ["V1", "V2"]
    assert passed["after"] == passed["gone"] == ALL
    assert [events[name].state for name in ("second landfall ahead", "after", "gone")] == [
        "forecast",
        "passed",
        "passed",
    ]
    winds = {name: {row.place_code: row.wind_kmh for row in event.impacts} for name, event in events.items()}
    assert (
        winds["gone"]
        == winds["after"]
        == {code: max(winds[name][code] for name in ("landfall", "second landfall ahead")) for code in ALL}
    )


def test_notes_of_a_storm_that_is_in_no_file_any_more_are_said_once(
    project: TyphoonProject, seen: dict[str, Seen]
) -> None:
    for hour in (132, 138):
        notes = " | ".join(project.found(issued(hour)).notes)
        assert "in the last forecast that had it" in notes
        assert notes.count("kept where the storm has passed") == 1


def test_a_passed_storm_yields_the_valley_to_the_one_that_comes(project: TyphoonProject, seen: dict[str, Seen]) -> None:
    portal = seen["second storm"].portal
    assert portal.areas == {KIKO: ["W1", "W2"], JOLINA: ["V1", "V2"]}
    assert portal.polygons == len(ALL), "no area is drawn twice"
    assert [event.name for event in project.found(issued(138)).events if event.trigger] == [KIKO, JOLINA]


def test_a_run_folder_has_the_tracks_and_the_hashes_of_their_files(
    project: TyphoonProject, seen: dict[str, Seen]
) -> None:
    run = project.folder(issued(24)).path
    manifest = json.loads((run / "manifest.json").read_text())
    file = project.given / "2026021100" / "tracks.bufr"
    (kept,) = manifest["inputs"]
    assert (kept["name"], kept["sha256"]) == ("tracks.bufr", sha256(file))
    assert manifest["versions"]["ibf-pipeline"]
    assert "population.tif" in {each["name"] for each in manifest["static"]}
    tracks = read_tracks_kept(run)
    assert (cycle_of(tracks), list(tracks["storm"].values)) == (moment(24), ["10L", "21W"])
    none = json.loads((project.folder(issued(132)).path / "manifest.json").read_text())
    assert none["inputs"] == []
    assert "no-cyclones" in json.dumps(none["obtained"]), "what shows that there is no cyclone"
