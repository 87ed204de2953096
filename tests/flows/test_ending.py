"""The message of a flood day's state: what was found, what is not known, and what was published just now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flows.day_state import HOLD, day_state
from flows.states import COMPLETED, HELD, STOPPED
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.publish.publisher import PublishOutcome
from ibf_pipeline.runs.verification import Verification
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.target import Publication
from tests.worlds.countries.flood_findings import event, found, station

QUIET = found([], [station("G1")])
ONE = found([event("G1", "--TT----", "max", {"A": 3, "A1": 3})], [])
TWO = found([*ONE.events, event("G2", "----ww--", "med", {"B": 0, "B1": 0})], [])


def publication(
    says: FloodFindings, *notices: Notice, number: int = 1, held: bool = False, notified: bool = True
) -> Publication:
    return Publication(PublishOutcome(9, 9, None, 0.0, held), notices, number, says, notified)


def message(day: FloodFindings, *publications: Publication, further: tuple[str, ...] = ()) -> str:
    return str(day_state(day, publications, *further).message)


def ending(name: str) -> Notice:
    return Notice("alert ended", name, "the alert has ended")


def test_an_ordinary_day_is_its_headline() -> None:
    assert message(QUIET, publication(QUIET)) == "no alert"
    assert message(TWO, publication(TWO)) == "1 trigger, 1 warning"


def test_what_cannot_be_seen_is_named_beside_no_alert() -> None:
    dry = replace(station("G4"), condition="suspect")
    day = found([], [station("G1", blind=True), station("G2"), dry])
    assert message(day) == "no alert; no usable forecast at G1 (blind); doubtful forecast at G4 (suspect)"


def test_an_alert_that_went_out_in_silence_says_so() -> None:
    silent = publication(TWO, ending("G3"), notified=False)
    assert message(TWO, silent) == "1 trigger, 1 warning; nobody was notified; alert ended: G3"
    assert message(QUIET, publication(QUIET, notified=False)) == "no alert"


def test_alerts_that_ended_are_named() -> None:
    assert message(QUIET, publication(QUIET, ending("G1"))) == "no alert; alert ended: G1"


def test_forty_of_them_stay_short() -> None:
    day = found([], [*(station(f"B{n}", blind=True) for n in range(40)), station("G1")])
    told = publication(day, *(ending(f"E{n}") for n in range(40)))
    assert message(day, told) == (
        "no alert; no usable forecast at B0, B1, B2 and 37 more (blind); alert ended: E0, E1, E2 and 37 more"
    )


def test_an_earlier_run_that_is_resumed_is_not_hidden_by_todays_content() -> None:
    """A trigger was left half published; the corrected forecast is quiet: its mail goes out, then it is closed."""
    assert message(QUIET, publication(ONE), publication(QUIET, ending("G1"), number=2)) == (
        "no alert; revision 1 of an earlier run (1 trigger) was finished first: people were notified of it just now; "
        "alert ended: G1"
    )
    assert message(QUIET, publication(ONE, notified=False), publication(QUIET, number=2)) == (
        "no alert; revision 1 of an earlier run (1 trigger) was finished first: nobody was notified of it"
    )


def test_what_is_held_is_said_where_it_is_not_todays_content() -> None:
    assert message(TWO, publication(ONE, held=True, notified=False), further=(HOLD,)) == (
        f"1 trigger, 1 warning; what is held is revision 1 of an earlier run (1 trigger); {HOLD}"
    )
    assert message(TWO, publication(TWO, held=True, notified=False), further=(HOLD,)) == f"1 trigger, 1 warning; {HOLD}"


def test_an_alert_that_cannot_be_shown_comes_first_and_blind_stations_all_the_same() -> None:
    hidden = found([replace(ONE.events[0], areas=())], [station("G2", blind=True)])
    state = day_state(hidden, [])
    assert state.is_failed()
    assert state.message == (
        "alert could not be published: G1 (no areas in the mapping); 1 trigger; no usable forecast at G2 (blind)"
    )


def test_the_name_is_the_one_thing_to_act_on_first() -> None:
    """An alert that the portal cannot show, which nothing else tells; then a notification that waits or was stopped."""
    hidden = replace(ONE.events[0], areas=())
    some, all_of_it = found([hidden, TWO.events[1]], []), found([hidden], [])
    assert [day_state(ONE, [], otherwise=outcome).name for outcome in (COMPLETED, HELD, STOPPED)] == [
        "Completed", "Held", "Notification stopped"
    ]  # fmt: skip
    for outcome in (COMPLETED, HELD, STOPPED):
        state = day_state(some, [], HOLD, otherwise=outcome)
        assert (state.name, state.is_completed()) == ("Not all published", True)
        assert str(state.message).endswith(f"; {HOLD}"), "the rest stands in the message"
        assert day_state(all_of_it, [], otherwise=outcome).name == "Could not be published"


def test_an_alert_beyond_what_the_portal_shows_is_no_failure() -> None:
    """It is published on a later day; one without areas beside it never is, and gives the state its name."""
    later = event("G2", "---------T-", "max", {"B": 1, "B1": 1})
    alone, beside = replace(found([], []), events=(later,)), replace(ONE, events=(*ONE.events, later))
    says = "alert beyond what the portal shows: G2 (9-day)"
    for day, headline in ((alone, "1 trigger"), (beside, "2 triggers")):
        assert (day_state(day, []).name, day_state(day, []).message) == ("Completed", f"{headline}; {says}")
    told = Notice("trigger lapsed beyond what the portal shows", "G2", "it has moved")
    assert message(alone, publication(alone, told)) == f"1 trigger; {says}; {told.kind}: G2"
    hidden = replace(alone, events=(later, replace(ONE.events[0], areas=())))
    state = day_state(hidden, [])
    assert (state.name, state.message) == (
        "Could not be published",
        f"alert could not be published: G1 (no areas in the mapping); 2 triggers; {says}",
    )


def test_a_portal_that_shows_something_else_stands_first_before_a_notification_that_waits() -> None:
    """An alert that it cannot show at all still gives the state its name; an earlier revision's look is over."""
    at, row = datetime(2026, 2, 15, 15, 4, tzinfo=UTC), "event G1: trigger expected, not shown"
    differs, agrees = Verification("differs", at, (row,)), Verification("agrees", at)
    seen = replace(publication(ONE), verified=differs)
    state = day_state(ONE, [seen], HOLD, otherwise=HELD)
    assert (state.name, state.is_completed()) == ("Portal differs", True)
    assert state.message == f"the portal differs: {row}; 1 trigger; {HOLD}"
    good = replace(publication(ONE, number=2), verified=agrees)
    state = day_state(ONE, [seen, good], HOLD, otherwise=HELD)
    assert (state.name, state.message) == ("Held", f"1 trigger; checked on the portal at 15:04 UTC; {HOLD}")
    hidden = found([replace(ONE.events[0], areas=()), TWO.events[1]], [])
    state = day_state(hidden, [replace(seen, published=hidden)])
    assert state.name == "Not all published"
    assert str(state.message).startswith(f"the portal differs: {row}; 1 trigger")
