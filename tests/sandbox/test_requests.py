"""Who may call, and what is wrong with a request (IBF API 0.335, checked on a running instance)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Portal, broken, exposure_body, new_portal

DAY = "2026-11-10T00:00:00Z"
ERROR = {"statusCode": 500, "message": "Internal server error"}
EXPOSURE = "admin-area-dynamic-data/exposure"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Bearer a.b.c"])
def test_no_or_bad_token_is_403(portal: Portal, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.post(f"{portal.sandbox.url}/{EXPOSURE}", json=exposure_body(portal), headers=headers, timeout=5)
    assert answer.status_code == 403


def test_only_the_second_word_of_the_header_is_read(portal: Portal) -> None:
    portal.session.headers["Authorization"] = portal.session.headers["Authorization"].replace("Bearer", "Token")
    assert portal.post(EXPOSURE, exposure_body(portal)).status_code == 201


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("pipeline", 201), ("operator", 403), ("local-admin", 403), ("admin", 201)]
)
def test_uploads_are_for_the_roles_pipeline_and_admin(portal: Portal, role: str, status: int) -> None:
    portal.login(role)
    assert portal.post(EXPOSURE, exposure_body(portal)).status_code == status


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


def test_malformed_json(portal: Portal) -> None:
    headers = {"Content-Type": "application/json"}
    for text in (b'{"a": ', b'{"a": NaN}'):
        answer = portal.session.post(f"{portal.sandbox.url}/{EXPOSURE}", data=text, headers=headers)
        assert answer.status_code == 400
        assert set(answer.json()) == {"message", "error", "statusCode"}
        assert (answer.json()["error"], answer.json()["statusCode"]) == ("Bad Request", 400)


def test_unknown_fields_are_ignored(portal: Portal) -> None:
    assert portal.post(EXPOSURE, exposure_body(portal, more="less")).status_code == 201


def test_a_body_above_25_mb_is_413(portal: Portal) -> None:
    sent = exposure_body(portal, more="x" * (25 * 1024 * 1024))
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
    assert "disasterType" in broken(portal, EXPOSURE, exposure_body(portal, disasterType=disaster))


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
    found = broken(portal, EXPOSURE, exposure_body(portal, **changes))
    assert {name: set(constraints) for name, constraints in found.items()} == expected


def test_what_exposure_takes_all_the_same(portal: Portal) -> None:
    twice = {"placeCode": portal.area(1), "amount": 0.5}
    for changes in (
        {"adminLevel": 99},
        {"leadTime": "1-month"},
        {"eventName": ""},
        {"exposurePlaceCodes": [twice, twice]},
    ):
        assert portal.post(EXPOSURE, exposure_body(portal, **changes)).status_code == 201


def test_an_empty_event_name_is_no_event(portal: Portal) -> None:
    portal.exposure("forecast_severity", "", {portal.area(1): 1}, date=DAY)
    portal.process()
    assert portal.events() == []
    assert portal.alerts() == {"date": "2026-11-10T00:00:00.000Z", "1-day": "0", "1-day-forecastTrigger": "0"}


def test_an_unknown_country_is_a_server_error(portal: Portal) -> None:
    answer = portal.post(EXPOSURE, exposure_body(portal, countryCodeISO3="XXX"))
    assert (answer.status_code, answer.json()) == (500, ERROR)


def test_another_country_than_ones_own_may_be_uploaded(server: Sandbox) -> None:
    here, there = new_portal(server), new_portal(server)
    assert here.post(EXPOSURE, exposure_body(there)).status_code == 201


def test_20000_rows_are_too_many_and_5000_are_not(portal: Portal) -> None:
    rows = [{"placeCode": f"P{n}", "amount": n} for n in range(20_000)]
    assert portal.post(EXPOSURE, exposure_body(portal, exposurePlaceCodes=rows[:5_000])).status_code == 201
    assert portal.post(EXPOSURE, exposure_body(portal, exposurePlaceCodes=rows)).status_code == 500
    path = f"admin-area-dynamic-data/{portal.iso3}/2/population_affected/floods"
    assert portal.get(path, eventName="G1").json() == []  # the delete before the insert stands
