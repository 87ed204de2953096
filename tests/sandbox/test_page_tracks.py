"""The page of a hazard with tracks: what it is told, and what a browser makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.browser import open_tab
from tests.worlds.services.portal import Clock, Portal, small_country

FIRST, SECOND = "2026-11-24T00:00:00Z", "2026-11-24T06:00:00Z"
SHARES = {"PHL1": 0.53, "PHL2": 0.2}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Two blocks: a storm whose track crosses 180 degrees, beside another one; then the first alone, weaker."""
    with Sandbox(tmp_path_factory.mktemp("page"), now=Clock()) as server:
        server.seed(small_country("PHL", disaster_type="typhoon"))
        portal = Portal(server, "PHL", "typhoon")
        for name, date, wind in (("YASA", FIRST, 150), ("ANA <b>", FIRST, 200), ("YASA", SECOND, 100)):
            for indicator, amounts in (
                ("houses_affected", SHARES),
                *((each, dict.fromkeys(SHARES, 1)) for each in ("forecast_severity", "forecast_trigger")),
            ):
                portal.exposure(indicator, name, dict(amounts), date=date, lead_time="12-hour")
            track(portal, name, date, wind)
            portal.process()
        yield portal


def track(portal: Portal, name: str, date: str, wind: int) -> None:
    """From 170 W to 35 E over the date line; landfall at noon."""
    lons = (-170, 175, 32.5, 31.0)
    points = [
        {
            "lat": 0.5, "lon": lon, "timestampOfTrackpoint": f"2026-11-{23 + n // 4}T{6 * (n % 4):02}:00:00Z",
            "windspeed": wind, "category": "TY", "firstLandfall": n == 6, "closestToLand": False,
        }
        for n, lon in zip((3, 4, 6, 7), lons, strict=True)
    ]  # fmt: skip
    place = {"countryCodeISO3": "PHL", "leadTime": "12-hour", "eventName": name, "date": date}
    assert portal.post("typhoon-track", {**place, "trackpointDetails": points[::-1]}).status_code == 201


def page(portal: Portal, path: str, **query: Any) -> Any:
    place = {"iso3": "PHL", "disaster": "typhoon", **query}
    return requests.get(f"{portal.sandbox.page_url}page/{path}", params=place, timeout=10).json()


def test_tracks_of_a_block_in_the_order_of_their_times(portal: Portal) -> None:
    now, before = page(portal, "state"), page(portal, "state", day="2026-11-24T00:00")
    assert [(each["event"], each["points"][0]["windspeed"]) for each in now["tracks"]] == [("YASA", 100)]
    assert [each["event"] for each in before["tracks"]] == ["ANA <b>", "YASA"]
    assert [point["lon"] for point in before["tracks"][0]["points"]] == [-170, 175, 32.5, 31]
    (country,) = page(portal, "countries")["countries"]
    assert (country["tracks"], country["share"]) == (True, True)


def test_a_share_of_houses_is_never_added_up(portal: Portal) -> None:
    """Neither on the page nor in the mail: the largest of the areas."""
    assert [event["people"] for event in page(portal, "state")["events"]] == [0.53]
    assert [event["people"] for event in page(portal, "state", day="2026-11-24T00:00")["events"]] == [0.53, 0.53]
    assert ">53%<" in portal.sandbox.mails("PHL")[0].html


def test_a_browser_shows_tracks(portal: Portal, tmp_path: Path) -> None:
    with open_tab(tmp_path / "profile") as tab:
        tab.size(1280, 900)
        tab.open(f"{portal.sandbox.page_url}#PHL/typhoon/2026-11-24T00:00")
        tab.wait("document.querySelectorAll('#map .storm').length === 2")
        assert tab.value("document.querySelectorAll('#map .mark.land').length") == 2
        assert tab.value("document.querySelectorAll('#map .track.past').length") == 2, "points before the block"
        names = tab.value("[...document.querySelectorAll('#map .mark.name')].map((e) => e.textContent).join()")
        assert names == "ANA <b>,YASA"
        xs = tab.value(
            "[...document.querySelectorAll('#map .storm')[0].querySelectorAll('path.mark')].map((e) => +e.dataset.x)"
        )
        assert xs == sorted(xs, reverse=True), "westward all the way, over the date line as well"
        assert "up to 53% of houses affected" in tab.value("document.getElementById('summary').textContent")
        tab.click("#map .mark.land")
        tab.wait("document.getElementById('popup').textContent.includes('landfall')")
        assert "Tue 2026-11-24, 20:00 PHT" in tab.value("document.getElementById('popup').textContent")
