"""The other uploads: flags, stations, rasters, lines, tracks (IBF API 0.335, checked on a running instance)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Portal, broken, new_portal
from tests.worlds.services.snapshot import extent_file, snapshot

DAY, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"
ERROR = {"statusCode": 500, "message": "Internal server error"}


def test_a_missing_forecast_trigger_is_stored_as_true(portal: Portal) -> None:
    portal.event("G1", [1], DAY, alert="med", lead_time="4-day")
    sent = portal.place(eventName="G1", date=DAY, alertsPerLeadTime=[{"leadTime": "2-day", "forecastAlert": True}])
    assert portal.post("event/alerts-per-lead-time", sent).status_code == 201
    portal.process()
    assert portal.alerts("G1")["2-day-forecastTrigger"] == "1"


@pytest.mark.parametrize(
    ("item", "names"),
    [
        ({"leadTime": "1-day", "forecastAlert": "true"}, {"forecastAlert"}),
        ({"leadTime": "1-day", "forecastAlert": True, "forecastTrigger": "false"}, {"forecastTrigger"}),
        ({"leadTime": "8-day"}, {"leadTime", "forecastAlert"}),
    ],
)
def test_flags_are_booleans(portal: Portal, item: dict[str, Any], names: set[str]) -> None:
    found = broken(portal, "event/alerts-per-lead-time", portal.place(alertsPerLeadTime=[item]))
    assert set(found) == {f"alertsPerLeadTime.0.{name}" for name in names}


def test_an_empty_list_of_flags_is_a_server_error(portal: Portal) -> None:
    answer = portal.post("event/alerts-per-lead-time", portal.place(date=DAY, alertsPerLeadTime=[]))
    assert (answer.status_code, answer.json()) == (500, ERROR)


def test_flags_replace_only_the_lead_times_they_name(portal: Portal) -> None:
    portal.event("G1", [1], DAY, lead_time="4-day", flags="wwwwTTTT")
    again = [{"leadTime": "0-day", "forecastAlert": False, "forecastTrigger": False}]
    portal.post("event/alerts-per-lead-time", portal.place(eventName="G1", date=DAY, alertsPerLeadTime=again))
    portal.process()
    assert portal.shown()["G1"][1] == "1-day"


def test_the_old_form_loses_its_date(portal: Portal) -> None:
    portal.event("G1", [1], DAY, lead_time="4-day", flags="----TTTT")
    old = [{"leadTime": "3-day", "triggered": True, "thresholdReached": False}]
    sent = portal.place(eventName="G1", date=DAY, triggersPerLeadTime=old)
    assert portal.post("event/triggers-per-leadtime", sent).status_code == 201
    portal.process()
    assert portal.alerts("G1")["3-day"] == "0"


def test_values_are_replaced_by_point_key_and_lead_time_in_the_period(portal: Portal) -> None:
    portal.zeros(DAY)
    portal.station("forecastLevel", 1, date=DAY)
    portal.station("forecastLevel", 2, date=DAY)
    portal.station("triggerLevel", 3, date=DAY)
    assert portal.station_data() == {"forecastLevel": "2", "triggerLevel": "3"}


def test_a_later_7_day_call_hides_an_alert_at_4_day(portal: Portal) -> None:
    portal.zeros(DAY)
    portal.station("eapAlertClass", "max", date=DAY, lead_time="4-day")
    portal.station("eapAlertClass", "no", date=DAY, lead_time="7-day")
    assert portal.station_data() == {"eapAlertClass": "no"}


def test_the_newest_timestamp_wins_over_the_lead_time(portal: Portal) -> None:
    portal.zeros(DAY)
    portal.station("eapAlertClass", "no", date=DAY, lead_time="7-day")
    portal.station("eapAlertClass", "max", date="2026-11-10T00:00:01Z", lead_time="4-day")
    assert portal.station_data() == {"eapAlertClass": "max"}


def test_values_of_an_earlier_period_are_not_shown(portal: Portal) -> None:
    portal.station("eapAlertClass", "max", date=DAY)
    assert portal.station_data() is None  # no exposure upload yet
    portal.zeros(DAY)
    assert portal.station_data() == {"eapAlertClass": "max"}
    portal.zeros(NEXT_DAY)
    assert portal.station_data() is None


def test_unknown_points_are_skipped_and_a_missing_key_fails(portal: Portal) -> None:
    known = [{"fid": f"{portal.iso3}-1", "value": 1}]
    sent = portal.place(pointDataCategory="glofas_stations", key="k", leadTime="4-day", date=DAY)
    assert (
        portal.post("point-data/dynamic", {**sent, "dynamicPointData": [{"fid": "nobody", "value": 1}]}).status_code
        == 201
    )
    assert (
        portal.post("point-data/dynamic", {**sent, "pointDataCategory": "x", "dynamicPointData": known}).status_code
        == 201
    )
    del sent["key"]
    assert portal.post("point-data/dynamic", {**sent, "dynamicPointData": known}).status_code == 500
    portal.zeros(DAY)
    assert portal.station_data() is None


def test_without_category_any_point_of_that_id_is_meant(portal: Portal) -> None:
    portal.zeros(DAY)
    sent = portal.place(key="k", leadTime="4-day", date=DAY, dynamicPointData=[{"fid": f"{portal.iso3}-1", "value": 1}])
    assert portal.post("point-data/dynamic", sent).status_code == 201
    assert portal.station_data() == {"k": "1"}


def test_point_data_checks_its_fields(portal: Portal) -> None:
    sent = {"leadTime": "9-day", "disasterType": "x", "dynamicPointData": [{"value": 1}]}
    assert set(broken(portal, "point-data/dynamic", sent)) == {
        "countryCodeISO3", "leadTime", "disasterType", "dynamicPointData.0.fid"
    }  # fmt: skip


def test_point_layers(portal: Portal) -> None:
    answer = portal.get(f"point-data/volcanoes/{portal.iso3}", disasterType="floods")
    assert (answer.status_code, answer.json()) == (404, {"statusCode": 404, "message": "Not a known point layer"})
    assert portal.get("point-data/glofas_stations/XXX", disasterType="floods").json()["features"] == []
    assert portal.get(f"point-data/schools/{portal.iso3}", disasterType="floods").json()["features"] == []


def send_raster(portal: Portal, disaster: str, field: str, name: str, content: bytes = b"x") -> requests.Response:
    url = f"{portal.sandbox.url}/admin-area-dynamic-data/raster/{disaster}"
    return portal.session.post(url, files={field: (name, content)})


@pytest.mark.parametrize("disaster", ["typhoon", "malaria", "anything"])
def test_rasters_of_other_disasters_are_refused(portal: Portal, disaster: str) -> None:
    answer = send_raster(portal, disaster, "file", "a.tif")
    assert (answer.status_code, answer.json()) == (400, {"statusCode": 400, "message": "Disaster Type not allowed"})


def test_another_field_name_is_refused(portal: Portal) -> None:
    answer = send_raster(portal, "floods", "x", "a.tif")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unexpected field - x"


def test_no_file_is_not_written(portal: Portal) -> None:
    answer = portal.post("admin-area-dynamic-data/raster/floods")
    assert answer.status_code == 404
    assert answer.json()["message"].startswith("File not written: ")


def test_the_file_name_is_used_as_it_is_without_directories(portal: Portal) -> None:
    for name, kept in (
        ("../../up.tif", "up.tif"),
        ("c:\\maps\\down.tif", "down.tif"),
        ("odd name.txt", "odd name.txt"),
    ):
        assert send_raster(portal, "floods", "file", name, name.encode()).status_code == 201
        assert extent_file(portal.sandbox, kept).read_bytes() == name.encode()


def test_drought_rasters_go_elsewhere(portal: Portal) -> None:
    name = f"rain_rp_1-month_{portal.iso3}.tif"
    assert send_raster(portal, "drought", "file", name).status_code == 201
    rasters = snapshot(portal.sandbox)["rasters"]
    assert f"flood_extents/{name}" not in rasters
    assert f"rainfall_extents/{name}" in rasters


def test_a_large_raster_is_accepted(portal: Portal) -> None:
    assert send_raster(portal, "floods", "file", "large.tif", b"\0" * (30 * 1024 * 1024)).status_code == 201


def test_exposed_lines(portal: Portal) -> None:
    sent = portal.place(linesDataCategory="roads", leadTime="1-hour", date=DAY)
    for fids, status in (([], 201), ([1, "2"], 201), (["road 1"], 500)):
        assert portal.post("lines-data/exposure-status", {**sent, "exposedFids": fids}).status_code == status
    wrong = {**sent, "linesDataCategory": "rivers", "exposedFids": []}
    assert set(broken(portal, "lines-data/exposure-status", wrong)) == {"linesDataCategory"}


def points(portal: Portal) -> list[dict[str, Any]]:
    collection = portal.get(f"typhoon-track/{portal.iso3}").json()
    assert collection["type"] == "FeatureCollection"
    return [feature["properties"] for feature in collection["features"]]


def test_typhoon_tracks(server: Sandbox) -> None:
    portal = new_portal(server, disaster_type="typhoon")
    point = {
        "lat": 12.5,
        "lon": 125.0,
        "timestampOfTrackpoint": "2026-11-10T06:00:00Z",
        "windspeed": 40,
        "category": "TY",
        "firstLandfall": True,
        "closestToLand": False,
    }
    sent = {"countryCodeISO3": portal.iso3, "leadTime": "72-hour", "trackpointDetails": [point], "date": DAY}
    assert set(broken(portal, "typhoon-track", {**sent, "eventName": None})) == {"eventName"}
    without_date = {key: value for key, value in sent.items() if key != "date"}
    assert portal.post("typhoon-track", {**without_date, "eventName": "T1"}).status_code == 500
    assert portal.post("typhoon-track", {**sent, "eventName": "T1"}).status_code == 201
    assert points(portal) == []  # no exposure of that block yet
    for indicator in ("houses_affected", "forecast_severity"):
        portal.exposure(indicator, "T1", {portal.area(1): 1}, date=DAY, lead_time="72-hour")
    assert [p["category"] for p in points(portal)] == ["TY"]
    portal.process()
    assert portal.events()[0]["disasterSpecificProperties"]["typhoonLandfall"] is True
    assert portal.mails() == [("T1",)]
    assert portal.post("typhoon-track", {**sent, "eventName": "T1", "trackpointDetails": []}).status_code == 201
    assert points(portal) == []
