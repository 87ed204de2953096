"""The states of storms that the real server was seen in, through planner, publisher and sandbox, on as many areas as
the Philippines have: what `GET event`, the maps and the mails say. One cycle after the other on one server.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.ibf.bodies import EXPOSURE
from ibf_pipeline.targets.ibf.lookback.verification import look_back
from ibf_pipeline.targets.ibf.publication import carry_out
from ibf_pipeline.targets.problems import Overrides
from tasks.runs import plan_revision
from tests.publish.test_fault_matrix import _Stop, _stop_after
from tests.worlds.countries.flash_days import clock
from tests.worlds.philippines import chanthu_found, northern_philippines
from tests.worlds.typhoon_days import TyphoonDays, kinds, seed
from tests.worlds.typhoon_findings import AREAS, cycle, issue, sharing, storm

CODES = tuple(f"PH{n:09}" for n in range(1, 1648))
SIXTY, MANY, FEW = CODES[:60], CODES[:295], AREAS[:3]
WORST = {**dict.fromkeys(SIXTY, 0.2), CODES[7]: 0.53}


@pytest.fixture(scope="module")
def philippines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TyphoonDays]:
    yield from opened(tmp_path_factory.mktemp("philippines"), CODES)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TyphoonDays]:
    """Where the number of areas says nothing."""
    yield from opened(tmp_path_factory.mktemp("few"), AREAS)


def opened(folder: Path, codes: tuple[str, ...]) -> Iterator[TyphoonDays]:
    with pytest.MonkeyPatch.context() as patch, Sandbox(folder / "box") as sandbox:
        patch.setattr("os.fsync", lambda descriptor: None)
        sandbox._backend.store.run("PRAGMA synchronous = OFF")
        sandbox.seed(seed(codes))
        yield TyphoonDays(folder / "runs", sandbox, codes=codes)


def test_trigger(philippines: TyphoonDays) -> None:
    """The mail prints the landfall one lead time too late, and a notice says when it is."""
    _, published = philippines.cycle(storm("MOCK1", WORST))
    assert philippines.events() == {"MOCK1": ("trigger", "48-hour", "48-hour", 60)}
    assert philippines.landfall() == {"MOCK1": (True, False)}
    assert max(each["mainExposureValue"] for each in philippines.listed()[0]["alertAreas"]) == 0.53
    assert len(philippines.polygons()) == len(philippines.polygons(eventName="MOCK1", leadTime="48-hour")) == 60
    assert philippines.mails == [("MOCK1",)]
    assert "Expected to make landfall on Saturday, November 28, 2026 at 8:00 PHT." in philippines.last_mail
    (notice,) = published.notices
    assert notice.kind == "wrong times in the mail"
    assert "The right one: direct hit or close pass: landfall Thu 2026-11-26 08:00 PST" in notice.text


def test_warning(philippines: TyphoonDays) -> None:
    philippines.cycle(storm("MOCK2", MANY, at=issue(1), trigger=False, lead=112), number=1)
    assert philippines.events() == {"MOCK2": ("warning", "112-hour", None, 295)}
    assert len(philippines.polygons()) == 295
    assert philippines.mails[1:] == [("MOCK2",)]
    said = (
        "Expected to make landfall on Sunday, November 29, 2026 at 6:00 PHT. Not predicted to reach trigger thresholds."
    )
    assert said in philippines.last_mail


def test_a_warning_and_a_trigger_that_share_sixty_areas(philippines: TyphoonDays) -> None:
    """Lists are right and the national map has 120 polygons, which a notice says."""
    events = sharing(storm("MOCK6", SIXTY, at=issue(2)), storm("MOCK7", MANY, at=issue(2), trigger=False, lead=112))
    _, published = philippines.cycle(*events, number=2)
    assert philippines.events() == {
        "MOCK6": ("trigger", "48-hour", "48-hour", 60), "MOCK7": ("warning", "112-hour", None, 295)
    }  # fmt: skip
    assert len(philippines.polygons()) == 120
    shared = next(notice.text for notice in published.notices if notice.kind == "maps of shared areas")
    assert "MOCK6 and MOCK7 have 60 areas in common." in shared
    of_warning = philippines.polygons(eventName="MOCK7", leadTime="112-hour")
    assert {each["alertLevel"] for each in of_warning} == {"trigger"}
    assert len(of_warning) == 60, "those that it alone has are missing there"


def test_no_storm(philippines: TyphoonDays) -> None:
    """Null rows for every area of the server at 72-hour."""
    _, published = philippines.cycle(number=3)
    assert (philippines.events(), len(philippines.polygons()), philippines.track()) == ({}, 1647, [])
    assert kinds(published) == [("alert ended", "MOCK6"), ("alert ended", "MOCK7")]
    rows = [call.body for call in philippines.revisions(3)[0].calls() if call.path == EXPOSURE]
    assert {(body["eventName"], body["leadTime"], len(body["exposurePlaceCodes"])) for body in rows if body} == {
        (None, "72-hour", 1647)
    }


def test_a_trigger_that_goes_on_at_0_hour(few: TyphoonDays) -> None:
    """Mailed when it is first issued there, and never again."""
    for number in (0, 1):
        _, published = few.cycle(storm("MOCK3", FEW, at=issue(number), lead=0), number=number)
        assert few.events() == {"MOCK3": ("trigger", "0-hour", "0-hour", 3)}
        assert kinds(published) == []
    assert few.mails == [("MOCK3",)]
    assert "Has already made landfall." in few.last_mail


def test_trigger_without_landfall(few: TyphoonDays) -> None:
    few.cycle(storm("MOCK4", FEW, at=issue(2), lead=90, approach="passes"), number=2)
    assert few.events() == {"MOCK4": ("trigger", "90-hour", "90-hour", 3)}
    assert few.landfall() == {"MOCK4": (False, False)}
    assert few.last_mail[6].startswith("Expected to reach the point closest to land on ")
    assert few.last_mail[6].endswith("Not predicted to make landfall.")


def test_warning_too_early_to_say(few: TyphoonDays) -> None:
    few.cycle(storm("MOCK5", FEW, at=issue(3), trigger=False, lead=150, approach="not-yet"), number=3)
    assert few.events() == {"MOCK5": ("warning", "150-hour", None, 3)}
    assert few.landfall() == {"MOCK5": (False, True)}
    assert few.last_mail[6].startswith("The landfall time prediction cannot be determined yet.")


def test_trigger_then_warning(few: TyphoonDays) -> None:
    few.cycle(storm("MOCK8", FEW, at=issue(4), lead=54), number=4)
    (first,) = few.listed()
    _, published = few.cycle(storm("MOCK8", FEW, at=issue(5), trigger=False, lead=48), number=5)
    (second,) = few.listed()
    assert (second["alertLevel"], second["firstIssuedDate"]) == ("warning", first["firstIssuedDate"])
    assert few.mails[-2:] == [("MOCK8",), ("MOCK8",)]
    assert kinds(published) == [("trigger lowered to a warning", "MOCK8")]


def test_a_trigger_of_a_tropical_storm_is_not_mailed(few: TyphoonDays) -> None:
    before = len(few.mails)
    _, published = few.cycle(storm("MOCK9", FEW, at=issue(6), category="TS"), number=6)
    assert few.events() == {"MOCK9": ("trigger", "48-hour", "48-hour", 3)}
    assert len(few.mails) == before
    assert ("trigger without mail", "MOCK9") in kinds(published)


def test_a_storm_at_0_hour_beside_a_new_one(few: TyphoonDays) -> None:
    few.cycle(storm("MOCK10", FEW, at=issue(7), lead=0), number=7)
    both = (storm("MOCK10", FEW, at=issue(8), lead=0), storm("MOCK11", AREAS[3:5], at=issue(8), lead=0))
    few.cycle(*both, number=8)
    assert set(few.events()) == {"MOCK10", "MOCK11"}
    assert few.mails[-1] == ("MOCK11",)


def test_null_rows_are_never_beside_a_storm(philippines: TyphoonDays, few: TyphoonDays) -> None:
    """They would close it without a mail (T4): no plan of any cycle here has both."""
    revisions = [days.revisions(number) for days, last in ((philippines, 4), (few, 9)) for number in range(last)]
    for revision in itertools.chain.from_iterable(revisions):
        rows = [call.body for call in revision.calls() if call.path == EXPOSURE]
        assert len({body["eventName"] is None for body in rows if body}) == 1


def test_null_rows_of_somebody_else_after_those_of_a_storm(few: TyphoonDays) -> None:
    """The server closes it without a mail; a look at the portal says so, and the next cycle has it again."""
    result, mails = cycle(storm("MOCK12", FEW, at=issue(9)), at=issue(9)), list(few.mails)
    run = few.keep(result)
    with few.target() as target:
        revision = plan_revision.fn(result, run, target, overrides=Overrides(), now=clock)
        assert revision is not None
        calls = revision.calls()
        (preview,) = (call for call in calls if call.kind == "preview")
        with pytest.raises(_Stop):
            carry_out(revision, target.client, clock, progress=_stop_after(preview.number - 1))
        rows = [{"placeCode": code, "amount": 0} for code in FEW]
        nothing = {"eventName": None, "leadTime": "72-hour", "exposurePlaceCodes": rows}
        for call in calls:
            if call.path == EXPOSURE:
                target.client.send(replace(call, body={**(call.body or {}), **nothing}), revision.file)
        carry_out(revision, target.client, clock)
        differences = look_back(revision, target.client, clock).differences
    assert (few.events(), few.mails) == ({}, mails)
    assert differences == ("event MOCK12: trigger expected, not shown",)
    few.cycle(storm("MOCK12", FEW, at=issue(10), lead=42), number=10)
    assert few.events() == {"MOCK12": ("trigger", "42-hour", "42-hour", 3)}


def test_chanthu_makes_landfall(tmp_path: Path) -> None:
    """The real cycle, from its file to the portal: TY9, of a storm that hit Batan Island. Its best run only passes
    an island, at +21 h, which the portal would call "not predicted to make landfall"; T1: Batanes is there.
    """
    found = chanthu_found()
    for days in opened(tmp_path, tuple(northern_philippines().areas)):
        published = days.publish(found)
        assert published is not None
        name, (level, lead_time, trigger, areas) = next(iter(days.events().items()))
        assert (name, level, lead_time, trigger) == ("Kiko (CHANTHU)", "warning", "21-hour", None)
        assert areas == sum(area.alerted for area in found.events[0].areas)
        assert days.landfall() == {name: (True, False)}
        assert days.mails == [(name,)]
        assert "not predicted to make landfall" not in " ".join(days.last_mail).lower()
        assert "Expected to make landfall on Saturday, September 11, 2021 at 5:00 PHT." in " ".join(days.last_mail)
        listed = {area["placeCode"] for area in days.listed()[0]["alertAreas"]}
        assert {code for code, area in northern_philippines().areas.items() if area.parent == "PH020900000"} <= listed
