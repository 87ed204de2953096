"""Flash floods on the server: what its recordings and the facts drawn from them say, each by itself.

Named after the table rows of those facts. IBF API 0.335, recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import PointSeed, Sandbox
from tests.sandbox.recorded_mails import visible
from tests.sandbox.recordings import rows
from tests.worlds.services.portal import Clock, Portal, broken, exposure_body, new_portal, small_country

D1, D2 = "2026-11-20T", "2026-11-21T"
POINTS = {
    "schools": (PointSeed("500180", "Chawezga", 0.5, 31.5), PointSeed("500453", "Chinthi", 0.5, 32.5)),
    "health_sites": (PointSeed("3", "Clinic", 0.4, 31.4),),
    "gauges": (PointSeed("5", "Lake Kazuni", 0.5, 31.2), PointSeed("6", "Karonga", 0.5, 31.3)),
}


@pytest.fixture(scope="module")
def flash_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("flash"), now=Clock()) as running:
        yield running


@pytest.fixture
def portal(flash_server: Sandbox) -> Portal:
    """A country of four areas; times of its mails are UTC."""
    return new_portal(flash_server, disaster_type="flash-floods", indicators=("population_affected",), points=POINTS)


def event(portal: Portal, name: str | None, people: dict[int, float], date: str, lead_time: str, **alert: Any) -> None:
    rows(portal, name, {portal.area(n): number for n, number in people.items()}, date, lead_time, level=2, **alert)


def warning(portal: Portal, name: str, people: dict[int, float], date: str, lead_time: str) -> None:
    event(portal, name, people, date, lead_time, severity=1, trigger=0)


def quiet(portal: Portal, date: str) -> None:
    event(portal, None, {1: 0, 2: 0, 3: 0, 4: 0}, date, "1-hour")


def wipe(portal: Portal, date: str) -> None:
    event(portal, None, {}, date, "1-hour")


def merged(portal: Portal, **query: Any) -> list[tuple[Any, str, Any]]:
    """Name, level and people of each polygon of the map."""
    return [(p.get("eventName"), p["alertLevel"], p["population_affected"]) for p in portal.polygons(**query)]


def flags(portal: Portal, name: str, date: str, **kinds: str) -> None:
    """``h24="w", h48="T"``: a warning at 24-hour, a trigger at 48-hour."""
    listed = [
        {"leadTime": f"{key[1:]}-hour", "forecastAlert": kind in "wT", "forecastTrigger": kind == "T"}
        for key, kind in kinds.items()
    ]
    body = portal.place(eventName=name, alertsPerLeadTime=listed, date=date)
    assert portal.post("event/alerts-per-lead-time", body).status_code == 201


def points(portal: Portal, category: str, values: list[tuple[Any, Any]], **more: Any) -> int:
    sent = {"pointDataCategory": category, "leadTime": "6-hour", "key": "exposure", "date": f"{D1}06:00:00Z", **more}
    listed = [{"fid": fid, "value": value} for fid, value in values]
    return portal.post("point-data/dynamic", portal.place(**sent, dynamicPointData=listed)).status_code


def shown(portal: Portal, category: str) -> dict[str, Any]:
    answer = portal.get(f"point-data/{category}/{portal.iso3}", disasterType="flash-floods").json()
    return {f["properties"]["fid"]: f["properties"]["dynamicData"] for f in answer["features"]}


@pytest.mark.parametrize(
    ("later", "open_then"),
    [
        (f"{D1}11:59:00Z", {"Rumphi", "Karonga"}),  # the same block: rows of another event stay
        (f"{D1}12:00:00Z", {"Karonga"}),  # the next one
        (f"{D1}13:30:00+02:00", {"Rumphi", "Karonga"}),  # blocks are of the server's clock, not of the country's
    ],
)
def test_a_block_is_six_hours_of_the_servers_clock(portal: Portal, later: str, open_then: set[str]) -> None:
    event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
    portal.process()
    event(portal, "Karonga", {2: 17}, later, "12-hour")
    portal.process()
    assert set(portal.levels()) == open_then


def test_an_area_of_severity_0_is_in_no_list_and_no_polygon(portal: Portal) -> None:
    """Row 6: but before the closing call every sent area is a polygon of its own, and national values add it
    (together with those of every country that has an event of that name)."""
    date, codes = f"{D1}06:00:00Z", [portal.area(n) for n in (1, 2, 3)]
    for indicator, amounts in (
        ("population_affected", (69, 96, 12)),
        ("forecast_severity", (1, 1, 0)),
        ("forecast_trigger", (1, 1, 0)),
    ):
        portal.exposure(indicator, "Alone", dict(zip(codes, amounts, strict=True)), date=date, lead_time="6-hour")
    assert sorted(merged(portal)) == [("Alone", "none", 12), ("Alone", "none", 69), ("Alone", "none", 96)]
    portal.process()
    assert merged(portal) == [("Alone", "trigger", 165)]
    assert {p["placeCode"] for p in portal.polygons(eventName="Alone", leadTime="6-hour")} == set(codes[:2])
    assert [len(e["alertAreas"]) for e in portal.events()] == [2]
    assert {entry["placeCode"] for entry in portal.log()} == set(codes[:2])
    values = portal.get(f"admin-area-dynamic-data/{portal.iso3}/2/population_affected/flash-floods").json()
    assert values == [{"placeCode": "Alone", "value": 177}]


def test_null_rows_after_an_event_delete_its_rows_and_it_closes_without_a_mail(portal: Portal) -> None:
    event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
    portal.process()
    event(portal, "Rumphi", {1: 80}, f"{D1}12:00:00Z", "6-hour")
    quiet(portal, f"{D1}12:00:00Z")
    portal.process()
    assert (portal.levels(), portal.open_areas(), portal.mails()) == ({}, set(), [("Rumphi",)])
    assert portal.alerts("Rumphi") == {}
    assert {level for _, level, _ in merged(portal)} == {"none"}


@pytest.mark.parametrize(("elsewhere", "ghosts"), [({3: 0, 4: 0}, 0), ({1: 0, 3: 0}, 1)])
def test_null_rows_before_an_event_leave_a_ghost_only_with_an_area_of_it(
    portal: Portal, elsewhere: dict[int, float], ghosts: int
) -> None:
    """Row 5."""
    event(portal, None, elsewhere, f"{D1}06:00:00Z", "1-hour")
    event(portal, "Rumphi", {1: 69, 2: 96}, f"{D1}06:00:00Z", "6-hour")
    portal.process()
    drawn = portal.polygons()
    ghost = [p for p in drawn if p["eventName"] is None]
    assert (len(drawn) - len(ghost), len(ghost)) == (1, ghosts)
    assert all(p["placeCode"] is None and "name" not in p and p["alertLevel"] == "trigger" for p in ghost)
    assert portal.levels() == {"Rumphi": "trigger"}


def test_without_event_the_flag_stands_at_1_hour_whatever_was_sent(portal: Portal) -> None:
    event(portal, None, {1: 0, 2: 0, 3: 0, 4: 0}, f"{D1}06:00:00Z", "6-hour")
    portal.process()
    flag = {"1-hour": "0", "1-hour-forecastTrigger": "0"}
    assert portal.alerts() == {"date": "2026-11-20T00:00:00.000Z", **flag}
    assert len(portal.polygons()) == 4  # every area; of Malawi 367


def test_a_mail_at_0_hour_only_when_first_issued(portal: Portal) -> None:
    event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "0-hour")
    warning(portal, "Karonga", {2: 17}, f"{D1}06:00:00Z", "18-hour")
    portal.process()
    event(portal, "Rumphi", {1: 69}, f"{D1}12:00:00Z", "0-hour")
    assert portal.process(mail=False).json() == {"activeEvents": {}}
    portal.process()
    assert portal.levels() == {"Rumphi": "trigger"}
    assert [sorted(names) for names in portal.mails()] == [["Karonga", "Rumphi"]]


def test_flags_of_lead_times_work_for_this_hazard_too(portal: Portal) -> None:
    date = f"{D1}06:00:00Z"
    event(portal, "Rumphi", {1: 69}, date, "24-hour")
    flags(portal, "Rumphi", date, h24="w", h48="T")
    portal.process()
    assert portal.shown()["Rumphi"][1:3] == ("24-hour", "24-hour")  # the closing call flags the exposure's lead time
    flags(portal, "Rumphi", date, h24="w", h48="T")
    assert portal.shown()["Rumphi"][1:3] == ("24-hour", "48-hour")  # what is sent after it stands


def test_exposure_at_a_lead_time_without_a_flag(portal: Portal) -> None:
    """Row 7: the event begins at the exposure's lead time, and the map is empty only when asked for another one."""
    date = f"{D1}06:00:00Z"
    event(portal, "Rumphi", {1: 69, 2: 96}, date, "12-hour")
    flags(portal, "Rumphi", date, h24="T", h48="T")
    portal.process()
    assert portal.shown()["Rumphi"][1] == "12-hour"
    asked = [len(portal.polygons(eventName="Rumphi", leadTime=lead_time)) for lead_time in ("12-hour", "24-hour")]
    assert (asked, len(portal.polygons(eventName="Rumphi"))) == ([2, 0], 2)


def ask_events(portal: Portal, **query: Any) -> tuple[int, Any]:
    answer = requests.get(f"{portal.sandbox.url}/event", params=query, timeout=10)
    return answer.status_code, [e["firstLeadTime"] for e in answer.json()] if answer.ok else answer.json()["message"]


def test_two_open_events_and_the_second_block_of_a_day(tmp_path: Path) -> None:
    """Row 10: GET event answers 500 from the first row of the new block until both have flags; with one event 200."""
    failed = (500, "Internal server error")
    with Sandbox(tmp_path, now=Clock()) as server:
        server.seed(small_country("COA", disaster_type="flash-floods"))
        portal = Portal(server, "COA", "flash-floods")
        mine = portal.place()
        event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
        portal.process()
        event(portal, "Rumphi", {1: 69}, f"{D1}06:10:00Z", "6-hour")
        assert ask_events(portal, **mine) == (200, [None])
        warning(portal, "Karonga", {2: 17}, f"{D1}06:10:00Z", "24-hour")
        portal.process()
        for moment, half_made in ((f"{D1}12:00:00Z", failed), (f"{D2}00:00:00Z", (200, []))):
            event(portal, "Rumphi", {1: 69}, moment, "3-hour")
            assert ask_events(portal, **mine) == half_made
            assert ask_events(portal, **mine, format="monty") == half_made
            assert ask_events(portal) == half_made  # of every country
            assert portal.post("events/notify", mine).status_code == (201 if half_made[0] == 200 else 500)
            warning(portal, "Karonga", {2: 17}, moment, "18-hour")
            portal.process()
            assert ask_events(portal, **mine)[0] == 200
        assert [len(names) for names in portal.mails()] == [1, 2, 2, 2]


def test_after_the_wipe_of_a_block_it_fails_until_processed(portal: Portal) -> None:
    """Row 10, end: the newest upload is then the block before, whose flags do not name these events."""
    event(portal, "Zomba", {4: 5}, f"{D1}00:00:00Z", "48-hour")
    portal.process()
    for name, area in (("Rumphi", 1), ("Karonga", 2)):
        event(portal, name, {area: 69}, f"{D1}06:00:00Z", "6-hour")
    portal.process()
    wipe(portal, f"{D1}06:10:00Z")
    path = {"countryCodeISO3": portal.iso3, "disasterType": "flash-floods"}
    assert portal.get("event", **path).status_code == 500
    event(portal, "Rumphi", {1: 70}, f"{D1}06:10:00Z", "6-hour")
    portal.process()
    assert (portal.levels(), merged(portal)) == ({"Rumphi": "trigger"}, [("Rumphi", "trigger", 70)])


def test_the_same_block_with_the_same_date_mails_again(portal: Portal) -> None:
    for _ in range(2):
        event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
        portal.process()
    assert portal.mails() == [("Rumphi",), ("Rumphi",)]
    assert portal.shown()["Rumphi"] == ("trigger", "6-hour", "6-hour", "2026-11-20")


def test_without_a_wipe_a_revision_keeps_the_event_that_vanished(portal: Portal) -> None:
    event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
    portal.process()
    event(portal, "Karonga", {2: 17}, f"{D1}06:10:00Z", "12-hour")
    portal.process()
    assert set(portal.levels()) == {"Rumphi", "Karonga"}


def test_an_event_that_goes_on_keeps_its_first_moment(portal: Portal) -> None:
    event(portal, "Rumphi", {1: 69, 2: 96}, f"{D1}06:00:00Z", "6-hour")
    portal.process()
    event(portal, "Rumphi", {1: 69}, f"{D1}12:00:00Z", "0-hour")
    portal.process()
    [found] = portal.events()
    assert found["firstIssuedDate"] == "2026-11-20T06:00:00.000Z"
    assert portal.open_areas() == {("Rumphi", portal.area(1))}  # the area that was not refreshed is closed


def test_a_country_without_time_zone_fails_after_all_was_stored(flash_server: Sandbox) -> None:
    """Row 11."""
    portal = new_portal(flash_server, disaster_type="flash-floods", time_zone=False)
    event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
    assert portal.post("events/process", portal.place()).status_code == 500
    assert portal.post("events/process", portal.place(), noNotifications="true").status_code == 500
    assert (portal.levels(), portal.mails()) == ({"Rumphi": "trigger"}, [])
    quiet(portal, f"{D1}12:00:00Z")
    assert portal.process().status_code == 200


def test_areas_without_parents_have_the_keys_all_the_same(tmp_path: Path) -> None:
    """Row 13."""
    seed = small_country("COA", disaster_type="flash-floods")
    for feature in seed.admin_areas[2]["features"]:
        del feature["properties"]["ADM1_PCODE"], feature["properties"]["ADM1_EN"]
    with Sandbox(tmp_path, now=Clock()) as server:
        server.seed(seed)
        portal = Portal(server, "COA", "flash-floods")
        first = portal.get("admin-areas/COA/2").json()["features"][0]["properties"]
        assert (first["adm1_en"], first["adm1_pcode"]) == (None, None)
        event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
        portal.process()
        [drawn] = portal.polygons(eventName="Rumphi")
        assert (drawn["nameParent"], drawn["placeCodeParent"]) == (None, None)


def test_only_the_first_clock_time_of_a_mail_is_right(tmp_path: Path) -> None:
    """Row 1: every printed time moves the base by its lead time; the hours left are right."""
    with Sandbox(tmp_path, now=Clock()) as server:
        server.seed(small_country("MWI", disaster_type="flash-floods"))
        portal = Portal(server, "MWI", "flash-floods")
        event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
        warning(portal, "Karonga", {2: 17}, f"{D1}06:00:00Z", "24-hour")
        portal.process()
        [mail] = server.mails("MWI")
    assert (mail.subject, mail.recipients) == ("IBF flash-floods alert - SANDBOX", 5)
    assert [line for line in visible(mail.html) if line.startswith("Expected to")] == [
        "Expected to start on Friday, November 20, 2026 at 14:00 CAT, 6 hours from now.",
        "Expected to start on Friday, November 20, 2026 at 20:00 CAT, 6 hours from now.",
        "Expected to start on Saturday, November 21, 2026 at 20:00 CAT, 24 hours from now.",
    ]


def test_a_legacy_threshold_of_0_beside_an_event_name_is_a_warning_in_the_log(portal: Portal) -> None:
    date, codes = f"{D1}06:00:00Z", [portal.area(n) for n in (1, 2, 3)]
    amounts = dict(zip(codes, (69, 96, 12), strict=True))
    portal.exposure("population_affected", "Rumphi", amounts, date=date, lead_time="6-hour")
    thresholds = dict(zip(codes, (1, 1, 0), strict=True))
    portal.exposure("alert_threshold", "Rumphi", thresholds, date=date, lead_time="6-hour")
    portal.process()
    assert {entry["placeCode"][-1]: entry["alertLevel"] for entry in portal.log()} == {
        "1": "trigger", "2": "trigger", "3": "warning"
    }  # fmt: skip
    assert len(portal.events()[0]["alertAreas"]) == 2


def test_superseded_blocks_are_not_read_any_more_and_the_log_keeps_closed_events(portal: Portal) -> None:
    """A nightly job moves old rows to an archive; nothing that can be asked for shows them before or after it."""
    event(portal, "Rumphi", {1: 69}, f"{D1}18:00:00Z", "6-hour")
    portal.process()
    quiet(portal, f"{D2}00:00:00Z")
    portal.process()
    path = f"admin-area-dynamic-data/{portal.iso3}/2/population_affected/flash-floods"
    assert portal.get(path, eventName="Rumphi", leadTime="6-hour").json() == []
    assert portal.get(path).json() == []
    assert [(e["eventName"], e["closed"], e["endDate"]) for e in portal.log()] == [
        ("Rumphi", True, "2026-11-20T18:00:00.000Z")
    ]


@pytest.mark.parametrize(
    ("lead_time", "status"), [("13-hour", 201), ("168-hour", 201), ("1-day", 201), ("169-hour", 400)]
)
def test_lead_times_that_the_portal_does_not_know(portal: Portal, lead_time: str, status: int) -> None:
    body = exposure_body(portal, leadTime=lead_time, eventName="Zomba")
    assert portal.post("admin-area-dynamic-data/exposure", body).status_code == status


def test_fractions_of_every_indicator(portal: Portal) -> None:
    event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
    for indicator in ("nr_affected_roads", "damage_estimation"):
        amounts = {portal.area(1): 1.25}
        portal.exposure(indicator, "Rumphi", amounts, date=f"{D1}06:00:00Z", lead_time="6-hour")
    portal.process()
    path = f"admin-area-dynamic-data/{portal.iso3}/2/nr_affected_roads/flash-floods"
    found = portal.get(path, eventName="Rumphi", leadTime="6-hour").json()
    assert found == [{"placeCode": portal.area(1), "value": 1.25}]


@pytest.mark.parametrize(
    ("category", "fid", "status"),
    [("health sites", "3", 201), ("shops", "500180", 201), ("schools", "987654321", 201), ("schools", None, 400)],
)
def test_unknown_points_are_skipped_without_a_word(portal: Portal, category: str, fid: Any, status: int) -> None:
    quiet(portal, f"{D1}06:00:00Z")
    assert points(portal, category, [(fid, True)]) == status
    assert points(portal, "schools", []) == 201
    assert {value for name in POINTS for value in shown(portal, name).values()} == {None}


def test_points_without_a_key_fail_and_an_id_may_be_a_number(portal: Portal) -> None:
    quiet(portal, f"{D1}06:00:00Z")
    assert points(portal, "schools", [("500180", True)], key=None) == 500
    assert points(portal, "health_sites", [(3, True)]) == 201
    assert shown(portal, "health_sites") == {"3": {"exposure": "true"}}


def test_exposed_points_are_cleared_by_the_next_block(portal: Portal) -> None:
    event(portal, "Rumphi", {1: 69}, f"{D1}06:00:00Z", "6-hour")
    points(portal, "schools", [("500180", True), ("500453", True)])
    assert shown(portal, "schools") == {fid: {"exposure": "true"} for fid in ("500180", "500453")}
    event(portal, "Rumphi", {1: 69}, f"{D1}12:00:00Z", "0-hour")
    assert shown(portal, "schools") == dict.fromkeys(("500180", "500453"))


def test_a_point_of_two_lead_times_shows_the_larger_text(portal: Portal) -> None:
    """6-hour hides 24-hour: they are compared as text."""
    quiet(portal, f"{D1}06:00:00Z")
    points(portal, "schools", [("500180", "near")], leadTime="6-hour")
    points(portal, "schools", [("500180", "far")], leadTime="24-hour")
    assert shown(portal, "schools")["500180"] == {"exposure": "near"}


def test_gauges_have_values_without_lead_time_as_text(portal: Portal) -> None:
    """Of a gauge that has no value of a key null may be sent; one of which nothing is sent shows none."""
    quiet(portal, f"{D1}06:00:00Z")
    for key, value in (("", 85.24), ("-reference", 90), ("-previous", None), ("-alert-level", "warning-medium")):
        assert points(portal, "gauges", [("5", value)], leadTime=None, key=f"water-level{key}") == 201
    assert shown(portal, "gauges") == {
        "5": {
            "water-level": "85.24",
            "water-level-reference": "90",
            "water-level-previous": None,
            "water-level-alert-level": "warning-medium",
        },
        "6": None,
    }
    quiet(portal, f"{D1}12:00:00Z")
    assert shown(portal, "gauges")["5"] is None


def test_a_value_with_a_lead_time_hides_those_without(portal: Portal) -> None:
    quiet(portal, f"{D1}06:00:00Z")
    points(portal, "gauges", [("5", 85.24)], leadTime=None, key="water-level")
    points(portal, "gauges", [("5", 90)], leadTime="6-hour", key="water-level-reference")
    assert shown(portal, "gauges")["5"] == {"water-level-reference": "90"}


def test_rasters_share_a_folder_with_floods_and_are_told_apart_by_unit(portal: Portal) -> None:
    for hazard, lead_time in (("flash-floods", "6-hour"), ("floods", "7-hour"), ("floods", "4-day")):
        url = f"{portal.sandbox.url}/admin-area-dynamic-data/raster/{hazard}"
        name = f"flood_extent_{lead_time}_{portal.iso3}.tif"
        assert portal.session.post(url, files={"file": (name, b"wet")}).status_code == 201
    page = f"{portal.sandbox.page_url}page/state"
    state = requests.get(page, params={"iso3": portal.iso3, "disaster": "flash-floods"}, timeout=10).json()
    assert state["extents"] == ["6-hour", "7-hour"]


def test_an_indicator_or_amount_that_is_none(portal: Portal) -> None:
    body = exposure_body(portal, leadTime="6-hour", dynamicIndicator="nr_affected_bridges")
    assert set(broken(portal, "admin-area-dynamic-data/exposure", body)) == {"dynamicIndicator"}
    body = exposure_body(portal, leadTime="6-hour", exposurePlaceCodes=[{"placeCode": "X", "amount": None}])
    assert set(broken(portal, "admin-area-dynamic-data/exposure", body)) == {"exposurePlaceCodes.0.amount"}
