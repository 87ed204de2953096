"""The ten rules that matter to whoever uploads (IBF API 0.335, checked on a running instance)."""

from __future__ import annotations

from tests.worlds.services.portal import Portal
from tests.worlds.services.snapshot import snapshot

DAY, NEXT_DAY = "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"


def test_1_without_date_a_trigger_is_stored_as_a_warning_with_exposure_0(portal: Portal) -> None:
    area = portal.area(1)
    portal.exposure("population_affected", "G1", {area: 100}, date=None)
    portal.exposure("forecast_trigger", "G1", {area: 1}, date=None)
    portal.exposure("forecast_severity", "G1", {area: 1}, date=None)
    portal.flags("G1", "----TTTT", None)
    portal.process()
    [event] = portal.events()
    assert (event["alertLevel"], event["forecastTrigger"]) == ("warning", False)
    assert event["alertAreas"][0]["mainExposureValue"] == 0


def test_1_without_date_a_station_keeps_only_the_last_key(portal: Portal) -> None:
    portal.zeros(DAY)
    for key, value in (("forecastLevel", 175), ("triggerLevel", 520), ("eapAlertClass", "min")):
        portal.station(key, value, date=None)
    assert portal.station_data() == {"eapAlertClass": "min"}


def test_1_per_lead_time_flags_must_carry_exactly_the_exposure_date(portal: Portal) -> None:
    portal.event("G1", [1], DAY, flags="-------T")
    portal.flags("G1", "--wwTTTT", "2026-11-10T00:00:01Z")  # one second off: replaces, and is then not found
    portal.process()
    assert portal.shown()["G1"][1:3] == ("4-day", "4-day")  # nothing but what events/process wrote itself


def test_2_three_indicators_make_a_trigger_with_its_people(portal: Portal) -> None:
    portal.event("G1", [1, 2], DAY, people=50)
    portal.process()
    [event] = portal.events()
    assert event["alertLevel"] == "trigger"
    assert [a["mainExposureValue"] for a in event["alertAreas"]] == [50, 50]


def test_2_the_old_indicator_still_works(portal: Portal) -> None:
    portal.exposure("population_affected", "G1", {portal.area(1): 7}, date=DAY)
    portal.exposure("alert_threshold", "G1", {portal.area(1): 1}, date=DAY)
    portal.process()
    assert portal.levels() == {"G1": "trigger"}


def test_3_a_trigger_without_severity_creates_nothing(portal: Portal) -> None:
    for name, severity in (("zero", 0), ("none", None)):
        portal.exposure("population_affected", name, {portal.area(1): 7}, date=DAY)
        portal.exposure("forecast_trigger", name, {portal.area(1): 1}, date=DAY)
        if severity is not None:
            portal.exposure("forecast_severity", name, {portal.area(1): severity}, date=DAY)
    portal.process()
    assert portal.events() == []


def test_4_events_exist_at_the_default_level_only(portal: Portal) -> None:
    for indicator, amount in (("population_affected", 5), ("forecast_severity", 1), ("forecast_trigger", 1)):
        portal.exposure(indicator, "G1", {f"{portal.iso3}11": amount}, date=DAY, level=3)
    portal.process()
    assert portal.events() == []


def test_5_nothing_shows_until_processed_and_each_call_mails(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    assert portal.events() == []
    portal.process()
    portal.process()
    assert portal.levels() == {"G1": "trigger"}
    assert portal.mails() == [("G1",), ("G1",)]


def test_6_a_wrong_place_code_is_taken_and_never_seen(portal: Portal) -> None:
    for indicator, amount in (("population_affected", 5), ("forecast_severity", 1), ("forecast_trigger", 1)):
        portal.exposure(indicator, "G1", {"NOWHERE": amount}, date=DAY)
    portal.process()
    assert portal.events() == []
    assert portal.log() == []
    orphans = [row for row in snapshot(portal.sandbox)["event_areas"] if row["place_code"] is None]
    assert len(orphans) >= 1


def test_7_a_second_upload_replaces_the_first_whatever_its_lead_time(portal: Portal) -> None:
    portal.event("G1", [1], DAY, lead_time="4-day")
    portal.event("G1", [1], DAY, lead_time="6-day")
    portal.process()
    assert (
        portal.get(
            f"admin-area-dynamic-data/{portal.iso3}/2/population_affected/floods", eventName="G1", leadTime="4-day"
        ).json()
        == []
    )
    assert portal.shown()["G1"][1] == "6-day"


def test_8_a_rerun_without_the_event_does_not_remove_it(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.event("G2", [2], DAY)
    portal.event("G2", [2], "2026-11-10T00:00:01Z")
    portal.process()
    assert set(portal.levels()) == {"G1", "G2"}


def test_8_only_an_upload_without_event_name_wipes_all_events_of_the_indicator(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.exposure("forecast_severity", None, {}, date="2026-11-10T00:00:01Z")
    path = f"admin-area-dynamic-data/{portal.iso3}/2/{{}}/floods"
    assert portal.get(path.format("forecast_severity"), eventName="G1").json() == []
    assert len(portal.get(path.format("population_affected"), eventName="G1").json()) == 1


def test_9_a_rerun_with_the_same_timestamp_leaves_the_event_open(portal: Portal) -> None:
    portal.event("G1", [1], DAY)
    portal.process()
    portal.zeros(DAY)
    portal.process()
    assert portal.levels() == {"G1": "trigger"}
    portal.zeros("2026-11-10T00:00:01Z")
    portal.process()
    assert portal.events() == []


def test_10_older_uploads_are_ignored(portal: Portal) -> None:
    portal.event("G1", [1], NEXT_DAY)
    portal.process()
    portal.event("G2", [2], DAY)
    portal.process()
    assert set(portal.levels()) == {"G1"}


def test_10_an_older_upload_of_the_same_event_deletes_the_newer_rows(portal: Portal) -> None:
    portal.event("G1", [1], NEXT_DAY)
    portal.process()
    portal.event("G1", [1], DAY)
    last = portal.get(f"event/last-upload-date/{portal.iso3}/floods").json()
    assert last["timestamp"] == "2026-11-10T00:00:00.000Z"
