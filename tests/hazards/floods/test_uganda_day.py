"""Uganda's flood day on its real boundaries, stations, thresholds and mapping, into the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import rasterio
from PIL import Image

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.targets.target import Publication
from tests.worlds.countries.flood_days import FloodDays, open_sandbox
from tests.worlds.countries.uganda import uganda as made_uganda
from tests.worlds.runs import flood_run
from tests.worlds.services.snapshot import extent_file

pytestmark = pytest.mark.uganda

TRIGGER = "G5075=wwwww---:min G5220=----TTTT G5230=------ww:med"
START = date(2026, 11, 10)


@pytest.fixture(scope="module")
def uganda(tmp_path_factory: pytest.TempPathFactory, configuration: Configuration) -> Iterator[FloodDays]:
    folder = tmp_path_factory.mktemp("uganda")
    static = made_uganda()
    production = configuration.country("UGA")
    trigger = production.trigger.model_copy(update={"lead_time_limit": 7})
    country = production.model_copy(update={"trigger": trigger})
    prepare_floods(country, static, folder / "prepared")
    layers, tiles = read_prepared(folder / "prepared", "UGA")
    with open_sandbox(folder / "sandbox", static, [country]) as sandbox:
        yield FloodDays(country, layers, tiles, folder / "prepared", folder / "runs", sandbox)


@pytest.fixture(scope="module")
def trigger_day(uganda: FloodDays) -> tuple[FloodFindings, Publication | None]:
    return uganda.day(TRIGGER, START)


def areas(uganda: FloodDays, event: str, level: int) -> int:
    """Areas with a severity above 0 on the server."""
    return sum(value > 0 for value in uganda.values(level, "forecast_severity", event).values())


def test_trigger_scenario(uganda: FloodDays, trigger_day: tuple[FloodFindings, Publication | None]) -> None:
    events = uganda.events()
    assert {name: event["alertLevel"] for name, event in events.items()} == {
        "G5075": "warning-low", "G5220": "trigger", "G5230": "warning-medium",
    }  # fmt: skip
    assert {name: (event["firstLeadTime"], event["firstTriggerLeadTime"]) for name, event in events.items()} == {
        "G5075": ("0-day", None), "G5220": ("4-day", "4-day"), "G5230": ("6-day", None),
    }  # fmt: skip
    assert {name: [areas(uganda, name, level) for level in (2, 3, 4)] for name in events} == {
        "G5075": [7, 11, 92], "G5220": [6, 8, 103], "G5230": [2, 3, 25],
    }  # fmt: skip


def test_people_only_for_the_trigger_and_every_level_adds_up(
    uganda: FloodDays, trigger_day: tuple[FloodFindings, Publication | None]
) -> None:
    found, _ = trigger_day
    people = {event.name: event.people for event in found.events}
    assert people["G5220"] > 4000
    assert people["G5075"] == people["G5230"] == 0
    for level in (2, 3, 4):
        on_server = uganda.values(level, "population_affected", "G5220")
        assert sum(on_server.values()) == people["G5220"]
        assert len(on_server) == {2: 6, 3: 8, 4: 103}[level]
    shares = uganda.values(2, "population_affected_percentage", "G5220")
    assert all(0 <= share <= 1 for share in shares.values())
    assert max(shares.values()) > 0


def test_one_raster_a_lead_time_wet_on_trigger_days_only(
    uganda: FloodDays, trigger_day: tuple[FloodFindings, Publication | None]
) -> None:
    for lead_time in range(8):
        with rasterio.open(extent_file(uganda.sandbox, f"flood_extent_{lead_time}-day_UGA.tif")) as raster:
            assert (raster.crs.to_epsg(), raster.dtypes[0], raster.nodata) == (4326, "float32", 0)
            depth = raster.read(1)
        assert (depth.max() > 0) == (lead_time >= 4)
        assert not ((depth > 0) & (depth < 0.1)).any()


def test_the_rest_of_the_stations_is_quiet(
    uganda: FloodDays, trigger_day: tuple[FloodFindings, Publication | None]
) -> None:
    stations = uganda.get("/point-data/glofas_stations/UGA", disasterType="floods")["features"]
    classes = {
        feature["properties"]["stationCode"]: feature["properties"]["dynamicData"]["eapAlertClass"]
        for feature in stations
    }
    assert classes == {
        "G5075": "min", "G5220": "max", "G5230": "med", "G5160": "no", "G5189": "no", "G5196": "no", "G5227": "no",
        "G5317": "no",
    }  # fmt: skip


def test_one_mail_and_the_last_call_is_notification_send(
    uganda: FloodDays, trigger_day: tuple[FloodFindings, Publication | None]
) -> None:
    (revision,) = uganda.revisions(START)
    assert revision.calls()[-1].path == "/notification/send"
    assert len({call.body["date"] for call in revision.calls() if call.body}) == 1
    assert len(uganda.sandbox.mails("UGA")) == 1


def test_the_following_days(uganda: FloodDays, trigger_day: tuple[FloodFindings, Publication | None]) -> None:
    """warning, warning-to-trigger and no-trigger of the server's own scenarios, one after the other."""
    uganda.day("G5230=-----ww-:med", START + timedelta(days=1))
    (event,) = uganda.events().values()
    assert (event["eventName"], event["alertLevel"]) == ("G5230", "warning-medium")
    assert event["firstIssuedDate"].startswith("2026-11-10"), "the event of the day before goes on"

    uganda.day("G5220=---wTTTT", START + timedelta(days=2))
    (event,) = uganda.events().values()
    assert (event["firstLeadTime"], event["firstTriggerLeadTime"]) == ("3-day", "4-day")
    assert event["firstIssuedDate"].startswith("2026-11-12"), "closed in between: a new event"

    mails = len(uganda.sandbox.mails("UGA"))
    found, _ = uganda.day("", START + timedelta(days=3))
    assert found.events == ()
    assert uganda.events() == {}
    assert len(uganda.sandbox.mails("UGA")) == mails, "no event, no mail"
    for level, number in {2: 135, 3: 203, 4: 1520}.items():
        for indicator in ("population_affected", "forecast_severity", "forecast_trigger"):
            assert list(uganda.values(level, indicator).values()) == [0] * number


def test_under_the_production_limit_late_triggers_are_warnings(uganda: FloodDays, configuration: Configuration) -> None:
    days = FloodDays(
        configuration.country("UGA"), uganda.layers, uganda.tiles, uganda.prepared, uganda.runs, uganda.sandbox
    )
    found, _ = days.find("G5220=----TTTT", START + timedelta(days=10))
    assert found.events[0].flags == "----TTww"


def test_report_of_the_trigger_scenario(
    uganda: FloodDays, trigger_day: tuple[FloodFindings, Publication | None]
) -> None:
    """Three events on real outlines: every one drawn and explained, the people those of the events table."""
    found, _ = trigger_day
    run = flood_run(uganda.runs, "UGA", START)
    html = rewrite_report(run, uganda.prepared).read_text(encoding="utf-8")
    data = json.loads((run.path / "report" / "report.json").read_text(encoding="utf-8"))
    assert data["short"] == "1 trigger, 2 warnings"
    assert [part["event"]["name"] for part in data["events"]] == ["G5220", "G5230", "G5075"]
    people = {event.name: event.people for event in found.events}
    assert people["G5220"] > 0
    assert data["headline"].startswith(
        "Trigger detected by the forecast at 1 station in Uganda, for Sat 2026-11-14 (4 days ahead). "
        f"{people['G5220']:,} people live where the water may be 0.1 m or deeper, in "
    )
    sections = html.split('<section class="event')[1:]
    for section in sections:
        assert section.count('class="hydrograph"') == section.count('class="map"') == 1
        assert " of 51 members above the " in section
    levels = {level: sum(area["people"] for area in areas) for level, areas in data["events"][0]["areas"]}
    assert levels == {2: people["G5220"], 3: people["G5220"], 4: people["G5220"]}
    for name in ("overview.png", "map_G5220.png", "map_G5230.png", "map_G5075.png"):
        with Image.open(run.path / "report" / name) as picture:
            assert picture.width == 1200
            reds = sum(n for n, colour in picture.convert("RGB").getcolors(1 << 20) if colour == (165, 0, 38))
        assert (reds > 200) == (name in ("overview.png", "map_G5220.png"))  # a trigger's area, a trigger's band
