"""`ibf-pipeline records`: who is at work now."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from typer.testing import CliRunner

from flows.cli.app import app
from ibf_pipeline.errors import WriteFailed
from ibf_pipeline.records.lease import lease
from tests.conftest import ROOT
from tests.worlds.runs import flood_run

DAY = date(2026, 2, 15)


def said(*arguments: str, workspace: Path) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["records", *arguments, "--config", str(ROOT / "config"), "--workspace", str(workspace)]
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_nobody_is_at_work(tmp_path: Path) -> None:
    assert said("holders", workspace=tmp_path) == "nobody is at work\n"


def test_what_cannot_be_read_is_not_said_to_be_whole(tmp_path: Path) -> None:
    """On a machine that has no run: there is nothing to take over, and nobody has looked into the records yet."""
    (tmp_path / "runs").write_text("in the way of the folder")
    place = ["--config", str(ROOT / "config"), "--workspace", str(tmp_path)]
    done = CliRunner().invoke(app, ["records", "take-over", *place])
    assert (done.exit_code, "the records are whole" in done.output) == (1, False)
    assert isinstance(done.exception, WriteFailed)


def test_who_publishes_now(tmp_path: Path) -> None:
    run = flood_run(tmp_path / "runs", "XTY", DAY)
    with lease(run.records, run.lease_name("portal"), "resume XTY 2026-02-15"):
        assert said("holders", workspace=tmp_path).startswith("XTY/floods/portal: resume XTY 2026-02-15, process ")
