"""Rules 4 and 5: the nearest scenario of the library, its rank, and whom it reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.hazards.flash_floods.scenarios import Exposure, ScenarioLibrary
from tests.worlds.countries.two_valleys import AREAS, TABLE, layers

LIBRARY = ScenarioLibrary(layers().scenarios, (1, 4, 24))


@pytest.mark.parametrize(
    ("mm", "name"),
    [
        (0, None), (19.999, None), (20, "20mm_4hr"), (29.999, "20mm_4hr"), (30, "40mm_4hr"), (59.9, "40mm_4hr"),
        (60, "80mm_4hr"), (99.9, "80mm_4hr"), (100, "120mm_4hr"), (500, "120mm_4hr"),
    ],
)  # fmt: skip
def test_the_nearest_amount_half_a_step_up(mm: float, name: str | None) -> None:
    number = int(LIBRARY.nearest(4, np.array(mm)))
    assert (LIBRARY[number].name if number else None) == name


def test_half_a_step_goes_up_whatever_the_amounts_are() -> None:
    """Half-way from 22.3 to 30.1 mm is 26.2, and in binary a little more."""
    odd = ScenarioLibrary([Scenario("low", 1, 22.3, 1), Scenario("high", 1, 30.1, 2)], (1,))
    assert odd.nearest(1, np.array([26.199, 26.2])).tolist() == [1, 2]


def test_numbers_go_by_rank_over_all_durations() -> None:
    assert [LIBRARY[number].name for number in range(1, 10)] == list(TABLE)
    shuffled = ScenarioLibrary(reversed(layers().scenarios), (1, 4, 24))
    assert shuffled.ranked == LIBRARY.ranked


def test_more_than_the_library_has_is_said() -> None:
    assert [LIBRARY.is_beyond(4, mm) for mm in (119, 120, 120.1)] == [False, False, True]


def test_a_scenario_without_rank_is_an_error_of_configuration() -> None:
    unranked = (*layers().scenarios, Scenario("60mm_1hr", 1, 60, None))
    with pytest.raises(ConfigError, match="scenarios without a rank: 60mm_1hr"):
        ScenarioLibrary(unranked, (1, 4, 24))


def test_a_duration_without_scenarios() -> None:
    with pytest.raises(ConfigError, match="the library has no scenario of 12 hours"):
        ScenarioLibrary(layers().scenarios, (1, 12))


def test_whom_a_scenario_reaches() -> None:
    exposure = Exposure(layers().exposure, LIBRARY, AREAS)
    assert exposure.people[0].tolist() == [0, 5, 10, 30, 50, 60, 100, 212, 2000, 3000]
    assert exposure.people[1].tolist() == [0, 2, 5, 15, 25, 30, 50, 106, 1000, 1500]
    assert exposure.further(0, 7) == {"nr_affected_buildings": 21.2}
    assert exposure.further(0, 0) == {"nr_affected_buildings": 0}


def test_a_table_without_a_scenario() -> None:
    short = layers().exposure.isel(scenario=slice(1, None))
    with pytest.raises(ConfigError, match="lacks 10mm_1hr"):
        Exposure(short, LIBRARY, AREAS)


def test_damage_is_left_out_and_not_zero() -> None:
    exposure = Exposure(replace(layers()).exposure, LIBRARY, AREAS)
    assert exposure.indicators == ("population_affected", "nr_affected_buildings")
