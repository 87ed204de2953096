"""Each recorded answer of the real server (IBF API 0.335), on a country of the same structure."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from tests.worlds.services.portal import Portal
from tests.worlds.services.snapshot import extent_file

DAY = "2026-11-10T00:00:00.000Z"
JSON = "application/json; charset=utf-8"
FORBIDDEN = {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}
LEAD_TIMES = [f"{n}-day" for n in range(8)]


@pytest.fixture
def scenario(portal: Portal) -> Portal:
    """A low warning at 0-day, a trigger at 4-day with unequal areas, a medium warning at 6-day."""
    trigger = {portal.area(1): 17845, portal.area(2): 114286}
    portal.exposure("population_affected", "G5220", trigger, date=DAY)
    portal.exposure("population_affected_percentage", "G5220", dict.fromkeys(trigger, 0.123456789), date=DAY)
    portal.exposure("forecast_severity", "G5220", dict.fromkeys(trigger, 1), date=DAY)
    portal.exposure("forecast_trigger", "G5220", dict.fromkeys(trigger, 1), date=DAY)
    portal.flags("G5220", "----TTTT", DAY)
    portal.event("G5075", [3], DAY, alert="min", lead_time="0-day", people=0, flags="wwwww---")
    portal.event("G5230", [4], DAY, alert="med", lead_time="6-day", people=0, flags="------ww")
    portal.process()
    return portal


def keys(value: dict[str, Any]) -> list[str]:
    return list(value)


def check_json(answer: requests.Response, status: int) -> Any:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == JSON
    return answer.json()


def test_login(portal: Portal) -> None:
    body = {"email": "pipeline@sandbox.example", "password": SANDBOX_PASSWORD}
    user = check_json(portal.post("user/login", body), 200)["user"]
    assert keys(user) == [
        "userId",
        "email",
        "firstName",
        "middleName",
        "lastName",
        "userRole",
        "whatsappNumber",
        "countryCodesISO3",
        "disasterTypes",
        "token",
    ]
    assert (user["userRole"], user["middleName"], user["whatsappNumber"]) == ("pipeline", None, None)
    assert portal.iso3 in user["countryCodesISO3"]
    assert user["disasterTypes"] == ["drought", "flash-floods", "floods", "malaria", "typhoon"]


def test_login_with_a_wrong_password(portal: Portal) -> None:
    answer = portal.post("user/login", {"email": "pipeline@sandbox.example", "password": "something"})
    assert check_json(answer, 401) == {"message": "Invalid login"}


def test_no_token(portal: Portal) -> None:
    del portal.session.headers["Authorization"]
    assert check_json(portal.post("admin-area-dynamic-data/exposure"), 403) == FORBIDDEN


def test_country(portal: Portal) -> None:
    answer = check_json(requests.get(f"{portal.sandbox.url}/country", timeout=5), 200)
    country = next(c for c in answer if c["countryCodeISO3"] == portal.iso3)
    assert keys(country) == [
        "countryId",
        "countryCodeISO3",
        "countryName",
        "adminRegionLabels",
        "countryLogos",
        "countryBoundingBox",
        "created",
        "countryDisasterSettings",
        "disasterTypes",
        "notificationInfo",
    ]
    assert country["countryBoundingBox"] == {
        "type": "Polygon",
        "coordinates": [[[35, 0], [35, 1], [31, 1], [31, 0], [35, 0]]],
    }
    assert set(country["adminRegionLabels"]["2"]) == {"singular", "plural"}
    [settings] = country["countryDisasterSettings"]
    del settings["countryDisasterSettingsId"]
    assert settings == {
        "disasterType": "floods",
        "adminLevels": [2, 3],
        "defaultAdminLevel": 2,
        "activeLeadTimes": LEAD_TIMES,
        "droughtSeasonRegions": None,
        "showMonthlyEapActions": False,
        "forecastSource": None,
        "eapLink": "",
        "droughtRegions": None,
        "enableEarlyActions": True,
    }
    [disaster] = country["disasterTypes"]
    del disaster["id"]
    assert disaster == {
        "disasterType": "floods",
        "label": "flood",
        "mainExposureIndicator": "population_affected",
        "showOnlyTriggeredAreas": True,
        "enableSetWarningToTrigger": False,
        "leadTimeUnit": "day",
        "minLeadTime": "0-day",
        "maxLeadTime": "7-day",
    }


@pytest.mark.parametrize(
    ("level", "first"),
    [
        (2, {"adm2_en": "Area 1", "adm2_pcode": "{}1", "adm1_en": "North", "adm1_pcode": "{}0"}),
        (3, {"adm3_en": "Area 1-1", "adm3_pcode": "{}11", "adm2_en": "Area 1", "adm2_pcode": "{}1"}),
    ],
)
def test_admin_areas(portal: Portal, level: int, first: dict[str, str]) -> None:
    body = check_json(portal.get(f"admin-areas/{portal.iso3}/{level}"), 200)
    feature = body["features"][0]
    assert body["type"] == "FeatureCollection"
    assert feature["properties"] == {key: value.format(portal.iso3) for key, value in first.items()}
    assert keys(feature["properties"]) == keys(first)
    assert {f["geometry"]["type"] for f in body["features"]} == {"MultiPolygon"}


def test_admin_areas_of_an_unknown_country(portal: Portal) -> None:
    assert check_json(portal.get("admin-areas/XXX/2"), 200) == {"type": "FeatureCollection", "features": []}


def test_last_upload_date_none_yet(portal: Portal) -> None:
    nothing = {"date": None, "timestamp": None, "cutoffMoment": None}
    assert check_json(portal.get(f"event/last-upload-date/{portal.iso3}/floods"), 200) == nothing


def test_stations_before_any_upload(portal: Portal) -> None:
    body = check_json(portal.get(f"point-data/glofas_stations/{portal.iso3}", disasterType="floods"), 200)
    first = body["features"][0]
    assert re.fullmatch(r"[0-9a-f-]{36}", first["properties"].pop("pointDataId"))
    code = f"{portal.iso3}-1"
    assert first["properties"] == {"stationCode": code, "stationName": "NA", "fid": code, "dynamicData": None}
    assert first["geometry"] == {"type": "Point", "coordinates": [31.5, 0.5]}


def exposure_body(portal: Portal, **changes: Any) -> dict[str, Any]:
    return {
        **portal.place(),
        "date": DAY,
        "adminLevel": 2,
        "leadTime": "4-day",
        "dynamicIndicator": "forecast_severity",
        "eventName": "G5220",
        "exposurePlaceCodes": [],
        **changes,
    }


def test_null_amount(portal: Portal) -> None:
    row = {"placeCode": portal.area(1), "amount": None}
    body = exposure_body(portal, exposurePlaceCodes=[row])
    assert check_json(portal.post("admin-area-dynamic-data/exposure", body), 400) == {
        "message": "Something went wrong",
        "errors": [
            {
                "target": body,
                "value": [row],
                "property": "exposurePlaceCodes",
                "children": [
                    {
                        "target": [row],
                        "value": row,
                        "property": "0",
                        "children": [
                            {
                                "target": row,
                                "value": None,
                                "property": "amount",
                                "children": [],
                                "constraints": {
                                    "isNumber": "amount must be a number conforming to the specified constraints",
                                    "isNotEmpty": "amount should not be empty",
                                },
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_several_invalid_fields(portal: Portal) -> None:
    body = exposure_body(portal, adminLevel="2", leadTime="9-day", dynamicIndicator="people")
    answer = check_json(portal.post("admin-area-dynamic-data/exposure", body), 400)
    assert answer["message"] == "Something went wrong"
    assert [(e["property"], e["value"], e["children"], list(e["constraints"])) for e in answer["errors"]] == [
        ("adminLevel", "2", [], ["isNumber"]),
        ("leadTime", "9-day", [], ["isEnum"]),
        ("dynamicIndicator", "people", [], ["isEnum"]),
    ]
    assert all(error["target"] == body for error in answer["errors"])
    level, lead_time, indicator = (next(iter(e["constraints"].values())) for e in answer["errors"])
    assert level == "adminLevel must be a number conforming to the specified constraints"
    assert lead_time.startswith("leadTime must be one of the following values: 0-day, 1-day,")
    assert ", 7-day, 0-month, " in lead_time
    assert ", 11-month, 0-hour, " in lead_time
    assert len(lead_time) == 1790
    assert indicator.startswith(
        "dynamicIndicator must be one of the following values: population_affected, population_affected_percentage,"
        " potential_cases_U9, potential_cases_U5, potential_cases_65, alert_threshold, forecast_trigger,"
        " forecast_severity, trigger, potential_cases, potential_cases_threshold, cattle_exposed,"
        " small_ruminants_exposed, windspeed, rainfall, houses_affected, affected_population, prob_within_50km,"
        " show_adm"
    )
    assert len(indicator) == 630


def test_event(scenario: Portal) -> None:
    answer = scenario.get("event", countryCodeISO3=scenario.iso3, disasterType="floods")
    events = check_json(answer, 200)
    assert [e["eventName"] for e in events] == ["G5075", "G5220", "G5230"]  # by first lead time
    assert [e["alertLevel"] for e in events] == ["warning-low", "trigger", "warning-medium"]
    trigger = events[1]
    areas = trigger.pop("alertAreas")
    assert trigger == {
        "countryCodeISO3": scenario.iso3,
        "eventName": "G5220",
        "firstIssuedDate": DAY,
        "endDate": DAY,
        "forecastSeverity": 1,
        "forecastTrigger": True,
        "userTrigger": False,
        "userTriggerDate": None,
        "userTriggerName": None,
        "disasterType": "floods",
        "firstLeadTime": "4-day",
        "firstTriggerLeadTime": "4-day",
        "alertLevel": "trigger",
        "disasterSpecificProperties": {},
    }
    assert (events[0]["firstLeadTime"], events[0]["firstTriggerLeadTime"]) == ("0-day", None)
    assert isinstance(trigger["forecastSeverity"], int)
    actions = areas[0].pop("eapActions")
    identity = areas[0].pop("eventPlaceCodeId")
    assert re.fullmatch(r"[0-9a-f-]{36}", identity)
    assert areas[0] == {
        "placeCode": scenario.area(2),
        "name": "Area 2",
        "adminLevel": 2,
        "eventName": "G5220",
        "mainExposureValue": 114286,
        "forecastSeverity": 1,
        "forecastTrigger": True,
        "userTrigger": False,
        "firstIssuedDate": DAY,
        "userTriggerDate": None,
        "userTriggerName": None,
        "nameParent": "North",
        "alertLevel": "trigger",
    }
    assert keys(actions[0]) == ["aof", "action", "label", "disasterType", "month", "placeCode", "checked"]
    assert (actions[0]["month"], actions[0]["checked"]) == ({}, False)
    assert events[0]["alertAreas"][0]["eapActions"] == []  # warnings have none


def test_alerts_of_an_event(scenario: Portal) -> None:
    flags = {}
    for n, lead_time in enumerate(LEAD_TIMES):
        flags |= {lead_time: str(int(n >= 4)), f"{lead_time}-forecastTrigger": str(int(n >= 4))}
    answer = check_json(scenario.get(f"event/alerts/{scenario.iso3}/floods", eventName="G5220"), 200)
    assert answer == {"date": DAY, **flags}
    assert keys(answer) == ["date", *flags]


def test_last_upload_date(scenario: Portal) -> None:
    answer = check_json(scenario.get(f"event/last-upload-date/{scenario.iso3}/floods"), 200)
    assert answer == {"date": DAY, "timestamp": DAY, "cutoffMoment": DAY}


def test_activation_log(scenario: Portal) -> None:
    answer = scenario.get("event/activation-log", countryCodeISO3=scenario.iso3, disasterType="floods")
    entries = check_json(answer, 200)
    assert [e["placeCode"] for e in entries] == [scenario.area(n) for n in (1, 2, 3, 4)]
    assert re.fullmatch(r"[0-9a-f-]{36}", entries[0].pop("databaseId"))
    assert entries[0] == {
        "countryCodeISO3": scenario.iso3,
        "disasterType": "floods",
        "eventName": "G5220",
        "placeCode": scenario.area(1),
        "name": "Area 1",
        "firstIssuedDate": DAY,
        "closed": False,
        "endDate": None,
        "exposureIndicator": "population_affected",
        "exposureValue": 17845,
        "alertLevel": "trigger",
        "userTrigger": False,
        "userTriggerDate": None,
    }


def test_alert_areas(scenario: Portal) -> None:
    answer = scenario.get(f"event/alert-areas/{scenario.iso3}/2/floods", eventName="G5220")
    areas = check_json(answer, 200)
    assert [(a["placeCode"], a["mainExposureValue"], a["alertLevel"]) for a in areas] == [
        (scenario.area(2), 114286, "trigger"),
        (scenario.area(1), 17845, "trigger"),
    ]
    event = scenario.events()[1]
    assert areas == event["alertAreas"]


def test_stations_with_dynamic_data(scenario: Portal) -> None:
    quiet = {"forecastLevel": 0, "triggerLevel": 400, "eapAlertClass": "no", "forecastReturnPeriod": None}
    alerted = {"forecastLevel": 175, "triggerLevel": 520, "eapAlertClass": "min", "forecastReturnPeriod": 1.5}
    for n, lead_time, values in ((1, "0-day", alerted), (2, "7-day", quiet)):
        for key, value in values.items():
            scenario.station(key, value, date=DAY, lead_time=lead_time, n=n)
    assert scenario.station_data(1) == {
        "forecastLevel": "175",
        "triggerLevel": "520",
        "eapAlertClass": "min",
        "forecastReturnPeriod": "1.5",
    }
    assert scenario.station_data(2) == {
        "forecastLevel": "0",
        "triggerLevel": "400",
        "eapAlertClass": "no",
        "forecastReturnPeriod": None,
    }


def test_dynamic_data_of_a_level(scenario: Portal) -> None:
    path = f"admin-area-dynamic-data/{scenario.iso3}/2/population_affected/floods"
    values = check_json(scenario.get(path, eventName="G5220", leadTime="4-day"), 200)
    assert values == [
        {"value": 17845, "placeCode": scenario.area(1)},
        {"value": 114286, "placeCode": scenario.area(2)},
    ]
    assert keys(values[0]) == ["value", "placeCode"]


def test_map_polygons_of_the_nation(scenario: Portal) -> None:
    body = check_json(scenario.get(f"admin-areas/{scenario.iso3}/floods/2"), 200)
    people = {"G5230": 0, "G5220": 132131, "G5075": 0}
    levels = {"G5230": "warning-medium", "G5220": "trigger", "G5075": "warning-low"}
    assert [f["properties"] for f in body["features"]] == [
        {
            "placeCode": name,
            "name": name,
            "eventName": name,
            "countryCodeISO3": scenario.iso3,
            "population_affected": people[name],
            "alertLevel": levels[name],
        }
        for name in ("G5230", "G5220", "G5075")  # latest first, so that the earliest lies on top
    ]
    merged = body["features"][1]["geometry"]
    xs = [x for x, _ in merged["coordinates"][0]]
    assert (merged["type"], min(xs), max(xs)) == ("Polygon", 31, 33)  # two areas, one polygon


def test_aggregates(scenario: Portal) -> None:
    totals = check_json(scenario.get(f"admin-areas/aggregates/{scenario.iso3}/floods/2"), 200)
    assert [(t["placeCode"], t["indicator"]) for t in totals] == [
        ("G5075", "forecast_severity"),
        ("G5075", "forecast_trigger"),
        ("G5075", "population_affected"),
        ("G5220", "forecast_severity"),
        ("G5220", "forecast_trigger"),
        ("G5220", "population_affected"),
        ("G5220", "population_affected_percentage"),
        ("G5230", "forecast_severity"),
        ("G5230", "forecast_trigger"),
        ("G5230", "population_affected"),
    ]
    assert totals[0] == {"placeCode": "G5075", "indicator": "forecast_severity", "value": 0.3}
    assert totals[1]["value"] == 0


@pytest.mark.parametrize(("path", "status"), [("events/process", 200), ("notification/send", 201)])
def test_the_mail_without_sending_it(scenario: Portal, path: str, status: int) -> None:
    body = check_json(scenario.post(path, scenario.place(date=DAY), noNotifications="true"), status)
    assert keys(body) == ["activeEvents"]
    assert keys(body["activeEvents"]) == ["email"]
    assert body["activeEvents"]["email"].startswith("<!doctype html>")


def check_empty(answer: requests.Response) -> None:
    assert (answer.status_code, answer.text) == (201, "")
    assert "Content-Type" not in answer.headers


def test_close_events(scenario: Portal) -> None:
    check_empty(scenario.post("event/close-events", scenario.place(date=DAY)))


def test_the_map_image_endpoint_is_gone(portal: Portal) -> None:
    path = f"event/event-map-image/{portal.iso3}/floods/G5220"
    assert check_json(portal.post(path), 404) == {
        "message": f"Cannot POST /api/{path}",
        "error": "Not Found",
        "statusCode": 404,
    }


def test_raster(portal: Portal) -> None:
    name = f"flood_extent_4-day_{portal.iso3}.tif"
    url = f"{portal.sandbox.url}/admin-area-dynamic-data/raster/floods"
    check_empty(portal.session.post(url, files={"file": (name, b"first")}))
    check_empty(portal.session.post(url, files={"file": (name, b"second")}))
    assert extent_file(portal.sandbox, name).read_bytes() == b"second"


def test_the_notification_log_needs_an_admin(portal: Portal) -> None:
    assert check_json(portal.get("notification/log"), 403) == FORBIDDEN
    portal.event("G1", [1], DAY)
    portal.process()
    portal.login("admin")
    log = check_json(portal.get("notification/log", countryCodesISO3=portal.iso3), 200)
    assert log["total"] == 1
    entry = log["logs"][0]
    assert (entry["countryCodeISO3"], entry["eventNames"], entry["recipientCount"]) == (portal.iso3, ["G1"], 5)
