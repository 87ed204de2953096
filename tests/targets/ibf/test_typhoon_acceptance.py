"""The states of storms that the real server was seen in, through planner, publisher and sandbox, on as many areas as
the Philippines have: what `GET event`, the maps and the mails say. One cycle after the other on one server.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.ibf.bodies import EXPOSURE
from tests.worlds.typhoon_days import TyphoonDays, kinds, seed
from tests.worlds.typhoon_found import issue, sharing, storm

CODES = tuple(f"PH{n:09}" for n in range(1, 1648))
SIXTY, MANY, FEW = CODES[:60], CODES[:295], CODES[:3]
WORST = {**dict.fromkeys(SIXTY, 0.2), CODES[7]: 0.53}


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TyphoonDays]:
    folder = tmp_path_factory.mktemp("philippines")
    with pytest.MonkeyPatch.context() as patch, Sandbox(folder / "box") as sandbox:
        patch.setattr("os.fsync", lambda descriptor: None)
        sandbox._backend.store.run("PRAGMA synchronous = OFF")
        sandbox.seed(seed(CODES))
        yield TyphoonDays(folder / "runs", sandbox, codes=CODES)


def test_trigger(days: TyphoonDays) -> None:
    """The mail prints the landfall one lead time too late, and a notice says when it is."""
    _, published = days.cycle(storm("MOCK1", WORST))
    assert days.events() == {"MOCK1": ("trigger", "48-hour", "48-hour", 60)}
    assert days.landfall() == {"MOCK1": (True, False)}
    assert max(each["mainExposureValue"] for each in days.listed()[0]["alertAreas"]) == 0.53
    assert len(days.polygons()) == len(days.polygons(eventName="MOCK1", leadTime="48-hour")) == 60
    assert days.mails == [("MOCK1",)]
    assert "Expected to make landfall on Saturday, November 28, 2026 at 8:00 PHT." in days.last_mail
    (notice,) = published.notices
    assert notice.kind == "wrong times in the mail"
    assert "landfall Thu 2026-11-26 08:00 PST" in notice.text


def test_warning(days: TyphoonDays) -> None:
    days.cycle(storm("MOCK2", MANY, at=issue(1), trigger=False, lead=112), number=1)
    assert days.events() == {"MOCK2": ("warning", "112-hour", None, 295)}
    assert len(days.polygons()) == 295
    assert days.mails[1:] == [("MOCK2",)]
    said = (
        "Expected to make landfall on Sunday, November 29, 2026 at 6:00 PHT. Not predicted to reach trigger thresholds."
    )
    assert said in days.last_mail


def test_a_trigger_that_goes_on_at_0_hour(days: TyphoonDays) -> None:
    """Mailed when it is first issued there, and never again."""
    for number in (2, 3):
        _, published = days.cycle(storm("MOCK3", FEW, at=issue(number), lead=0), number=number)
        assert days.events() == {"MOCK3": ("trigger", "0-hour", "0-hour", 3)}
        assert kinds(published) == ([("alert ended", "MOCK2")] if number == 2 else [])
    assert days.mails[2:] == [("MOCK3",)]
    assert "Has already made landfall." in days.last_mail


def test_trigger_without_landfall(days: TyphoonDays) -> None:
    days.cycle(storm("MOCK4", FEW, at=issue(4), lead=90, approach="passes"), number=4)
    assert days.events() == {"MOCK4": ("trigger", "90-hour", "90-hour", 3)}
    assert days.landfall() == {"MOCK4": (False, False)}
    assert days.last_mail[6].startswith("Expected to reach the point closest to land on ")
    assert days.last_mail[6].endswith("Not predicted to make landfall.")


def test_warning_too_early_to_say(days: TyphoonDays) -> None:
    days.cycle(storm("MOCK5", FEW, at=issue(5), trigger=False, lead=150, approach="not-yet"), number=5)
    assert days.events() == {"MOCK5": ("warning", "150-hour", None, 3)}
    assert days.landfall() == {"MOCK5": (False, True)}
    assert days.last_mail[6].startswith("The landfall time prediction cannot be determined yet.")


def test_a_warning_and_a_trigger_that_share_sixty_areas(days: TyphoonDays) -> None:
    """Lists are right and the national map has 120 polygons, which a notice says."""
    events = sharing(storm("MOCK6", SIXTY, at=issue(6)), storm("MOCK7", MANY, at=issue(6), trigger=False, lead=112))
    _, published = days.cycle(*events, number=6)
    assert days.events() == {
        "MOCK6": ("trigger", "48-hour", "48-hour", 60), "MOCK7": ("warning", "112-hour", None, 295)
    }  # fmt: skip
    assert len(days.polygons()) == 120
    shared = next(notice.text for notice in published.notices if notice.kind == "maps of shared areas")
    assert "MOCK6 and MOCK7 have 60 areas in common." in shared
    of_warning = days.polygons(eventName="MOCK7", leadTime="112-hour")
    assert {each["alertLevel"] for each in of_warning} == {"trigger"}
    assert len(of_warning) == 60, "those that it alone has are missing there"


def test_no_storm(days: TyphoonDays) -> None:
    """Null rows for every area of the server at 72-hour."""
    _, published = days.cycle(number=7)
    assert (days.events(), len(days.polygons()), days.track()) == ({}, 1647, [])
    assert kinds(published) == [("alert ended", "MOCK6"), ("alert ended", "MOCK7")]
    rows = [call.body for call in days.revisions(7)[0].calls() if call.path == EXPOSURE]
    assert {(body["eventName"], body["leadTime"], len(body["exposurePlaceCodes"])) for body in rows if body} == {
        (None, "72-hour", 1647)
    }


def test_trigger_then_warning(days: TyphoonDays) -> None:
    days.cycle(storm("MOCK8", FEW, at=issue(8), lead=54), number=8)
    (first,) = days.listed()
    _, published = days.cycle(storm("MOCK8", FEW, at=issue(9), trigger=False, lead=48), number=9)
    (second,) = days.listed()
    assert (second["alertLevel"], second["firstIssuedDate"]) == ("warning", first["firstIssuedDate"])
    assert days.mails[-2:] == [("MOCK8",), ("MOCK8",)]
    assert kinds(published) == [("trigger lowered to a warning", "MOCK8")]


def test_a_trigger_of_a_tropical_storm_is_not_mailed(days: TyphoonDays) -> None:
    before = len(days.mails)
    _, published = days.cycle(storm("MOCK9", FEW, at=issue(10), category="TS"), number=10)
    assert days.events() == {"MOCK9": ("trigger", "48-hour", "48-hour", 3)}
    assert len(days.mails) == before
    assert ("trigger without mail", "MOCK9") in kinds(published)


def test_a_storm_at_0_hour_beside_a_new_one(days: TyphoonDays) -> None:
    days.cycle(storm("MOCK10", FEW, at=issue(11), lead=0), number=11)
    both = (storm("MOCK10", FEW, at=issue(12), lead=0), storm("MOCK11", CODES[60:70], at=issue(12), lead=0))
    days.cycle(*both, number=12)
    assert set(days.events()) == {"MOCK10", "MOCK11"}
    assert days.mails[-1] == ("MOCK11",)


def test_null_rows_are_never_beside_a_storm(days: TyphoonDays) -> None:
    """They would close it without a mail (T4): no plan of any cycle here has both."""
    for number in range(13):
        rows = [call.body for call in days.revisions(number)[-1].calls() if call.path == EXPOSURE]
        assert len({body["eventName"] is None for body in rows if body}) == 1
