"""When the first gale comes: by the message's radii, else by the wind field."""

from __future__ import annotations

import numpy as np
import pytest

from ibf_pipeline.config.typhoon import WindSettings
from ibf_pipeline.hazards.typhoon.gales import gale_onset
from ibf_pipeline.hazards.typhoon.geometry import Moments
from ibf_pipeline.hazards.typhoon.spread import time_spread
from ibf_pipeline.hazards.typhoon.vortex import hourly_vortex
from tests.worlds.two_islands import CYCLE, storm

DEGREE = 6371 * np.pi / 180


def after(moments: Moments) -> list[float]:
    """Hours after the cycle; -1 where it never happens."""
    return np.where(np.isnat(moments), -1, (moments - CYCLE) / np.timedelta64(1, "h")).tolist()


def onset(one, lat, lon):  # type: ignore[no-untyped-def]
    return gale_onset(one, hourly_vortex(one, WindSettings()), np.atleast_1d(lat), np.atleast_1d(lon))


def test_each_quadrant_has_its_radius() -> None:
    """Half a degree to each side of a storm that stands still, 79 km away: only the south-west reaches so far."""
    still = storm([(10, 120), (10, 120)], radii={0: (50, 60, 90, 70), 1: (50, 60, 90, 70)})
    lat, lon = 10 + np.array([0.5, -0.5, -0.5, 0.5]), 120 + np.array([0.5, 0.5, -0.5, -0.5])
    assert after(onset(still, lat, lon)[0]) == [-1, -1, 0, -1]


def test_radii_grow_evenly_between_steps() -> None:
    """From 0 to 120 km in six hours, a place 70 km to the north-east: reached at 80 km, after four hours."""
    growing = storm([(10, 120), (10, 120)], radii={0: (0, 0, 0, 1), 1: (120, 0, 0, 1)})
    place = 70 / DEGREE / np.sqrt(2)
    assert after(onset(growing, 10 + place, 120 + place)[0]) == [4]


def test_radii_move_with_the_storm() -> None:
    """From 120 E to 123 E in six hours with 100 km all around: 222 km to the east it begins after 122 km, 2.2 hours."""
    moving = storm([(0, 120), (0, 123)], radii={0: [100] * 4, 1: [100] * 4})
    assert after(onset(moving, 0, 122)[0]) == [3]


def test_without_radii_the_wind_field_says_it() -> None:
    """40 m/s at the centre: a gale near it at once, and none 290 km away."""
    assert after(onset(storm([(10, 120), (10, 120)], wind=40), [10.4, 12.6], [120, 120])[0]) == [0, -1]


def test_a_member_without_the_storm_has_no_gale() -> None:
    assert after(onset(storm([(10, 120), (10, 120)], [None, None]), 10.4, 120)[1]) == [-1]


def test_spread_is_of_the_members_in_which_it_happens_and_its_share_of_all() -> None:
    hours = np.array([4, 1, 2, 3, 5, 6, 7, 8, 9, 10])
    moments = np.append(CYCLE + hours * np.timedelta64(1, "h"), np.full(30, np.datetime64("NaT")))
    found = time_spread(moments, 50)
    assert found is not None
    assert [each.hour for each in (found.early, found.middle, found.late)] == [1, 5, 9]
    assert found.share == pytest.approx(0.2)
    assert time_spread(moments[10:], 50) is None
