"""The publishing benchmark runs in a small size, and both publishers leave the same server behind."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.publish import journal_in, make_plan, publish_naively, publish_ours, sandbox
from tests.conftest import ROOT


@pytest.mark.story
def test_both_publishers_leave_the_same_server_behind(tmp_path: Path) -> None:
    """The two routes that the benchmark compares, without their times."""
    country, calls = make_plan(tmp_path, 1)
    with sandbox(country, tmp_path / "ours") as server:
        ours = publish_ours(calls, tmp_path, journal_in(tmp_path), server)
    with sandbox(country, tmp_path / "naive") as server:
        naive = publish_naively(calls, tmp_path, server)
    assert (ours.state, ours.mails) == (naive.state, naive.mails)
    assert ours.mails


@pytest.mark.story
def test_publish() -> None:
    command = [sys.executable, "-m", "benchmarks.publish", "--events", "1", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, ours, naive, ratio, *recording = done.stdout.splitlines()
    assert first == "31 calls, 1 rounds each, medians; same state and mails afterwards: True"
    assert re.fullmatch(r"ours: [\d.]+ s, \d+ calls/s, 2 connections, 1 logins, \d+ % of the time outside .*", ours)
    assert re.fullmatch(r"naive: [\d.]+ s, \d+ calls/s, 62 connections, 31 logins, \d+ % of the time outside .*", naive)
    assert re.fullmatch(r"ratio: [\d.]+x", ratio)
    assert [line.partition(": ")[0] for line in recording] == [
        "recording, 0 ms between calls", "recording, 10 ms between calls",
    ]  # fmt: skip
    assert all(
        re.search(r": \d+ us a call in the records, \d+ us as lines .*, ratio: [\d.]+x$", line) for line in recording
    )


@pytest.mark.story
def test_flash_block() -> None:
    command = [sys.executable, "-m", "benchmarks.flash_block", "--rounds", "1", "--raster-kb", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, ours, floor, ratio = done.stdout.splitlines()
    assert first == "66 calls, 1 rounds each, medians; same state and mails afterwards: True"
    assert re.fullmatch(r"ours: [\d.]+ s, [\d.]+ ms a call", ours)
    assert re.fullmatch(r"floor: [\d.]+ s, [\d.]+ ms a call", floor)
    assert re.fullmatch(r"ratio: [\d.]+x", ratio)


@pytest.mark.story
def test_typhoon_cycle() -> None:
    command = [sys.executable, "-m", "benchmarks.typhoon_cycle", "--rounds", "1", "--areas", "300"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, rounds, ours, floor, ratio, memory = done.stdout.splitlines()
    assert re.fullmatch(r"\d storms?, 52 members, \d+ rows of areas, \d+ calls", first)
    assert rounds == "1 rounds each, medians; same state and mails afterwards: True"
    assert re.fullmatch(r"ours: [\d.]+ s \(read [\d.]+, find [\d.]+, plan [\d.]+, publish [\d.]+\)", ours)
    assert re.fullmatch(r"floor: [\d.]+ s", floor)
    assert re.fullmatch(r"ratio: [\d.]+x; of publishing alone: [\d.]+x", ratio)
    assert re.fullmatch(r"memory: \d+ MB, of the largest process beside it \d+ MB", memory)
