"""A disk that fills up at any moment of writing: a clear error, and no half-written run is taken for a whole one.

The limit is real: a child process may write no file longer than so many bytes (RLIMIT_FSIZE), which fails in the
system call like a full disk does. GDAL keeps blocks until it closes a file and reports nothing then.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from ibf_pipeline.errors import WriteFailed
from ibf_pipeline.run_folder import RunFolder
from tests.conftest import ROOT
from tests.worlds.countries import tiny_country

ISSUE = date(2026, 2, 15)
_SMALL = 2000
"""bytes; under this limit an earlier run is there already"""
CHILD = """
import json, resource, sys
from datetime import date
from pathlib import Path
from ibf_pipeline.config import load
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare.build import prepare
from ibf_pipeline.prepare.store import read_prepared, station_cells
from ibf_pipeline.run_folder import RunFolder
from ibf_pipeline.sources import ForecastFiles, FolderSource
from ibf_pipeline.discharge.reader import read_cube
from tasks.floods import find_events, record_findings
from tests.worlds.countries import tiny_country

root, stage, limits = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
configuration = load(Path("config"))
country = configuration.country("XDM")
answers = []
if stage == "record":
    issue = date(2026, 2, 15)
    layers, tiles = read_prepared(root / "prepared", "XDM")
    files = FolderSource("demo", configuration.static_folder(country) / "forecasts", "4").fetch(issue)
    cube = read_cube(files.files, station_cells(layers), issue, version="4")
    found = find_events.fn("XDM", cube, layers, country)
for limit in limits:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    run = RunFolder(root / f"runs-{limit}", "XDM", date(2026, 2, 15))
    try:
        if stage == "record":
            record_findings.fn("XDM", found, cube, tiles, country, files, run, root / "prepared" / "XDM")
        else:
            prepare(tiny_country.country(), root / "static", root / f"prepared-{limit}")
        answers.append(None)
    except IbfError as error:
        answers.append([type(error).__name__, error.found, error.where, error.expected, error.remedy])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
(root / "answers.json").write_text(json.dumps(answers))
"""


def under_limits(root: Path, stage: str, limits: list[int]) -> dict[int, list[str] | None]:
    """What a child process says at each limit: the parts of an error, or None where it went well."""
    command = [sys.executable, "-c", CHILD, str(root), stage, json.dumps(limits)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(limits, json.loads((root / "answers.json").read_text()), strict=True))


def test_findings_of_a_day(tmp_path: Path, demo_prepared: Path) -> None:
    """From the first byte to just below the largest file of the run: every limit is an error, none leaves a run."""
    (tmp_path / "prepared").symlink_to(demo_prepared)
    enough = 50_000_000
    under_limits(tmp_path, "record", [enough])
    whole = RunFolder(tmp_path / f"runs-{enough}", "XDM", ISSUE)
    assert whole.is_whole
    earlier = {path.relative_to(whole.path): path.read_bytes() for path in whole.path.rglob("*") if path.is_file()}
    later = RunFolder(tmp_path / f"runs-{_SMALL}", "XDM", ISSUE)
    shutil.copytree(whole.path, later.path)
    sizes = sorted(path.stat().st_size for path in whole.path.rglob("*") if path.is_file())
    limits = [0, 1, 100, 400, 1000, _SMALL, *(size - 1 for size in sizes), sizes[-1] // 2, sizes[-1]]
    answers = under_limits(tmp_path, "record", sorted(set(limits)))
    for limit, answer in answers.items():
        run = RunFolder(tmp_path / f"runs-{limit}", "XDM", ISSUE)
        assert run.is_whole == (answer is None or limit == _SMALL), f"limit {limit}: {answer}"
        if limit < sizes[-1]:
            assert answer is not None, f"a file of {sizes[-1]} bytes was cut off at {limit} without a word"
            kind, found, where, expected, remedy = answer
            assert kind == "WriteFailed"
            assert "could not be written" in found
            assert str(run.path) in where
            assert (expected, remedy[:20]) == (
                "free disk space and a folder that may be written to",
                "make free disk space",
            )
    assert answers[sizes[-1]] is None
    for name, content in earlier.items():
        assert (later.path / name).read_bytes() == content, "the findings of the morning are whole, and the morning's"


def test_prepare(tmp_path: Path) -> None:
    """Prepared layers are there whole or not at all."""
    tiny_country.write_country(tmp_path / "static")
    limits = [0, 500, 1000, 3000, 6000, 5_000_000]
    for limit, answer in under_limits(tmp_path, "prepare", limits).items():
        assert (tmp_path / f"prepared-{limit}").exists() == (answer is None)
        assert (answer is None) == (limit == 5_000_000), f"limit {limit}: {answer}"
        if answer is not None:
            assert answer[0] == "WriteFailed"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where a file stands in the way of the run folder."""
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(WriteFailed, match="could not be written"):
        RunFolder(tmp_path / "runs", "XDM", ISSUE).begin()
