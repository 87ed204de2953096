"""Blocks of flash floods on a sandbox: what the portal shows, whom it mails, and what a revision leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from ibf_pipeline.runs.rasters import RASTER_WRITERS
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.comparison import compare_events
from ibf_pipeline.targets.ibf.bodies import EXPOSURE
from ibf_pipeline.targets.ibf.revision import PROCESSING
from ibf_pipeline.targets.ibf.snapshot import read_snapshot
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import PublishedDay
from ibf_pipeline.targets.target import Publication
from ibf_pipeline.targets.withdrawal import withdraw
from tests.worlds.countries.flash_days import EXPOSED, GAUGES, FlashDays, clock, seed
from tests.worlds.countries.two_valleys import AREAS, block, rain


def kinds(published: Publication | None) -> list[tuple[str, str]]:
    assert published is not None
    return [(notice.kind, notice.event) for notice in published.notices]


def test_a_block_with_a_trigger_and_a_warning(days: FlashDays) -> None:
    _, published = days.block(EXPOSED, gauges=GAUGES)
    assert published is not None
    assert published.notified
    assert days.events() == {"Alpha": ("trigger", "3-hour", "3-hour", 1), "Beta": ("warning", "15-hour", None, 1)}
    assert days.points("schools") == {fid: {"exposure": "true"} for fid in ("7", "9", "16")}
    assert days.points("gauges") == {
        "5": {"water-level": "3", "water-level-reference": "2", "water-level-previous": "2.5",
              "water-level-alert-level": "warning"},
        "6": {"water-level": "1.25"},
    }  # fmt: skip
    assert days.exposed_roads() == {120: "3-hour"}
    assert days.mails == [("Alpha", "Beta")]


def test_what_was_published_compares_as_the_same(days: FlashDays) -> None:
    """Also an area below its threshold, which is sent with its people and is none of the event's."""
    result, _ = days.block({"A1": {5: 60}, "A2": {5: 12}})
    assert [area.people for area in result.events[0].areas] == [212, 2]
    with days.target() as target:
        shown = read_snapshot(target.client, "XTV", days.run(block(0)).profile, 3)
    assert [row.verdict for row in compare_events(result, shown.events, {"Alpha": "Alpha"})] == ["agrees"]


def test_without_an_event_every_area_of_the_server_is_zero_at_1_hour(days: FlashDays) -> None:
    days.block({})
    (revision,) = days.revisions()
    sent = [call.body for call in revision.calls() if call.path == EXPOSURE]
    assert [body["dynamicIndicator"] for body in sent if body] == [
        "population_affected", "nr_affected_buildings", "forecast_severity", "forecast_trigger",
    ]  # fmt: skip
    for body in sent:
        assert body is not None
        assert (body["eventName"], body["leadTime"]) == (None, "1-hour")
        assert [row["placeCode"] for row in body["exposurePlaceCodes"]] == sorted(AREAS)
    assert (days.events(), days.mails) == ({}, [])
    polygons = days.get("/admin-areas/XTV/flash-floods/3").json()["features"]
    assert len(polygons) == len(AREAS)


def test_a_block_that_need_not_mail_closes_previews_and_ends_silently(days: FlashDays) -> None:
    first, _ = days.block(EXPOSED)
    _, published = days.block({"A1": {1: 60}}, 1, first, notify=False)
    assert published is not None
    assert not published.notified
    calls = days.revisions(1)[0].calls()
    assert [(call.path, dict(call.query), call.kind) for call in calls[-2:]] == [
        ("/events/process", {"noNotifications": "true"}, "preview"),
        ("/notification/send", {"noNotifications": "true"}, "write"),
    ]
    assert "Alpha" in days.events()
    assert days.mails == [("Alpha", "Beta")], "the first block's"


def test_where_the_portal_is_silent_the_notices_speak(days: FlashDays) -> None:
    """An alert that has begun is mailed when it is first issued and never again, whatever becomes of it."""
    first, _ = days.block({"A1": {-1: 20}})
    assert days.mails == [("Alpha",)]
    second, published = days.block({"A1": {-1: 60}}, 1, first)
    assert kinds(published) == [("alert changed without mail", "Alpha")]
    third, published = days.block({"A1": dict.fromkeys((9, 10, 11, 12), 31)}, 2, second)
    assert third.events[0].later
    assert kinds(published)[:2] == [("further alert ahead", "Alpha"), ("alert changed without mail", "Alpha")]
    assert days.events()["Alpha"][:2] == ("trigger", "0-hour")
    assert days.mails == [("Alpha",)]


def test_a_revision_in_the_block_wipes_rows_and_points_of_the_first(days: FlashDays) -> None:
    """Only Beta is left; the server keeps points until they have a newer value, and lines for good."""
    first, _ = days.block(EXPOSED, gauges=GAUGES)
    second, published = days.block({"B1": EXPOSED["B1"]}, 0, first, late=0.1, notify=False)
    assert [event.name for event in second.events] == ["Beta"]
    revision = days.revisions()[-1]
    bodies: list[dict[str, Any]] = [dict(call.body) for call in revision.calls() if call.body]
    assert {body["date"] for body in bodies} == {"2026-02-15T06:00:02Z"}, "F8: one date, later than the first"
    wiped = [body["dynamicIndicator"] for body in bodies if body.get("exposurePlaceCodes") == []]
    assert wiped == [
        "population_affected", "nr_affected_buildings", "forecast_severity", "forecast_trigger", "alert_threshold",
    ]  # fmt: skip
    assert days.points("schools") == {
        "9": {"exposure": "true"}, "7": {"exposure": "false"}, "16": {"exposure": "false"},
    }  # fmt: skip
    assert list(days.events()) == ["Beta"]
    assert ("lines still shown", "the portal") in kinds(published)
    assert days.exposed_roads() == {120: "3-hour"}


def test_a_revision_without_events_leaves_no_point_exposed(days: FlashDays) -> None:
    first, _ = days.block(EXPOSED)
    days.block({}, 0, first, late=0.1)
    assert days.events() == {}
    assert {values["exposure"] for values in days.points("schools").values()} == {"false"}


def test_null_rows_never_come_with_the_rows_of_an_event(days: FlashDays) -> None:
    first, _ = days.block(EXPOSED)
    days.block(EXPOSED | {"A2": {2: 60}}, 0, first, late=0.1)
    for revision in days.revisions():
        rows = [call.body for call in revision.calls() if call.path == EXPOSURE]
        null = [body for body in rows if body and body["eventName"] is None]
        assert all(body["exposurePlaceCodes"] == [] for body in null)
        assert [body["eventName"] for body in rows if body][: len(null)] == [None] * len(null), "before all others"


def test_every_call_of_a_block_is_processed_once_and_notifies_last(days: FlashDays) -> None:
    days.block(EXPOSED)
    calls = days.revisions()[0].calls()
    assert [call.kind for call in calls if call.path in PROCESSING] == ["preview", "end"]
    assert (calls[-1].kind, calls[-1].path) == ("end", "/notification/send")


def test_a_tail_that_is_over_keeps_no_other_district_from_being_published(days: FlashDays) -> None:
    """Hours of Alpha are missing, which says nothing against its end: it is told, and Beta is alerted."""
    first, _ = days.block({"A1": {-1: 20}})
    last = rain({"B1": {5: 60}}, block(20), missing={"A2": range(40, 49)})
    result, published = days.block(last, 20, first)
    assert [event.name for event in result.events] == ["Beta"]
    assert [unseen.condition for unseen in result.unseen] == ["suspect"]
    assert list(days.events()) == ["Beta"]
    assert ("district suspect", "Alpha") in kinds(published)


def test_what_a_person_takes_back_leaves_no_row_and_no_point(days: FlashDays, tmp_path: Path) -> None:
    """In the second block of a day; what is left is not mailed unless that is said."""
    first, _ = days.block(EXPOSED)
    days.block({"A1": EXPOSED["A1"], "B1": {1: 60}}, 1, first)
    run = days.run(block(1))
    with patch.dict(RASTER_WRITERS, {"flash-floods": write_rasters}):
        done = withdraw(
            PublishedDay(run, "sandbox", tmp_path), ["Beta"], notify=None, overrides=Overrides(), now=clock,
            open_target=lambda notify: days.target(notify=notify),
        )  # fmt: skip
    assert "Beta (trigger)" in done.text
    assert done.publication.verified is not None
    assert done.publication.verified.verdict == "agrees"
    assert list(days.events()) == ["Alpha"]
    assert days.points("schools")["9"] == {"exposure": "false"}
    assert [set(names) for names in days.mails] == [{"Alpha", "Beta"}] * 2


def write_rasters(result: Any, prepared: Path, folder: Path) -> None:
    for extent in result.extents:
        (folder / extent.file_name).write_bytes(b"raster")


@pytest.fixture
def described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlashDays]:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    with Sandbox(tmp_path / "old", behaves_like="described") as sandbox:
        sandbox.seed(seed())
        yield FlashDays(tmp_path / "runs", sandbox)


def test_a_server_of_the_description(described: FlashDays, caplog: pytest.LogCaptureFixture) -> None:
    """A trigger is 1, a warning 0 beside the event's name; areas without an alert cannot be told from warned ones."""
    first, published = described.block(EXPOSED, gauges=GAUGES)
    assert published is not None
    (revision,) = described.revisions()
    thresholds = {
        body["eventName"]: {row["placeCode"]: row["amount"] for row in body["exposurePlaceCodes"]}
        for call in revision.calls()
        if (body := call.body) and body.get("dynamicIndicator") == "alert_threshold"
    }
    assert thresholds == {"Alpha": {"A1": 1, "A2": 0}, "Beta": {"B1": 0}}
    assert [call.path for call in revision.calls()][-1] == "/notification/send"
    assert "this server takes no severity: areas without an alert (A2) may stand there as warned" in caplog.text
    assert {name: shown[0] for name, shown in described.events().items()} == {"Alpha": "trigger", "Beta": "warning"}
    assert described.mails == [("Alpha", "Beta")]
    second, _ = described.block({"A1": {20: 60}}, 1, first)
    assert described.events()["Alpha"] == ("warning", "18-hour", None, 2), "A2 as well; the look back knows it"
    described.block({}, 2, second)
    assert described.events() == {}
    assert len(described.mails) == 2
