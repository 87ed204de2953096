"""The benchmark of wind runs in its smallest size and both routes have the same winds; nothing is said about time."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, real_data

pytestmark = pytest.mark.story


def test_typhoon_wind() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IBF_TEST_DATA": str(real_data("tracks").parent)}
    options = ["--areas", "60", "--hours", "48", "--plain-members", "2"]
    command = [sys.executable, "-m", "benchmarks.typhoon_wind", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.match(r"52 members, 48 hours, \d+ cells of 60 municipalities", done.stdout)
    apart = re.search(r"^largest difference: (\d\.\d+) m/s$", done.stdout, re.MULTILINE)
    assert apart is not None, done.stdout
    assert float(apart[1]) < 0.01
    assert re.search(r"^ratio: \d+x$", done.stdout, re.MULTILINE)
    basco = re.findall(
        r"^Basco, radius by (\w+), (\S+): mean (\S+) m/s, P\(> 32.7 m/s\) (\S+)$", done.stdout, re.MULTILINE
    )
    assert [each[:2] for each in basco] == [
        (radius, period) for radius in ("pressure", "message") for period in ("10-minute", "1-minute")
    ]
    assert all(36 <= float(mean) <= 44 for *_, mean, _ in basco)
    assert all(0.88 <= float(share) <= 1 for _, period, _, share in basco if period == "1-minute")
