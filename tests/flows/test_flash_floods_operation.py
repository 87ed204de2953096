"""Flash floods as they are operated: deployments, sensors, what is overdue, and every command with `--hazard`."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

import flows.all_countries as everybody
import flows.watch_source as sensor
from flows.deployment.table import planned_deployments
from flows.heartbeat import overdue_runs
from flows.wiring.sources import users_of
from ibf_pipeline.domain.issue_time import IssueTime
from tests.worlds.flash_project import DAY, FlashProject, at, block
from tests.worlds.plain_calls import run_here

pytestmark = pytest.mark.usefixtures("plain", "quick")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlashProject:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug
    return FlashProject(tmp_path)


class Watch:
    """A sensor of `model` whose clock moves where it sleeps; what it starts is only noted."""

    def __init__(self, project: FlashProject, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project, self.moment = project, at(9)
        self.arrives: dict[datetime, tuple[IssueTime, str]] = {}
        self.started: list[tuple[str, str, str, datetime]] = []
        sources = yaml.safe_load(Path(project.config, "settings.yaml").read_text())["sources"]
        sources["model"]["waiting"] = {"first_look_h": 3.5, "until_h": 5, "every_minutes": 30}
        project.settings(sources=sources)
        monkeypatch.setattr(sensor, "clock", lambda: self.moment)
        monkeypatch.setattr(sensor, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        for when in [when for when in self.arrives if when <= self.moment]:
            self.project.rain(*self.arrives.pop(when))

    def start(self, iso3: str, issue_time: IssueTime, hazard: str) -> None:
        self.started.append((iso3, str(issue_time), hazard, self.moment))

    def watch(self, issue_time: IssueTime) -> str:
        watched = sensor._watched(self.project.configuration, "model", issue_time, self.start)
        return sensor._ended("model", issue_time, watched).message or ""


@pytest.fixture
def watch(project: FlashProject, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(project, monkeypatch)


def test_a_sensor_waits_for_the_cycle_of_the_block(watch: Watch) -> None:
    watch.project.rain(block(0), "")
    watch.arrives = {at(10, DAY) + timedelta(minutes=20): (block(6), "Alpha=@7h")}
    assert watch.watch(block(6)) == "started XTV (cycle of 2026-02-15 06 UTC)"
    assert watch.started == [("XTV", "2026-02-15T06", "flash-floods", at(10.5))]


def test_at_the_last_look_an_older_cycle_has_to_do(watch: Watch) -> None:
    watch.project.rain(block(0), "")
    assert watch.watch(block(6)) == "started XTV (cycle of 2026-02-15 00 UTC)"
    assert [moment for *_, moment in watch.started] == [at(11)]


def test_without_any_cycle_people_are_told_that_the_input_is_missing(watch: Watch) -> None:
    assert watch.watch(block(6)).startswith("input not available yet: model of 2026-02-15T06 for XTV (")
    assert watch.started == []


def test_which_block_a_sensor_waits_for(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = watch.project.configuration
    for moment, expected in ((3.5, block(0)), (9.4, block(0)), (9.5, block(6)), (27.5, block(24))):
        monkeypatch.setattr(sensor, "scheduled_moment", lambda moment=moment: at(moment))
        assert sensor.watched_issue_time(configuration, "model", None) == expected
    assert sensor.watched_issue_time(configuration, "model", "2026-02-15T18") == block(18)
    assert [user.hazard for user in users_of(configuration, "model")[0]] == ["flash-floods"]


def test_four_blocks_a_day_are_scheduled_or_watched_for(project: FlashProject, watch: Watch) -> None:
    watched = {each.full_name: each for each in planned_deployments(project.configuration, project.config, None)}
    assert watched["flash-floods/XTV"].schedule is None, "its sensor starts it"
    assert watched["watch-source/model"].schedule == "30 3,9,15,21 * * *"
    assert "until 5 hours after it began" in watched["watch-source/model"].description
    sources = yaml.safe_load(Path(project.config, "settings.yaml").read_text())["sources"]
    del sources["model"]["waiting"]
    project.settings(sources=sources)
    planned = {each.full_name: each for each in planned_deployments(project.configuration, project.config, None)}
    assert planned["flash-floods/XTV"].schedule == "53 4,10,16,22 * * *"
    assert planned["flash-floods/XTV"].tags == ("flash-floods", "XTV")
    assert "watch-source/model" not in planned


def test_every_block_that_is_not_published_is_overdue(project: FlashProject) -> None:
    for hour in (0, 6):
        assert project.run(block(hour), "").is_completed()
    missing = overdue_runs(project.configuration, DAY, project.config, project.workspace)
    assert missing == [
        "XTV 2026-02-15 12 UTC: there is no run",
        "XTV 2026-02-15 18 UTC: there is no run",
    ]


def test_a_block_of_all_countries(project: FlashProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(everybody, "run_country", run_here)
    monkeypatch.setattr(everybody, "ProcessPoolExecutor", lambda workers, **_: ThreadPoolExecutor(workers))
    project.rain(block(6), "Alpha=@7h")
    block_of_all = ("all-countries", "--date", "2026-02-15T06")
    code, said = project.invoke(*block_of_all, "--hazard", "flash-floods")
    assert (code, "1 of 1 countries done" in said) == (0, True), said
    assert list(project.portal().events) == ["Alpha"]
    for words, expected in (
        (("all-countries",), "nothing here is run once a day: XTV"),
        (("all-countries", "--hazard", "floods"), "nothing here has floods: XTV"),
        (("all-countries", "--date", "2026-02-15", "--hazard", "flash-floods"), "day and hour (UTC) such as"),
    ):
        code, said = project.invoke(*words)
        assert (code, expected in " ".join(said.split())) == (2, True), f"{words}: {code} {said}"


def test_commands_of_a_block(project: FlashProject) -> None:
    """What a person asks for before and after a block is run."""
    project.rain(block(6), "Alpha=@7h")
    hazard, date = ("--hazard", "flash-floods"), ("--date", "2026-02-15T06")
    run = "XTV/flash-floods/2026-02-15T06"
    for words, expected, says in (
        (("prepare", "XTV", *hazard), 0, "up to date"),
        (("check", "XTV", *hazard), 0, "fine"),
        (("plan", "XTV", *hazard, *date), 0, "nothing was published"),
        (("run", "XTV", *hazard, *date), 0, "published to sandbox"),
        (("verify", "XTV", *hazard, *date), 0, "revision 1 on sandbox"),
        (("report", run), 0, "report.html"),
        (("resume", run), 1, "nothing to resume"),
        (("runs", "list", "XTV"), 0, "2026-02-15T06"),
        (("compare", "XTV", *hazard, *date), 0, "1 of 1 events agree"),
        (("heartbeat", "--date", "2026-02-15"), 1, "XTV 2026-02-15 00 UTC: there is no run"),
        (("run", "XTV", *hazard, "--date", "2026-02-15"), 2, "day and hour (UTC) such as"),
        (("run", "XTV", "--hazard", "floods"), 2, "XTV has no hazard 'floods'"),
        (("prepare", "XTV", *hazard, "--propose-mapping"), 1, "is configured for flash-floods"),
        (("inputs", "fetch", "XTV", *hazard, *date), 0, "Model 2026-02-15T06: 48 hours, 3 areas"),
        (("inputs", "fetch", "XTV", *hazard, *date, "--source", "gfs"), 2, "XTV has no source 'gfs'"),
        (("inputs", "list"), 0, "nothing was fetched yet"),
        (("fetch-static", "XTV", *hazard), 0, "complete"),
    ):
        code, output = project.invoke(*words)
        assert (code, says in " ".join(output.split())) == (expected, True), f"{words}: {code} {output}"
