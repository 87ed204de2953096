"""Two real processes and one run of a country."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.wiring.day import open_day
from ibf_pipeline.errors import ForbiddenByRule, WriteFailed
from ibf_pipeline.publish.lock import country_lock
from tests.conftest import ROOT

HOLDER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from ibf_pipeline.publish.lock import country_lock
with country_lock(Path(sys.argv[1]), "run UGA 2026-02-15", lambda: datetime(2026, 2, 15, 6, tzinfo=UTC)):
    print("held", flush=True)
    time.sleep(60)
"""


def clock() -> datetime:
    return datetime(2026, 2, 15, 7, tzinfo=UTC)


def hold(file: Path) -> subprocess.Popen[str]:
    """Another process that has got the lock."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_after_an_error_it_is_free_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), country_lock(tmp_path / "lock", "first", clock):
        raise ZeroDivisionError
    with country_lock(tmp_path / "lock", "second", clock):
        pass


def test_a_place_that_cannot_be_written_to_is_no_other_run(tmp_path: Path) -> None:
    (tmp_path / "UGA").write_text("a file in the way")
    with pytest.raises(WriteFailed, match="could not be written"), country_lock(tmp_path / "UGA" / "l", "x", clock):
        pytest.fail("not held")


def test_a_run_of_a_country_waits_for_another_one_and_names_it_when_patience_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "UGA" / ".floods.lock"
    holder = hold(file)
    try:
        with (
            pytest.raises(
                ForbiddenByRule,
                match=rf"still at work: run UGA 2026-02-15, process {holder.pid} on .* since 2026-02-15T06",
            ),
            country_lock(file, "run UGA 2026-02-16", clock, patience_seconds=0.1),
        ):
            pytest.fail("two at once")
        assert "waiting: another run of the country is at work: run UGA 2026-02-15" in caplog.text
        threading.Timer(0.2, holder.kill).start()
        with country_lock(file, "run UGA 2026-02-16", clock, patience_seconds=30):
            assert holder.wait(10) == -signal.SIGKILL
    finally:
        holder.kill()
        holder.wait(10)


def test_an_exercise_and_a_real_day_keep_each_other_out(tmp_path: Path) -> None:
    """Their runs lie apart, and their target may be one."""
    real, exercise = (
        open_day(str(ROOT / "config"), "XDM", date(2026, 2, 15), None, workspace=str(tmp_path), exercise=made_up)
        for made_up in (False, True)
    )
    assert exercise.runs != real.runs
    with exercise.alone("scenario"):
        refused = pytest.raises(ForbiddenByRule, match="still at work: scenario XDM 2026-02-15")
        with refused, country_lock(tmp_path / "runs/XDM/.floods.lock", "run XDM", clock, patience_seconds=0):
            pytest.fail("two at once")


def test_a_folder_in_the_place_of_the_lock_is_said(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(WriteFailed, match="Is a directory"), country_lock(tmp_path / "lock", "x", clock):
        pytest.fail("not held")
