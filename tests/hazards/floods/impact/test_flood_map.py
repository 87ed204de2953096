"""Which flood map stands for an event (F7)."""

import numpy as np
import pytest

from ibf_pipeline.hazards.floods.impact.flood_map import event_return_period, flood_map_for

MAPS = [10.0, 20.0, 50.0]


@pytest.mark.parametrize(("period", "chosen"), [(10, 10), (17, 10), (20, 20), (49.9, 20), (500, 50)])
def test_the_map_at_or_below_the_return_period(period: float, chosen: float) -> None:
    assert flood_map_for(period, MAPS, "empty") == chosen


def test_below_the_smallest_map_the_setting_decides() -> None:
    assert flood_map_for(5, MAPS, "use-smallest") == 10
    assert flood_map_for(5, MAPS, "empty") is None


def test_the_largest_return_period_of_the_trigger_days_or_that_of_the_first() -> None:
    reached = np.array([50.0, 5.0, 20.0, 10.0])
    triggers = np.array([False, True, True, True])
    assert event_return_period(reached, triggers) == 20
    assert event_return_period(reached, triggers, "first-trigger-day") == 5
    assert event_return_period(reached, np.zeros(4, dtype=bool)) == 0


def test_return_periods_of_stations_side_by_side() -> None:
    """Rows are lead times. The second station never triggers, the third one on two days that are not the first."""
    reached = np.array([[50.0, 20.0, 10.0], [5.0, 20.0, 2.0], [10.0, 20.0, 5.0]])
    triggers = np.array([[True, False, False], [True, False, True], [False, False, True]])
    assert event_return_period(reached, triggers).tolist() == [50, 0, 5]
    assert event_return_period(reached, triggers, "first-trigger-day").tolist() == [50, 0, 2]
