"""Forecast files with bytes cut off or flipped: an error, or the trigger that was there; never an all clear, no crash.

The reading is done by a child process: HDF5 and ecCodes are C libraries, and a crash would take the test run along.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ibf_pipeline.prepare.build import prepare_floods
from tests.budget import examples
from tests.conftest import ROOT
from tests.worlds.countries import tiny_country
from tests.worlds.countries.damage import make_classic
from tests.worlds.countries.tiny_day import ISSUE, MEMBERS, TRIGGER, TinyDay

Ask = Callable[[dict[str, Any]], dict[str, Any]]
SHARE = st.floats(0, 1)
HEADER = st.floats(0, 0.012)
"""a share of the file where lengths, counts and names stand"""
FLIPS = st.lists(st.tuples(SHARE | HEADER, st.integers(1, 255)), max_size=3)
DAMAGE = st.fixed_dictionaries({
    "files": st.sampled_from([[0], [3], [1, 2], list(range(MEMBERS))]),
    "flips": FLIPS,
    "cut": st.just(1.0) | SHARE,
})  # fmt: skip
BOUNDED = settings(
    max_examples=examples(20, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@pytest.fixture(scope="module", params=["ftp", "ewds"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A question to the worker: what does this damage lead to?"""
    with worker(tmp_path_factory.mktemp(request.param), request.param) as question:
        yield question


@pytest.fixture(scope="module")
def ask_classic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The same of a forecast in classic netCDF files."""
    with worker(tmp_path_factory.mktemp("classic"), "ftp", make_classic) as question:
        yield question


@contextmanager
def worker(root: Path, layout: str, change: Callable[[Path], None] | None = None) -> Iterator[Ask]:
    """A worker with a sound forecast, each file of which is changed at first."""
    day = TinyDay(root, server=None)  # type: ignore[arg-type]
    tiny_country.write_country(day.static)
    sound = day.write_forecast(TRIGGER, layout=layout)
    for file in sorted(sound.iterdir()) if change else ():
        change(file)
    prepare_floods(tiny_country.country(), day.static, root / "prepared")
    (root / "scratch").mkdir()
    folders = [str(root / "prepared"), str(sound), str(root / "scratch")]
    command = [sys.executable, "-m", "tests.bad_input.byte_worker", *folders, ISSUE.isoformat()]
    with (
        (root / "stderr").open("w") as complaints,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as worker,
    ):

        def question(damage: dict[str, Any]) -> dict[str, Any]:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(json.dumps(damage) + "\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            assert answer, f"the reader crashed (status {worker.wait()}): {Path(complaints.name).read_text()[-500:]}"
            return dict(json.loads(answer))

        yield question
        assert worker.stdin is not None
        worker.stdin.close()


def test_undamaged(ask: Ask) -> None:
    answer = ask({"files": [], "flips": [], "cut": 1.0})
    assert answer == {"triggers": ["G1"], "condition": "fine", "missing": [], "members": [MEMBERS] * 8}


@BOUNDED
@given(damage=DAMAGE)
@example(damage={"files": [0], "flips": [], "cut": 0.0})
@example(damage={"files": [0], "flips": [[67.5 / 18510, 126]], "cut": 1.0})
@example(damage={"files": [0], "flips": [[43.5 / 18510, 57]], "cut": 1.0})
@example(damage={"files": [0], "flips": [], "cut": 0.999})
@example(damage={"files": list(range(MEMBERS)), "flips": [], "cut": 0.5})
def test_damaged_bytes_are_an_error_or_the_trigger(ask: Ask, damage: dict[str, Any]) -> None:
    answer = ask(damage)
    assert "traceback" not in answer, answer["traceback"]
    if "error" in answer:
        assert answer["whole"], "a part of the message is missing"
        return
    all_clear = answer["triggers"] == [] and answer["condition"] == "fine"
    assert not all_clear, f"an all clear out of a damaged forecast: {answer}"


@BOUNDED
@given(damage=DAMAGE)
@example(damage={"files": list(range(MEMBERS)), "flips": [], "cut": 0.5})
@example(damage={"files": list(range(MEMBERS)), "flips": [], "cut": 0.17})
def test_classic_netcdf_is_an_error_however_damaged(ask_classic: Ask, damage: dict[str, Any]) -> None:
    answer = ask_classic(damage)
    assert "error" in answer, answer
    assert answer["whole"], "a part of the message is missing"
