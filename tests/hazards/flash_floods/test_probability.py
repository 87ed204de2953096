"""Rule 7: of an ensemble, how many members exceed, when, and what that share of them exceeds."""

from __future__ import annotations

import numpy as np
import pytest

from ibf_pipeline.hazards.flash_floods.probability import first_reached, member_of_share, value_of_share
from tests.worlds.countries.two_valleys import Wet, at, found, only, rain

DRY: Wet = {}


def burst(hour: int, mm: float = 30, area: str = "A1") -> Wet:
    return {area: {hour: mm}}


@pytest.mark.parametrize(
    ("members", "kind"), [(2, None), (3, "warning"), (4, "warning"), (5, "trigger"), (10, "trigger")]
)
def test_shares_of_ten_members(members: int, kind: str | None) -> None:
    """0.3 of 10 members are 3 and 0.5 are 5, in whole numbers."""
    result = found(rain([burst(3)] * members + [DRY] * (10 - members)), durations_h=[1])
    assert [("trigger" if event.trigger else "warning") for event in result.events] == ([kind] if kind else [])
    assert [event.probability for event in result.events] == ([members / 10] if kind else [])
    assert result.members == 10
    assert not result.one_run


def test_members_need_not_exceed_in_the_same_hour() -> None:
    """One member after the other from +3 on: three of ten by +5, five by +7."""
    members = [burst(hour) for hour in (3, 4, 5, 6, 7)] + [DRY] * 5
    result = found(rain(members), durations_h=[1])
    event = only(result)
    marks = {lead: mark for lead, mark in zip(result.lead_times, event.flags, strict=True) if mark != "-"}
    assert (event.trigger, event.lead_time, event.starts) == (True, 7, at(7))
    assert marks == {5: "w", 7: "T"}
    exceeds = np.array([[False, True, False], [True, False, False], [False, False, True]])
    assert [first_reached(exceeds, share) for share in (0.3, 0.5, 1.0)] == [0, 1, 2]
    assert first_reached(exceeds[:, :2], 1.0) is None


def test_too_few_within_the_limit_is_a_warning_as_high_as_a_trigger_later() -> None:
    members = [burst(10)] * 4 + [burst(20)] * 2 + [DRY] * 4
    event = only(found(rain(members), durations_h=[1]))
    assert (event.trigger, event.lead_time, event.high_from) == (False, 10, at(20))


def test_people_are_what_the_share_of_members_exceeds() -> None:
    """3,000, 212, 50, 50, 50 people and five dry members: half of the members have 50 or more, three of ten 50."""
    members = [{"A1": {6: mm}} for mm in (120, 82, 41, 41, 41)] + [DRY] * 5
    event = only(found(rain(members), durations_h=[4]))
    assert (event.trigger, event.people, event.scenarios) == (True, 50, {"A1": "40mm_4hr"})
    event = only(found(rain(members[:3] + [DRY] * 7), durations_h=[4]))
    assert (event.trigger, event.people) == (False, 50)


def test_members_that_hit_different_areas() -> None:
    """Three hit A1 (60 people), three A2 (30): the district exceeds in 6 of 10, and half of them have 30 or more."""
    members = [burst(5)] * 3 + [burst(5, area="A2")] * 3 + [DRY] * 4
    event = only(found(rain(members), durations_h=[1]))
    assert (event.trigger, event.people, event.probability) == (True, 30, 0.6)
    assert [(cause.place_code, cause.probability) for cause in event.causes] == [("A2", 0.3)]


def test_an_area_that_enough_members_hit_by_itself_is_alerted() -> None:
    """A1 in six members with 30 people; A2 in five others with 1,000 more: both reach the share of 0.5 of ten."""
    members = [{"A1": {5: 20}}] * 5 + [{"A1": {5: 20}, "A2": {5: 30}}] * 5
    event = only(found(rain(members), durations_h=[1]))
    assert {cause.place_code: cause.people for cause in event.causes} == {"A1": 30, "A2": 30}


def test_the_member_of_a_share() -> None:
    exceeds, totals = np.array([False, True, True, False]), np.array([90, 30, 60, 0])
    assert [member_of_share(exceeds, totals, share) for share in (0.25, 0.5, 0.75, 1.0)] == [2, 1, 0, 3]
    assert [int(value_of_share(totals, share)) for share in (0.25, 0.5, 0.75, 1.0)] == [90, 60, 30, 0]


def test_a_single_run_is_said_to_be_one() -> None:
    one, many = found(rain(burst(5))), found(rain([burst(5)] * 3))
    assert (one.one_run, many.one_run) == (True, False)
    assert "one run, no probability" in one.notes
    assert "3 members; the shares that make triggers and warnings are uncalibrated" in many.notes
    assert any("100 % of the members" in note for note in many.notes)


def test_shares_by_lead_time() -> None:
    result = found(rain([burst(5)] * 4 + [burst(13)] * 2 + [DRY] * 4), durations_h=[1])
    shares = dict(zip(result.lead_times, result.districts[0].shares, strict=True))
    assert (shares[5], shares[12], shares[6]) == (0.4, 0.2, 0)
