"""A process that is killed while it puts new findings in the place of the old ones."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from datetime import date
from pathlib import Path

import pytest

from ibf_pipeline.run_folder import RunFolder

PARTS = ("events.json", "forecast.nc", "extents/0.tif")
RENAMES = 4
"""events.json, forecast.nc, extents, manifest.json"""


def write(runs: Path, words: str, survive: int | None = None) -> None:
    """Findings that say `words`; the process kills itself instead of the rename after `survive` ones."""
    run = RunFolder(runs, "XTY", date(2026, 2, 15))
    partial = run.begin()
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
        run.finish(partial, {"of": words})
    finally:
        Path.rename = rename  # type: ignore[method-assign]
    assert done == RENAMES


def said(run: RunFolder) -> set[str]:
    """What the parts of a whole folder say, the manifest among them."""
    manifest = json.loads((run.path / "manifest.json").read_text())["of"]
    return {manifest, *((run.path / name).read_text() for name in PARTS)}


@pytest.mark.parametrize("survive", range(RENAMES))
def test_a_folder_is_whole_only_where_all_of_it_is_of_one_run(tmp_path: Path, survive: int) -> None:
    write(tmp_path, "old")
    run = RunFolder(tmp_path, "XTY", date(2026, 2, 15))
    assert said(run) == {"old"}
    process = multiprocessing.get_context("fork").Process(target=write, args=(tmp_path, "new", survive))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not run.is_whole, "half of the old and half of the new are nobody's findings"
    write(tmp_path, "new")
    assert said(run) == {"new"}
    assert not (run.path / ".part").exists()
