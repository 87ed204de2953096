"""`ibf-pipeline run` as a person calls it: a process of its own, on a machine without a Prefect server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def command(home: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli.app", *arguments],
        cwd=ROOT,
        env={**os.environ, "PREFECT_HOME": str(home / "prefect"), "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.story
def test_a_day_without_forecast_ends_with_its_message_and_no_traceback(tmp_path: Path) -> None:
    code, said = command(tmp_path, "run", "XDM", "--date", "2026-02-01", "--workspace", str(tmp_path / "work"))
    assert code == 3, said
    assert "Traceback" not in said
    assert said.count("no forecast of 2026-02-01") == 4, (
        f"each of two sources as it is passed over, and in the end: {said}"
    )
    assert not (tmp_path / "prefect/prefect.db").exists(), "no server was started for it"
