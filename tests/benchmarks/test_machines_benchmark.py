"""The benchmark of several machines runs one day of each kind to its end; nothing is said about time."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, needs


@pytest.mark.story
def test_machines() -> None:
    needs("postgresql")
    command = [sys.executable, "-m", "benchmarks.machines", "--rounds", "1", "--wait", "0.01"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, *lines, store = done.stdout.splitlines()
    assert re.fullmatch(r"1 days each, medians; \d+ processes at work on \d+ cores", first)
    assert [line.partition(":")[0] for line in lines] == [
        "portal that answers at once", "  folder", "  shared", "  ratio shared to folder",
        "portal that answers after 10 ms", "  folder", "  shared", "  ratio shared to folder",
    ]  # fmt: skip
    ratios = [line for line in lines if "ratio" in line]
    number = r"\d+\.\d\dx"
    assert all(re.search(rf": {number}, until published {number}, processor {number}$", line) for line in ratios)
    assert re.fullmatch(r"store, a day: \d+ requests \(.*\d+ PUT\), [\d.]+ MB put", store)
