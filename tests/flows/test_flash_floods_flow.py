"""Blocks of flash floods from rain in files to the portal, as an operator runs them."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.backfill import backfill_issue_times
from flows.states import WATCHED, exit_code
from flows.wiring import flash_leg
from flows.wiring.day import open_day
from ibf_pipeline.errors import UsageError
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.runs.flash_floods import read_assets_kept, read_rain_kept
from ibf_pipeline.targets.ibf.transport import IbfTransport
from tests.worlds.flash_project import DISTRICTS, FlashProject, at, block
from tests.worlds.plain_calls import plain_calls

pytestmark = pytest.mark.usefixtures("plain", "quick")
TRIGGER, WARNING = "Alpha=@7h", "Alpha=@7h Beta=@20h"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlashProject:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug
    return FlashProject(tmp_path)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what the clock of a leg shows."""
    return lambda moment: monkeypatch.setattr(flash_leg, "now", lambda: moment)


def test_a_block_is_found_and_published(project: FlashProject) -> None:
    state = project.run(block(6), WARNING)
    assert state.name == "Completed"
    assert re.fullmatch(r"1 trigger, 1 warning; checked on the portal at \d\d:\d\d UTC", state.message)
    shown = project.portal()
    assert shown.events == {"Alpha": ("trigger", "7-hour", "7-hour"), "Beta": ("warning", "18-hour", None)}
    assert shown.mails == [("Alpha", "Beta")]
    run = project.folder(block(6))
    assert run.path == project.root / "work/runs/XTV/flash-floods/2026-02-15T06"
    assert len(list((run.path / "extents").iterdir())) == 18
    assert read_rain_kept(run.path).attrs["issue_time"] == "2026-02-15T06"
    kept = read_assets_kept(run.path)
    assert {key for key in kept if key[0] == "schools"} == {("schools", "7"), ("schools", "8")}
    assert kept["roads", "120"].shape == "LINESTRING (10 0.985, 10.04 0.985)"
    manifest = run.manifest()
    assert (manifest["headline"], manifest["configuration"]["districts"]) == ("1 trigger, 1 warning", DISTRICTS)
    assert [file["name"] for file in manifest["inputs"]] == ["rain.nc"]
    assert manifest["cycle"] == "2026-02-15T06:00:00+00:00"
    assert {file["name"] for file in manifest["static"]} >= {"population.tif", "flash_floods/scenarios.csv"}
    assert (run.path / "report/report.html").is_file()


def test_a_second_run_of_a_block_wipes_and_nobody_is_mailed_twice(project: FlashProject) -> None:
    """A revision inside a block goes on from what the first one showed."""
    assert project.run(block(6), TRIGGER).is_completed()
    assert project.run(block(6), WARNING).is_completed()
    _first, second = project.revisions(block(6))
    assert second.about().date == "2026-02-15T06:00:02Z"
    assert second.calls()[0].step.startswith("wipe the earlier upload")
    shown = project.portal()
    assert list(shown.events) == ["Alpha", "Beta"]
    assert shown.mails == [("Alpha",), ("Alpha", "Beta")], "a new warning is news"
    assert project.run(block(6)).message.endswith("nothing to publish: sandbox has this very content")
    assert project.portal().mails == shown.mails


def test_of_four_blocks_those_notify_that_have_news(project: FlashProject) -> None:
    for hour, wishes in ((0, "Alpha=@12h"), (6, "Alpha=@6h"), (12, "Alpha=@0h"), (18, "")):
        assert project.run(block(hour), wishes).is_completed()
    shown = project.portal()
    assert shown.events == {"Alpha": ("trigger", "0-hour", "0-hour")}, "the tail of what reached 0-hour"
    assert shown.issued == {"Alpha": "2026-02-15T00:00"}
    assert len(shown.mails) == 2, "the first trigger, then less than 6 hours ahead: at 0-hour nothing is new"


def test_a_burst_between_two_blocks_does_not_vanish(project: FlashProject) -> None:
    assert project.run(block(0), "").is_completed()
    assert project.portal().events == {}
    assert project.run(block(6), "Alpha=@-3h").is_completed()
    assert project.portal().events == {"Alpha": ("trigger", "0-hour", "0-hour")}
    assert len(project.portal().mails) == 1


def test_what_a_person_took_back_has_no_tail(project: FlashProject) -> None:
    assert project.run(block(6), "Alpha=@0h").is_completed()
    code, output = project.invoke("withdraw", "XTV/flash-floods/2026-02-15T06", "--event", "Alpha", "--by", "Amina")
    assert code == 0, output
    assert "Correction: flash flood forecast of 2026-02-15 06 UTC for Two Valleys" in output
    assert project.portal().events == {}
    assert project.run(block(12), "").is_completed()
    assert project.portal().events == {}


def test_missing_rain_leaves_the_portal_as_it_is_and_tells_people(project: FlashProject) -> None:
    assert project.run(block(0), TRIGGER).is_completed()
    shutil.rmtree(project.root / "rain/forecast")
    state = project.run(block(18))
    assert exit_code(state) == 3
    assert (state.name, "the portal shows the state of 2026-02-15 00 UTC" in state.message) == (
        "Input not available",
        True,
    ), state.message
    assert list(project.portal().events) == ["Alpha"]
    assert project.revisions(block(18)) == []


def test_a_cycle_of_the_block_before_alerts_and_takes_nothing_back(project: FlashProject) -> None:
    assert project.run(block(0), TRIGGER).is_completed()
    assert project.run(block(6)).is_completed()
    assert list(project.portal().events) == ["Alpha"]
    assert "takes nothing back" in " ".join(project.found(block(6)).notes)


def killed(project: FlashProject, call: int) -> None:
    """The block of 06:00, run by a process that is killed at one of its calls."""
    child = os.fork()
    if child == 0:
        send, sent = IbfTransport.send, []

        def dies(self: IbfTransport, one: Any) -> Any:
            sent.append(one)
            if len(sent) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return send(self, one)

        IbfTransport.send = dies  # type: ignore[method-assign]
        try:
            with plain_calls():
                project.run(block(6))
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


@pytest.mark.parametrize(("call", "again"), [(3, "run"), (30, "resume")])
def test_a_killed_run_is_gone_on_with_and_nobody_is_mailed_twice(project: FlashProject, call: int, again: str) -> None:
    project.rain(block(6), WARNING)
    killed(project, call)
    (revision,) = project.revisions(block(6))
    assert revision.state().remaining_calls
    if again == "run":
        assert project.run(block(6)).is_completed(), "it goes on with the revision, and notifies as it was to"
    else:
        code, output = project.invoke("resume", "XTV/flash-floods/2026-02-15T06")
        assert code == 0, output
    assert project.revisions(block(6)) == [revision]
    shown = project.portal()
    assert (list(shown.events), len(shown.mails)) == (["Alpha", "Beta"], 1)


def test_after_a_killed_run_a_small_change_is_no_second_mail(project: FlashProject) -> None:
    """What was begun is finished with its mail; whether the rest is news is asked once people know of that."""
    project.rain(block(6), WARNING)
    killed(project, 30)
    assert project.run(block(6), "Alpha=@8h Beta=@20h").is_completed()
    assert [revision.about().notify for revision in project.revisions(block(6))] == [True, False]
    shown = project.portal()
    assert (shown.events["Alpha"][1], shown.mails) == ("8-hour", [("Alpha", "Beta")])


def test_past_blocks_are_run_in_their_order_without_mails(project: FlashProject) -> None:
    for hour, wishes in ((6, TRIGGER), (12, "Alpha=@1h"), (18, ""), (24, "")):
        project.rain(block(hour), wishes)
    span = ("backfill", "XTV", "--hazard", "flash-floods", "--from", "2026-02-15T06", "--to", "2026-02-16T00")
    code, output = project.invoke(*span)
    assert code == 0, output
    assert [line[:13] for line in output.splitlines()] == [str(block(hour)) for hour in (6, 12, 18, 24)]
    assert project.portal().mails == []
    assert project.found(block(6)).published == block(6).start, "the moment of its own block"
    code, output = project.invoke(*span)
    assert output.count("published before, skipped") == 4


def test_hours_of_a_backfill_are_those_of_blocks() -> None:
    of = [str(each) for each in backfill_issue_times(FLASH_FLOODS, "2026-02-15T18", "2026-02-16")]
    assert of == ["2026-02-15T18", *(f"2026-02-16T{hour:02d}" for hour in (0, 6, 12, 18))]
    for first, last in (("2026-02-15T07", "2026-02-16"), ("2026-02-15T18", "2026-02-15T06")):
        with pytest.raises(UsageError):
            backfill_issue_times(FLASH_FLOODS, first, last)


def test_what_has_begun_when_people_read_it_is_0_hour(project: FlashProject, clock: Any) -> None:
    """As long as the block is the newest one: a later run of it is that of a past one."""
    project.rain(block(6), "Alpha=@4h")
    day = open_day(project.config, "XTV", str(block(6)), None, workspace=project.workspace)
    for moment, sent in ((at(8), 4), (at(10.5), 0), (at(17), 4)):
        clock(moment)
        found, _ = flash_leg.find_block(day)
        assert (found.events[0].lead_time, found.published) == (sent, moment if moment < at(16) else at(6))


def test_a_scheduled_block_that_is_late_tells_of_no_hours_that_are_gone(
    project: FlashProject, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two blocks at once, after the worker was away: the portal mails about the first, and no more once it began."""
    project.rain(block(0), "Alpha=@9h")
    clock(at(10.8))
    for asked, sent in ((None, 0), (str(block(0)), 9)):
        day = open_day(project.config, "XTV", asked, None, at=at(4.75), workspace=project.workspace)
        found, _ = flash_leg.find_block(day)
        assert (found.issue_time, found.events[0].lead_time) == (block(0), sent)
    monkeypatch.setattr("flows.hazard_run.flow_run", SimpleNamespace(tags=[WATCHED]))
    assert project.run(block(0)).is_completed()
    assert project.portal().events["Alpha"][1] == "0-hour", "a sensor's, too"


def test_an_exercise_has_its_own_past_and_ends_with_its_tails(project: FlashProject) -> None:
    assert project.run(block(0), "Beta=@-2h").is_completed(), "a real tail begins"
    exercise = ("scenario", "XTV", "--hazard", "flash-floods")
    code, output = project.invoke(*exercise, "--date", "2026-02-15T06", "--notify", "Alpha=@0h")
    assert code == 0, output
    of_exercise = project.portal(exercises=True)
    assert of_exercise.events == {"EXERCISE Alpha": ("trigger", "0-hour", "0-hour")}, "and nothing of the real past"
    assert of_exercise.mails == [("EXERCISE Alpha",)]
    assert project.run(block(12), "").is_completed()
    assert list(project.portal().events) == ["Beta"], "no tail of an exercise"
    code, output = project.invoke(*exercise, "--date", "2026-02-15T12", "Beta=@30h")
    assert code == 0, output
    assert list(project.portal(exercises=True).events) == ["EXERCISE Alpha", "EXERCISE Beta"], "the next block goes on"
    code, output = project.invoke(*exercise, "--date", "2026-02-15T18", "end")
    assert code == 0, output
    assert project.portal(exercises=True).events == {}
    assert list(project.portal().events) == ["Beta"]


def test_after_a_pause_an_exercise_begins_anew(project: FlashProject) -> None:
    exercise = ("scenario", "XTV", "--hazard", "flash-floods")
    for hour, wish, left in ((0, "Alpha=@0h", ["EXERCISE Alpha"]), (12, "Beta=@3h", ["EXERCISE Beta"])):
        code, output = project.invoke(*exercise, "--date", str(block(hour)), wish)
        assert code == 0, output
        assert list(project.portal(exercises=True).events) == left


def test_a_held_approval_dies_with_the_next_block(project: FlashProject) -> None:
    assert project.run(block(0), "Beta=@20h", hold=True).name == "Held"
    assert project.run(block(6), "Beta=@16h", hold=True).name == "Held"
    (held,) = project.revisions(block(0))
    assert held.state().is_closed
    code, output = project.invoke("resume", "XTV/flash-floods/2026-02-15T00", "--approve")
    assert code != 0, output
    assert project.portal().mails == []
    state = project.run(block(12), "Beta=@10h", hold=True)
    assert (state.name, "not held for approval: there is no time to wait" in state.message) == ("Completed", True)
    assert project.portal().mails == [("Beta",)]


def test_a_trigger_within_12_hours_does_not_wait_behind_what_is_held(project: FlashProject) -> None:
    """Found by a second run of the same block, while a warning of the first waits for a person."""
    assert project.run(block(6), "Beta=@20h", hold=True).name == "Held"
    state = project.run(block(6), "Alpha=@6h Beta=@20h", hold=True)
    assert (state.name, "not held for approval: there is no time to wait" in state.message) == ("Completed", True)
    held, _ = project.revisions(block(6))
    assert held.state().is_closed
    shown = project.portal()
    assert (list(shown.events), shown.mails) == (["Alpha", "Beta"], [("Alpha", "Beta")])


def test_a_mail_that_is_due_after_a_day_does_not_wait_for_the_clock(project: FlashProject, clock: Any) -> None:
    """Four blocks later people are told again, though that run began some seconds earlier than the one before."""
    for hour, late, mails in ((0, 4.76, 1), (18, 4.75, 1), (24, 4.75, 2)):
        clock(at(hour + late))
        assert project.run(block(hour), "Beta=@30h").is_completed()
        assert len(project.portal().mails) == mails
