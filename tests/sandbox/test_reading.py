"""What can be read back, and the document of the interface (IBF API 0.335, checked on a running instance)."""

from __future__ import annotations

import requests

from ibf_pipeline.sandbox import CountrySeed, Sandbox, StationSeed
from tests.worlds.services.portal import Portal, new_portal, rectangle

DAY = "2026-11-10T00:00:00Z"


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
    assert "eventName" not in area
    assert area["firstIssuedDate"] == "2026-11-10T00:00:00.000Z"
    [polygon] = portal.polygons(level=3)
    assert (polygon["placeCode"], polygon["alertLevel"]) == (f"{portal.iso3}11", "none")


def test_an_empty_activation_log_is_one_entry_of_nulls(portal: Portal) -> None:
    log = portal.get("event/activation-log", countryCodeISO3=portal.iso3, disasterType="floods").json()
    assert len(log) == 1
    assert log[0].pop("alertLevel") == "none"
    assert set(log[0].values()) == {None}
    assert "closed" not in log[0]


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
        "/point-data/dynamic",
        "/lines-data/exposure-status",
    ):
        assert list(paths[path]) == ["post"]
    assert list(paths["/point-data/{pointDataCategory}/{countryCodeISO3}"]) == ["get"]
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


def test_two_events_of_which_one_lost_its_flags_break_the_list(portal: Portal) -> None:
    """From the source of the service: its sort reads the number of a lead time that is not there."""
    portal.event("G1", [1], DAY)
    portal.event("G2", [2], DAY)
    portal.process()
    portal.flags("G2", "--------", DAY)
    answer = portal.get("event", countryCodeISO3=portal.iso3, disasterType="floods")
    assert (answer.status_code, answer.json()["statusCode"]) == (500, 500)
