"""The benchmark of exposure runs in its smallest size and both routes count the same; nothing is said about time."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.story


def test_flash_exposure() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    options = ["--cells", "90", "--scenarios", "3", "--places", "30", "--peer-scenarios", "3"]
    command = [sys.executable, "-m", "benchmarks.flash_exposure", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("3 scenarios, 90 x 90 cells, 30 schools, 300 buildings, 30 roads")
    apart = re.search(
        r"^largest difference in an area: schools 0, buildings 0, roads (\S+)$", done.stdout, re.MULTILINE
    )
    assert apart is not None, done.stdout
    assert float(apart[1]) < 0.001
    assert re.search(r"^ratio: \d+x$", done.stdout, re.M)
