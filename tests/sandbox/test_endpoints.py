"""Authorisation, dates, periods, limits and the uploads one by one (IBF API 0.335, checked on a running instance)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import CountrySeed, Sandbox, StationSeed

from .world import Portal, new_portal, rectangle

DAY, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"
ERROR = {"statusCode": 500, "message": "Internal server error"}
EXPOSURE = "admin-area-dynamic-data/exposure"


def body(portal: Portal, **changes: Any) -> dict[str, Any]:
    complete = {
        **portal.place(),
        "adminLevel": 2,
        "leadTime": "4-day",
        "dynamicIndicator": "population_affected",
        "eventName": "G1",
        "date": DAY,
        "exposurePlaceCodes": [{"placeCode": portal.area(1), "amount": 1}],
        **changes,
    }
    return {key: value for key, value in complete.items() if value is not ...}


def broken(portal: Portal, path: str, sent: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Property -> constraints of a 400; children by path."""

    def collect(errors: list[dict[str, Any]], prefix: str) -> dict[str, dict[str, str]]:
        found = {}
        for error in errors:
            if "constraints" in error:
                found[prefix + error["property"]] = error["constraints"]
            found |= collect(error["children"], f"{prefix}{error['property']}.")
        return found

    answer = portal.post(path, sent)
    assert answer.status_code == 400
    return collect(answer.json()["errors"], "")


# Authorisation


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Bearer a.b.c"])
def test_no_or_bad_token_is_403(portal: Portal, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.post(f"{portal.sandbox.url}/{EXPOSURE}", json=body(portal), headers=headers, timeout=5)
    assert answer.status_code == 403


def test_only_the_second_word_of_the_header_is_read(portal: Portal) -> None:
    portal.session.headers["Authorization"] = portal.session.headers["Authorization"].replace("Bearer", "Token")
    assert portal.post(EXPOSURE, body(portal)).status_code == 201


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("pipeline", 201), ("operator", 201), ("local-admin", 201), ("admin", 201)]
)
def test_uploads_need_the_role_pipeline_or_a_higher_one(portal: Portal, role: str, status: int) -> None:
    portal.login(role)
    assert portal.post(EXPOSURE, body(portal)).status_code == status


def test_a_viewer_may_read(portal: Portal) -> None:
    portal.login("viewer")
    for path in (f"admin-areas/{portal.iso3}/2", f"event/last-upload-date/{portal.iso3}/floods"):
        assert portal.get(path).status_code == 200
        assert requests.get(f"{portal.sandbox.url}/{path}", timeout=5).status_code == 403


def test_events_and_countries_are_open(portal: Portal) -> None:
    del portal.session.headers["Authorization"]
    assert portal.events() == []
    assert portal.get("country").status_code == 200


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({}, {"email", "password"}),
        ({"email": "nobody", "password": "long enough"}, {"email"}),
        ({"email": "a@b.org", "password": "abc"}, {"password"}),
    ],
)
def test_login_checks_its_fields(portal: Portal, sent: dict[str, str], fields: set[str]) -> None:
    assert set(broken(portal, "user/login", sent)) == fields


# What is wrong with a request


def test_malformed_json(portal: Portal) -> None:
    headers = {"Content-Type": "application/json"}
    for text in (b'{"a": ', b'{"a": NaN}'):
        answer = portal.session.post(f"{portal.sandbox.url}/{EXPOSURE}", data=text, headers=headers)
        assert answer.status_code == 400
        assert set(answer.json()) == {"message", "error", "statusCode"}
        assert (answer.json()["error"], answer.json()["statusCode"]) == ("Bad Request", 400)


def test_unknown_fields_are_ignored(portal: Portal) -> None:
    assert portal.post(EXPOSURE, body(portal, more="less")).status_code == 201


def test_a_body_above_25_mb_is_413(portal: Portal) -> None:
    sent = body(portal, more="x" * (25 * 1024 * 1024))
    assert portal.post(EXPOSURE, sent).status_code == 413


def test_urlencoded_bodies_are_parsed_too(portal: Portal) -> None:
    answer = portal.session.post(f"{portal.sandbox.url}/events/process", data=portal.place())
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_route_or_method_is_404(portal: Portal, method: str) -> None:
    answer = portal.session.request(method, f"{portal.sandbox.url}/events/process?x=1")
    assert answer.status_code == 404
    assert answer.json() == {
        "message": f"Cannot {method} /api/events/process?x=1",
        "error": "Not Found",
        "statusCode": 404,
    }


def test_routes_removed_long_ago_are_404(portal: Portal) -> None:
    for path in (f"glofas-stations/{portal.iso3}", "lines-data/dynamic", "event/glofas-stations"):
        assert portal.post(path, {}).status_code == 404
    assert portal.get(f"admin-areas/raw/{portal.iso3}").status_code == 500  # hits the route of a level
    assert portal.get(f"event/{portal.iso3}/floods").status_code == 404


@pytest.mark.parametrize("disaster", ["dengue", "heavy-rain", "flood", 3])
def test_disaster_types_that_are_gone_or_never_were(portal: Portal, disaster: object) -> None:
    assert "disasterType" in broken(portal, EXPOSURE, body(portal, disasterType=disaster))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"countryCodeISO3": ...}, {"countryCodeISO3": {"isString", "isNotEmpty"}}),
        ({"adminLevel": "2"}, {"adminLevel": {"isNumber"}}),
        ({"leadTime": "8-day"}, {"leadTime": {"isEnum"}}),
        ({"leadTime": ...}, {"leadTime": {"isEnum", "isString", "isNotEmpty"}}),
        ({"dynamicIndicator": "exposed_pop_65"}, {"dynamicIndicator": {"isEnum"}}),
        ({"eventName": 5}, {"eventName": {"isString"}}),
        ({"exposurePlaceCodes": ...}, {"exposurePlaceCodes": {"isArray"}}),
        ({"exposurePlaceCodes": "all"}, {"exposurePlaceCodes": {"isArray", "nestedValidation"}}),
        ({"exposurePlaceCodes": [{"placeCode": "A", "amount": "1"}]}, {"exposurePlaceCodes.0.amount": {"isNumber"}}),
        ({"exposurePlaceCodes": [{"amount": 1}]}, {"exposurePlaceCodes.0.placeCode": {"isString", "isNotEmpty"}}),
        ({"exposurePlaceCodes": [7]}, {"exposurePlaceCodes.0": {"nestedValidation"}}),
    ],
)
def test_exposure_checks_its_fields(portal: Portal, changes: dict[str, Any], expected: dict[str, set[str]]) -> None:
    found = broken(portal, EXPOSURE, body(portal, **changes))
    assert {name: set(constraints) for name, constraints in found.items()} == expected


def test_what_exposure_takes_all_the_same(portal: Portal) -> None:
    twice = {"placeCode": portal.area(1), "amount": 0.5}
    for changes in (
        {"adminLevel": 99},
        {"leadTime": "1-month"},
        {"eventName": ""},
        {"exposurePlaceCodes": [twice, twice]},
    ):
        assert portal.post(EXPOSURE, body(portal, **changes)).status_code == 201


def test_an_empty_event_name_is_no_event(portal: Portal) -> None:
    portal.exposure("forecast_severity", "", {portal.area(1): 1}, date=DAY)
    portal.process()
    assert portal.events() == []
    assert portal.alerts() == {"date": "2026-11-10T00:00:00.000Z", "1-day": "0", "1-day-forecastTrigger": "0"}


def test_an_unknown_country_is_a_server_error(portal: Portal) -> None:
    answer = portal.post(EXPOSURE, body(portal, countryCodeISO3="XXX"))
    assert (answer.status_code, answer.json()) == (500, ERROR)


def test_another_country_than_ones_own_may_be_uploaded(server: Sandbox) -> None:
    here, there = new_portal(server), new_portal(server)
    assert here.post(EXPOSURE, body(there)).status_code == 201


def test_20000_rows_are_too_many_and_5000_are_not(portal: Portal) -> None:
    rows = [{"placeCode": f"P{n}", "amount": n} for n in range(20_000)]
    assert portal.post(EXPOSURE, body(portal, exposurePlaceCodes=rows[:5_000])).status_code == 201
    assert portal.post(EXPOSURE, body(portal, exposurePlaceCodes=rows)).status_code == 500
    path = f"admin-area-dynamic-data/{portal.iso3}/2/population_affected/floods"
    assert portal.get(path, eventName="G1").json() == []  # the delete before the insert stands


# Dates and periods


@pytest.mark.parametrize(
    ("date", "stored"),
    [
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00.000Z"),
        ("2026-11-20T09:00:00+03:00", "2026-11-20T06:00:00.000Z"),
        ("2026-11-20T09:00:00.123456Z", "2026-11-20T09:00:00.123Z"),
        ("2026-11-20", "2026-11-20T00:00:00.000Z"),
        ("2026-11-20 09:00:00", "2026-11-20T09:00:00.000Z"),
        ("2026-11-20T09:00", "2026-11-20T09:00:00.000Z"),
        ("11/20/2026", "2026-11-20T00:00:00.000Z"),
        ("November 20, 2026 09:00:00", "2026-11-20T09:00:00.000Z"),
        ("Fri, 20 Nov 2026 09:00:00 GMT", "2026-11-20T09:00:00.000Z"),
        (1763600000, "1970-01-21T09:53:20.000Z"),  # seconds: silently 1970
        (1763600000000, "2025-11-20T00:53:20.000Z"),
    ],
)
def test_dates_are_read_as_javascript_reads_them(portal: Portal, date: object, stored: str) -> None:
    assert portal.post(EXPOSURE, body(portal, date=date)).status_code == 201
    last = portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()
    assert last == {
        "date": f"{stored[:10]}T00:00:00.000Z",
        "timestamp": stored,
        "cutoffMoment": f"{stored[:10]}T00:00:00.000Z",
    }


@pytest.mark.parametrize("date", ["20261120", "someday", "2026-13-01", "2026-11-20T25:00:00Z", [1], {}])
def test_other_dates_are_server_errors(portal: Portal, date: object) -> None:
    paths = {
        EXPOSURE: body(portal, date=date),
        "event/alerts-per-lead-time": portal.place(
            date=date, alertsPerLeadTime=[{"leadTime": "1-day", "forecastAlert": True}]
        ),
        "point-data/dynamic": portal.place(date=date, key="k", dynamicPointData=[]),
    }
    for path, sent in paths.items():
        answer = portal.post(path, sent)
        assert (answer.status_code, answer.json()) == (500, ERROR)


def test_without_a_date_it_is_now(portal: Portal) -> None:
    for missing in (..., None, ""):
        assert portal.post(EXPOSURE, body(portal, date=missing)).status_code == 201
    last = portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()
    assert last["timestamp"].startswith("2026-11-22T09:")
    assert last["cutoffMoment"] == "2026-11-22T00:00:00.000Z"


@pytest.mark.parametrize(
    ("disaster", "lead_time", "date", "start"),
    [
        ("floods", "4-day", "2026-11-20T17:30:00Z", "2026-11-20T00:00"),
        ("flash-floods", "3-hour", "2026-11-20T17:30:00Z", "2026-11-20T12:00"),
        ("typhoon", "72-hour", "2026-11-20T05:59:59Z", "2026-11-20T00:00"),
        ("drought", "0-month", "2026-11-20T17:30:00Z", "2026-11-01T00:00"),
    ],
)
def test_the_period_depends_on_the_disaster(
    server: Sandbox, disaster: str, lead_time: str, date: str, start: str
) -> None:
    portal = new_portal(server, disaster_type=disaster)
    assert portal.post(EXPOSURE, body(portal, date=date, leadTime=lead_time)).status_code == 201
    last = portal.get(f"event/last-upload-date/{portal.iso3}/{disaster}").json()
    assert last["cutoffMoment"] == f"{start}:00.000Z"


def test_another_month_than_the_current_one_becomes_its_last_day(portal: Portal) -> None:
    portal.post(EXPOSURE, body(portal, date="2026-09-05T10:00:00Z", leadTime="1-month"))
    last = portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()
    assert last["timestamp"] == "2026-09-30T00:00:00.000Z"


# Per-lead-time flags


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


# Stations


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
    assert set(broken(portal, "point-data/dynamic", sent)) == {"leadTime", "disasterType", "dynamicPointData.0.fid"}


def test_point_layers(portal: Portal) -> None:
    answer = portal.get(f"point-data/volcanoes/{portal.iso3}", disasterType="floods")
    assert (answer.status_code, answer.json()) == (404, {"statusCode": 404, "message": "Not a known point layer"})
    assert portal.get("point-data/glofas_stations/XXX", disasterType="floods").json()["features"] == []
    assert portal.get(f"point-data/schools/{portal.iso3}", disasterType="floods").json()["features"] == []


# Rasters


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
        assert portal.sandbox.raster_path(kept).read_bytes() == name.encode()


def test_drought_rasters_go_elsewhere(portal: Portal) -> None:
    name = f"rain_rp_1-month_{portal.iso3}.tif"
    assert send_raster(portal, "drought", "file", name).status_code == 201
    assert not portal.sandbox.raster_path(name).exists()
    assert f"rainfall_extents/{name}" in portal.sandbox.snapshot()["rasters"]


def test_a_large_raster_is_accepted(portal: Portal) -> None:
    assert send_raster(portal, "floods", "file", "large.tif", b"\0" * (30 * 1024 * 1024)).status_code == 201


# Lines and typhoon tracks


def test_exposed_lines(portal: Portal) -> None:
    sent = portal.place(linesDataCategory="roads", leadTime="1-hour", date=DAY)
    for fids, status in (([], 201), ([1, "2"], 201), (["road 1"], 500)):
        assert portal.post("lines-data/exposure-status", {**sent, "exposedFids": fids}).status_code == status
    wrong = {**sent, "linesDataCategory": "rivers", "exposedFids": []}
    assert set(broken(portal, "lines-data/exposure-status", wrong)) == {"linesDataCategory"}


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
    assert portal.get(f"typhoon-track/{portal.iso3}").json() == []  # no exposure of that block yet
    for indicator in ("houses_affected", "forecast_severity"):
        portal.exposure(indicator, "T1", {portal.area(1): 1}, date=DAY, lead_time="72-hour")
    assert [p["category"] for p in portal.get(f"typhoon-track/{portal.iso3}").json()] == ["TY"]
    portal.process()
    assert portal.events()[0]["disasterSpecificProperties"]["typhoonLandfall"] is True
    assert portal.mails() == [("T1",)]
    assert portal.post("typhoon-track", {**sent, "eventName": "T1", "trackpointDetails": []}).status_code == 201
    assert portal.get(f"typhoon-track/{portal.iso3}").json() == []


# Reading back


def test_levels_that_are_not_numbers_or_not_there(portal: Portal) -> None:
    assert portal.get(f"admin-areas/{portal.iso3}/9").json()["features"] == []
    assert portal.get(f"admin-areas/{portal.iso3}/two").status_code == 500


def test_areas_below_the_default_level(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    for indicator, amount in (("population_affected", 60), ("forecast_severity", 1), ("forecast_trigger", 1)):
        portal.exposure(indicator, "G1", {f"{portal.iso3}11": amount}, date=DAY, level=3)
    portal.process()
    [area] = portal.get(f"event/alert-areas/{portal.iso3}/3/floods", eventName="G1").json()
    assert (area["placeCode"], area["mainExposureValue"], area["nameParent"]) == (f"{portal.iso3}11", 60, None)
    assert area["firstIssuedDate"] == "2026-11-10T00:00:00.000Z"
    [polygon] = portal.polygons(level=3)
    assert (polygon["placeCode"], polygon["alertLevel"]) == (f"{portal.iso3}11", "none")


def test_an_empty_activation_log_is_one_entry_of_nulls(portal: Portal) -> None:
    log = portal.get("event/activation-log", countryCodeISO3=portal.iso3, disasterType="floods").json()
    assert len(log) == 1
    assert set(log[0].values()) == {None}


def test_totals_of_an_event_are_static_and_dynamic_values(server: Sandbox) -> None:
    portal = new_portal(server)
    portal.event("G1", [1], DAY, people=7)
    portal.process()
    rows = portal.get(f"admin-areas/aggregates/{portal.iso3}/floods/2", eventName="G1").json()
    assert {(r["placeCode"], r["indicator"], r["value"]) for r in rows} >= {
        (portal.area(1), "population_affected", 7),
        (portal.area(1), "forecast_severity", 1),
    }


def test_static_totals_are_served(server: Sandbox) -> None:
    area = {"ADM1_PCODE": "QQA1", "ADM1_EN": "Only"}
    feature = {"type": "Feature", "properties": area, "geometry": rectangle(0, 0, 1, 1)}
    server.seed(
        CountrySeed(
            "QQA",
            "Queue",
            (1,),
            1,
            {1: {"type": "FeatureCollection", "features": [feature]}},
            (StationSeed("QQA-1", "None", 0.5, 0.5),),
            population={"QQA1": 1234.5},
        )
    )
    portal = Portal(server, "QQA")
    rows = portal.get("admin-areas/aggregates/QQA/floods/1", eventName="G1").json()
    assert [(r["indicator"], r["value"]) for r in rows] == [("populationTotal", 1234.5)]
    [found] = portal.get("admin-areas/QQA/1").json()["features"]
    assert found["properties"] == {"adm1_en": "Only", "adm1_pcode": "QQA1"}  # level 1 has no parent


def test_metadata(portal: Portal) -> None:
    indicators = portal.get(f"metadata/indicators/{portal.iso3}/floods").json()
    dynamic = {i["name"] for i in indicators if i["dynamic"]}
    assert dynamic == {
        "population_affected",
        "population_affected_percentage",
        "forecast_severity",
        "forecast_trigger",
    }
    assert portal.get(f"metadata/layers/{portal.iso3}/floods").json()


def test_values_keep_about_seven_digits(portal: Portal) -> None:
    portal.exposure("population_affected_percentage", "G1", {portal.area(1): 0.123456789}, date=DAY)
    path = f"admin-area-dynamic-data/{portal.iso3}/2/population_affected_percentage/floods"
    assert portal.get(path, eventName="G1").json() == [{"value": 0.12345679, "placeCode": portal.area(1)}]


# The document of the interface


def test_the_document_lists_what_the_real_one_lists(portal: Portal) -> None:
    document = requests.get(f"{portal.sandbox.page_url}docs-json", timeout=5).json()
    assert (document["openapi"], document["info"]["title"]) == ("3.0.0", "IBF API Documentation")
    paths = document["paths"]
    assert len(paths) == 34
    assert not any(path.startswith("/api") for path in paths)
    for path in (
        "/events/process",
        "/event/alerts-per-lead-time",
        "/event/triggers-per-leadtime",
        "/event/close-events",
    ):
        assert list(paths[path]) == ["post"]
    assert "/event/event-map-image/{countryCodeISO3}/{disasterType}/{eventName}" not in paths
    send = paths["/notification/send"]["post"]
    assert [p["name"] for p in send["parameters"] if p["in"] == "query"] == ["noNotifications"]
    assert list(send["responses"]) == ["201"]
    raster = paths["/admin-area-dynamic-data/raster/{disasterType}"]["post"]
    assert list(raster["requestBody"]["content"]) == ["multipart/form-data"]
    assert list(raster["responses"]) == ["201", "400", "404"]
    assert requests.get(f"{portal.sandbox.page_url}docs", timeout=5).status_code == 200


def test_documented_and_left_out_says_so(portal: Portal) -> None:
    assert portal.post("country", {}).status_code == 501
