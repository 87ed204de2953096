"""While the calls of a day are made: what can be read between its first row and events/process."""

from __future__ import annotations

from tests.worlds.services.portal import Portal

DAY, LATER, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-10T00:00:01Z", "2026-11-11T00:00:00Z"
ERROR = (500, {"statusCode": 500, "message": "Internal server error"})


def readings(portal: Portal) -> list[tuple[int, object]]:
    """Events, national totals and national values: they go up and down together."""
    place = f"{portal.iso3}/floods/2"
    answers = (
        portal.get("event", countryCodeISO3=portal.iso3, disasterType="floods"),
        portal.get(f"admin-areas/aggregates/{place}"),
        portal.get(f"admin-area-dynamic-data/{portal.iso3}/2/population_affected/floods"),
    )
    return [(answer.status_code, answer.json()) for answer in answers]


def test_on_a_new_day_nothing_is_open_from_the_first_row_on(portal: Portal) -> None:
    for name, area in (("G1", 1), ("G2", 2)):
        portal.event(name, [area], DAY)
    portal.station("forecastLevel", 7, date=DAY)
    portal.process()
    portal.exposure("population_affected", "G1", {portal.area(1): 5}, date=NEXT_DAY)
    assert (portal.events(), portal.alerts("G1"), portal.station_data()) == ([], {}, None)
    assert portal.open_areas() == {("G1", portal.area(1)), ("G2", portal.area(2))}, "the log and the areas stay"
    assert len(portal.get(f"event/alert-areas/{portal.iso3}/2/floods", eventName="G2").json()) == 1
    assert [(p["name"], p["alertLevel"]) for p in portal.polygons()] == [("G1", "trigger")]


def test_in_a_revision_one_open_event_has_no_lead_time_until_its_flags(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.wipe(LATER)
    assert portal.events() == [], "the wipe took away the only upload that there was"
    portal.exposure("population_affected", "G1", {portal.area(1): 5}, date=LATER)
    assert portal.shown() == {"G1": ("trigger", None, None, DAY[:10])}
    portal.flags("G1", "--TTTTTT", LATER)
    assert portal.shown() == {"G1": ("trigger", "2-day", "2-day", DAY[:10])}


def test_in_a_revision_two_open_events_cannot_be_read_until_both_have_flags(portal: Portal) -> None:
    for name, area in (("G1", 1), ("G2", 2)):
        portal.event(name, [area], DAY)
    portal.process()
    portal.event("G1", [1], LATER)
    assert readings(portal) == [ERROR] * 3
    portal.flags("G2", "----TTTT", LATER)
    assert [status for status, _ in readings(portal)] == [200] * 3
    assert set(portal.levels()) == {"G1", "G2"}


def test_after_a_wipe_the_flags_of_the_upload_before_do_not_name_todays_events(portal: Portal) -> None:
    portal.zeros("2026-11-09T00:00:00Z")
    for name, area in (("G1", 1), ("G2", 2)):
        portal.event(name, [area], DAY)
    portal.process()
    portal.wipe(LATER)
    assert readings(portal)[0] == ERROR
