"""The table of hazards: the five of the service, several in one country, and one that nobody has heard of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.errors import ConfigError, InputMissing
from ibf_pipeline.sandbox import Disaster, HazardSeed, PointSeed, Sandbox, seed_from_static
from ibf_pipeline.sandbox.disasters import BUILT_IN
from tests.worlds.services.browser import open_tab
from tests.worlds.services.portal import Clock, Portal, broken, exposure_body, small_country
from tests.worlds.services.snapshot import extent_file

TIDES = Disaster(
    name="tides",
    label="tide",
    lead_times=("0-hour", "6-hour", "12-hour"),
    main_exposure="moored_boats",
    no_event_lead_times=("6-hour",),
    period="six-hours",
    indicators=("moored_boats",),
    point_layers=("gauges",),
    raster_folder="tide_extents",
    raster_name="tide",
)
EXPOSURE = "admin-area-dynamic-data/exposure"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "box", now=Clock(), further=(TIDES,)) as running:
        yield running


@pytest.fixture
def coast(server: Sandbox) -> Portal:
    """A country with floods on levels 2 and 3 and tides on level 2."""
    hazards = (HazardSeed("floods", (2, 3), 2), HazardSeed("tides", (2,), 2, ("moored_boats",)))
    points = {"gauges": (PointSeed("7", "Pier", 0.5, 31.5),), "schools": (PointSeed("7", "School", 0.5, 32.5),)}
    server.seed(replace(small_country("COA"), hazards=hazards, points=points))
    return Portal(server, "COA", "tides")


def tide(portal: Portal, event: str | None, boats: dict[str, float], date: str, lead_time: str = "6-hour") -> None:
    alert = dict.fromkeys(boats, 0.0 if event is None else 1.0)
    for indicator, amounts in (("moored_boats", boats), ("forecast_severity", alert), ("forecast_trigger", alert)):
        portal.exposure(indicator, event, amounts, date=date, lead_time=lead_time)


def page(portal: Portal, path: str, **query: Any) -> Any:
    return requests.get(f"{portal.sandbox.page_url}page/{path}", params=query, timeout=10).json()


def test_the_rows_of_the_service() -> None:
    assert BUILT_IN.names == ("floods", "malaria", "drought", "typhoon", "flash-floods")
    assert {row.name: (len(row.lead_times), row.lead_times[-1], row.period) for row in BUILT_IN.rows} == {
        "floods": (8, "7-day", "day"),
        "malaria": (3, "2-month", "month"),
        "drought": (12, "11-month", "month"),
        "typhoon": (169, "168-hour", "six-hours"),
        "flash-floods": (18, "48-hour", "six-hours"),
    }


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": "high tides"}, "high tides"),
        ({"raster_folder": "../elsewhere"}, "elsewhere"),
        ({"period": "week"}, "week"),
        ({"lead_times": ("0-hour", "1-day")}, "1-day"),
        ({"lead_times": ("200-hour",)}, "200-hour"),
        ({"no_event_lead_times": ()}, "without event"),
        ({"point_layers": ("piers",)}, "piers"),
    ],
)
def test_a_row_that_no_server_could_have(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        replace(TIDES, **changes)


def test_settings_of_several_hazards(coast: Portal) -> None:
    [country] = requests.get(f"{coast.sandbox.url}/country", timeout=5).json()
    settings = {s["disasterType"]: s for s in country["countryDisasterSettings"]}
    assert list(settings) == ["floods", "tides"]
    assert (settings["floods"]["adminLevels"], settings["tides"]["adminLevels"]) == ([2, 3], [2])
    assert settings["tides"]["activeLeadTimes"] == ["0-hour", "6-hour", "12-hour"]
    types = {t["disasterType"]: t for t in country["disasterTypes"]}
    assert types["tides"]["label"] == "tide"
    assert types["tides"]["mainExposureIndicator"] == "moored_boats"
    assert (types["tides"]["leadTimeUnit"], types["tides"]["maxLeadTime"]) == ("hour", "12-hour")
    names = [i["name"] for i in coast.get("metadata/indicators/COA/tides").json()]
    assert names == ["moored_boats", "forecast_severity", "forecast_trigger", "populationTotal"]
    layers = [layer["name"] for layer in coast.get("metadata/layers/COA/tides").json()]
    assert layers == ["gauges", "tide"]


def test_hazards_of_a_country_do_not_touch_each_other(coast: Portal) -> None:
    floods = Portal(coast.sandbox, "COA")
    floods.event("G1", [1], "2026-11-20T00:00:00Z")
    floods.process()
    tide(coast, "Spring", {"COA1": 3}, "2026-11-20T06:00:00Z")
    coast.process()
    tide(coast, None, dict.fromkeys(("COA1", "COA2"), 0), "2026-11-20T12:00:00Z")
    coast.process()
    assert (floods.levels(), coast.levels()) == ({"G1": "trigger"}, {})
    assert [mail.disaster_type for mail in coast.sandbox.mails("COA")] == ["floods", "tides"]


def test_another_seed_replaces_hazards_and_points(coast: Portal) -> None:
    coast.sandbox.seed(small_country("COA"))
    [country] = requests.get(f"{coast.sandbox.url}/country", timeout=5).json()
    assert [s["disasterType"] for s in country["countryDisasterSettings"]] == ["floods"]
    assert coast.get("point-data/gauges/COA", disasterType="tides").json()["features"] == []


def test_a_hazard_that_the_server_does_not_know(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    seed = small_country("COA")
    with pytest.raises(ConfigError, match="disaster type 'tides'"):
        sandbox.seed(replace(seed, hazards=(HazardSeed("tides", (2,), 2),)))
    with pytest.raises(ConfigError, match="default admin level 4"):
        sandbox.seed(replace(seed, hazards=(HazardSeed("floods", (2,), 4),)))
    with pytest.raises(ConfigError, match="piers"):
        sandbox.seed(replace(seed, points={"piers": ()}))


def test_static_data_without_glofas_stations(tmp_path: Path) -> None:
    (tmp_path / "admin_areas").mkdir()
    for level in (2, 3):
        areas = small_country("COA").admin_areas[level]
        (tmp_path / "admin_areas" / f"adm{level}.geojson").write_text(json.dumps(areas))
    flash = HazardSeed("flash-floods", (3,), 3)
    seed = seed_from_static(tmp_path, "COA", name="Coast", hazards=(flash, HazardSeed("tides", (2,), 2)))
    assert (sorted(seed.admin_areas), seed.stations) == ([2, 3], ())
    with pytest.raises(InputMissing, match="not a list of stations"):
        seed_from_static(tmp_path, "COA", name="Coast", hazards=(flash, HazardSeed("floods", (2,), 2)))


def test_enums_know_the_made_up_hazard(coast: Portal, portal_without: Portal) -> None:
    body = exposure_body(coast, dynamicIndicator="moored_boats", leadTime="6-hour")
    assert coast.post(EXPOSURE, body).status_code == 201
    wrong = broken(coast, EXPOSURE, exposure_body(coast, disasterType="waves", dynamicIndicator="boats"))
    assert wrong["disasterType"]["isEnum"].endswith("drought, typhoon, flash-floods, tides")
    assert wrong["dynamicIndicator"]["isEnum"].endswith("damage_estimation, moored_boats")
    assert set(broken(portal_without, EXPOSURE, body)) == {"disasterType", "dynamicIndicator"}


@pytest.fixture
def portal_without(tmp_path: Path) -> Iterator[Portal]:
    with Sandbox(tmp_path / "plain", now=Clock()) as running:
        running.seed(small_country("COA"))
        yield Portal(running, "COA")


def test_a_made_up_hazard_from_upload_to_all_clear(coast: Portal) -> None:
    """Three blocks of a day: an event, its end while another begins, a revision that wipes, and nothing."""
    tide(coast, "Spring", {"COA1": 3, "COA2": 4}, "2026-11-20T06:00:00Z")
    sent = coast.place(eventName="Spring", date="2026-11-20T06:00:00Z")
    flags = [
        {"leadTime": "0-hour", "forecastAlert": True, "forecastTrigger": False},
        {"leadTime": "6-hour", "forecastAlert": True, "forecastTrigger": True},
    ]
    assert coast.post("event/alerts-per-lead-time", {**sent, "alertsPerLeadTime": flags}).status_code == 201
    preview = coast.process(mail=False).json()["activeEvents"]["email"]
    assert "Moored boats" in preview
    assert "Friday, November 20, 2026 at 12:00 UTC" in preview
    assert coast.shown() == {"Spring": ("trigger", "0-hour", "6-hour", "2026-11-20")}
    last = coast.get("event/last-upload-date/COA/tides").json()
    assert last["cutoffMoment"] == "2026-11-20T06:00:00.000Z"
    assert [p["moored_boats"] for p in coast.polygons(eventName="Spring")] == [3, 4]

    tide(coast, "Neap", {"COA3": 5}, "2026-11-20T12:00:00Z", "12-hour")
    coast.process()
    assert coast.levels() == {"Neap": "trigger"}
    assert coast.open_areas() == {("Neap", "COA3")}

    for indicator in ("moored_boats", "forecast_severity", "forecast_trigger"):
        coast.exposure(indicator, None, {}, date="2026-11-20T12:10:00Z", lead_time="6-hour")
    tide(coast, None, dict.fromkeys(("COA1", "COA2", "COA3", "COA4"), 0), "2026-11-20T12:10:00Z")
    coast.process()
    assert coast.levels() == {}
    assert coast.alerts()["6-hour"] == "0"
    assert coast.mails() == [("Neap",)]
    assert {p["alertLevel"] for p in coast.polygons()} == {"none"}


def test_its_raster_and_points(coast: Portal) -> None:
    url = f"{coast.sandbox.url}/admin-area-dynamic-data/raster/tides"
    name = "tide_6-hour_COA.tif"
    assert coast.session.post(url, files={"file": (name, b"wet")}).status_code == 201
    kept = extent_file(coast.sandbox, name).parent.parent / "tide_extents" / name
    assert kept.read_bytes() == b"wet"
    tide(coast, "Spring", {"COA1": 3}, "2026-11-20T06:00:00Z")
    level = {"pointDataCategory": "gauges", "key": "water-level", "leadTime": None, "date": "2026-11-20T06:00:00Z"}
    value = [{"fid": 7, "value": 2.5}]
    assert coast.post("point-data/dynamic", coast.place(**level, dynamicPointData=value)).status_code == 201
    state = page(coast, "state", iso3="COA", disaster="tides")
    assert state["extents"] == ["6-hour"]
    assert [(p["name"], p["values"]) for p in state["points"]] == [("Pier", {"water-level": "2.5"})]
    assert state["stations"] == []  # those are of another hazard


def test_it_is_still_known_after_a_restart(tmp_path: Path) -> None:
    Sandbox(tmp_path, further=(TIDES,)).seed(replace(small_country("COA"), hazards=(HazardSeed("tides", (2,), 2),)))
    assert Sandbox(tmp_path).disasters.find("tides") == TIDES


def test_the_page_lists_blocks_of_six_hours(coast: Portal) -> None:
    tide(coast, "Spring", {"COA1": 3}, "2026-11-20T06:00:00Z")
    coast.process()
    tide(coast, "Spring", {"COA1": 1, "COA2": 9}, "2026-11-20T12:05:00Z", "0-hour")
    coast.process()
    listed = page(coast, "countries")["countries"]
    assert {entry["disaster"]: entry["days"] for entry in listed} == {
        "floods": [],
        "tides": ["2026-11-20T12:00", "2026-11-20T06:00"],
    }
    newest = page(coast, "state", iso3="COA", disaster="tides", day="2026-11-20T12:00")
    earlier = page(coast, "state", iso3="COA", disaster="tides", day="2026-11-20T06:00")
    assert [(s["newest"], s["moment"][11:16], s["events"][0]["firstLeadTime"]) for s in (newest, earlier)] == [
        (True, "12:05", "0-hour"),
        (False, "06:00", "6-hour"),
    ]
    assert [s["events"][0]["people"] for s in (newest, earlier)] == [10, 3]
    assert page(coast, "state", iso3="COA", disaster="tides", day="2026-11-20T00:00")["moment"] is None


def test_a_browser_shows_blocks_and_hours(coast: Portal, tmp_path: Path) -> None:
    tide(coast, "Spring", {"COA1": 3}, "2026-11-20T06:00:00Z")
    coast.process()
    tide(coast, "Neap", {"COA2": 9}, "2026-11-20T12:00:00Z", "12-hour")
    coast.process()
    with open_tab(tmp_path / "profile") as tab:
        tab.size(1280, 900)
        tab.open(f"{coast.sandbox.page_url}#COA/tides/2026-11-20T12:00")
        tab.wait("document.querySelectorAll('.area.fill-trigger').length === 1")
        events = tab.value("document.getElementById('events').textContent")
        assert "12-hour" in events
        assert "Sat 2026-11-21, 00:00" in events
        assert "9 moored boats in triggered events" in tab.value("document.getElementById('summary').textContent")
        tab.click("#earlier")
        tab.wait("document.getElementById('events').textContent.includes('Spring')")
        assert tab.value("document.getElementById('day').value") == "2026-11-20T06:00"
