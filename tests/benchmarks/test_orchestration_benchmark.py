"""The baseline of Prefect's share of a day is a day without Prefect: it fails where a part asks for a server."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.story


def test_the_stages_alone_need_no_server() -> None:
    command = [sys.executable, "-m", "benchmarks.orchestration", "--ways", "stages"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    heads, stages = done.stdout.splitlines()
    assert heads.split() == ["whole", "s", "day", "s", "Prefect", "s", "share", "of", "day", "task", "runs"]
    assert re.fullmatch(r"stages +[\d.]+ +[\d.]+ +0\.0 +- +0", stages)
