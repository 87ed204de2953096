"""docs/python.md: its blocks run one after the other, as they stand, and their values are the demo country's."""

from __future__ import annotations

import re
import runpy
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.usefixtures("plain", "quick")
def test_the_blocks_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("IBF_FILES", str(tmp_path / "files"))
    script = tmp_path / "page.py"
    script.write_text("".join(BLOCKS).replace('"work/python"', repr(str(tmp_path / "work"))), encoding="utf-8")
    names = runpy.run_path(str(script))
    assert (len(BLOCKS), "boundaries" in names["built"]) == (5, True)
    assert (round(names["people"]), round(float(names["in_the_water"].sel(flood_map=10)))) == (948_066, 123_622)
    assert (names["discharge"].shape, names["median"].dims) == ((51, 8, 8), ("lead_time",))
    triggered = names["found"].events[0]
    assert triggered.trigger
    assert float(names["probability"].sel(station=triggered.name)[triggered.lead_time]) >= 0.6
    assert set(names["triggers"]) == {"G9001", "G9002", "G9003", "G9006", "G9008"}
    assert names["titles"][0].startswith("call 1, ")
    assert names["file"].read_text(encoding="utf-8").count("\n") == len(names["titles"])
    assert names["outcome"][0] == "Not all published"
    ((day, headline, target, revision, made, decisions),) = names["rows"]
    assert (day, target, revision, decisions) == (date(2026, 2, 15), "files", 1, [])
    assert headline.startswith("5 triggers")
    assert made == len(names["titles"])
