"""The benchmark of rain runs in its smallest size and both routes have rain; nothing is said about time."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, real_data

pytestmark = pytest.mark.story


def test_rain() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IBF_TEST_DATA": str(real_data("malawi").parent)}
    command = [sys.executable, "-m", "benchmarks.rain", "--hours", "6", "--peer-areas", "5"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("6 hours x 367 areas")
    apart = re.search(r"^apart: (\d\.\d+) mm on average", done.stdout, re.MULTILINE)
    assert apart is not None
    assert float(apart[1]) < 1
    assert re.search(r"^ratio: \d+x$", done.stdout, re.MULTILINE)
    assert re.search(r"^rolling sums: .* largest difference 0\.00\d mm$", done.stdout, re.MULTILINE)
    assert re.search(r"^ratio of both: \d+x$", done.stdout, re.MULTILINE)
