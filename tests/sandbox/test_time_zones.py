"""Countries that the service has no time zone of: whatever would be mailed fails, after everything was stored."""

from __future__ import annotations

import pytest

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Portal, new_portal, small_country

DAY, NEXT_DAY, THIRD_DAY = "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z", "2026-11-12T00:00:00Z"
ERROR = (500, {"statusCode": 500, "message": "Internal server error"})


@pytest.fixture
def without(server: Sandbox) -> Portal:
    return new_portal(server, time_zone=False)


@pytest.mark.parametrize("path", ["events/process", "event/close-events", "notification/send"])
def test_what_would_be_mailed_fails_and_what_was_processed_stands(without: Portal, path: str) -> None:
    without.event("OLD", [2], DAY)
    without.post(path, without.place())
    without.event("G1", [1], NEXT_DAY)
    for path_again, quiet in ((path, "true"), (path, "false"), ("events/notify", "false")):
        answer = without.post(path_again, without.place(), noNotifications=quiet)
        assert (answer.status_code, answer.json()) == ERROR
    assert without.shown() == {"G1": ("trigger", "4-day", "4-day", NEXT_DAY[:10])}
    assert without.open_areas() == {("G1", without.area(1))}
    assert without.mails() == []


def test_a_day_with_nothing_to_mail_is_closed_without_an_error(without: Portal) -> None:
    without.zeros(DAY)
    without.process()
    without.event("G1", [1], NEXT_DAY)
    assert without.post("events/process", without.place()).status_code == 500
    without.event("G1", [1], THIRD_DAY, lead_time="0-day")
    without.process()
    assert without.shown() == {"G1": ("trigger", "0-day", "0-day", NEXT_DAY[:10])}


@pytest.mark.parametrize(("iso3", "declared", "status"), [("SOM", True, 500), ("KEN", False, 200), ("QTZ", True, 200)])
def test_only_a_made_up_country_can_be_declared_otherwise(
    server: Sandbox, iso3: str, declared: bool, status: int
) -> None:
    server.seed(small_country(iso3, time_zone=declared))
    portal = Portal(server, iso3)
    portal.event(f"of {iso3}", [1], DAY)
    assert portal.post("events/process", portal.place()).status_code == status
