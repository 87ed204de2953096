"""The day after a kept one knows what is open, and tells people what the portal does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.earlier import doors
from tests.earlier.conftest import Left
from tests.earlier.world import ISO3, ISSUE, NEXT, NOON, Portal, Project

Notices = tuple[tuple[str, str], ...]
ENDED: Notices = (("alert ended", "G1"), ("alert ended", "G2"))


@pytest.fixture
def next_day(left: Left, clock: Callable[[datetime], None]) -> Callable[[str], tuple[Project, Portal]]:
    """Opens a kept folder on the day after."""

    def open_kept(state: str) -> tuple[Project, Portal]:
        opened = left(state)
        clock(NOON + timedelta(days=1))
        return opened

    return open_kept


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("finished", ENDED),
        ("no-alert", ()),
        ("doubtful", ENDED[:1]),
        ("held", ENDED[:1]),
        ("half-published", ()),
        ("withdrawn-in-part", ENDED[:1]),
        ("withdrawn", ()),
        ("two-revisions", ENDED),
        ("given-up", ENDED[:1]),
    ],
)
def test_a_day_without_alerts_ends_what_was_open(
    next_day: Callable[[str], tuple[Project, Portal]], state: str, told: Notices
) -> None:
    project, portal = next_day(state)
    mails = len(portal.mails)
    project.forecast("", NEXT)
    ran = project.run(NEXT)
    assert (ran.code, ran.told) == (0, told)
    assert (portal.events, len(portal.mails)) == ({}, mails)
    (revision,) = project.revisions(NEXT)
    assert set(revision.about().of_target["before"]) == {event for _, event in told}
    assert doors.is_published(project.config, ISO3, ISSUE, "portal") == (
        state not in ("half-published", "given-up", "held")
    )


@pytest.mark.parametrize("state", ["finished", "two-revisions"])
def test_a_warning_that_became_a_trigger_of_the_day_is_told_by_us(
    next_day: Callable[[str], tuple[Project, Portal]], state: str
) -> None:
    """The portal mails nothing about an event that is on its day, unless it is new."""
    project, portal = next_day(state)
    project.forecast("G2=TT------", NEXT)
    ran = project.run(NEXT)
    assert (ran.code, ran.told) == (0, (("trigger without mail", "G2"), ("alert ended", "G1")))
    assert portal.events == {"G2": "trigger"}
    assert [(change["kind"], change["event"]) for change in doors.changes(project.run_folder(NEXT))] == [
        ("escalated", "G2"), ("ended", "G1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "told"),
    [("finished", ()), ("held", (("trigger without mail", "G1"),)), ("given-up", (("trigger without mail", "G1"),))],
)
def test_a_trigger_that_nobody_was_notified_of_is_told_by_us(
    next_day: Callable[[str], tuple[Project, Portal]], state: str, told: Notices
) -> None:
    project, portal = next_day(state)
    project.forecast("G1=TTT----- G2=---ww---:med", NEXT)
    ran = project.run(NEXT)
    assert (ran.code, ran.told, set(portal.events)) == (0, told, {"G1", "G2"})


def test_a_third_day_follows_two_kept_ones(left: Left, clock: Callable[[datetime], None]) -> None:
    project, portal = left("next-day")
    clock(NOON + timedelta(days=2))
    third = NEXT + timedelta(days=1)
    project.forecast("", third)
    ran = project.run(third)
    assert (ran.code, ran.told, portal.events) == (0, (("alert ended", "G2"),), {})


def test_an_older_day_is_never_published_again(left: Left) -> None:
    """Not even with another forecast: time moves forward on the portal."""
    project, portal = left("next-day")
    made = dict(portal.made)
    project.forecast("G1=-TTT----@20")
    ran = project.run(ISSUE)
    assert (ran.code, "later than the issue date 2026-02-15" in ran.message) == (1, True)
    assert (portal.made, len(project.revisions()), project.run_folder().findings().events[0].people) == (made, 1, 20)


def test_a_real_day_after_an_exercise(next_day: Callable[[str], tuple[Project, Portal]]) -> None:
    """What the exercise left on the portal is closed without a word: it was no real alert."""
    project, portal = next_day("exercise")
    project.forecast("G1=-TTT----", NEXT)
    ran = project.run(NEXT)
    assert (ran.code, ran.message, ran.told, portal.events) == (0, "1 trigger", (), {"G1": "trigger"})
