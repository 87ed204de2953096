"""Dates, and the period within which one upload replaces another (IBF API 0.335, checked on a running instance)."""

from __future__ import annotations

import pytest

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Portal, exposure_body, new_portal

ERROR = {"statusCode": 500, "message": "Internal server error"}
EXPOSURE = "admin-area-dynamic-data/exposure"


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
        ("11-24-2026 06:00:00", "2026-11-24T06:00:00.000Z"),
        ("11/2/2026 09:00", "2026-11-02T09:00:00.000Z"),  # the month first, whatever was meant
        (1763600000, "1970-01-21T09:53:20.000Z"),  # seconds: silently 1970
        (1763600000000, "2025-11-20T00:53:20.000Z"),
    ],
)
def test_dates_are_read_as_javascript_reads_them(portal: Portal, date: object, stored: str) -> None:
    assert portal.post(EXPOSURE, exposure_body(portal, date=date)).status_code == 201
    last = portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()
    assert last == {
        "date": f"{stored[:10]}T00:00:00.000Z",
        "timestamp": stored,
        "cutoffMoment": f"{stored[:10]}T00:00:00.000Z",
    }


@pytest.mark.parametrize("date", ["20261120", "someday", "13/01/2026", "2026-13-01", "2026-11-20T25:00:00Z", [1], {}])
def test_other_dates_are_server_errors(portal: Portal, date: object) -> None:
    point = {"fid": f"{portal.iso3}-1", "value": 1}
    paths = {
        EXPOSURE: exposure_body(portal, date=date),
        "event/alerts-per-lead-time": portal.place(
            date=date, alertsPerLeadTime=[{"leadTime": "1-day", "forecastAlert": True}]
        ),
        "point-data/dynamic": portal.place(date=date, key="k", dynamicPointData=[point]),
    }
    for path, sent in paths.items():
        answer = portal.post(path, sent)
        assert (answer.status_code, answer.json()) == (500, ERROR)
    nothing = portal.place(date=date, key="k", dynamicPointData=[])
    assert portal.post("point-data/dynamic", nothing).status_code == 201, "the date of nothing is not read"


def test_without_a_date_it_is_now(portal: Portal) -> None:
    for missing in (..., None, ""):
        assert portal.post(EXPOSURE, exposure_body(portal, date=missing)).status_code == 201
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
    assert portal.post(EXPOSURE, exposure_body(portal, date=date, leadTime=lead_time)).status_code == 201
    last = portal.get(f"event/last-upload-date/{portal.iso3}/{disaster}").json()
    assert last["cutoffMoment"] == f"{start}:00.000Z"


def test_another_month_than_the_current_one_becomes_its_last_day(portal: Portal) -> None:
    portal.post(EXPOSURE, exposure_body(portal, date="2026-09-05T10:00:00Z", leadTime="1-month"))
    last = portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()
    assert last["timestamp"] == "2026-09-30T00:00:00.000Z"
