"""Each notice is told once, whoever comes to it, and none is lost with the run that was to tell it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml

from flows import hazard_run, notice_events
from flows.notice_events import send_notices
from flows.wiring.day import open_day
from flows.wiring.decisions import withdraw_run
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.notice_ledger import keep_further
from ibf_pipeline.targets.problems import Overrides
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.worlds.countries.tiny_day import ISSUE, TinyDay
from tests.worlds.runs import flood_run, kept_notices

pytestmark = pytest.mark.usefixtures("plain", "quick")
HIDDEN = ("alert could not be published", "G2")
"""the second station has no areas"""


class Server:
    """What a Prefect server has been told; it may be away."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.is_away = False

    def send(self, events: list[Any]) -> None:
        if self.is_away:
            raise OSError("nobody answers")
        self.told += [(each.payload["kind"], each.payload["event"]) for each in events]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    there = Server()
    monkeypatch.setattr(notice_events, "has_server", lambda: True)
    monkeypatch.setattr(notice_events, "send_events", there.send)
    return there


@pytest.fixture
def day(tiny_day: TinyDay) -> Iterator[TinyDay]:  # noqa: F811
    """The tiny country towards a folder; an alert at its station without areas."""
    file = tiny_day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["targets"]["out"] = {"kind": "files", "folder": str(tiny_day.root / "out"), "test_target": True}
    file.write_text(yaml.safe_dump(settings))
    tiny_day.configure(target="out")
    mapping = tiny_day.static / "station_admin_mapping.csv"
    mapping.write_text("".join(line for line in mapping.read_text().splitlines(True) if "G2" not in line))
    tiny_day.write_forecast("G2=--TTT---")
    return tiny_day


def test_an_alert_without_areas_is_told_once_a_day_however_often_it_is_run(day: TinyDay, server: Server) -> None:
    for _ in ("published", "nothing new"):
        assert day.flow().name == "Could not be published"
        assert server.told == [HIDDEN]
    day.write_forecast("G1=--TTT--- G2=--TTT---")
    assert day.flow().name == "Not all published", "a second revision of the day"
    assert len(day.run_folder.revisions("out")) == 2
    assert server.told == [HIDDEN]
    tomorrow = ISSUE + timedelta(days=1)
    day.write_forecast("G2=--TTT---", issue_date=tomorrow)
    day.flow(issue_date=tomorrow)
    assert server.told == [HIDDEN] * 2, "of the next day it is told again"


def test_an_alert_without_areas_that_is_found_later_in_the_day_is_told_though_nothing_is_published(
    day: TinyDay, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portal that does not know its station has this very content."""
    day.write_forecast("G1=--TTT---")
    assert day.flow().is_completed()
    assert server.told == []
    monkeypatch.setattr(hazard_run, "publish_day", lambda *_, **__: [])
    day.write_forecast("G1=--TTT--- G2=--TTT---")
    for _ in ("found", "found again"):
        assert day.flow().name == "Not all published"
        assert server.told == [HIDDEN]


def test_what_could_not_be_sent_on_is_told_by_the_next_run(
    day: TinyDay, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.is_away = True
    assert day.flow().name == "Could not be published", "that is no reason to fail"
    assert "the next run of the day tells them" in caplog.text
    assert (server.told, len(kept_notices(day.run_folder, "out"))) == ([], 1)
    server.is_away = False
    day.flow()
    assert server.told == [HIDDEN]


def test_nobody_is_told_of_an_alert_that_a_person_has_taken_back_meanwhile(day: TinyDay, server: Server) -> None:
    day.write_forecast("G1=--TTT--- G2=--TTT---")
    server.is_away = True
    day.flow()
    keep_further(day.run_folder, "out", [Notice("trigger without mail", "G1", "G1 is a trigger now")])
    opened = open_day(str(day.config), "XTY", ISSUE, "out", workspace=str(day.root / "work"))
    withdraw_run(opened, ["G1"], notify=False, overrides=Overrides())
    server.is_away = False
    send_notices(day.run_folder, "out")
    assert server.told == [HIDDEN]


def test_a_run_that_died_before_it_told_is_followed_by_one_that_does(
    day: TinyDay, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hazard_run, "send_notices", killed)
        with pytest.raises(KeyboardInterrupt):
            day.flow()
    tomorrow = ISSUE + timedelta(days=1)
    day.write_forecast("", issue_date=tomorrow)
    assert day.flow(issue_date=tomorrow).message == "no alert"
    assert server.told == [HIDDEN], "of the day before, which nobody ran again"
    send_notices(flood_run(day.root / "work" / "runs", "XTY", ISSUE), "out")
    assert server.told == [HIDDEN]
