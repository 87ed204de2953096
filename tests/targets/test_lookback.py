"""What the portal must show, beside real answers of the server and beside answers with one planted difference each."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.findings import FloodFindings, StationValues
from ibf_pipeline.targets.ibf.lookback.differences import differences, not_compared
from ibf_pipeline.targets.ibf.lookback.expectation import (
    FILE,
    ExpectedPortal,
    expected_of,
    read_expected,
    write_expected,
)
from ibf_pipeline.targets.ibf.lookback.portal_reader import RASTERS, read_shown, read_upload
from ibf_pipeline.targets.ibf.transport import IbfClient
from tests.budget import examples
from tests.sandbox.recordings import recorded
from tests.targets.any_day import Expected as Made
from tests.targets.any_day import days
from tests.worlds.countries.flood_findings import event, found, station

UPLOAD = datetime(2026, 11, 10, 0, 0, 1, tzinfo=UTC)
Answers = dict[str, Any]


class Told:
    """A server by its answers: request as the recordings write it -> body; any other route is not there."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.asked = answers, []

    def get_if_there(self, path: str, *, keep_trying: bool, **query: str) -> Any | None:
        assert not keep_trying, "a look is not waited for"
        request = f"GET /api{path}" + (f"?{urlencode(query)}" if query else "")
        self.asked.append(request)
        return self.answers.get(request)

    get = get_if_there


def look(expected: ExpectedPortal, answers: Answers) -> tuple[list[str], list[str]]:
    """Differences, and what was not checked."""
    client = cast(IbfClient, Told(answers))
    upload, tells = read_upload(client, expected)
    shown = read_shown(client, expected, upload, tells_upload=tells)
    return differences(expected, shown), not_compared(expected, shown)


def of(day: FloodFindings, upload: datetime = UPLOAD) -> ExpectedPortal:
    expected = expected_of(day, upload)
    assert expected is not None
    return expected


def answers_of(name: str, *numbers: str) -> Answers:
    """Recorded answers by their names."""
    return {call["request"]: call["body"] for call in recorded(name) if call.get("name") in numbers}


# A day by hand: G1 a trigger after a day of warning, G2 a warning without people, Q1 quiet.

DAY = found(
    [
        event("G1", "---wTTTT", "max", {"A": 10_000, "A1": 4000, "A2": 6000}),
        event("G2", "------ww", "med", {"B": 0, "B1": 0}),
    ],
    [station("Q1")],
)
VALUES = {"forecastLevel": "12.5", "forecastReturnPeriod": "2", "triggerLevel": "50"}
EVENT, DATA = "GET /api/event?countryCodeISO3=XTS&disasterType=floods", "GET /api/admin-area-dynamic-data/XTS"
LAST, POINTS = (
    "GET /api/event/last-upload-date/XTS/floods",
    "GET /api/point-data/glofas_stations/XTS?disasterType=floods",
)


def shown_event(name: str, level: str, first: str, trigger: str | None, **areas: int) -> dict[str, Any]:
    listed = [{"placeCode": code, "mainExposureValue": people} for code, people in areas.items()]
    severity = {"trigger": 1, "warning-medium": 0.7}[level]
    return {
        "eventName": name, "alertLevel": level, "firstLeadTime": first, "firstTriggerLeadTime": trigger,
        "alertAreas": listed, "userTrigger": False, "forecastSeverity": severity, "forecastTrigger": level == "trigger",
    }  # fmt: skip


def rows(event: str, level: int, lead_time: str, **people: int) -> Answers:
    request = f"{DATA}/{level}/population_affected/floods?eventName={event}&leadTime={lead_time}"
    return {request: [{"placeCode": code, "value": value} for code, value in people.items()]}


def feature(code: str, alert_class: str) -> dict[str, Any]:
    data = {**VALUES, "eapAlertClass": alert_class}
    return {"properties": {"stationCode": code, "fid": code, "dynamicData": data}}


def right() -> Answers:
    """What a server shows of the day."""
    return {
        LAST: {"timestamp": "2026-11-10T00:00:01.000Z"},
        EVENT: [
            shown_event("G1", "trigger", "3-day", "4-day", A=10_000),
            shown_event("G2", "warning-medium", "6-day", None, B=0),
        ],
        **rows("G1", 1, "4-day", A=10_000), **rows("G1", 2, "4-day", A1=4000, A2=6000),
        **rows("G2", 1, "6-day", B=0), **rows("G2", 2, "6-day", B1=0),
        POINTS: {"features": [feature("G1", "max"), feature("G2", "med"), feature("Q1", "no")]},
    }  # fmt: skip


G1_DEEPER = f"{DATA}/2/population_affected/floods?eventName=G1&leadTime=4-day"


def test_a_day_that_is_shown_as_it_must_be_has_no_difference_and_every_call_is_needed() -> None:
    told = Told(right())
    client = cast(IbfClient, told)
    upload, tells = read_upload(client, of(DAY))
    shown = read_shown(client, of(DAY), upload, tells_upload=tells)
    assert (differences(of(DAY), shown), not_compared(of(DAY), shown)) == ([], [RASTERS])
    assert sorted(told.asked) == sorted(right()), "each once"


def _put(*path: str | int, value: Any) -> Callable[[Answers], None]:
    def plant(answers: Any) -> None:
        for key in path[:-1]:
            answers = answers[key]
        answers[path[-1]] = value

    return plant


def _drop(*path: str | int) -> Callable[[Answers], None]:
    def plant(answers: Any) -> None:
        for key in path[:-1]:
            answers = answers[key]
        del answers[path[-1]]

    return plant


PLANTED = {
    "event missing": (_drop(EVENT, 1), "event G2: warning-medium expected, not shown"),
    "extra event": (
        lambda answers: answers[EVENT].append(shown_event("G7", "trigger", "1-day", "1-day", B=5)),
        "event G7: not expected, shown as trigger",
    ),
    "wrong level": (_put(EVENT, 0, "alertLevel", value="warning"), "event G1: trigger expected, warning shown"),
    "first lead time": (
        _put(EVENT, 0, "firstLeadTime", value="4-day"),
        "event G1, first lead time: 3-day expected, 4-day shown",
    ),
    "first trigger": (_drop(EVENT, 0, "firstTriggerLeadTime"), "event G1, first trigger: 4-day expected, none shown"),
    "area missing": (_drop(G1_DEEPER, 1), "event G1, area A2 level 2: 6,000 people expected, not shown"),
    "extra area": (
        _put(G1_DEEPER, 1, "placeCode", value="B1"),
        "event G1, area B1 level 2: not expected, 6,000 people shown",
    ),
    "people of an area": (
        _put(G1_DEEPER, 0, "value", value=None),
        "event G1, area A1 level 2: 4,000 people expected, 0 shown",
    ),
    "deeper level missing": (_put(G1_DEEPER, value=[]), "event G1, level 2: 2 areas expected, none shown"),
    "events of an earlier processing": (
        _put(EVENT, 0, "alertAreas", 0, "mainExposureValue", value=9000),
        "event G1, area A level 1 (list of events): 10,000 people expected, 9,000 shown",
    ),
    "station value": (
        _put(POINTS, "features", 0, "properties", "dynamicData", "forecastLevel", value="125"),
        "station G1, forecastLevel: 12.5 expected, 125 shown",
    ),
    "class of a quiet station": (
        _put(POINTS, "features", 2, "properties", "dynamicData", "eapAlertClass", value="max"),
        "station Q1, eapAlertClass: no expected, max shown",
    ),
    "station without values": (
        _put(POINTS, "features", 1, "properties", "dynamicData", value=None),
        "station G2: values expected, none shown",
    ),
    "upload time": (
        _put(LAST, "timestamp", value="2026-11-09T00:00:01.000Z"),
        "last upload: 2026-11-10 00:00:01 UTC expected, 2026-11-09 00:00:01 UTC shown",
    ),
    "nothing uploaded": (
        _put(LAST, "timestamp", value=None),
        "last upload: 2026-11-10 00:00:01 UTC expected, none shown",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_difference_is_found_and_names_its_row(name: str) -> None:
    plant, row = PLANTED[name]
    answers = copy.deepcopy(right())
    plant(answers)
    assert row in look(of(DAY), answers)[0]
    assert len(look(of(DAY), answers)[0]) == (2 if name == "extra area" else 1)


def test_what_people_decided_and_what_is_not_told_is_no_difference() -> None:
    answers = right()
    answers[EVENT][1] |= {"userTrigger": True, "alertLevel": "trigger", "firstTriggerLeadTime": "6-day"}
    assert look(of(DAY), answers) == (
        [], [RASTERS, "event G2: a person set it to trigger; its first trigger is not compared"]
    )  # fmt: skip
    del answers[LAST], answers[POINTS], answers[EVENT]
    assert look(of(DAY), answers) == ([], [
        "upload time: this server does not tell it", "events and their people: this server does not tell them",
        "glofas_stations: this server does not tell them", RASTERS,
    ])  # fmt: skip
    earlier = right()
    earlier[LAST] = {"date": "2026-11-10"}
    for each in earlier[EVENT]:
        del each["alertLevel"], each["firstTriggerLeadTime"]
    untold = [f"level of event {name}: this server does not tell it" for name in ("G1", "G2")]
    moment = "upload time: this server does not tell it"
    assert look(of(DAY), earlier) == ([], [moment, RASTERS, *untold]), "a server before 0.295"
    fewer = right()
    fewer[POINTS]["features"] = fewer[POINTS]["features"][:2]
    assert look(of(DAY), fewer) == ([], [RASTERS, "stations that the portal does not have: Q1"])


def test_the_rules_of_what_is_shown() -> None:
    """Beyond the portal's lead times nothing is; without areas neither; a withdrawn event is gone; blind is silent."""
    later = replace(DAY.events[1], name="G3", flags="--------TT", trigger=True, lead_time=8)
    partly = replace(DAY.events[1], name="G4", flags="-----w--TT", lead_time=5)
    hidden = replace(DAY.events[0], name="G5", areas=())
    quiet = replace(
        DAY, lead_times=tuple(range(10)), events=(later, partly, hidden),
        stations=(station("G9", blind=True), station("Q1")),
    )  # fmt: skip
    (only,) = of(quiet).events
    assert (only.name, only.alert_level, only.lead_time, only.first_trigger) == (
        "G4", "warning-medium", "5-day", None,
    )  # fmt: skip
    assert [point.code for point in of(quiet).points] == ["Q1"]
    assert [each.name for each in of(DAY.without(["G1"])).events] == ["G2"]
    assert of(found([], [])).events == ()
    low = [event(name, "-----w--", name, {"A": 0}) for name in ("min", "med", "max")]
    assert [each.alert_level for each in of(found(low, [])).events] == ["warning-low", "warning-medium", "warning"]
    assert expected_of(replace(DAY, hazard="tides"), UPLOAD) is None


def test_it_is_read_as_it_was_written_and_a_later_format_is_refused(tmp_path: Path) -> None:
    write_expected(of(DAY), tmp_path)
    assert read_expected(tmp_path / FILE) == of(DAY)
    content = json.loads((tmp_path / FILE).read_text())
    for changed in ({"format": 2}, {"hazard": "tides"}, {"events": "none"}):
        (tmp_path / FILE).write_text(json.dumps(content | changed))
        with pytest.raises(InputInvalid, match=r"expected\.json of format|cannot be read"):
            read_expected(tmp_path / FILE)


@given(days())
@settings(max_examples=examples(25, 300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_of_any_day_it_is_what_the_day_was_made_for(day: tuple[FloodFindings, Made]) -> None:
    expected, made = of(day[0]), day[1]
    assert {each.name: each.people for each in expected.events} == {
        name: each.people for name, each in made.events.items()
    }
    for each in expected.events:
        wanted = made.events[each.name]
        severity = {"trigger": 1.0, "warning": 1.0, "warning-medium": 0.7, "warning-low": 0.3}[each.alert_level]
        assert (each.alert_level == "trigger", severity) == (bool(wanted.trigger), wanted.severity)
        triggers = [f"{day}-day" for day, flag in enumerate(wanted.triggers) if flag]
        assert (each.lead_time, each.first_trigger) == (wanted.lead_time, triggers[0] if triggers else None)
        assert each.first_lead_time == f"{wanted.alerts.index(True)}-day"
    silent = {*made.blind}
    assert {point.code for point in expected.points} == {s.code for s in day[0].stations} - silent


# Real answers


def _areas(level: int, **people: int) -> tuple[EventArea, ...]:
    return tuple(EventArea(level, code, code, number, 0.0, {}) for code, number in people.items())


def test_a_recorded_trigger_after_days_of_warning() -> None:
    """Uganda, exposure at 4-day and flags from 3-day."""
    day = "UGA day 5, exposure at 4-day, flags from 3-day: event"
    data = "UGA day 4, exposure at 4-day, flags from 5-day: dynamic data at 4-day"
    answers = answers_of("floods_more", day, data)
    trigger = replace(
        event("G5220", "---wTTTT", "max", {}), areas=_areas(2, UG3064=1000, UG3065=500),
    )  # fmt: skip
    uganda = replace(
        found([trigger], []), country="UGA", admin_levels=(2,), default_admin_level=2, stations=(), extents=()
    )
    moment = datetime(2026, 11, 25, 6, tzinfo=UTC)
    assert look(of(uganda, moment), answers)[0] == []
    warned_later = replace(uganda, events=(replace(trigger, flags="----TTTT"),))
    assert look(of(warned_later, moment), answers)[0] == [
        "event G5220, first lead time: 4-day expected, 3-day shown",
    ]


def test_a_recorded_country_whose_closing_call_answers_500() -> None:
    """Rwanda: the events are shown all the same."""
    answers = answers_of("floods_more", "RWA day 1, after the real one that answered 500: event")
    answers |= rows_of_rwanda()
    flooded = replace(event("RW1", "---TTTTT", "max", {}), areas=_areas(1, RW1=5000, RW2=10))
    rwanda = replace(found([flooded], []), country="RWA", admin_levels=(1,), stations=(), extents=())
    assert look(of(rwanda, datetime(2026, 11, 20, tzinfo=UTC)), answers)[0] == []
    quiet = replace(rwanda, events=(), issue_time=replace(rwanda.issue_time, day=date(2026, 11, 22)))
    none = answers_of("floods_more", "RWA day 3, no event: event")
    assert look(of(quiet, datetime(2026, 11, 22, tzinfo=UTC)), none)[0] == []
    assert look(of(quiet), answers)[0] == ["event RW1: not expected, shown as trigger"]


def rows_of_rwanda() -> Answers:
    """The same numbers level by level, which were not recorded."""
    request = "GET /api/admin-area-dynamic-data/RWA/1/population_affected/floods?eventName=RW1&leadTime=3-day"
    return {request: [{"placeCode": "RW1", "value": 5000}, {"placeCode": "RW2", "value": 10}]}


def test_recorded_moments_and_stations() -> None:
    """As far as the recording was written down: three of eight stations."""
    answers = answers_of("responses", "last upload date", "stations with dynamic data")
    (points,) = [body for request, body in answers.items() if "point-data" in request]
    points["features"] = [each for each in points["features"] if isinstance(each, dict)]
    low = replace(station("G5075"), values=StationValues(0, 175.0, 1.5, 520.0, "min"))
    uganda = replace(found([], []), country="UGA", stations=(low, station("G9")), extents=())
    upload = datetime(2026, 11, 10, tzinfo=UTC)
    answers["GET /api/event?countryCodeISO3=UGA&disasterType=floods"] = []
    assert look(of(uganda, upload), answers) == ([], ["stations that the portal does not have: G9"])
    higher = replace(uganda, stations=(replace(low, values=StationValues(0, 176.0, 1.5, 520.0, "min")),))
    assert look(of(higher, upload), answers)[0] == ["station G5075, forecastLevel: 176.0 expected, 175 shown"]
