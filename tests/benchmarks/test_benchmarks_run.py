"""Every benchmark runs in its smallest size and both routes agree; nothing is said about time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, real_data

pytestmark = [pytest.mark.uganda, pytest.mark.story]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    real_data("uganda")
    return tmp_path_factory.mktemp("benchmarks")


def output(name: str, cache: Path, *options: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--cell-arcsec", "30", "--cache", str(cache), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IBF_TEST_DATA": str(real_data("uganda").parent)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_discharge(cache: Path) -> None:
    text = output("discharge", cache, "--peer-members", "2")
    assert "largest difference of a probability, same 2 members: 0\n" in text
    assert re.search(r"^ratio: \d+x", text, re.MULTILINE)


def test_area_people_extent(cache: Path) -> None:
    text = output("area_people_extent", cache, "--areas", "25", "--peer-areas", "10")
    assert re.search(r"extent: 0 of \d+ wet cells differ", text)
    assert re.search(r"^ratio: people \d+x, extents [\d.]+x$", text, re.MULTILINE)


def test_flood_day_ends_with_its_measure(cache: Path) -> None:
    text = output("flood_day", cache, "--peer")
    assert re.search(r"^ratio: \d+x; without the peer's maxima of areas \d+x$", text, re.MULTILINE)
    last = text.splitlines()[-1]
    assert re.fullmatch(r"flood day: [\d.]+ s, compute [\d.]+ s, peak \d+ MiB", last)


def test_boundaries_hold_what_the_raster_holds_in_their_union() -> None:
    command = [sys.executable, "-m", "benchmarks.boundaries", "--countries", "GMB", "STP", "--across", "200"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IBF_TEST_DATA": str(real_data("boundaries").parent)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "| GMB | 8, 49, 115 | prefix | 15 (3) | 211 |" in done.stdout
    assert re.search(r"after differs by 0\.0\d+% at most$", done.stdout.strip())
