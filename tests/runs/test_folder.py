"""A process that is killed while it puts new findings in the place of the old ones."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import update

from ibf_pipeline.publish.call import Call
from ibf_pipeline.records.lease import LeaseLost
from ibf_pipeline.records.schema import LEASE
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from tests.worlds.countries.flood_findings import found
from tests.worlds.runs import flood_run

PARTS = ("events.json", "forecast.nc", "extents/0.tif")
RENAMES = 4
"""events.json, forecast.nc, extents, manifest.json; one more where old extents are put aside"""


def write(runs: Path, words: str, survive: int | None = None) -> None:
    """Findings that say `words`; the process kills itself instead of the rename after `survive` ones."""
    run = flood_run(runs, "XTY", date(2026, 2, 15))
    renames = RENAMES + (run.path / "extents").is_dir()
    partial = begin_findings(run)
    for name in PARTS:
        (partial / name).write_text(words)
    rename, done = Path.rename, 0

    def counted(self: Path, target: Path) -> Path:
        nonlocal done
        if done == survive:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return rename(self, target)

    Path.rename = counted  # type: ignore[method-assign, assignment]
    try:
        keep_findings(run, partial, {"of": words})
    finally:
        Path.rename = rename  # type: ignore[method-assign]
    assert done == renames


def said(run: RunFolder) -> set[str]:
    """What the parts of a whole folder say, the manifest among them."""
    manifest = json.loads((run.path / "manifest.json").read_text())["of"]
    return {manifest, *((run.path / name).read_text() for name in PARTS)}


@pytest.mark.parametrize("survive", range(RENAMES + 1))
def test_a_folder_is_whole_only_where_all_of_it_is_of_one_run(tmp_path: Path, survive: int) -> None:
    write(tmp_path, "old")
    run = flood_run(tmp_path, "XTY", date(2026, 2, 15))
    assert said(run) == {"old"}
    process = multiprocessing.get_context("fork").Process(target=write, args=(tmp_path, "new", survive))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not run.is_whole, "half of the old and half of the new are nobody's findings"
    write(tmp_path, "new")
    assert said(run) == {"new"}
    assert not (run.path / ".part").exists()


def test_a_picture_that_is_written_meanwhile_fails_no_run(tmp_path: Path) -> None:
    """An observation draws into the old report, as fast as it can, while 50 runs put theirs in its place."""
    run = flood_run(tmp_path, "XTY", date(2026, 2, 15))
    stop = threading.Event()

    def draw() -> None:
        while not stop.is_set():
            for number in range(20):
                with suppress(OSError):
                    (run.path / "report" / f"{number}.png").write_bytes(b"x" * 50_000)

    drawing = threading.Thread(target=draw)
    drawing.start()
    try:
        for number in range(50):
            partial = begin_findings(run)
            (partial / "report").mkdir()
            keep_findings(run, partial, {"of": number})
    finally:
        stop.set()
        drawing.join()
    assert json.loads((run.path / "manifest.json").read_text()) == {"of": 49}
    assert not (run.path / ".part").exists()


def test_who_has_lost_the_right_to_publish_touches_no_revision_of_another_one(tmp_path: Path) -> None:
    """Two machines, one folder: the slow one finds out before anything of the other's is replaced."""
    run, day = flood_run(tmp_path, "XTY", date(2026, 2, 15)), found([], [], date(2026, 2, 15))
    about = RevisionMetadata("2026-02-15T00:00:01Z", "portal", "http://portal", "current", "asked", True, "hash")
    calls = [Call(1, "exposure", "POST", "/exposure", body={})]
    with run.right_to_publish("portal", "slow"):
        staging = begin_revision(run, "portal", 1)
        with run.records.transaction() as connection:
            connection.execute(update(LEASE).values(fence=LEASE.c.fence + 1, holder="elsewhere pid:[1] 77 123"))
        other = run.path / "targets" / "portal" / "r1"
        other.mkdir()
        (other / "preview.json").write_text("of the other one")
        with pytest.raises(LeaseLost):
            keep_revision(run, "portal", 1, staging, day, calls, about)
        assert (other / "preview.json").read_text() == "of the other one"
    assert run.revisions("portal") == []
