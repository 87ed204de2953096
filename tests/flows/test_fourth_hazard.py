"""A fourth hazard, brought from outside: what the product promises of a hazard it keeps for this one too.

Tides have four runs a day, lead times in hours, an indicator of their own, and neither stations nor rasters.
"""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from flows.backfill import backfill_days
from flows.cli.app import app
from flows.deployment.table import planned_deployments
from flows.floods import floods as floods_flow
from flows.heartbeat import due, overdue_runs
from flows.scenario import scenario
from flows.states import exit_code
from flows.wiring import day as wiring
from flows.wiring.day import open_configuration
from flows.wiring.decisions import open_run
from flows.wiring.hazards import configured_hazards
from flows.wiring.limits import limit_name
from flows.wiring.sandbox import open_sandbox
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, UsageError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.run_index import runs_of
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from ibf_pipeline.targets.ibf.transport import IbfTransport
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import feature, square, write_areas
from tests.worlds.countries.tiny_day import TinyDay
from tests.worlds.plain_calls import plain_calls
from tests.worlds.tides.flow import tides
from tests.worlds.tides.hazard import TIDES, TideFindings
from tests.worlds.tides.known import tides_known

pytestmark = [pytest.mark.usefixtures("plain"), pytest.mark.story]  # three real hazards show the same every day
DAY = date(2026, 2, 15)
NORTH, SOUTH = "North Pier", "South Pier"
HIGH = {NORTH: {"13": 3.2, "30": 2.1}, SOUTH: {"26": 2.5}}
"""North: trigger at 13 hours, shown at 12; South: warning at 26 hours, shown at 24"""


def block(hour: int, day: date = DAY) -> IssueTime:
    return IssueTime(day, hour)


class Project:
    """A country with tides alone, in a folder; each story has one of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config, self.workspace = str(root / "config"), str(root / "work")
        areas = root / "static/admin_areas"
        write_areas(areas, 1, [feature(1, "A", None, square(10, 10.1)), feature(1, "B", None, square(10.1, 10.2))])
        deepest = {"A1": (10, 10.05, "A"), "A2": (10.05, 10.1, "A"), "B1": (10.1, 10.2, "B")}
        write_areas(areas, 2, [feature(2, c, parent, square(w, e)) for c, (w, e, parent) in deepest.items()])
        (root / "config/countries").mkdir(parents=True)
        settings = {
            "sources": {"harbour": {"kind": "folder", "root": "heights"}},
            "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True, "test_target": True, "exercises": True}},
        }
        (root / "config/settings.yaml").write_text(yaml.safe_dump(settings))
        country = {
            "iso3": "XTI", "name": "Tideland", "static": str(root / "static"), "admin_levels": [1, 2],
            "default_admin_level": 1, "sources": ["harbour"], "hazards": {"tides": {"gauge": "harbour wall"}},
        }  # fmt: skip
        (root / "config/countries/XTI.yaml").write_text(yaml.safe_dump(country))

    @property
    def configuration(self) -> Configuration:
        return open_configuration(self.config, self.workspace)

    def heights(self, issue_time: IssueTime, heights: dict[str, dict[str, float]]) -> None:
        """What the harbour master leaves for a block."""
        file = self.root / "heights" / f"{issue_time}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(heights))

    def run(self, issue_time: IssueTime, heights: dict[str, dict[str, float]] | None = None, **more: Any) -> State:
        if heights is not None:
            self.heights(issue_time, heights)
        where = {"config": self.config, "workspace": self.workspace}
        return tides("XTI", str(issue_time), return_state=True, **where, **more)

    def invoke(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*arguments, "--config", self.config, "--workspace", self.workspace])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return getattr(result.exception, "exit_code", 99), f"{result.output}{result.exception}"
        return result.exit_code, result.output

    def folder(self, issue_time: IssueTime) -> RunFolder:
        return RunFolder(self.root / "work/runs", RunId("XTI", "tides", issue_time))

    def revisions(self, issue_time: IssueTime) -> list[Revision]:
        return self.folder(issue_time).revisions("sandbox")

    def portal(self, hazard: str = "tides") -> dict[str, Any]:
        """What the portal shows, and the mails that went out."""
        configuration = self.configuration
        with open_sandbox(configuration, configuration.country("XTI", hazard)) as server:
            account = {"email": "pipeline@sandbox.example", "password": SANDBOX_PASSWORD}
            token = requests.post(f"{server.url}/user/login", json=account, timeout=10).json()["user"]["token"]

            def get(path: str) -> Any:
                answer = requests.get(f"{server.url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)
                answer.raise_for_status()
                return answer.json()

            measure = "homes_flooded" if hazard == "tides" else "population_affected"
            events = get(f"/event?countryCodeISO3=XTI&disasterType={hazard}")
            return {
                "events": {
                    event["eventName"]: (event["alertLevel"], event["firstLeadTime"], event["firstTriggerLeadTime"],
                                         event["firstIssuedDate"][:16])
                    for event in events
                },
                "homes": {
                    event["eventName"]: {
                        row["placeCode"]: row["value"]
                        for row in get(
                            f"/admin-area-dynamic-data/XTI/2/{measure}/{hazard}?eventName={event['eventName']}"
                        )
                    }
                    for event in events
                },
                "upload": get(f"/event/last-upload-date/XTI/{hazard}")["timestamp"],
                "mails": [mail.subject for mail in server.mails("XTI")],
            }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _known() -> Iterator[None]:
    with tides_known():
        yield


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug
    return Project(tmp_path)


def test_a_block_is_found_planned_and_published(project: Project) -> None:
    state = project.run(block(6), HIGH)
    assert state.is_completed(), state.message
    assert state.message == "1 trigger, 1 warning; not checked on the portal: nothing is known of tides there"
    found = project.folder(block(6)).findings()
    assert isinstance(found, TideFindings)
    assert (found.gauge, [event.highest for event in found.events]) == ("harbour wall", [3.2, 2.5])
    assert project.folder(block(6)).path == project.root / "work/runs/XTI/tides/2026-02-15T06"
    (revision,) = project.revisions(block(6))
    assert revision.about().date == "2026-02-15T06:00:01Z"
    first = revision.calls()[0]
    assert first.body == {
        "countryCodeISO3": "XTI", "disasterType": "tides", "date": "2026-02-15T06:00:01Z", "adminLevel": 1,
        "leadTime": "12-hour", "dynamicIndicator": "homes_flooded", "eventName": NORTH,
        "exposurePlaceCodes": [{"placeCode": "A", "amount": 320}],
    }  # fmt: skip
    assert not any("raster" in call.path or "point-data" in call.path for call in revision.calls())
    shown = project.portal()
    assert shown["events"] == {
        NORTH: ("trigger", "12-hour", "12-hour", "2026-02-15T06:00"),
        SOUTH: ("warning-medium", "24-hour", None, "2026-02-15T06:00"),
    }
    assert shown["homes"] == {NORTH: {"A1": 320, "A2": 320}, SOUTH: {"B1": 250}}
    assert len(shown["mails"]) == 1


def test_a_second_run_of_a_block_wipes_and_the_next_block_goes_on(project: Project) -> None:
    """What vanishes in the same block is gone from the portal; an event that goes on keeps when it was first issued."""
    assert project.run(block(6), HIGH).is_completed()
    assert project.run(block(6), {NORTH: HIGH[NORTH]}).is_completed()
    _first, second = project.revisions(block(6))
    assert second.about().date == "2026-02-15T06:00:02Z"
    assert second.calls()[0].step.startswith("wipe the earlier upload")
    assert project.portal()["events"] == {NORTH: ("trigger", "12-hour", "12-hour", "2026-02-15T06:00")}
    assert project.run(block(12), {NORTH: {"7": 3.2}}).is_completed()
    (third,) = project.revisions(block(12))
    assert third.about().date == "2026-02-15T12:00:01Z"
    assert not third.calls()[0].step.startswith("wipe"), "another block replaces nothing"
    assert project.portal()["events"] == {NORTH: ("trigger", "6-hour", "6-hour", "2026-02-15T06:00")}
    assert project.run(block(18), {}).is_completed()
    (quiet,) = project.revisions(block(18))
    zeros = {
        (call.body["adminLevel"], call.body["dynamicIndicator"], call.body["leadTime"]) for call in quiet.calls()[:8]
    }
    assert {(1, "homes_flooded", "1-hour"), (2, "homes_flooded", "1-hour")} <= zeros
    shown = project.portal()
    assert (shown["events"], shown["upload"]) == ({}, "2026-02-15T18:00:01.000Z")
    notices = json.loads(quiet.folder.joinpath("notices.json").read_text())["notices"]
    assert [(notice["kind"], notice["event"]) for notice in notices] == [("alert ended", NORTH)]


def test_time_only_moves_forward(project: Project) -> None:
    assert project.run(block(12), HIGH).is_completed()
    state = project.run(block(6), HIGH)
    assert state.is_failed()
    assert "later than the issue time 2026-02-15 06 UTC" in state.message


@pytest.mark.parametrize("call", [3, 12, 18])
def test_a_killed_run_is_resumed_and_nobody_is_mailed_twice(project: Project, call: int) -> None:
    project.heights(block(6), HIGH)
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
    (revision,) = project.revisions(block(6))
    assert revision.state().remaining_calls
    code, output = project.invoke("resume", "XTI/2026-02-15T06")
    assert code == 0, output
    shown = project.portal()
    assert list(shown["events"]) == [NORTH, SOUTH]
    assert len(shown["mails"]) == 1


def test_an_alert_is_taken_back(project: Project) -> None:
    assert project.run(block(6), HIGH).is_completed()
    code, output = project.invoke("withdraw", "XTI/tides/2026-02-15T06", "--event", NORTH)
    assert code == 0, output
    assert "Correction: tide forecast of 2026-02-15 06 UTC for Tideland" in output
    assert f"- {NORTH} (trigger)" in output
    assert f"Still in force: {SOUTH}." in output
    assert list(project.portal()["events"]) == [SOUTH]
    state = project.run(block(6))
    assert state.is_failed()
    assert f"{NORTH} was withdrawn by revision 2" in state.message


def test_past_blocks_are_run_in_their_order_and_skipped_once_published(project: Project) -> None:
    for hour, heights in ((0, {}), (6, HIGH), (12, HIGH), (18, {SOUTH: {"3": 2.2}})):
        project.heights(block(hour), heights)
    skipped: list[IssueTime] = []

    def again() -> list[tuple[str, bool]]:
        ran = backfill_days(
            "XTI", DAY, DAY, None, notify=False, config=project.config, workspace=project.workspace,
            skipped=skipped.append,
        )  # fmt: skip
        return [(str(each.issue_time), each.published) for each in ran]

    assert again() == [(f"2026-02-15T{hour:02d}", True) for hour in (0, 6, 12, 18)]
    assert again() == []
    assert skipped == [block(hour) for hour in (0, 6, 12, 18)]
    shown = project.portal()
    assert shown["events"] == {SOUTH: ("warning-medium", "3-hour", None, "2026-02-15T06:00")}
    assert shown["mails"] == []
    days = runs_of(project.root / "work/runs", "XTI", "tides")
    assert [str(run.issue_time) for run in days] == [f"2026-02-15T{hour:02d}" for hour in (0, 6, 12, 18)]


def test_a_plan_is_shown_and_nothing_is_published(project: Project) -> None:
    project.heights(block(6), HIGH)
    code, output = project.invoke("plan", "XTI", "--date", "2026-02-15T06")
    assert code == 0, output
    assert "1 trigger, 1 warning" in " ".join(output.split())
    assert project.revisions(block(6)) == []


def test_the_report_of_a_block_speaks_of_tides_in_hours(project: Project) -> None:
    assert project.run(block(6), HIGH).is_completed()
    assert project.run(block(12), {NORTH: {"7": 3.2}}).is_completed()
    code, output = project.invoke("report", "XTI/2026-02-15T12")
    assert code == 0, output
    report = project.folder(block(12)).path / "report"
    page = " ".join(re.sub(r"<[^>]+>", " ", (report / "report.html").read_text()).split())
    assert "Tideland, high tides" in page
    assert (
        "Trigger detected by the forecast of 1 pier in Tideland, for Sun 2026-02-15 18:00 UTC (6 hours ahead)." in page
    )
    assert "Compared with the run of Sun 2026-02-15 06:00 UTC." in page
    own_words = re.sub(r'"static_sources": \{[^}]*\}', "", page)  # what any country's file may say
    assert not re.search(r"(?i)station|flood forecast|river|GloFAS", own_words)
    data = json.loads((report / "report.json").read_text())
    assert [(change["kind"], change["event"]) for change in data["changes"]] == [("ended", SOUTH)]
    assert {"events.csv", "areas.csv", "overview.png"} <= {file.name for file in report.iterdir()}
    areas = (report / "areas.csv").read_text(encoding="utf-8-sig").splitlines()
    assert "homes_flooded" in areas[0]
    assert sum(line.split(",")[5] == "A1" for line in areas) == 1


def test_a_command_runs_a_block(project: Project) -> None:
    project.heights(block(6), HIGH)
    code, output = project.invoke("run", "XTI", "--date", "2026-02-15T06")
    assert code == 0, output
    assert "published to sandbox" in output
    code, output = project.invoke("run", "XTI", "--date", "2026-02-15T07")
    assert (code, "hours 00, 06, 12, 18" in output) == (2, True), output


def test_a_held_block_waits_and_is_approved(project: Project) -> None:
    assert project.run(block(6), HIGH, hold=True).name == "Held"
    assert project.portal()["mails"] == []
    code, output = project.invoke("resume", "XTI/2026-02-15T06", "--approve", "--by", "Amina")
    assert code == 0, output
    assert len(project.portal()["mails"]) == 1


def test_an_exercise_is_kept_apart_and_marked(project: Project) -> None:
    state = scenario(
        "XTI", f"{NORTH}@12:3.5", "2026-02-15T06", config=project.config, workspace=project.workspace, return_state=True
    )
    assert state.is_completed(), state.message
    assert state.message.startswith("EXERCISE: 1 trigger")
    apart = RunFolder(project.root / "work/runs/exercises", RunId("XTI", "tides", block(6)))
    assert [event.name for event in apart.findings().events] == [f"EXERCISE {NORTH}"]
    assert project.portal()["events"] == {}, "the portal of real days"


def test_what_a_server_is_told_of_it(project: Project) -> None:
    planned = {item.full_name: item for item in planned_deployments(project.configuration, project.config, None)}
    item = planned["tides/XTI"]
    assert (item.parameters["country"], item.tags, item.at_once) == ("XTI", ("tides", "XTI"), 1)
    assert item.entrypoint == "tests.worlds.tides.flow.tides"
    assert item.schedule == "44 1,7,13,19 * * *"
    assert limit_name("tides", "XTI") == "ibf-tides-XTI"
    (row,) = configured_hazards(project.configuration)
    assert row.run_names(DAY)[1] == "tides-XTI-2026-02-15T06"


def test_the_heartbeat_asks_for_the_blocks_that_are_over(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a day before, yesterday's last ones among them: a heartbeat a day misses none."""
    noon, before = datetime(2026, 2, 15, 13, tzinfo=UTC), date(2026, 2, 14)
    assert due(TIDES, DAY, noon) == [block(12, before), block(18, before), block(0), block(6)]
    assert due(TIDES, before, noon) == [block(hour, before) for hour in (0, 6, 12, 18)]
    assert due(FLOODS, DAY, noon) == [IssueTime(DAY)]
    monkeypatch.setattr("flows.heartbeat.now", lambda: noon)
    assert project.run(block(6), HIGH).is_completed()
    assert overdue_runs(project.configuration, DAY, project.config, project.workspace) == [
        f"XTI {issue_time} UTC: there is no run" for issue_time in ("2026-02-14 12", "2026-02-14 18", "2026-02-15 00")
    ]


def test_runs_are_named_with_and_without_the_hazard(project: Project) -> None:
    for name in ("XTI/2026-02-15T06", "XTI/tides/2026-02-15T06", "runs/XTI/tides/2026-02-15T06/report/report.html"):
        day = open_run(name, project.config, None, project.workspace)
        assert (day.issue_time, day.country.hazard, day.name) == (block(6), "tides", "XTI/2026-02-15T06")
    with pytest.raises(UsageError, match="2026-02-15"):
        open_run("XTI/2026-02-15", project.config, None, project.workspace)
    with pytest.raises(ConfigError):
        open_run("XTI/floods/2026-02-15", project.config, None, project.workspace)


def test_another_hazard_of_the_country_is_left_alone(project: Project, tmp_path: Path) -> None:
    """Floods and tides of one country: a run of each, and neither touches what the other has on the portal."""
    file = project.root / "config/countries/XTI.yaml"
    content = yaml.safe_load(file.read_text())
    tiny_country.write_country(project.root / "static")
    for flood_map in (project.root / "static/flood_maps").iterdir():
        flood_map.rename(flood_map.with_name(flood_map.name.replace("XTY", "XTI")))
    floods = tiny_country.country().model_dump(mode="json", exclude_unset=True)
    own = {key: floods[key] for key in ("trigger", "members", "flood_maps", "thresholds_version")}
    piers = {NORTH: ["01", "01A"], SOUTH: ["02", "02A"]}
    content["hazards"] = {"floods": {**own, "sources": ["made"]}, "tides": {"piers": piers}}
    file.write_text(yaml.safe_dump(content))
    settings = yaml.safe_load((project.root / "config/settings.yaml").read_text())
    settings["sources"]["made"] = {"kind": "folder", "root": "forecasts", "glofas_version": "4"}
    (project.root / "config/settings.yaml").write_text(yaml.safe_dump(settings))
    TinyDay(project.root, server=None).write_forecast("G1=--TTT---")  # type: ignore[arg-type]
    assert project.run(block(6), HIGH).is_completed()
    where = {"config": project.config, "workspace": project.workspace}
    state = floods_flow("XTI", DAY, return_state=True, **where)
    assert state.is_completed(), state.message
    assert project.run(block(12), {}).is_completed()
    shown = project.portal()
    assert shown["events"] == {}
    assert list(project.portal("floods")["events"]) == ["G1"]
    assert [row.label for row in configured_hazards(project.configuration)] == ["XTI floods", "XTI tides"]
    for name, hazard in (("XTI/2026-02-15", "floods"), ("XTI/2026-02-15T06", "tides")):
        assert open_run(name, project.config, None, project.workspace).country.hazard == hazard
    code, output = project.invoke("run", "XTI", "--date", "2026-02-16")
    assert (code, "no forecast of 2026-02-16" in output) == (3, True), "floods, where nothing else is said"


def test_a_block_of_the_future_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = yaml.safe_load((project.root / "config/settings.yaml").read_text())
    settings["targets"]["sandbox"]["test_target"] = False
    (project.root / "config/settings.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setattr(wiring, "now", lambda: datetime(2026, 2, 15, 11, 59, tzinfo=UTC))
    state = project.run(block(12), HIGH)
    assert exit_code(state) == ForbiddenByRule.exit_code
    assert "the issue time 2026-02-15 12 UTC lies in the future" in state.message
    assert project.run(block(6), HIGH).is_completed()
