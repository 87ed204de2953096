"""The formulas of the wind, by numbers worked out on paper."""

from __future__ import annotations

import numpy as np
import pytest

from ibf_pipeline.hazards.typhoon.damage import damage_ratio
from ibf_pipeline.hazards.typhoon.holland import drop_of_wind, holland_b, radius_of_pressure, wind_profile


def test_profile_at_the_radius_of_the_largest_wind_and_at_twice_it() -> None:
    """rm 40 km, b 1.5, 50 hPa, 20 N: r f / 2 is 0.998 and 1.995 m/s.

    At rm: sqrt(1.5 / 1.15 * 5000 / e + 0.998^2) - 0.998 = sqrt(2399.21 + 1.00) - 1.00 = 47.99 m/s.
    At 2 rm: (1/2)^1.5 = 0.35355; sqrt(6521.74 * 0.35355 * 0.70219 + 3.98) - 1.995 = 38.29 m/s.
    """
    found = wind_profile([40, 80], 40, 1.5, 50, 20)
    assert found == pytest.approx([47.99, 38.29], abs=0.01)
    assert wind_profile([40, 80], 40, 1.5, 50, -20) == pytest.approx(found)


def test_profile_is_calm_in_the_centre_and_largest_at_its_radius() -> None:
    km = np.arange(0, 300.0)
    found = wind_profile(km, 40, 1.5, 50, 0)
    assert found[0] == pytest.approx(0, abs=1e-9)
    assert km[found.argmax()] == 40
    assert found[40] == pytest.approx(np.sqrt(1.5 / 1.15 * 5000 / np.e))


def test_shape() -> None:
    """50 hPa deep, deepening 1 hPa/h, at 20 N, moving 5 m/s: x = 0.6 (1 - 50/215) = 0.4605, 5^x = 2.0982;
    -0.11 + 0.5 - 0.03 - 0.28 + 0.3147 + 1 = 1.3947.
    """
    assert holland_b(50, -1, 20, 5) == pytest.approx(1.3947, abs=1e-4)
    assert holland_b(50, -1, -20, 5) == pytest.approx(1.3947, abs=1e-4)
    assert holland_b([5, 110], [-5, 20], [40, 0], [0, 20]) == pytest.approx([1.0, 2.5])


def test_radius_between_the_pressures_of_the_fit() -> None:
    """960 hPa lies half way between 940 (15.7 nm) and 980 (25.7 nm): 20.7 nm."""
    found = radius_of_pressure([960, 872, 800, 1021, 1030, np.nan])
    assert found[:-1] == pytest.approx(np.array([20.7, 14.9, 14.9, 56.9, 56.9]) * 1.852)
    assert np.isnan(found[-1])


def test_pressure_of_a_wind() -> None:
    """6.7 kt * 40^0.644 = 72.07 kt = 37.08 m/s."""
    assert drop_of_wind(37.08) == pytest.approx(40, abs=0.02)


def test_damage_by_both_curves() -> None:
    """1.4, 6.5, 16 and 30 % at 40, 50, 60 and 70 m/s by the strong curve; 0.07, 0.3, 0.9 and 2.0 % by the weak one:
    at 50 m/s ((50 - 25.7) / 59)^3 = 0.0699, and 0.0699 / 1.0699 = 6.53 %.
    """
    winds = [25.0, 25.7, 40, 50, 60, 70]
    assert 100 * damage_ratio(winds, 25.7, 84.7) == pytest.approx([0, 0, 1.40, 6.53, 16.42, 29.74], abs=0.005)
    assert 100 * damage_ratio(winds, 25.7, 188.4) == pytest.approx([0, 0, 0.068, 0.333, 0.928, 1.979], abs=0.001)
    assert damage_ratio(84.7, 25.7, 84.7) == pytest.approx(0.5)
