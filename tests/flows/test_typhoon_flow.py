"""Cycles of typhoon as an operator meets them: what is missing, exercises, past cycles, commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from flows.deployment.table import planned_deployments
from flows.heartbeat import overdue_runs
from flows.states import exit_code
from tests.worlds.storms import Storm
from tests.worlds.ten_cycles import CHANTHU, ELSEWHERE
from tests.worlds.typhoon_project import DAY, TyphoonProject, issued, moment

pytestmark = pytest.mark.usefixtures("plain", "quick")
KIKO = "Kiko (CHANTHU)"
SOON = Storm("21W", "CHANTHU", lat=15.4, lon=124.5, at=moment(48), wind=50)
HAZARD = ("--hazard", "typhoon")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TyphoonProject:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug
    return TyphoonProject(tmp_path)


def test_the_second_valid_cycle_without_a_storm_ends_its_event(project: TyphoonProject) -> None:
    assert project.run(issued(0), [CHANTHU]).is_completed()
    first = project.run(issued(12), [ELSEWHERE])
    assert (first.name, list(project.portal().events)) == ("Failed", [KIKO])
    assert (
        f"{KIKO}: no cycle of the 12 hours before can be had to compare with" not in project.found(issued(12)).notes
    ), "that of 00 UTC can, and has it"
    project.tracks(issued(6), ELSEWHERE)
    assert project.run(issued(12)).is_completed(), "06 UTC was never run, and its file is a valid cycle all the same"
    assert project.portal().events == {}
    assert ("alert ended", KIKO) in project.notices(issued(12))


def test_a_person_lets_an_event_close_whose_storm_is_missing(project: TyphoonProject) -> None:
    assert project.run(issued(0), [CHANTHU]).is_completed()
    project.tracks(issued(6))
    run = ("run", "XTI", *HAZARD, "--date", str(issued(6)))
    code, output = project.invoke(*run)
    assert (code, list(project.portal().events)) == (1, [KIKO]), "not even where the source shows that there is none"
    code, output = project.invoke(*run, "--accept-blind", KIKO)
    assert (code, project.portal().events) == (0, {}), output


def test_no_file_is_no_all_clear(project: TyphoonProject) -> None:
    state = project.run(issued(0))
    assert (state.name, exit_code(state)) == ("Input not available", 3)
    assert "no tracks of 2026-02-10 00 UTC" in str(state.message)
    assert project.run(issued(0), []).is_completed()
    shown = project.portal()
    assert (shown.events, shown.mails, shown.polygons) == ({}, [], 4)


def test_rain_that_is_not_there_is_named_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    project = TyphoonProject(tmp_path, rain=["nowhere"])
    assert project.run(issued(0), [SOON]).is_completed()
    found = project.found(issued(0))
    assert "rain: settings.yaml has no source of rain 'nowhere'" in found.not_seen
    assert "rainfall" not in found.indicators
    assert list(project.portal().events) == [KIKO]


def test_an_exercise_has_its_own_past_and_ends(project: TyphoonProject) -> None:
    assert project.run(issued(0), [SOON]).is_completed()
    exercise = ("scenario", "XTI", *HAZARD)
    for hour, wish, lead_time in (
        (6, "CONSON=landfall@48h:Valley:45ms:80km", "48-hour"),
        (12, "CONSON=landfall@42h:Valley:45ms:80km", "42-hour"),
    ):
        code, output = project.invoke(*exercise, "--date", str(issued(hour)), "--notify", wish)
        assert code == 0, output
        shown = project.portal(exercises=True)
        assert shown.events == {"EXERCISE Jolina (CONSON)": ("trigger", lead_time, lead_time)}
    assert shown.issued == {"EXERCISE Jolina (CONSON)": "2026-02-10T06:00"}, "the same storm goes on"
    code, output = project.invoke(*exercise, "--date", str(issued(18)), "end")
    assert code == 0, output
    assert project.portal(exercises=True).events == {}
    real = project.portal()
    assert (list(real.events), real.mails) == ([KIKO], [(KIKO,)])
    code, output = project.invoke(*exercise, "--date", str(issued(18)), "CONSON=landfall@48h:Nowhere")
    assert (code, "Nowhere" in output) == (2, True), output


def test_past_cycles_are_run_in_their_order_without_mails(project: TyphoonProject) -> None:
    for hour in (0, 6):
        project.tracks(issued(hour), SOON)
    span = ("backfill", "XTI", *HAZARD, "--from", str(issued(0)), "--to", str(issued(6)))
    code, output = project.invoke(*span)
    assert code == 0, output
    assert [line[:13] for line in output.splitlines()] == [str(issued(hour)) for hour in (0, 6)]
    shown = project.portal()
    assert (shown.events, shown.mails) == ({KIKO: ("trigger", "42-hour", "42-hour")}, [])
    code, output = project.invoke(*span)
    assert output.count("published before, skipped") == 2
    missing = overdue_runs(project.configuration, DAY, project.config, project.workspace)
    assert missing == [f"XTI 2026-02-10 {hour} UTC: there is no run" for hour in (12, 18)]


def test_commands_of_a_cycle(project: TyphoonProject) -> None:
    """What a person asks for before and after a cycle is run."""
    project.tracks(issued(0), SOON)
    date, run = ("--date", "2026-02-10T00"), "XTI/typhoon/2026-02-10T00"
    for words, expected, says in (
        (("prepare", "XTI", *HAZARD), 0, "XTI"),
        (("check", "XTI", *HAZARD), 0, ""),
        (("plan", "XTI", *HAZARD, *date), 0, "nothing was published"),
        (("run", "XTI", *HAZARD, *date), 0, "published to sandbox"),
        (("verify", "XTI", *HAZARD, *date), 0, "revision 1 on sandbox"),
        (("report", run), 0, "report.html"),
        (("compare", "XTI", *HAZARD, *date), 0, "1 of 1 events agree"),
        (("run", "XTI", *HAZARD, "--date", "2026-02-10"), 2, "day and hour (UTC) such as"),
        (("all-countries", "--hazard", "floods"), 2, "nothing here has floods: XTI"),
        (("withdraw", run, "--event", KIKO, "--by", "Amina"), 0, "Correction"),
        (("run", "XTI", *HAZARD, *date), 1, "was withdrawn by revision 2"),
    ):
        code, output = project.invoke(*words)
        assert (code, says in " ".join(output.split())) == (expected, True), f"{words}: {code} {output}"
    assert project.portal().events == {}


def test_four_cycles_a_day_are_scheduled_or_watched_for(project: TyphoonProject) -> None:
    def planned() -> dict[str, str | None]:
        return {
            each.full_name: each.schedule
            for each in planned_deployments(project.configuration, project.config, None)
            if each.name in ("XTI", "tracks")
        }

    assert planned() == {"typhoon/XTI": "54 2,8,14,20 * * *"}
    sources = yaml.safe_load(Path(project.config, "settings.yaml").read_text())["sources"]
    sources["tracks"]["waiting"] = {}
    project.settings(sources=sources)
    assert planned() == {"typhoon/XTI": None, "watch-source/tracks": "0 1,7,13,19 * * *"}
