"""The page: self-contained, and showing what the portal would."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import requests
from PIL import Image
from rasterio.transform import from_bounds

from tests.sandbox.test_semantics import set_trigger
from tests.worlds.services.browser import Tab, open_tab
from tests.worlds.services.portal import Portal

DAY, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_tab(tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


def page(portal: Portal, path: str, **query: Any) -> Any:
    answer = requests.get(f"{portal.sandbox.page_url}page/{path}", params={"iso3": portal.iso3, **query}, timeout=10)
    assert answer.status_code == 200
    return answer.json()


def state(portal: Portal, **query: Any) -> Any:
    return page(portal, "state", disaster="floods", **query)


def test_it_is_one_document_without_external_references(portal: Portal) -> None:
    answer = requests.get(portal.sandbox.page_url, timeout=10)
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", answer.text))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not a request
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", answer.text)
    assert "/*page." not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy


def test_the_page_is_not_part_of_the_interface(portal: Portal) -> None:
    paths = requests.get(f"{portal.sandbox.page_url}docs-json", timeout=10).json()["paths"]
    assert not any("page" in path for path in paths)


def test_countries_and_their_days(portal: Portal) -> None:
    portal.zeros(DAY)
    portal.zeros(NEXT_DAY)
    listed = requests.get(f"{portal.sandbox.page_url}page/countries", timeout=10).json()
    country = next(c for c in listed["countries"] if c["iso3"] == portal.iso3)
    assert listed["behavesLike"] == "current"
    assert country["days"] == ["2026-11-11", "2026-11-10"]
    assert (country["levels"], country["defaultLevel"]) == ([2, 3], 2)


def test_a_country_without_uploads(portal: Portal) -> None:
    shown = state(portal)
    assert (shown["moment"], shown["events"], shown["areas"], shown["log"]) == (None, [], {}, [])
    assert [station["values"] for station in shown["stations"]] == [None, None]


def test_the_newest_day_is_what_the_portal_shows(portal: Portal) -> None:
    portal.event("G_1", [1, 2], DAY, people=50, flags="---wTTTT")
    for key, value in (("forecastLevel", 612.5), ("eapAlertClass", "max")):
        portal.station(key, value, date=DAY)
    assert state(portal)["unprocessed"] == 1
    portal.process()
    shown = state(portal)
    assert (shown["newest"], shown["unprocessed"]) == (True, 0)
    assert shown["events"] == [
        {
            "name": "G_1",
            "shown": "G",
            "level": "trigger",
            "firstLeadTime": "3-day",
            "firstTriggerLeadTime": "4-day",
            "firstIssued": "2026-11-10T00:00:00.000Z",
            "setBy": None,
            "people": 100,
            "areas": 2,
        }
    ]
    assert shown["areas"][portal.area(1)] == [{"event": "G", "level": "trigger", "people": 50}]
    assert portal.area(3) not in shown["areas"]
    assert shown["stations"][0]["values"] == {"forecastLevel": "612.5", "eapAlertClass": "max"}
    assert [(mail["recipients"], mail["events"]) for mail in shown["mails"]] == [(5, ["G"])]
    assert len(shown["log"]) == 2


def test_an_earlier_day_is_read_back_from_its_uploads(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med", people=0, lead_time="6-day")
    portal.station("eapAlertClass", "med", date=DAY, lead_time="6-day")
    portal.process()
    portal.event("G1", [1, 2], NEXT_DAY, people=30)
    portal.event("G2", [3], NEXT_DAY, alert="min")
    portal.station("eapAlertClass", "max", date=NEXT_DAY)
    portal.process()
    today, yesterday = state(portal), state(portal, day="2026-11-10")
    assert [(e["name"], e["level"], e["people"]) for e in today["events"]] == [
        ("G1", "trigger", 60),
        ("G2", "warning-low", 100),
    ]
    assert yesterday["newest"] is False
    [event] = yesterday["events"]
    assert (event["name"], event["level"], event["firstLeadTime"], event["areas"]) == (
        "G1",
        "warning-medium",
        "6-day",
        1,
    )
    assert event["firstIssued"] == "2026-11-10T00:00:00.000Z"
    assert yesterday["areas"] == {portal.area(1): [{"event": "G1", "level": "warning-medium", "people": 0}]}
    assert yesterday["stations"][0]["values"] == {"eapAlertClass": "med"}
    assert today["stations"][0]["values"] == {"eapAlertClass": "max"}


def test_a_trigger_set_by_a_person_colours_the_map(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med")
    portal.process()
    set_trigger(portal)
    shown = state(portal)
    assert (shown["events"][0]["level"], shown["events"][0]["setBy"]) == ("trigger", "Local Admin Sandbox")
    assert shown["areas"][portal.area(1)][0]["level"] == "trigger"


def test_outlines_are_paths_on_a_common_plane(portal: Portal) -> None:
    drawn = page(portal, "areas", level=2)
    assert [a["code"] for a in drawn["areas"]] == [portal.area(n) for n in (1, 2, 3, 4)]
    frame = drawn["frame"]
    assert (frame["west"], frame["north"]) == (31, 1)
    assert frame["width"] == pytest.approx(1000)
    assert frame["height"] == pytest.approx(250, rel=1e-3)
    numbers = [float(n) for n in re.findall(r"[\d.]+", drawn["areas"][0]["path"])]
    assert (min(numbers[::2]), max(numbers[::2])) == (0, pytest.approx(250, abs=0.2))
    assert page(portal, "areas", level=9) == {"frame": None, "areas": []}


def tif(depth: np.ndarray) -> bytes:
    height, width = depth.shape
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=width, height=height, count=1, dtype="float32", crs="EPSG:4326", nodata=0,
            transform=from_bounds(31, 0, 35, 1, width, height),
        ) as raster:  # fmt: skip
            raster.write(depth.astype("float32"), 1)
        return memory.read()


def send_extent(portal: Portal, lead_time: str, content: bytes) -> None:
    name = f"flood_extent_{lead_time}_{portal.iso3}.tif"
    url = f"{portal.sandbox.url}/admin-area-dynamic-data/raster/floods"
    assert portal.session.post(url, files={"file": (name, content)}).status_code == 201


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning", "ignore::PendingDeprecationWarning")
def test_an_extent_becomes_a_picture_in_its_place(portal: Portal) -> None:
    depth = np.zeros((1000, 2000))
    depth[200, 999:1001] = 2.5
    send_extent(portal, "4-day", tif(depth))
    send_extent(portal, "5-day", tif(np.zeros((10, 40))))
    send_extent(portal, "6-day", b"no raster at all")
    assert state(portal)["extents"] == ["4-day", "5-day", "6-day"]

    wet = page(portal, "extent", leadTime="4-day")
    assert wet["wet"] is True
    # Blocks of 3 x 3 cells: 667 of them across, the last one a third outside.
    assert (wet["bounds"]["west"], wet["bounds"]["north"]) == (31, 1)
    assert wet["bounds"]["east"] == pytest.approx(31 + 4 * 2001 / 2000)
    with rasterio.open(io.BytesIO(base64.b64decode(wet["picture"]))) as picture:
        assert (picture.count, picture.width, picture.height) == (4, 667, 334)
        opaque = np.argwhere(picture.read(4) > 0)
    assert opaque.tolist() == [[66, 333]]  # a thin line of water is not lost on the way
    assert page(portal, "extent", leadTime="5-day")["wet"] is False
    assert "not a raster" in page(portal, "extent", leadTime="6-day")["problem"]
    assert "no extent" in page(portal, "extent", leadTime="7-day")["problem"]
    assert page(portal, "extent", leadTime="../x")["problem"] == "no such extent"


def test_a_browser_shows_it(portal: Portal, tab: Tab) -> None:
    name = "<b>Ärea & bridge</b> with a very long name"
    portal.event(name, [1, 2], DAY, people=1234, flags="---wTTTT")
    portal.station("eapAlertClass", "no", date=DAY)  # nothing is sent for the second one: it is blind
    portal.process()
    tab.open(f"{portal.sandbox.page_url}#{portal.iso3}/floods/2026-11-10")
    tab.wait("document.querySelector('[data-ready=yes]') !== null")
    shown = tab.value("document.documentElement.outerHTML")
    assert "1 trigger; 2,468 people affected in triggered events." in shown
    assert "&lt;b&gt;Ärea &amp; bridge&lt;/b&gt;" in shown  # names are text, never markup
    assert len(re.findall(r'class="area alert fill-trigger"', shown)) == 2
    kinds = re.findall(r'class="station (\w+)".*?<title>[^<]*: ([^<]*)</title>', shown)
    assert sorted(kinds) == [("no", "no alert"), ("unknown", "no values")]
    assert json.dumps(name) not in shown


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning", "ignore::PendingDeprecationWarning")
def test_a_person_clicks_through_it(portal: Portal, tab: Tab, tmp_path: Path) -> None:
    """Two days, an extent that is switched, a station's popup; each click changes what is seen, in pixels too."""
    portal.event("G1", [1], DAY, alert="med", people=0, lead_time="6-day")
    portal.process()
    portal.event("G1", [1, 2], NEXT_DAY, people=30)
    for key, value in (("forecastLevel", 612.5), ("eapAlertClass", "max")):
        portal.station(key, value, date=NEXT_DAY)
    portal.process()
    send_extent(portal, "4-day", tif(np.ones((100, 400))))
    tab.size(1280, 900)
    tab.open(f"{portal.sandbox.page_url}#{portal.iso3}/floods/2026-11-11")
    tab.wait("document.querySelectorAll('.area.fill-trigger').length === 2")
    tab.wait("document.querySelectorAll('#map image').length === 1")  # the first trigger's extent is on at first
    wet = seen(tab, tmp_path / "wet.png")
    tab.click("#extents input")
    tab.wait("document.querySelectorAll('#map image').length === 0")
    dry = seen(tab, tmp_path / "dry.png")
    red = (165, 0, 38)  # the report's colour of a trigger
    assert dry.get(red, 0) > 10_000
    assert wet.get(red, 0) < dry[red] / 2

    tab.click("#map .station")
    tab.wait("!document.getElementById('popup').hidden")
    words = tab.value("document.getElementById('popup').textContent")
    assert "612.5" in words
    tab.wait("document.getElementById('popup').textContent.includes('Hydrograph')")
    tab.click("#popup .shut")
    tab.wait("document.getElementById('popup').hidden")

    tab.click("#earlier")
    tab.wait("document.querySelectorAll('.area.fill-warning-medium').length === 1")
    assert tab.value("document.getElementById('day').value") == "2026-11-10"
    earlier = seen(tab, tmp_path / "earlier.png")
    assert earlier.get(red, 0) < dry[red] / 20
    assert earlier.get((245, 134, 52), 0) > 5_000  # medium warning, between its hatches
    hatched = [n for (r, _, b), n in earlier.items() if 90 <= r < 225 and 48 <= b <= 62]  # lines, smoothed
    assert sum(hatched) > 1_000
    tab.click("#later")
    tab.wait("document.querySelectorAll('.area.fill-trigger').length === 2")


def seen(tab: Tab, file: Path) -> dict[Any, int]:
    """Pixels by colour of a screenshot."""
    tab.screenshot(file)
    with Image.open(file) as picture:
        return {colour: count for count, colour in picture.convert("RGB").getcolors(1 << 24)}
