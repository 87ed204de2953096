"""Whether a day whose portal was unreachable is tried again: the bounds, and what is left to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ibf_pipeline.config.settings import Operations
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import close
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from ibf_pipeline.targets.attempts import AttemptLimits, NextAttempt, next_attempt
from tests.worlds.countries.flood_days import clock
from tests.worlds.journals import once_more, planned
from tests.worlds.runs import flood_run

FAILED_AT = datetime(2026, 2, 15, 15, 10, tzinfo=UTC)
USUAL = AttemptLimits(12, timedelta(minutes=10), timedelta(hours=6))
DAY = date(2026, 2, 15)


def made(attempts: AttemptLimits, each_takes: timedelta = timedelta()) -> list[datetime]:
    """When attempts are made that all find the portal away."""
    times, at = [], FAILED_AT + attempts.interval
    while True:
        assert attempts.may_begin(len(times) + 1, FAILED_AT, at)
        times.append(at)
        following = attempts.next_after(len(times), FAILED_AT, at)
        if following is None:
            return times
        at = following + each_takes


def test_the_number_ends_it() -> None:
    times = made(USUAL)
    assert (len(times), times[0], times[-1]) == (
        12, FAILED_AT + timedelta(minutes=10), FAILED_AT + timedelta(minutes=120)
    )  # fmt: skip


def test_the_hours_end_it_where_workers_are_slow() -> None:
    times = made(USUAL, each_takes=timedelta(minutes=40))
    assert (len(times), times[-1] - FAILED_AT) == (8, timedelta(hours=6))
    assert not USUAL.may_begin(9, FAILED_AT, FAILED_AT + timedelta(hours=6, seconds=1)), "one that begins too late"
    assert not USUAL.may_begin(13, FAILED_AT, FAILED_AT), "one that nobody scheduled"


def test_the_defaults_are_every_ten_minutes_at_most_twelve_times_within_six_hours() -> None:
    operations = Operations()
    assert (operations.portal_attempt_minutes, operations.portal_attempts, operations.portal_attempt_hours) == (
        10, 12, 6
    )  # fmt: skip
    assert USUAL.words == "every 10 minutes, at most 12 times, within 6 hours"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return flood_run(tmp_path, "XTS", DAY)


def step(run: RunFolder, *, mails: bool = True, since: datetime | None = None) -> NextAttempt:
    return next_attempt(run, "portal", since=since or clock() + timedelta(minutes=1), mails=mails)


def test_where_nothing_was_begun_the_day_is_run(run: RunFolder) -> None:
    assert step(run) == NextAttempt("run")


def test_what_was_begun_is_gone_on_with_and_what_is_done_is_compared_by_the_run_itself(run: RunFolder) -> None:
    first = planned(run)
    first.journal(clock).begin()
    assert step(run) == NextAttempt("resume")
    first.journal(clock).append(1, "done")
    assert step(run) == NextAttempt("run"), "before the failure: another revision was to follow"
    assert step(run, since=clock()) == NextAttempt("leave", "revision 1 was published since"), "by a person, perhaps"
    once_more(first).journal(clock).append(1, "failed", error="answered 503")
    assert step(run) == NextAttempt("resume")


def test_a_held_revision_waits_for_a_person_wherever_it_stopped(run: RunFolder) -> None:
    first = planned(run)
    first.keep(replace(first.about(), hold_until="2026-02-15T18:00:00Z"))
    first.journal(clock).append(1, "failed", error="answered 503")
    assert step(run) == NextAttempt("leave", "revision 1 is held: an operator approves it")


def test_an_unconfirmed_notification_is_left_alone_given_up_or_not(tmp_path: Path) -> None:
    run = flood_run(tmp_path, "XTS", DAY)
    first = planned(run)
    as_end = [replace(call, kind="end") for call in first.calls()]
    second = keep_revision(run, "portal", 2, begin_revision(run, "portal", 2), first.findings(), as_end, first.about())
    second.journal(clock).append(1, "sending")
    said = NextAttempt("leave", "the notification of revision 2 is unconfirmed: an operator decides")
    assert step(run) == said
    close(second, clock, "aborted")
    assert step(run) == said


def test_what_was_withdrawn_or_given_up_does_not_come_back(run: RunFolder) -> None:
    first = planned(run)
    first.journal(clock).append(1, "failed", error="answered 503")
    first.keep(replace(first.about(), withdraws=("G1",)))
    assert step(run).reason == "revision 1 withdraws G1: the operator who wanted that goes on"
    first.journal(clock).append(1, "done")
    assert step(run) == NextAttempt("leave", "revision 1 withdrew G1")
    second = once_more(first)
    second.keep(replace(second.about(), withdraws=()))
    second.journal(clock).append(1, "failed", error="answered 503")
    close(second, clock, "aborted by a person")
    assert step(run) == NextAttempt("leave", "revision 2 was given up")


def test_nobody_is_mailed_for_a_run_that_may_not(run: RunFolder) -> None:
    """A backfill that found an unfinished revision with a notification."""
    planned(run).journal(clock).begin()
    assert step(run, mails=False).kind == "leave"
    assert step(run).kind == "resume"


def test_a_later_day_that_was_begun_ends_it(run: RunFolder) -> None:
    planned(run).journal(clock).begin()
    later = planned(flood_run(run.runs, "XTS", date(2026, 2, 16)))
    assert step(run).kind == "resume", "only planned"
    later.journal(clock).begin()
    assert step(run) == NextAttempt("leave", "2026-02-16 was begun since")
