"""Rules 6, 8 and 9: which hours are looked at, and how each is sent."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.flash_floods.window import window_of

ISSUE = IssueTime(date(2026, 2, 15), 6)


@pytest.mark.parametrize(("hours_ago", "first"), [(None, -6), (0, -6), (6, -6), (12, -12), (24, -24), (240, -24)])
def test_it_begins_at_the_last_block_that_was_published(hours_ago: int | None, first: int) -> None:
    last = None if hours_ago is None else FLASH_FLOODS.issue_time(ISSUE.start - timedelta(hours=hours_ago))
    window = window_of(ISSUE, ISSUE.start, last, 15)
    assert window.first == first
    assert (window.hours[0], window.hours[-1]) == (first + 1, 48)


@pytest.mark.parametrize(
    ("hour", "sent"), [(-5, 0), (0, 0), (1, 1), (12, 12), (14, 12), (15, 15), (20, 18), (23, 21), (25, 24), (48, 48)]
)
def test_an_hour_as_it_is_sent(hour: int, sent: int) -> None:
    window = window_of(ISSUE, ISSUE.start, None, 15)
    assert window.lead_times[hour - window.first - 1] == sent == window.lead_time(window.time_of_hour(hour))


@pytest.mark.parametrize(("minutes", "hour"), [(-61, -1), (-60, -1), (-59, 0), (0, 0), (1, 1), (60, 1), (61, 2)])
def test_the_hour_that_a_moment_lies_in(minutes: int, hour: int) -> None:
    window = window_of(ISSUE, ISSUE.start, None, 15)
    assert window.hour(ISSUE.start + timedelta(minutes=minutes)) == hour


@pytest.mark.parametrize(("limit", "last"), [(15, 12), (24, 21), (13, 12), (12, 11)])
def test_the_last_lead_time_of_triggers(limit: int, last: int) -> None:
    window = window_of(ISSUE, ISSUE.start, None, limit)
    assert max(lead for lead in FLASH_FLOODS.lead_times if window.may_trigger(lead)) == last


def test_the_profile_is_the_servers() -> None:
    assert FLASH_FLOODS.lead_times == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 18, 21, 24, 48)
    assert (FLASH_FLOODS.period_hours, FLASH_FLOODS.no_alert_lead_time) == (6, 1)
    assert FLASH_FLOODS.lead_time_name(FLASH_FLOODS.lead_times[-1]) == "48-hour"
    six = IssueTime(date(2026, 2, 15), 6)
    assert FLASH_FLOODS.newest(six.start + timedelta(hours=4, minutes=45)) == six, "when the cycle of 06 is there"
    assert "damage_estimation" not in FLASH_FLOODS.indicators, "there is no open method: left out, never 0"
