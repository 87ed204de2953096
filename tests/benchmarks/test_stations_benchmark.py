"""The benchmark of many stations runs in a small size; nothing is said about time."""

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.story
def test_stations() -> None:
    command = [sys.executable, "-m", "benchmarks.stations", "--stations", "10", "100", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, ten, hundred = done.stdout.splitlines()
    assert first == "51 members, 8 lead times, best of 1 runs, processor seconds"
    assert re.fullmatch(r" +10 stations: [\d.]+ s; 1 trigger, 2 warnings", ten)
    assert re.fullmatch(
        r" +100 stations: [\d.]+ s; 17 triggers, 24 warnings; ratio [\d.]+, at most 12: (yes|NO)", hundred
    )
