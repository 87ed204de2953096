"""The server of the older description (2024): other names, event logic inside the upload, a PNG for the mail."""

from __future__ import annotations

import requests

from tests.worlds.services.portal import Portal
from tests.worlds.services.snapshot import snapshot

DAY, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"


def event(
    portal: Portal,
    name: str,
    areas: list[int],
    date: str,
    *,
    threshold: float = 1,
    lead_time: str = "4-day",
    flags: str = "----TTTT",
) -> None:
    codes = [portal.area(n) for n in areas]
    portal.exposure("population_affected", name, dict.fromkeys(codes, 100), date=date, lead_time=lead_time)
    portal.exposure("alert_threshold", name, dict.fromkeys(codes, threshold), date=date, lead_time=lead_time)
    per_lead_time = [
        {"leadTime": f"{n}-day", "triggered": flag in "wT", "thresholdReached": flag == "T"}
        for n, flag in enumerate(flags)
    ]
    sent = portal.place(eventName=name, triggersPerLeadTime=per_lead_time, date=date)
    answer = portal.post("event/triggers-per-leadtime", sent)
    assert (answer.status_code, answer.text) == (201, "")


def shown(portal: Portal) -> dict[str, tuple[str, str | None, str | None]]:
    events = portal.get(f"event/{portal.iso3}/floods").json()
    return {e["eventName"]: (e["alertLevel"], e["firstLeadTime"], e["firstTriggerLeadTime"]) for e in events}


def close(portal: Portal) -> None:
    assert portal.post("event/close-events", portal.place()).status_code == 201


def test_a_day_in_the_descriptions_order(described: Portal) -> None:
    event(described, "A", [1], DAY, flags="---wTTTT")
    event(described, "B", [2], DAY, threshold=0.7, lead_time="6-day", flags="------ww")
    close(described)
    assert described.post("notification/send", described.place()).status_code == 201
    assert shown(described) == {"A": ("trigger", "3-day", "4-day"), "B": ("warning-medium", "6-day", None)}
    assert described.mails() == [("A", "B")]

    close(described)
    for indicator in ("population_affected", "alert_threshold"):
        described.exposure(
            indicator, None, {described.area(n): 0 for n in range(1, 5)}, date=NEXT_DAY, lead_time="1-day"
        )
    described.post("notification/send", described.place())
    assert shown(described) == {}
    assert len(described.mails()) == 1


def test_the_alert_indicator_must_come_last(described: Portal) -> None:
    described.exposure("alert_threshold", "A", {described.area(1): 1}, date=DAY)
    described.exposure("population_affected", "A", {described.area(1): 100}, date=DAY)
    described.post("notification/send", described.place())
    [found] = described.get(f"event/{described.iso3}/floods").json()
    assert found["alertAreas"][0]["mainExposureValue"] == 0


def test_the_newer_indicators_are_unknown(described: Portal) -> None:
    for indicator in ("forecast_severity", "forecast_trigger"):
        sent = described.place(
            adminLevel=2, leadTime="1-day", dynamicIndicator=indicator, exposurePlaceCodes=[], date=DAY
        )
        answer = described.post("admin-area-dynamic-data/exposure", sent)
        assert answer.status_code == 400
        assert [e["property"] for e in answer.json()["errors"]] == ["dynamicIndicator"]


def test_the_newer_routes_are_404(described: Portal) -> None:
    for path in ("events/process", "event/alerts-per-lead-time", "events/notify", "events/set-trigger"):
        answer = described.post(path, {})
        assert (answer.status_code, answer.json()["message"]) == (404, f"Cannot POST /api/{path}")
    assert described.get("event", countryCodeISO3=described.iso3, disasterType="floods").status_code == 404
    assert described.get(f"admin-areas/{described.iso3}/2").status_code == 404
    raw = described.get(f"admin-areas/raw/{described.iso3}").json()
    assert {area["adminLevel"] for area in raw} == {2, 3}


def test_the_map_image_is_taken(described: Portal) -> None:
    path = f"event/event-map-image/{described.iso3}/floods/Na%20at%20bridge%2F1"
    url = f"{described.sandbox.url}/{path}"
    assert described.session.post(url, files={"file": ("map.png", b"picture")}).status_code == 201
    images = snapshot(described.sandbox)["map_images"]
    assert f"{described.iso3}/floods/Na at bridge/1" in images


def test_the_quiet_parameter_is_is_api_test(described: Portal) -> None:
    event(described, "A", [1], DAY)
    answer = described.post("notification/send", described.place(), isApiTest="true")
    assert answer.status_code == 201
    assert "A" in answer.json()["activeEvents"]["email"]
    assert described.mails() == []
    assert described.post("notification/send", described.place(), noNotifications="true").text == ""
    assert described.mails() == [("A",)]


def test_its_document(described: Portal) -> None:
    paths = requests.get(f"{described.sandbox.page_url}docs-json", timeout=5).json()["paths"]
    assert "/event/event-map-image/{countryCodeISO3}/{disasterType}/{eventName}" in paths
    assert {"/event/triggers-per-leadtime", "/event/close-events", "/notification/send"} <= set(paths)
    assert not {"/events/process", "/event/alerts-per-lead-time", "/events/notify"} & set(paths)
    query = paths["/notification/send"]["post"]["parameters"]
    assert [parameter["name"] for parameter in query] == ["isApiTest"]
