"""Benchmarks on generated countries run in their smallest size; nothing is said about time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.story


def output(name: str, *options: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_prepare_by_size(tmp_path: Path) -> None:
    text = output("prepare", "--million-cells", "0.2", "--cache", str(tmp_path))
    assert len(re.findall(r"peak +\d+ MiB  build: 27 parts$", text, re.MULTILINE)) == 1
    assert len(re.findall(r"peak +\d+ MiB  unchanged: 0 parts$", text, re.MULTILINE)) == 1
    assert len(re.findall(r"peak +\d+ MiB  mapping: 1 parts$", text, re.MULTILINE)) == 1
    assert re.fullmatch(
        r"prepare: [\d.]+ s, [\d.]+ times the floor's processor time, peak \d+ MiB", text.splitlines()[-1]
    )


def test_countries(tmp_path: Path) -> None:
    text = output(
        "countries", "--countries", "3", "--million-cells", "0.3", "--target", "files", "--cache", str(tmp_path)
    )
    assert re.search(
        r"^one after the other: [\d.]+ s, [\d.]+ s a country, [\d.]+ s of them processor, linear [\d.]+, \d+ calls",
        text,
        re.MULTILINE,
    )
    assert re.search(r"^two processes: [\d.]+ times as fast as one$", text, re.MULTILINE)
