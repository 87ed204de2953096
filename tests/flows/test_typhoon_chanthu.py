"""Chanthu of 10 September 2021 as ECMWF forecast it, over Batanes and Cagayan, from the real file to the portal.

Outlines of provinces and middles of municipalities are real; the municipalities' own outlines, people and houses are
made up.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.synthetic.philippines import HOUSING, NAMES, make_philippines
from tests.conftest import real_data
from tests.worlds.philippines import MONITORING
from tests.worlds.typhoon_project import TyphoonRuns

pytestmark = pytest.mark.usefixtures("plain", "quick")
CYCLE = IssueTime.parse("2021-09-10T00")
PROVINCES = {"PH020900000": "Batanes", "PH021500000": "Cagayan"}
BASCO = "PH020901000"
KIKO = "Kiko (CHANTHU)"
WIND = {"measure": "wind_kmh", "probability": 0.5, "within_h": 72}


def two_provinces(source: Path, target: Path) -> Path:
    """The real files with Batanes and Cagayan alone."""
    target.mkdir(parents=True)
    kept: dict[str, Callable[[dict[str, Any]], bool]] = {
        "PHL_adm2.json": lambda own: own["ADM2_PCODE"] in PROVINCES,
        "municipality_points.geojson": lambda own: own["adm2_pcode"] in PROVINCES,
    }
    for name, keeps in kept.items():
        content = json.loads((source / name).read_text(encoding="utf-8"))
        content["features"] = [each for each in content["features"] if keeps(each["properties"])]
        (target / name).write_text(json.dumps(content), encoding="utf-8")
    return target


@pytest.fixture
def philippines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TyphoonRuns:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug
    static = make_philippines(two_provinces(real_data("philippines"), tmp_path / "source"), tmp_path / "static")
    cycle = tmp_path / "tracks" / "2021091000"
    cycle.mkdir(parents=True)
    shutil.copy(real_data("tracks", "chanthu_2021091000_eps.bufr"), cycle)
    settings = {
        "sources": {"tracks": {"kind": "tracks-folder", "root": str(tmp_path / "tracks")}},
        "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True, "test_target": True}},
    }
    section = {
        "time_zone": "Asia/Manila", "admin_levels": [3], "default_admin_level": 3, "province_level": 2,
        "region_level": 1, "sources": ["tracks"], "monitoring": [list(corner) for corner in MONITORING],
        "housing": HOUSING, "names": NAMES,
        "triggers": [
            {"scope": "regions", "regions": ["PH020000000"], "amount": 185, **WIND},
            {"scope": "province", "amount": 118, **WIND},
        ],
    }  # fmt: skip
    country = {"iso3": "PHL", "name": "Philippines", "static": str(static), "hazards": {"typhoon": section}}
    (tmp_path / "config" / "countries").mkdir(parents=True)
    (tmp_path / "config" / "settings.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "config" / "countries" / "PHL.yaml").write_text(yaml.safe_dump(country))
    return TyphoonRuns(str(tmp_path / "config"), str(tmp_path / "work"), "PHL", tmp_path / "tracks")


def test_the_storm_that_hit_batan_is_shown_as_one_that_lands(philippines: TyphoonRuns) -> None:
    state = philippines.run(CYCLE)
    assert state.is_completed(), state.message
    found = philippines.found(CYCLE)
    (event,) = found.events
    assert (event.name, found.members) == (KIKO, 52)
    assert event.landfall.probability == pytest.approx(0.33, abs=0.04), "17 of 52 members cross land"
    assert (event.landfall.approach, event.landfall.reference_km < 15) == ("close-pass", True)
    shown = philippines.portal()
    assert shown.events == {KIKO: ("trigger", "21-hour", "21-hour")}
    assert shown.states == {KIKO: (True, False)}, "landfall, and not: not predicted to make landfall"
    assert sum(point.landfall for point in shown.points[KIKO]) == 1
    assert BASCO in shown.areas[KIKO], "north of 19 N, where the peer has no wind at all"
    (basco,) = [row for row in event.impacts if row.place_code == BASCO]
    assert 36 * 3.6 <= basco.wind_kmh <= 44 * 3.6
    assert basco.typhoon_probability >= 0.88
    assert "wind only: no storm surge, flood or landslide" in found.notes
    assert shown.mails == [(KIKO,)]
    judged = {each.wanted: (each.met, each.counts) for each in event.triggers}
    assert judged == {
        "50 % of members with at least 185 km/h (10-minute mean)": (False, True),
        "50 % of members with at least 118 km/h (10-minute mean)": (True, True),
    }
