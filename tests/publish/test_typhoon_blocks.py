"""Blocks of typhoon on a sandbox: tracks that are read back, revisions, what a person takes back, half-made blocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.errors import ServerRefused, ServerUnreachable
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.runs.findings import read_findings_json
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.ibf.bodies import EXPOSURE
from ibf_pipeline.targets.ibf.lookback.verification import look_back
from ibf_pipeline.targets.ibf.publication import carry_out
from ibf_pipeline.targets.ibf.snapshot import read_snapshot
from ibf_pipeline.targets.ibf.typhoon import TRACK
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import PublishedDay
from ibf_pipeline.targets.withdrawal import withdraw
from tasks.runs import plan_revision
from tests.publish.test_fault_matrix import _Stop, _stop_after
from tests.worlds.countries.flash_days import clock
from tests.worlds.services.faulty_proxy import FaultyProxy
from tests.worlds.typhoon_days import TyphoonDays, kinds, seed
from tests.worlds.typhoon_findings import AREAS, area, cycle, issue, sharing, storm


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TyphoonDays]:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    with Sandbox(tmp_path / "box") as sandbox:
        sandbox._backend.store.run("PRAGMA synchronous = OFF")
        sandbox.seed(seed())
        yield TyphoonDays(tmp_path / "runs", sandbox)


ALPHA, BRAVO = storm("ALPHA", AREAS[:2]), storm("BRAVO", AREAS[3:5], trigger=False, lead=96)


def test_what_was_published_is_read_back(days: TyphoonDays) -> None:
    result, _ = days.cycle(ALPHA, BRAVO)
    assert read_findings_json(days.run(issue(0)).path / "events.json") == result
    assert days.events() == {
        "ALPHA": ("trigger", "48-hour", "48-hour", 2), "BRAVO": ("warning", "96-hour", None, 2)
    }  # fmt: skip
    assert (len(days.track("ALPHA")), len(days.track("BRAVO")), len(days.track())) == (15, 23, 38)
    with days.target() as target:
        shown = read_snapshot(target.client, "PHL", days.run(issue(0)).profile, 3)
    assert [(event.name, event.people) for event in shown.events] == [
        ("ALPHA", dict.fromkeys(AREAS[:2], 100)), ("BRAVO", dict.fromkeys(AREAS[3:5], 100)),
    ]  # fmt: skip


def test_a_trigger_of_some_of_a_storms_areas_is_a_trigger_and_nothing_differs(days: TyphoonDays) -> None:
    """The portal takes its first row for the lead time of the trigger, and lists the areas of the highest level."""
    mixed = storm("ALPHA", areas=(area(AREAS[0], trigger=False), area(AREAS[1], trigger=True)))
    days.cycle(mixed)
    assert days.events() == {"ALPHA": ("trigger", "48-hour", "48-hour", 1)}
    with days.target() as target:
        assert list(look_back(days.revisions()[0], target.client, clock).differences) == []


def sent_again(days: TyphoonDays, path: str, **changes: Any) -> list[str]:
    """What the look back says after the first call of ALPHA to a path was made again with another body."""
    revision = days.revisions()[0]
    call = next(call for call in revision.calls() if call.path == path and call.event == "ALPHA")
    with days.target() as target:
        target.client.login()
        target.client.send(replace(call, body={**(call.body or {}), **changes}), revision.file)
        return list(look_back(revision, target.client, clock).differences)


def test_what_is_not_as_it_was_sent_is_seen(days: TyphoonDays) -> None:
    """A point less, a wind, a track of no event; a share of 0.21 is not 0.2, though both are less than one person."""
    days.cycle(ALPHA, BRAVO)
    (body,) = (call.body or {} for call in days.revisions()[0].calls() if (call.path, call.event) == (TRACK, "ALPHA"))
    points = body["trackpointDetails"]
    assert sent_again(days, TRACK, trackpointDetails=points[1:]) == ["event ALPHA, track: 15 points expected, 14 shown"]
    weaker = [*points[:3], {**points[3], "windspeed": 149}, *points[4:]]
    place = "2026-11-24 06:00 UTC at 15 N 127.5 E"
    assert sent_again(days, TRACK, trackpointDetails=weaker) == [
        f"event ALPHA, track: {place} 150 km/h TY expected, {place} 149 km/h TY shown"
    ]
    sent_again(days, TRACK)
    assert sent_again(days, TRACK, eventName="CHARLIE") == ["tracks: 15 points shown that are of no event"]
    sent_again(days, TRACK, eventName="CHARLIE", trackpointDetails=[])
    rows = [{"placeCode": AREAS[0], "amount": 0.21}, {"placeCode": AREAS[1], "amount": 0.2}]
    assert sent_again(days, EXPOSURE, exposurePlaceCodes=rows) == [
        f"event ALPHA, area {AREAS[0]} level 3: 0.2 of houses expected, 0.21 shown"
    ]


@pytest.mark.parametrize("left", [[ALPHA], []])
def test_a_revision_in_the_block_clears_tracks_of_storms_that_are_no_more(
    left: list[TyphoonEvent], days: TyphoonDays
) -> None:
    days.cycle(ALPHA, BRAVO)
    _, published = days.cycle(*left, storms=cycle(ALPHA, BRAVO).storms, notify=False)
    assert set(days.events()) == {event.name for event in left}
    assert len(days.track()) == sum(len(event.track) for event in left)
    assert ("alert ended", "BRAVO") in kinds(published)
    assert len(days.mails) == 1, "the second ends without notification"


def test_a_revision_that_broke_off_after_its_wipe_leaves_no_track(days: TyphoonDays) -> None:
    """The server's last upload is gone with the rows, so the next revision wipes nothing."""
    days.cycle(ALPHA, BRAVO)
    changed = cycle(storm("ALPHA", AREAS[:3]))
    run = days.keep(changed)
    with days.target() as target:
        revision = plan_revision.fn(changed, run, target, overrides=Overrides(), now=clock)
        assert revision is not None
        first_row = next(call for call in revision.calls() if (call.body or {}).get("exposurePlaceCodes"))
        with pytest.raises(_Stop):
            carry_out(revision, target.client, clock, progress=_stop_after(first_row.number - 1))
    assert days.track() == []
    days.publish(cycle(storm("ALPHA", AREAS[:3])))
    assert set(days.events()) == {"ALPHA"}
    assert len(days.track()) == len(ALPHA.track)


def test_what_a_person_takes_back_leaves_no_row_and_no_track(days: TyphoonDays, tmp_path: Path) -> None:
    days.cycle(ALPHA, BRAVO)
    run = days.run(issue(0))
    done = withdraw(
        PublishedDay(run, "sandbox", tmp_path), ["BRAVO"], notify=None, overrides=Overrides(), now=clock,
        open_target=lambda notify: days.target(notify=notify),
    )  # fmt: skip
    assert "BRAVO" in done.text
    assert done.publication.verified is not None
    assert done.publication.verified.verdict == "agrees"
    assert list(days.events()) == ["ALPHA"]
    assert (days.track("BRAVO"), len(days.track())) == ([], len(ALPHA.track))


def test_the_next_block_after_one_that_is_half_made(days: TyphoonDays) -> None:
    """Two storms are open and the next block of the day has its first row: `GET event` answers 500 to everybody."""
    days.cycle(ALPHA, BRAVO)
    second = cycle(
        storm("ALPHA", AREAS[:2], at=issue(1), lead=42),
        storm("BRAVO", AREAS[3:5], at=issue(1), trigger=False, lead=90),
        at=issue(1),
    )  # fmt: skip
    run = days.keep(second)
    with days.target() as target:
        revision = plan_revision.fn(second, run, target, overrides=Overrides(), now=clock)
        assert revision is not None
        target.client.login()
        target.client.send(revision.calls()[0], revision.file)
        assert days.get("/event", countryCodeISO3="PHL", disasterType="typhoon").status_code == 500
        target.carry_out(revision)
    assert days.events() == {
        "ALPHA": ("trigger", "42-hour", "42-hour", 2), "BRAVO": ("warning", "90-hour", None, 2)
    }  # fmt: skip


def test_an_area_that_the_server_does_not_know_is_refused_before_the_first_call(days: TyphoonDays) -> None:
    with pytest.raises(ServerRefused, match="1 place codes of level 3 are unknown to the server \\(PH184500000\\)"):
        days.cycle(storm("ALPHA", [AREAS[0], "PH184500000"]))
    with pytest.raises(ServerRefused, match="portal and mail cut it"):
        days.cycle(storm("ALPHA_1"))
    assert days.track() == []


def test_a_storm_that_is_missing_from_the_cycle_is_not_closed(days: TyphoonDays) -> None:
    """Rule 2: the first cycle without it stops before anything is published, unless an operator accepts it."""
    days.cycle(ALPHA)
    missing = replace(cycle(ALPHA).storms[0], in_cycle=False)
    gone = cycle(at=issue(1), storms=(missing,))
    with pytest.raises(ServerRefused, match="--accept-blind ALPHA"):
        days.publish(gone)
    assert set(days.events()) == {"ALPHA"}
    days.publish(gone, overrides=Overrides(blind=("ALPHA",)))
    assert days.events() == {}


def test_a_renamed_storm_is_a_new_event_that_people_are_told_of(days: TyphoonDays) -> None:
    first = storm("70W", AREAS[:2], storm="2026-70W", identifier="70W", trigger=False)
    days.cycle(first)
    named = replace(first, name="Kiko (CHANTHU)", international_name="CHANTHU", renamed_from="70W")
    _, published = days.cycle(replace(named, lead_time=42, flags=named.flags[6:] + "-" * 6), number=1)
    assert set(days.events()) == {"Kiko (CHANTHU)"}
    assert ("alert goes on under another name", "Kiko (CHANTHU)") in kinds(published)
    assert days.mails[-1] == ("Kiko (CHANTHU)",)


def test_t12_a_failed_upload_of_one_storm_skips_nothing_in_silence(days: TyphoonDays) -> None:
    """The run fails and says where; nobody is mailed about half of it; taken up again, both storms are there."""
    result = cycle(ALPHA, BRAVO)
    run = days.keep(result)
    with FaultyProxy(days.sandbox.url) as proxy, days.target(url=proxy.url) as target:
        revision = plan_revision.fn(result, run, target, overrides=Overrides(), now=clock)
        assert revision is not None
        track = next(call for call in revision.calls() if (call.path, call.event) == (TRACK, "ALPHA"))
        with pytest.raises(_Stop):
            carry_out(revision, target.client, clock, progress=_stop_after(track.number - 1))
        proxy.spoil("500", days.retry_policy.attempts)
        with pytest.raises(ServerUnreachable, match="typhoon-track"):
            carry_out(revision, target.client, clock)
    assert (days.mails, revision.state().is_finished) == ([], False)
    days.publish(result)
    assert (set(days.events()), days.mails) == ({"ALPHA", "BRAVO"}, [("ALPHA", "BRAVO")])
    assert (len(days.track("ALPHA")), len(days.track("BRAVO"))) == (15, 23)


def test_two_triggers_that_share_areas_are_right_in_the_lists(days: TyphoonDays) -> None:
    """The maps draw each shared area twice in either map and four times in the national one, which a notice says."""
    _, published = days.cycle(*sharing(storm("NIKA", AREAS[:3]), storm("OFEL", AREAS[1:4], lead=96)))
    assert {name: shown[3] for name, shown in days.events().items()} == {"NIKA": 3, "OFEL": 3}
    text = next(notice.text for notice in published.notices if notice.kind == "maps of shared areas")
    assert "have 2 areas in common" in text
    drawn = [each["placeCode"] for each in days.polygons()]
    assert (drawn.count(AREAS[1]), drawn.count(AREAS[0])) == (4, 1)
    of_event = [each["placeCode"] for each in days.polygons(eventName="NIKA", leadTime="48-hour")]
    assert (of_event.count(AREAS[1]), of_event.count(AREAS[0])) == (2, 1)


def test_a_warning_that_sends_an_area_of_a_trigger_without_alerting_it_has_a_wrong_map_too(days: TyphoonDays) -> None:
    """The server joins rows by area: the map of the warning has that area alone, as a trigger, and none of its own."""
    warning = storm("OFEL", areas=(area(AREAS[3]), area(AREAS[0], 0.0, alerted=False)), trigger=False, lead=96)
    _, published = days.cycle(storm("NIKA", AREAS[:2]), warning)
    assert {name: shown[3] for name, shown in days.events().items()} == {"NIKA": 2, "OFEL": 1}
    drawn = days.polygons(eventName="OFEL", leadTime="96-hour")
    assert [(each["placeCode"], each["alertLevel"]) for each in drawn] == [(AREAS[0], "trigger")]
    text = next(notice.text for notice in published.notices if notice.kind == "maps of shared areas")
    assert "NIKA and OFEL have 1 area in common" in text


@pytest.fixture
def described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TyphoonDays]:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    with Sandbox(tmp_path / "old", behaves_like="described") as sandbox:
        sandbox.seed(seed())
        yield TyphoonDays(tmp_path / "runs", sandbox)


def test_a_server_of_the_description(described: TyphoonDays) -> None:
    """A trigger is 1, a warning 0 beside its name; the first area that the server returns is a trigger."""
    dry_first = storm("ALPHA", areas=(area(AREAS[0], 0.0, alerted=False), area(AREAS[1]), area(AREAS[2])))
    described.cycle(dry_first, BRAVO)
    assert described.events() == {
        "ALPHA": ("trigger", "48-hour", "48-hour", 2), "BRAVO": ("warning", "96-hour", None, 2)
    }  # fmt: skip
    assert described.mails == [("ALPHA", "BRAVO")]
    assert "null" not in " ".join(described.last_mail)


def test_exercises_go_under_names_of_their_own(days: TyphoonDays) -> None:
    result: TyphoonFindings = cycle(storm("EXERCISE ALPHA"), exercise=True)
    days.publish(result)
    assert set(days.events()) == {"EXERCISE ALPHA"}
