"""The page of a hazard with blocks, assets and gauges: what it is told, and what a browser makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import PointSeed, Sandbox
from ibf_pipeline.sandbox.page_assets import _MOST_SHAPES
from tests.sandbox.recordings import rows
from tests.worlds.services.browser import open_tab
from tests.worlds.services.portal import Clock, Portal, small_country

FIRST, SECOND = "2026-11-20T06:00:00Z", "2026-11-20T12:00:00Z"
POINTS = {
    "schools": (PointSeed("16", "École <b>ወንዝ</b>", 0.5, 31.25), PointSeed("17", "Far school", 0.25, 33.5)),
    "waterpoints": tuple(PointSeed(str(n), "", 0.01 + n / 17_000, 31.5) for n in range(16_733)),
    "gauges": (PointSeed("5", "Lake Kazuni", 0.5, 31.75), PointSeed("6", "Karonga", 0.5, 32.5)),
}
ROAD = '{"type": "LineString", "coordinates": [[31, 0.123456789, 9], [32, 1, 700]]}'
LINES = {
    "roads": {20: ROAD, 39: "no shape at all", 120: "MULTILINESTRING ((31 0, 31.5 0.5), (32 0, 32.5 0.5))"},
    "buildings": {3731: "POLYGON ((31.1 0.1, 31.2 0.1, 31.2 0.2, 31.1 0.1))", 3732: "POLYGON EMPTY"},
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Two blocks of Malawi: two events and assets at two lead times, then nothing but a school."""
    with Sandbox(tmp_path_factory.mktemp("page"), now=Clock()) as server:
        server.seed(small_country("MWI", disaster_type="flash-floods", points=POINTS, lines=LINES))
        portal = Portal(server, "MWI", "flash-floods")
        for name, area, lead_time, trigger in (("Rumphi", 1, "6-hour", 1), ("Karonga", 3, "24-hour", 0)):
            rows(portal, name, {f"MWI{area}": 69}, FIRST, lead_time, level=2, trigger=trigger)
        upload(portal, "schools", {"16": True}, FIRST)
        upload(portal, "schools", {"17": True}, FIRST, lead_time="24-hour")
        upload(portal, "waterpoints", {"8": True, "9": True}, FIRST)
        for key, value in (("", 85.2412), ("-reference", 90), ("-alert-level", "warning-medium")):
            upload(portal, "gauges", {"5": value}, FIRST, key=f"water-level{key}", lead_time=None)
        for category, fids in (("roads", [20]), ("buildings", [3731])):
            sent = {"linesDataCategory": category, "leadTime": "6-hour", "exposedFids": fids, "date": FIRST}
            assert portal.post("lines-data/exposure-status", portal.place(**sent)).status_code == 201
        portal.process()
        rows(portal, None, {f"MWI{n}": 0 for n in (1, 2, 3, 4)}, SECOND, "1-hour", level=2)
        portal.process()
        yield portal


def upload(
    portal: Portal,
    category: str,
    values: dict[str, Any],
    date: str,
    *,
    key: str = "exposure",
    lead_time: str | None = "6-hour",
) -> None:
    sent = {"pointDataCategory": category, "leadTime": lead_time, "key": key, "date": date}
    listed = [{"fid": fid, "value": value} for fid, value in values.items()]
    assert portal.post("point-data/dynamic", portal.place(**sent, dynamicPointData=listed)).status_code == 201


def page(portal: Portal, path: str, **query: Any) -> Any:
    place = {"iso3": "MWI", "disaster": "flash-floods", **query}
    return requests.get(f"{portal.sandbox.page_url}page/{path}", params=place, timeout=10).json()


def test_points_with_values_and_every_gauge(portal: Portal) -> None:
    first = page(portal, "state", day="2026-11-20T06:00")
    assert [(p["category"], p["fid"], p["leadTime"]) for p in first["points"]] == [
        ("waterpoints", "8", "6-hour"),
        ("waterpoints", "9", "6-hour"),
        ("schools", "16", "6-hour"),
        ("schools", "17", "24-hour"),
        ("gauges", "5", None),
        ("gauges", "6", None),
    ]
    lake, karonga = first["points"][-2:]
    assert lake["values"] == {
        "water-level": "85.2412", "water-level-reference": "90", "water-level-alert-level": "warning-medium"
    }  # fmt: skip
    assert karonga["values"] is None
    second = page(portal, "state")
    assert [(p["fid"], p["values"]) for p in second["points"]] == [("5", None), ("6", None)]
    assert second["stations"] == first["stations"] == []
    assert [lines["exposed"] for lines in second["lines"]] == [{"6-hour": [20]}, {"6-hour": [3731]}]  # they stay


def test_where_everything_is(portal: Portal) -> None:
    places = page(portal, "assets")
    assert places["points"]["schools"] == [31.25, 0.5, 33.5, 0.25]
    assert {category: len(flat) // 2 for category, flat in places["points"].items()} == {
        "waterpoints": 16_733, "schools": 2
    }  # fmt: skip
    assert places["lines"] == {
        "roads": {"20": [[31, 0.12346, 32, 1]], "120": [[31, 0, 31.5, 0.5], [32, 0, 32.5, 0.5]]},
        "buildings": {"3731": [[31.1, 0.1, 31.2, 0.1, 31.2, 0.2, 31.1, 0.1]], "3732": []},
    }
    assert page(portal, "assets", disaster="floods") == {"points": {}, "lines": {}}
    assert page(portal, "assets", disaster="none") == {"points": {}, "lines": {}}


def test_of_too_many_lines_only_their_number_is_told(tmp_path: Path) -> None:
    with Sandbox(tmp_path, now=Clock()) as server:
        many = dict.fromkeys(range(_MOST_SHAPES + 1), "LINESTRING (31 0, 32 1)")
        server.seed(small_country("COA", disaster_type="flash-floods", lines={"roads": many}))
        place = {"iso3": "COA", "disaster": "flash-floods"}
        told = [
            requests.get(f"{server.page_url}page/{p}", params=place, timeout=10).json() for p in ("assets", "state")
        ]
    assert told[0]["lines"] == {}
    assert told[1]["lines"] == [{"category": "roads", "seeded": _MOST_SHAPES + 1, "exposed": {}, "lost": []}]


def test_clocks_of_a_country(portal: Portal) -> None:
    server = portal.sandbox
    for iso3, clock in (("QQB", "Africa/Nairobi"), ("QQC", "Asia/Dhaka"), ("QQD", "UTC"), ("KEN", "UTC")):
        server.seed(small_country(iso3, clock=clock))
    listed = requests.get(f"{server.page_url}page/countries", timeout=10).json()["countries"]
    assert {c["iso3"]: (c["zone"], c["zoneWord"], c["blocks"]) for c in listed} == {
        "KEN": ("Africa/Nairobi", "EAT", False),  # as on the real server
        "MWI": ("Africa/Blantyre", "CAT", True),
        "QQB": ("Africa/Nairobi", "EAT", False),
        "QQC": ("Asia/Dhaka", "UTC+06", False),
        "QQD": ("UTC", "UTC", False),
    }


def test_a_browser_shows_assets_of_a_lead_time_and_gauges(portal: Portal, tmp_path: Path) -> None:
    def number(selector: str) -> int:
        return int(tab.value(f"document.querySelectorAll({selector!r}).length"))

    with open_tab(tmp_path / "profile") as tab:
        tab.size(1280, 900)
        tab.open(f"{portal.sandbox.page_url}#MWI/flash-floods/2026-11-20T06:00")
        tab.wait("document.querySelector('[data-ready=yes]') !== null")
        assert "Fri 2026-11-20, 14:00 CAT" in tab.value("document.getElementById('events').textContent")
        assert tab.value("document.getElementById('day').selectedOptions[0].text") == "Fri 2026-11-20, 06:00 UTC"
        assert (number("#map .mark.exposed"), number("#map .mark.unknown"), number("#map .dots")) == (4, 1, 1)
        assert number("#map .lines.exposed") == 2
        text = tab.value("document.getElementById('stations').textContent")
        assert "École <b>ወንዝ</b>" in text  # names are text
        assert "85.241 m" in text
        switches = tab.value("document.getElementById('assets').textContent")
        assert "water points (16,733, 2 exposed)" in switches

        tab.click("#assets [data-category=waterpoints]")
        tab.wait("document.querySelectorAll('#map .dots').length === 2")
        assert (
            tab.value("document.querySelector('#map .dots.waterpoints').getAttribute('d').split('M').length") == 16_734
        )

        tab.value("document.getElementById('at').value = '24-hour'")
        tab.value("document.getElementById('at').dispatchEvent(new Event('change'))")
        tab.wait("document.querySelectorAll('#map .mark.exposed').length === 1")
        tab.wait("document.querySelectorAll('#map .lines.exposed').length === 0")
        tab.click("#map .mark.exposed")
        tab.wait("document.getElementById('popup').textContent.includes('Far school')")
        tab.click("#later")
        tab.wait("document.getElementById('summary').textContent.includes('no alert')")
        tab.wait("document.querySelectorAll('#map .mark.unknown').length === 2")
