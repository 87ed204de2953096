"""What is found before the first call: each problem by itself, all of them at once, and what could not be checked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.errors import IbfError, ServerRefused
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284, Choice
from ibf_pipeline.targets.ibf.preflight import MOST_EXPOSURE_ROWS, check_server
from ibf_pipeline.targets.ibf.state import OpenArea, OpenEvent, ServerState, read_state
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.problems import Overrides, Problem, require_publishable, unreadable_extents
from tests.worlds.countries.flood_findings import AREAS, event, found, station
from tests.worlds.runs import flood_run
from tests.worlds.services.scripted_server import Says, ScriptedServer

TODAY = date(2026, 11, 10)
DAY = found([event("G1", "--TT----", "max", {"A": 3, "A1": 3})], [station("G2"), station("G3", blind=True)])
SERVER = ServerState(
    choice=Choice(API_FROM_0_284, "by hand"),
    role="pipeline",
    admin_levels=(1, 2),
    default_admin_level=1,
    place_codes={level: tuple(codes) for level, codes in AREAS.items()},
    points={"glofas_stations": {"G1": "one", "G2": "two", "G3": "three"}},
    last_upload=None,
    indicators=frozenset({"population_affected", "population_affected_percentage"}),
    open_events=(),
)


def open_event(name: str, **area: Any) -> OpenEvent:
    row = {
        "place_code": "A",
        "first_issued": datetime.combine(TODAY, time(), UTC),
        "set_by_person": False,
        "actions_ticked": 0,
    } | area
    return OpenEvent(name, "warning", "", (OpenArea(**row),))


def problems(
    day: FloodFindings = DAY,
    state: ServerState = SERVER,
    published: tuple[str, ...] = (),
    overrides: Overrides | None = None,
) -> list[Problem]:
    return check_server(day, state, AREAS, published, overrides or Overrides())


def today(**more: Any) -> ServerState:
    """A server whose last upload is ours of the same day."""
    return replace(SERVER, last_upload=datetime(2026, 11, 10, 0, 0, 1, tzinfo=UTC), **more)


OURS = ("2026-11-10T00:00:01Z",)


def test_a_server_that_fits_has_no_problem() -> None:
    assert problems() == []


BLOCKING: list[tuple[str, dict[str, Any], str]] = [
    (
        "role",
        {"state": replace(SERVER, role="viewer")},
        "the account has the role viewer, uploads need pipeline or admin",
    ),
    ("levels", {"state": replace(SERVER, admin_levels=(1, 2, 3))}, "admin levels are 1, 2, the server has 1, 2, 3"),
    ("default level", {"state": replace(SERVER, default_admin_level=2)}, "default admin level is 1, the server has 2"),
    ("no areas", {"state": replace(SERVER, place_codes={1: ("A", "B"), 2: ()})}, "no areas of admin level 2"),
    (
        "too many areas",
        {"state": replace(SERVER, place_codes={1: ("A", "B"), 2: ("A1", *map(str, range(MOST_EXPOSURE_ROWS)))})},
        f"level 2 has {MOST_EXPOSURE_ROWS + 1} areas, more than one upload takes",
    ),
    (
        "place code",
        {"state": replace(SERVER, place_codes={1: ("A", "B"), 2: ("A2", "B1")})},
        "1 place codes of level 2 are unknown to the server (A1)",
    ),
    (
        "event name",
        {"day": replace(DAY, stations=(replace(DAY.stations[0], event_name="One"), *DAY.stations[1:]))},
        "event name 'One' of station G1 is 'one' on the server",
    ),
    (
        "indicator",
        {"state": replace(SERVER, indicators=frozenset({"population_affected"}))},
        "not set up on the server: population_affected_percentage",
    ),
    ("blind", {"state": replace(SERVER, open_events=(open_event("G3"),))}, "accept it with --accept-blind G3"),
    ("foreign", {"state": today()}, "that is not ours: somebody else publishes there; replace it with --take-over"),
    (
        "trigger",
        {"state": today(open_events=(open_event("G1", set_by_person=True),)), "published": OURS},
        "would delete the trigger that a person set for A of event G1; accept it with --discard-decisions",
    ),
    (
        "actions",
        {"state": today(open_events=(open_event("G1", actions_ticked=2),)), "published": OURS},
        "would delete 2 ticked early actions of event G1",
    ),
]


@pytest.mark.parametrize(("given", "text"), [case[1:] for case in BLOCKING], ids=[case[0] for case in BLOCKING])
def test_each_problem_blocks(given: dict[str, Any], text: str) -> None:
    (blocking,) = [problem.text for problem in problems(**given) if problem.blocks]
    assert text in blocking


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -1])
def test_an_amount_that_is_no_number_blocks(amount: float) -> None:
    first = DAY.events[0]
    spoiled = replace(first.areas[1], share=amount)
    day = replace(DAY, events=(replace(first, areas=(first.areas[0], spoiled)),))
    (problem,) = problems(day)
    assert (problem.blocks, problem.text.startswith("event G1: an amount of A1 is not a number")) == (True, True)


@pytest.mark.parametrize(
    ("given", "overrides"),
    [
        ({"state": replace(SERVER, open_events=(open_event("G3"),))}, Overrides(blind=("G3",))),
        ({"state": today()}, Overrides(take_over=True)),
        (
            {"state": today(open_events=(open_event("G1", actions_ticked=2),)), "published": OURS},
            Overrides(discard_decisions=True),
        ),
    ],
)
def test_an_operator_may_accept_it(given: dict[str, Any], overrides: Overrides) -> None:
    assert problems(**given, overrides=overrides) == []


DRY = replace(station("G4"), condition="suspect", reason="practically dry")
UNSEEN: list[tuple[str, dict[str, str], str]] = [
    ("G4", {}, "event G4 is open on the server and its station is suspect (practically dry)"),
    ("Name of G3", {}, "event Name of G3 is open on the server and its station G3 is blind (no members)"),
    ("three", {}, "event three is open on the server and its station G3 is blind (no members)"),
    ("Old name", {"Old name": "G3"}, "event Old name is open on the server and its station G3 is blind (no members)"),
    ("G9", {"G9": "G9"}, "event G9 is open on the server and its station G9 is no longer in stations.csv"),
    ("Elsewhere", {}, "event Elsewhere is open on the server and belongs to no station of stations.csv"),
]
"""event that is open, names of the latest earlier run, what is said"""


@pytest.mark.parametrize(("name", "earlier", "text"), UNSEEN, ids=[case[0] for case in UNSEEN])
def test_an_event_is_not_closed_where_nothing_says_that_it_is_over(
    name: str, earlier: dict[str, str], text: str
) -> None:
    """Whatever the event was called when it was opened."""
    day = replace(DAY, stations=(*DAY.stations, DRY))
    stations = {**(SERVER.points["glofas_stations"] or {}), "G4": "four"}
    state = replace(SERVER, points={"glofas_stations": stations}, open_events=(open_event(name),))
    (problem,) = check_server(day, state, AREAS, (), Overrides(), earlier)
    assert problem.blocks
    assert problem.text == (
        f"{text}: publishing would close it, a wrong all clear; accept it with --accept-blind {name}"
    )
    assert check_server(day, state, AREAS, (), Overrides(blind=(name,)), earlier) == []


@pytest.mark.parametrize(
    ("name", "earlier"),
    [("G2", {}), ("Name of G2", {}), ("two", {}), ("Old name", {"Old name": "G2"}), ("G1", {"G1": "G9"})],
)
def test_an_event_whose_station_is_seen_may_end_or_go_on(name: str, earlier: dict[str, str]) -> None:
    """G2 is quiet, G1 alerted; a station that has only got another code is the same one."""
    state = replace(SERVER, open_events=(open_event(name),))
    assert check_server(DAY, state, AREAS, (), Overrides(), earlier) == []


def test_decisions_on_events_of_an_earlier_day_survive_a_revision() -> None:
    earlier = open_event("G1", set_by_person=True, actions_ticked=1, first_issued=datetime(2026, 11, 9, tzinfo=UTC))
    assert problems(state=today(open_events=(earlier,)), published=OURS) == []


def test_a_new_day_deletes_no_decision() -> None:
    yesterday = replace(SERVER, last_upload=datetime(2026, 11, 9, tzinfo=UTC))
    going_on = open_event("G1", actions_ticked=1, first_issued=datetime(2026, 11, 9, tzinfo=UTC))
    assert problems(state=replace(yesterday, open_events=(going_on,))) == []


def test_what_is_only_reported() -> None:
    state = replace(
        SERVER, points={"glofas_stations": {"G1": "one"}}, place_codes={1: ("A", "B", "C"), 2: ("A1", "A2", "B1")},
        not_checked=("indicators", "open events"), indicators=None, open_events=None,
    )  # fmt: skip
    found_problems = problems(state=state)
    assert not any(problem.blocks for problem in found_problems)
    assert [problem.text for problem in found_problems] == [
        "1 place codes of level 1 differ between boundaries and server, none of them alerted (C)",
        "the server does not know the stations G2, G3: left out of the calls",
        "indicators: not checked, this server has no route for it",
        "open events: not checked, this server has no route for it",
    ]


def test_all_problems_are_listed_at_once() -> None:
    state = today(
        role="viewer", admin_levels=(2,), default_admin_level=2, place_codes={1: (), 2: ("B1",)},
        points={"glofas_stations": {}},
        indicators=frozenset(), open_events=(open_event("G3", actions_ticked=1),),
    )  # fmt: skip
    with pytest.raises(ServerRefused) as caught:
        require_publishable(problems(state=state), "https://ibf.example.org/api")
    text = str(caught.value)
    for number, part in enumerate(
        ("role viewer", "admin levels are 1, 2", "default admin level", "no areas of admin level 1",
         "unknown to the server (A1)", "not set up on the server", "--accept-blind G3", "--take-over",
         "--discard-decisions"), 1,
    ):  # fmt: skip
        assert part in text.split(f"({number}) ")[1].split(f"; ({number + 1}) ")[0]
    assert text.endswith("What to do: settle all of them, then run again.")


def test_rasters_that_are_not_there_or_empty(tmp_path: Path) -> None:
    run = flood_run(tmp_path, "XTS", TODAY)
    (run.path / "extents").mkdir(parents=True)
    for extent in DAY.extents[1:]:
        run.extent(extent.file_name).write_bytes(b"" if extent.lead_time == 7 else b"raster")
    texts = [problem.text for problem in unreadable_extents(DAY, run)]
    assert [text.split(" is not")[0].rsplit("/", 1)[1] for text in texts] == [
        "flood_extent_0-day_XTS.tif", "flood_extent_7-day_XTS.tif",
    ]  # fmt: skip


COUNTRY = {
    "countryCodeISO3": "XTS",
    "countryDisasterSettings": [{"disasterType": "floods", "adminLevels": [2, 1], "defaultAdminLevel": 1}],
}


def asked(script: dict[str, list[Says]], capabilities: str = "current") -> ServerState:
    with ScriptedServer(script) as server:
        client = IbfClient(server.url, Credentials("a@example.org", "secret"), RetryPolicy(5, 1))
        try:
            return read_state(client, "XTS", FLOODS, capabilities)
        finally:
            client.close()


def test_a_server_without_the_routes_is_not_checked() -> None:
    state = asked({"/api/country": [Says(200, [COUNTRY])]})
    assert (state.admin_levels, state.default_admin_level, state.role) == ((1, 2), 1, "pipeline")
    assert state.not_checked == ("admin areas", "stations", "last upload date", "indicators", "open events")
    assert not any(problem.blocks for problem in problems(state=state))
    assert len(problems(state=state)) == 5


def test_a_server_that_never_had_an_upload() -> None:
    nothing = Says(200, {"date": None, "timestamp": None, "cutoffMoment": None})
    state = asked({"/api/country": [Says(200, [COUNTRY])], "/api/event/last-upload-date/XTS/floods": [nothing]})
    assert (state.last_upload, "last upload date" in state.not_checked) == (None, False)


@pytest.mark.parametrize(
    ("countries", "text"),
    [
        ([], "the country XTS is not there for this account"),
        ([{**COUNTRY, "countryDisasterSettings": []}], "XTS is not set up for floods"),
    ],
)
def test_a_country_that_is_not_set_up(countries: list[Any], text: str) -> None:
    with pytest.raises(ServerRefused, match=text):
        asked({"/api/country": [Says(200, countries)]})


@pytest.mark.parametrize("answer", [None, {}, "countries", [None]])
def test_an_answer_that_is_no_list_of_countries(answer: Any) -> None:
    with pytest.raises(ServerRefused, match="GET /country answered no list of countries"):
        asked({"/api/country": [Says(200, json.dumps(answer), {"Content-Type": "application/json"})]})


@pytest.mark.parametrize("answer", [None, {}, {"message": "moved"}, "events", [None]])
@pytest.mark.parametrize("route", ["/api/event", "/api/event/XTS/floods", "/api/event/alert-areas/XTS/1/floods"])
def test_an_answer_that_is_no_list_does_not_say_that_nothing_is_open(route: str, answer: Any) -> None:
    script = {"/api/country": [Says(200, [COUNTRY])], "/api/event/XTS/floods": [Says(200, [{"eventName": "G1"}])]}
    instead = Says(200, json.dumps(answer), {"Content-Type": "application/json"})
    with pytest.raises(ServerRefused, match=f"GET {route.removeprefix('/api')} answered no list"):
        asked({**script, route: [instead]})


HTML = {"Content-Type": "text/html"}
CAUSES: list[tuple[Says, str]] = [
    (Says(200, "<html>Welcome</html>", HTML), "GET /docs-json was answered with a web page"),
    (Says(302, headers={"Location": "https://login.example.org/"}), "redirect (302) to https://login.example.org/"),
    (Says(401, {"message": "Unauthorized"}), "GET /docs-json answered 401: Unauthorized"),
    (Says(500, {"message": "Internal server error"}), "GET /docs-json answered 500: Internal server error"),
    (Says(200, "hello"), "GET /docs-json did not answer with JSON"),
]


@pytest.mark.parametrize(("answer", "cause"), CAUSES, ids=[str(says.status) + cause[-5:] for says, cause in CAUSES])
def test_an_openapi_document_that_cannot_be_read_says_why(answer: Says, cause: str) -> None:
    """The cause, and no advice to force a protocol on a server that is only down."""
    with pytest.raises(IbfError) as caught:
        asked({"/docs-json": [answer], "/api/country": [Says(200, [COUNTRY])]}, "auto")
    assert cause in str(caught.value)
    assert "capabilities" not in str(caught.value)


@pytest.mark.parametrize("document", [None, [], {}, {"paths": None}, {"paths": {"/health": {}}}])
def test_a_document_that_is_not_understood_advises_to_set_the_capabilities(document: Any) -> None:
    says = Says(200, json.dumps(document), {"Content-Type": "application/json"})
    with pytest.raises(ServerRefused, match=r"check the target's url.* set .*capabilities"):
        asked({"/docs-json": [says]}, "auto")


def test_an_account_of_paths_without_parameters_is_read() -> None:
    paths = {"/event/alerts-per-lead-time": None, "/notification/send": {"post": {"parameters": None}}}
    state = asked({"/docs-json": [Says(200, {"paths": paths})], "/api/country": [Says(200, [COUNTRY])]}, "auto")
    assert (state.choice.capabilities.name, state.choice.capabilities.silent_parameter) == ("current", None)


def test_a_country_that_nobody_is_mailed_about_is_known_before_the_first_call() -> None:
    def said(day: FloodFindings, only: tuple[str, ...] | None) -> list[Problem]:
        return check_server(day, SERVER, AREAS, (), Overrides(blind=("G3",)), {}, only)

    (problem,) = said(DAY, ("UGA", "KEN"))
    assert (problem.blocks, problem.text) == (
        False,
        f"this server mails nobody about {DAY.country} as soon as an event is active: it can make a mail only about "
        "UGA, KEN; tell the recipients yourself",
    )
    assert "it can make a mail about no country" in said(DAY, ())[0].text
    assert (said(DAY, None), said(found([], []), ("UGA",))) == ([], [])
