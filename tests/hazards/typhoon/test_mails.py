"""Rule 15: which cycles notify people, and which may wait for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ibf_pipeline.hazards.mailing import LastMail, Mailing, may_wait
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.mails import mailing
from tests.worlds.countries.three_islands import FIRST, Way, cycle, every

SAME = ("nothing changed since the last notification",)


@pytest.fixture(scope="module")
def found() -> TyphoonFindings:
    """A trigger at 20-hour for East and West."""
    return cycle({"21W CHANTHU": every(Way())})


def like(found: TyphoonFindings, **changes: object) -> TyphoonFindings:
    """The same with another event."""
    (event,) = found.events
    return replace(found, events=(replace(event, **changes),))  # type: ignore[arg-type]


def after(now: TyphoonFindings, told: TyphoonFindings, hours: int = 6) -> Mailing:
    return mailing(now, told, LastMail(FIRST, told), FIRST + timedelta(hours=hours))


def only(found: TyphoonFindings) -> TyphoonEvent:
    (event,) = found.events
    return event


def test_new_and_the_same(found: TyphoonFindings) -> None:
    new = mailing(found, None, None, FIRST)
    assert new == Mailing(True, ("Kiko (CHANTHU): new trigger",))
    assert after(found, found) == Mailing(False, SAME)
    assert mailing(cycle({}), None, None, FIRST) == Mailing(False, ("nothing is alerted",))


@pytest.mark.parametrize(
    ("told", "now", "why"),
    [
        (96, 73, None),
        (96, 72, "72 hours ahead"),
        (73, 70, "less than 72 hours ahead"),
        (50, 48, "48 hours ahead"),
        (25, 24, "24 hours ahead"),
        (24, 12, None),
        (96, 20, "less than 24 hours ahead"),
    ],
)
def test_marks(found: TyphoonFindings, told: int, now: int, why: str | None) -> None:
    reasons = after(like(found, lead_time=now), like(found, lead_time=told)).reasons
    assert reasons == (SAME if why is None else (f"Kiko (CHANTHU): {why}",))


def test_class_and_size(found: TyphoonFindings) -> None:
    warning = like(found, trigger=False)
    assert after(found, warning).reasons == ("Kiko (CHANTHU): raised to a trigger",)
    assert after(warning, found).reasons == ("Kiko (CHANTHU): lowered to a warning",)
    assert after(like(found, people=49_999), found).reasons == SAME
    assert after(like(found, people=50_000), found).reasons == ("Kiko (CHANTHU): people 40,000 to 50,000",)


def test_a_province_newly_alerted_notifies(found: TyphoonFindings) -> None:
    """Rule 11: the second island's people hear of it, though the event has been at 0-hour for a day."""
    east, west = only(found).provinces
    one = like(found, provinces=(east,), lead_time=0)
    assert after(like(found, lead_time=0), one).reasons == (
        "Kiko (CHANTHU): trigger now in West",
        "Kiko (CHANTHU): newly alerted: West",
    )
    milder = like(found, provinces=(east, replace(west, trigger=False)), lead_time=0)
    assert after(like(found, lead_time=0), milder).reasons == ("Kiko (CHANTHU): trigger now in West",)
    passed = like(found, provinces=(east, replace(west, passed=True, trigger=False)), lead_time=0)
    assert after(passed, one).reasons == SAME


def test_once_a_day_while_a_storm_is_ahead(found: TyphoonFindings) -> None:
    assert not after(found, found, 23).notify
    assert after(found, found, 24).reasons == ("nobody was notified for a day",)
    gone = like(found, state="passed", lead_time=0)
    assert not after(gone, gone, 48).notify


def test_a_rename_is_no_news_of_its_own(found: TyphoonFindings) -> None:
    """It has a notice; the storm is the same."""
    assert after(like(found, name="Kiko (CHANTHU)"), like(found, name="21W")).reasons == SAME


@pytest.mark.parametrize(("lead_time", "trigger", "waits"), [(12, True, False), (13, True, True), (0, False, True)])
def test_triggers_within_twelve_hours_do_not_wait(
    found: TyphoonFindings,
    lead_time: int,
    trigger: bool,
    waits: bool,
) -> None:
    assert may_wait(like(found, lead_time=lead_time, trigger=trigger)) is waits
