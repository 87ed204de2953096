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
def findings() -> TyphoonFindings:
    """A trigger at 20-hour for East and West."""
    return cycle({"21W CHANTHU": every(Way())})


def like(findings: TyphoonFindings, **changes: object) -> TyphoonFindings:
    """The same with another event."""
    (event,) = findings.events
    return replace(findings, events=(replace(event, **changes),))  # type: ignore[arg-type]


def after(now: TyphoonFindings, told: TyphoonFindings, hours: int = 6) -> Mailing:
    return mailing(now, told, LastMail(FIRST, told), FIRST + timedelta(hours=hours))


def only(findings: TyphoonFindings) -> TyphoonEvent:
    (event,) = findings.events
    return event


def test_new_and_the_same(findings: TyphoonFindings) -> None:
    new = mailing(findings, None, None, FIRST)
    assert new == Mailing(True, ("Kiko (CHANTHU): new trigger",))
    assert after(findings, findings) == Mailing(False, SAME)
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
def test_marks(findings: TyphoonFindings, told: int, now: int, why: str | None) -> None:
    reasons = after(like(findings, lead_time=now), like(findings, lead_time=told)).reasons
    assert reasons == (SAME if why is None else (f"Kiko (CHANTHU): {why}",))


def test_class_and_size(findings: TyphoonFindings) -> None:
    warning = like(findings, trigger=False)
    assert after(findings, warning).reasons == ("Kiko (CHANTHU): raised to a trigger",)
    assert after(warning, findings).reasons == ("Kiko (CHANTHU): lowered to a warning",)
    assert after(like(findings, people=49_999), findings).reasons == SAME
    assert after(like(findings, people=50_000), findings).reasons == ("Kiko (CHANTHU): people 40,000 to 50,000",)


def test_a_province_newly_alerted_notifies(findings: TyphoonFindings) -> None:
    """Rule 11: the second island's people hear of it, though the event has been at 0-hour for a day."""
    east, west = only(findings).provinces
    one = like(findings, provinces=(east,), lead_time=0)
    assert after(like(findings, lead_time=0), one).reasons == (
        "Kiko (CHANTHU): trigger now in West",
        "Kiko (CHANTHU): newly alerted: West",
    )
    milder = like(findings, provinces=(east, replace(west, trigger=False)), lead_time=0)
    assert after(like(findings, lead_time=0), milder).reasons == ("Kiko (CHANTHU): trigger now in West",)
    passed = like(findings, provinces=(east, replace(west, passed=True, trigger=False)), lead_time=0)
    assert after(passed, one).reasons == SAME


def test_once_a_day_while_a_storm_is_ahead(findings: TyphoonFindings) -> None:
    assert not after(findings, findings, 23).notify
    assert after(findings, findings, 24).reasons == ("nobody was notified for a day",)
    gone = like(findings, state="passed", lead_time=0)
    assert not after(gone, gone, 48).notify


def test_a_rename_is_no_news_of_its_own(findings: TyphoonFindings) -> None:
    """It has a notice; the storm is the same."""
    assert after(like(findings, name="Kiko (CHANTHU)"), like(findings, name="21W")).reasons == SAME


@pytest.mark.parametrize(("lead_time", "trigger", "waits"), [(12, True, False), (13, True, True), (0, False, True)])
def test_triggers_within_twelve_hours_do_not_wait(
    findings: TyphoonFindings,
    lead_time: int,
    trigger: bool,
    waits: bool,
) -> None:
    assert may_wait(like(findings, lead_time=lead_time, trigger=trigger)) is waits
