"""A disk that fills up at any moment of writing: a clear error, and no half-written run is taken for a whole one.

The limit is real: a child process may write no file longer than so many bytes (RLIMIT_FSIZE), which fails in the
system call like a full disk does. GDAL keeps blocks until it closes a file and reports nothing then.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.reader import read_cube
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.errors import IbfError, WriteFailed
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import ExtentTiles, station_cells
from ibf_pipeline.runs.findings_staging import begin_findings
from ibf_pipeline.sources import FolderSource
from tasks.floods import find_events, record_findings
from tests.conftest import ROOT
from tests.worlds.countries import tiny_country
from tests.worlds.runs import flood_run

ISSUE = date(2026, 2, 15)
_SMALL = 2000
"""bytes; under this limit an earlier run is there already"""
Stage = Callable[[int], None]


def under_limits(stage: Stage, limits: list[int]) -> dict[int, list[str] | None]:
    """What a stage says in a child process at each limit: the parts of an error, or None where it went well."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            answers = [answer(stage, limit) for limit in limits]
            with os.fdopen(writing, "w") as stream:
                json.dump(answers, stream)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        answers = json.load(stream)
    os.waitpid(child, 0)
    return dict(zip(limits, answers, strict=True))


def answer(stage: Stage, limit: int) -> list[str] | None:
    """The parts of the error that a stage ends with where no file may be longer than so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        stage(limit)
    except IbfError as error:
        return [type(error).__name__, *map(str, (error.found, error.where, error.expected, error.remedy))]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return None


def test_findings_of_a_day(
    tmp_path: Path, demo_prepared: Path, demo_country: FloodCountry, demo_layers: tuple[CountryLayers, ExtentTiles]
) -> None:
    """From the first byte to just below the largest file of the run: every limit is an error, none leaves a run."""
    layers, tiles = demo_layers
    files = FolderSource("demo", ROOT / "data/fixtures/XDM/forecasts", "4").fetch(ISSUE)
    cube = read_cube(files.files, station_cells(layers), ISSUE, version="4")
    found = find_events.fn("XDM", cube, layers, demo_country)

    def record(limit: int) -> None:
        run = flood_run(tmp_path / f"runs-{limit}", "XDM", ISSUE)
        record_findings.fn("XDM", found, cube, tiles, demo_country, files, run, demo_prepared)

    enough = 50_000_000
    assert under_limits(record, [enough]) == {enough: None}
    whole = flood_run(tmp_path / f"runs-{enough}", "XDM", ISSUE)
    assert whole.is_whole
    earlier = {path.relative_to(whole.path): path.read_bytes() for path in whole.path.rglob("*") if path.is_file()}
    later = flood_run(tmp_path / f"runs-{_SMALL}", "XDM", ISSUE)
    shutil.copytree(whole.path, later.path)
    sizes = sorted(path.stat().st_size for path in whole.path.rglob("*") if path.is_file())
    limits = [0, 1, 100, 400, 1000, _SMALL, *(size - 1 for size in sizes), sizes[-1] // 2, sizes[-1]]
    answers = under_limits(record, sorted(set(limits)))
    for limit, answer in answers.items():
        run = flood_run(tmp_path / f"runs-{limit}", "XDM", ISSUE)
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
    last = answers[sizes[-1]]
    assert last is None or "the records cannot be used" in last[1], "the files had room, the records perhaps not"
    for name, content in earlier.items():
        assert (later.path / name).read_bytes() == content, "the findings of the morning are whole, and the morning's"


def test_prepare(tmp_path: Path) -> None:
    """Prepared layers are there whole or not at all."""
    static = tiny_country.write_country(tmp_path / "static")

    def build(limit: int) -> None:
        prepare_floods(tiny_country.country(), static, tmp_path / f"prepared-{limit}")

    limits = [0, 500, 1000, 3000, 6000, 5_000_000]
    for limit, answer in under_limits(build, limits).items():
        assert (tmp_path / f"prepared-{limit}").exists() == (answer is None)
        assert (answer is None) == (limit == 5_000_000), f"limit {limit}: {answer}"
        if answer is not None:
            assert answer[0] == "WriteFailed"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where a file stands in the way of the run folder."""
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(WriteFailed, match="could not be written"):
        begin_findings(flood_run(tmp_path / "runs", "XDM", ISSUE))
