"""`ibf-pipeline demo` empties only what a demo has made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flows.cli.app import main
from flows.cli.demo_folder import empty_demo
from ibf_pipeline.errors import ForbiddenByRule


def test_the_command_refuses_a_workspace_with_runs_and_leaves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "runs" / "UGA" / "2026-02-15" / "events.json"
    run.parent.mkdir(parents=True)
    run.write_text("{}")
    monkeypatch.setattr(sys, "argv", ["ibf-pipeline", "demo", "--workspace", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capfd.readouterr().err
    assert ended.value.code == 1
    assert "no demo has made" in said
    assert "Traceback" not in said
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [run]


def test_a_folder_of_an_earlier_demo_is_emptied(tmp_path: Path) -> None:
    empty_demo(tmp_path / "demo")
    (tmp_path / "demo" / "runs").mkdir()
    (tmp_path / "demo" / "UGA").mkdir()
    empty_demo(tmp_path / "demo")
    assert {entry.name for entry in (tmp_path / "demo").iterdir()} == {".ibf-demo", "UGA"}, "prepared input is kept"


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ForbiddenByRule, match="no demo has made"):
        empty_demo(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
