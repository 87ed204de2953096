"""What a profile says of moments, periods and lead times, with hours that can be counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.hazards.floods.profile import FLOODS
from tests.worlds.tides.hazard import TIDES

DAY = date(2026, 2, 15)
START = datetime(2024, 2, 28, tzinfo=UTC)
moments = st.integers(0, 4 * 366 * 24 * 3600).map(lambda seconds: START + timedelta(seconds=seconds))


def test_issue_times_sort_as_text_as_time_goes() -> None:
    blocks = [IssueTime(DAY, hour) for hour in (0, 6, 12, 18)] + [IssueTime(DAY + timedelta(days=1), 0)]
    assert sorted(set(blocks)) == blocks
    assert sorted(map(str, blocks)) == list(map(str, blocks))
    assert str(blocks[1]) == "2026-02-15T06"
    assert str(RunId("UGA", "floods", IssueTime(DAY))) == "UGA/floods/2026-02-15"


@pytest.mark.parametrize("text", ["2026-02-30", "2026-02-15T24", "2026-02-15 06", "20260215", "2026-02-15T6", ""])
def test_what_is_no_issue_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a day|out of range|day is|must be in"):
        IssueTime.parse(text)


def test_each_hazard_has_issue_times_of_its_own() -> None:
    assert FLOODS.parse("2026-02-15") == IssueTime(DAY)
    assert TIDES.parse("2026-02-15T18") == IssueTime(DAY, 18)
    with pytest.raises(ValueError, match="not an issue time of floods: a day such as 2026-02-15"):
        FLOODS.parse("2026-02-15T06")
    for text in ("2026-02-15", "2026-02-15T07"):
        with pytest.raises(ValueError, match=r"not an issue time of tides: .* \(UTC\) .* hours 00, 06, 12, 18"):
            TIDES.parse(text)
    assert FLOODS.issue_times_of(DAY) == [IssueTime(DAY)]
    assert [str(each)[-2:] for each in TIDES.issue_times_of(DAY)] == ["00", "06", "12", "18"]


@given(moment=moments)
def test_a_moment_lies_in_exactly_one_period(moment: datetime) -> None:
    for profile in (FLOODS, TIDES):
        issued = profile.issue_time(moment)
        assert issued.start <= moment < profile.end(issued)
        assert profile.parse(str(issued)) == issued
        assert issued in profile.issue_times_of(moment.date())


@pytest.mark.parametrize(
    ("hours", "shown"), [(-1, None), (0, 0), (3, 3), (5, 3), (6, 6), (13, 12), (30, 24), (47, 24), (48, 48), (49, None)]
)
def test_what_lies_between_is_shown_at_the_earlier_lead_time(hours: int, shown: int | None) -> None:
    assert TIDES.shown(hours) == shown


def test_lead_times_as_moments_and_words() -> None:
    assert FLOODS.at(IssueTime(DAY), 3) == datetime(2026, 2, 18, tzinfo=UTC)
    assert TIDES.at(IssueTime(DAY, 18), 12) == datetime(2026, 2, 16, 6, tzinfo=UTC)
    assert (FLOODS.lead_time_name(4), TIDES.lead_time_name(12)) == ("4-day", "12-hour")
    assert (FLOODS.lead_time_words(1), TIDES.lead_time_words(12)) == ("1 day", "12 hours")
