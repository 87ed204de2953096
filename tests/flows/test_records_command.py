"""`ibf-pipeline records`: what was run, published and decided, and who publishes now."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from typer.testing import CliRunner

from flows.cli.app import app
from ibf_pipeline.publish.call import Call
from ibf_pipeline.records.lease import lease
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import RevisionAbout
from tests.conftest import ROOT
from tests.worlds.countries.made_found import event, found
from tests.worlds.runs import flood_run

DAY = date(2026, 2, 15)
ABOUT = RevisionAbout("2026-02-15T00:00:01Z", "portal", "http://portal", "current", "asked", True, "hash")


def clock() -> datetime:
    return datetime(2026, 2, 15, 6, 12, tzinfo=UTC)


def said(*arguments: str, workspace: Path) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["records", *arguments, "--config", str(ROOT / "config"), "--workspace", str(workspace)]
    )
    assert done.exit_code == 0, done.output
    return done.output


def run_of(workspace: Path, iso3: str, day: date, folder: str = "runs") -> RunFolder:
    """A recorded run with one alert."""
    run = flood_run(workspace / folder, iso3, day)
    run.finish(run.begin(), {"source": "glofas-ftp", "arrived": "2026-02-15T05:40:00+00:00", "headline": "1 trigger"})
    return run


def test_runs_with_what_was_published_and_decided(tmp_path: Path) -> None:
    run = run_of(tmp_path, "XTY", DAY)
    run_of(tmp_path, "XTY", DAY)  # once more: the newest counts
    run_of(tmp_path, "XDM", date(2026, 2, 14))
    run_of(tmp_path, "XTY", date(2026, 2, 13), "runs/exercises")
    day = found([event("G1", "--TTT---", "max", {"01A": 5})], [], DAY)
    calls = [Call(1, "exposure", "POST", "/exposure"), Call(2, "notify", "POST", "/send", kind="end")]
    revision = run.allot("portal", 1, run.stage("portal", 1), day, calls, ABOUT)
    journal = revision.journal(clock)
    journal.begin()
    journal.append(1, "done")
    journal.append(2, "held")
    revision.decided("abort", "Amina", clock)
    output = said("runs", workspace=tmp_path)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines() if "│" in line]
    assert [row[:5] for row in rows] == [
        ["XTY", "2026-02-15", "1 trigger", "glofas-ftp", "2026-02-15 05:40"],
        ["", "", "", "", ""],
        ["XDM", "2026-02-14", "1 trigger", "glofas-ftp", "2026-02-15 05:40"],
        ["XTY (exercise)", "2026-02-13", "1 trigger", "glofas-ftp", "2026-02-15 05:40"],
    ]
    assert [row[6] for row in rows] == [
        "portal r1: 1 of 2 calls made; 1 waiting for a person's approval",
        "portal r1: 2026-02-15T06:12:00+00:00 abort by Amina",
        "nothing",
        "nothing",
    ]
    assert "2026-02-14" not in said("runs", "XTY", workspace=tmp_path)
    assert "2026-02-14" not in said("runs", "--most", "1", workspace=tmp_path)


def test_nothing_is_recorded_yet(tmp_path: Path) -> None:
    assert said("runs", workspace=tmp_path) == "no run is recorded\n"
    assert said("holders", workspace=tmp_path) == "nobody is at work\n"


def test_who_publishes_now(tmp_path: Path) -> None:
    run = flood_run(tmp_path / "runs", "XTY", DAY)
    with lease(run.records, run.lease_name("portal"), "resume XTY 2026-02-15"):
        assert said("holders", workspace=tmp_path).startswith("XTY/floods/portal: resume XTY 2026-02-15, process ")
