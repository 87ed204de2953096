"""Alternatives of triggers (rule 7), each region and province by itself, over the whole ensemble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.hazards.typhoon.areas import area_impacts
from ibf_pipeline.hazards.typhoon.context import CycleContext
from ibf_pipeline.hazards.typhoon.findings import TriggerJudged
from ibf_pipeline.hazards.typhoon.triggers import JudgedStorm, judge_triggers
from ibf_pipeline.hazards.typhoon.wind import AreaWinds
from tests.worlds.two_islands import AREAS, islands, islands_country, storm

LANDFALL = datetime(2026, 11, 27, 0, tzinfo=UTC)
LAYERS = islands(houses={"N1": 1000.0, "N2": 2000.0, "S1": 400.0})
FAR = storm([(0, 140)])
WIND: dict[str, Any] = {
    "scope": "regions", "regions": ("RN", "RS"), "measure": "wind_kmh", "amount": 185, "probability": 0.5,
}  # fmt: skip
CALIBRATED = {"calibration": {"storms": 27, "hits": 20, "date": "2026-11-01"}}


def judged(
    wanted: dict[str, Any],
    kmh: list[list[float]] | None = None,
    damage: list[list[float]] | None = None,
    *,
    members: int = 2,
    lead_h: float = 48,
    met_before: tuple[str, ...] = (),
    shown: str = "high",
    event: tuple[str, ...] = AREAS,
) -> TriggerJudged:
    """One alternative against winds (km/h) and strong damage of members (rows) in N1, N2 and S1; weak is a tenth."""
    rows = len(kmh or damage or ())
    coords = {"member": range(1, rows + 1), "area": list(AREAS)}
    fastest = xr.DataArray(np.array(kmh or [[0.0] * 3] * rows) / 3.6, coords, ("member", "area"))
    strong = xr.DataArray(np.array(damage or [[0.0] * 3] * rows, float), coords, ("member", "area"))
    winds = AreaWinds(fastest, fastest * 0, xr.concat([strong, strong / 10], xr.Variable("curve", ["strong", "weak"])))
    country = islands_country(triggers=(wanted,), vulnerability={"shown": shown})
    impacts = area_impacts(winds, FAR, LAYERS, country, members)
    cycle = LANDFALL - timedelta(hours=lead_h)
    context = CycleContext(LAYERS, country, members, cycle, cycle, None, None)
    (found,) = judge_triggers(JudgedStorm(context, winds, impacts, met_before, event, LANDFALL))
    return found


def test_alternatives_that_differ_in_later_regions_have_names_of_their_own() -> None:
    """By its name an alternative is known in the next cycle."""
    wide = [WIND | {"regions": ("RN", "A", "B", last)} for last in ("RS", "C")]
    country = islands_country(triggers=(*wide, WIND))
    calm = AreaWinds(*(xr.DataArray(np.zeros((1, 3)), {"member": [1], "area": list(AREAS)}, ("member", "area")),) * 3)
    cycle = LANDFALL - timedelta(hours=48)
    context = CycleContext(LAYERS, country, 1, cycle, cycle, None, None)
    names = [each.name for each in judge_triggers(JudgedStorm(context, calm, (), (), AREAS, LANDFALL))]
    assert len(set(names)) == 3
    assert [name.endswith(f"(alternative {number})") for number, name in enumerate(names, 1)] == [True, True, False]


def test_each_region_by_itself() -> None:
    """Each region has 185 km/h in one of two members: half. Together they never make more of a region."""
    found = judged(WIND, [[186, 0, 0], [0, 0, 190]])
    assert (found.met, found.counts, found.where) == (True, True, ("Region North", "Region South"))
    assert found.areas == AREAS
    assert found.wanted == "50 % of members with at least 185 km/h (10-minute mean)"
    assert found.reached == "50 % of members"
    alone = judged(WIND | {"probability": 0.6}, [[186, 0, 0], [0, 0, 190]])
    assert (alone.met, alone.areas) == (False, ())


def test_only_the_region_that_met_it_and_its_event_areas() -> None:
    found = judged(WIND, [[186, 0, 0], [0, 200, 0]], event=("N2", "S1"))
    assert (found.where, found.areas) == (("Region North",), ("N2",))


def test_members_of_a_region_may_reach_it_in_different_areas() -> None:
    assert judged(WIND | {"probability": 1}, [[186, 0, 0], [0, 200, 0]]).met


def test_t3_denominator_is_the_whole_ensemble() -> None:
    """T3: both members of the message have it, the ensemble has 52: 4 %."""
    found = judged(WIND, [[186, 0, 0], [200, 0, 0]], members=52)
    assert not found.met
    assert found.reached == "3.8 % of members"
    assert found.where == ("Region North",)


def test_six_tenths_of_fifty_members_are_thirty() -> None:
    rows = [[186.0, 0, 0]] * 30 + [[0.0, 0, 0]] * 20
    assert judged(WIND | {"probability": 0.6}, rows, members=50).met
    assert not judged(WIND | {"probability": 0.6}, rows[1:], members=50).met


def test_mean_over_the_ensemble() -> None:
    """(200 + 180) / 2 = 190 of two members; / 4 = 95 where two more are absent."""
    wanted = {key: value for key, value in WIND.items() if key != "probability"}
    found = judged(wanted, [[200, 0, 0], [0, 180, 0]])
    assert (found.met, found.reached) == (True, "190 km/h (10-minute mean) as mean over the members")
    assert (
        judged(wanted, [[200, 0, 0], [0, 180, 0]], members=4).reached
        == "95 km/h (10-minute mean) as mean over the members"
    )


def test_not_looked_at_beyond_its_hours() -> None:
    found = judged(WIND | {"within_h": 72}, [[186, 0, 0]] * 2, lead_h=73)
    assert (found.met, found.areas) == (False, ())
    assert found.reason == "it is looked at from 72 hours before landfall on"
    assert judged(WIND | {"within_h": 72}, [[186, 0, 0]] * 2, lead_h=72).met


def test_deadline_stops_what_was_not_met_before() -> None:
    """To be met first 24 hours before landfall on the 27th: until the 26th at 0:00."""
    wanted = WIND | {"not_later_than_h": 24}
    late = judged(wanted, [[186, 0, 0]] * 2, lead_h=23)
    assert (late.met, late.reason) == (False, "it had to be met first 24 hours before landfall")
    assert late.deadline == datetime(2026, 11, 26, 0, tzinfo=UTC)
    assert judged(wanted, [[186, 0, 0]] * 2, lead_h=24).met
    assert judged(wanted, [[186, 0, 0]] * 2, lead_h=3, met_before=(late.name,)).met
    assert not judged(wanted, [[0, 0, 0]] * 2, lead_h=3, met_before=(late.name,)).met


def test_without_a_deadline_a_second_landfall_may_still_meet_it() -> None:
    found = judged(WIND, [[0, 0, 186]] * 2, lead_h=0)
    assert (found.met, found.deadline) == (True, None)


def test_houses_of_a_province_without_calibration_are_met_and_do_not_count() -> None:
    """10 % of 1,000 and 5 % of 2,000 houses in the north, 20 % of 400 in the south: 200 and 80 in each member."""
    wanted = {"scope": "province", "measure": "houses_damaged", "amount": 200, "probability": 1}
    found = judged(wanted, damage=[[0.1, 0.05, 0.2]] * 2)
    assert (found.met, found.counts) == (True, False)
    assert found.reason == "damage makes no trigger while the curves have no calibration"
    assert (found.where, found.areas) == (("North",), ("N1", "N2"))
    assert judged(wanted | CALIBRATED, damage=[[0.1, 0.05, 0.2]] * 2).counts
    assert not judged(wanted, damage=[[0.1, 0.05, 0.2]] * 2, shown="low").met


def test_three_damaged_areas_of_a_province() -> None:
    wanted = {"scope": "province", "measure": "areas_damaged_10_percent", "amount": 2, "probability": 0.5}
    found = judged(wanted, damage=[[0.1, 0.1, 0.9], [0.1, 0.09, 0.9]])
    assert (found.met, found.where) == (True, ("North",))
    assert found.wanted == "50 % of members with at least 2 areas with 10 % damage"
    assert not judged(wanted | {"amount": 3}, damage=[[0.1, 0.1, 0.9]] * 2).met


def test_trigger_areas_of_the_whole_country_have_a_tenth_of_the_amount_or_ten_percent_damage() -> None:
    """100 + 19 + 40 = 159 houses in one member, of 150: a tenth is 15 houses, which N1 and N2 have too. Of 130 houses,
    130 in N1 and 4 in S1 with 1 %, it is N1 alone.
    """
    wanted = {"scope": "country", "measure": "houses_damaged", "amount": 150, "probability": 1}
    found = judged(wanted, damage=[[0.1, 0.0095, 0.1]])
    assert not found.met
    found = judged(wanted, damage=[[0.1, 0.0095, 0.1]], members=1)
    assert (found.met, found.where, found.areas) == (True, (), AREAS)
    assert judged(wanted | {"amount": 130}, damage=[[0.13, 0.0, 0.01]], members=1).areas == ("N1",)


def test_t11_numbers_are_compared_as_numbers() -> None:
    """T11: another pipeline compares the text `80k` with 60, which is always more; 9 houses are fewer than 80."""
    wanted = {"scope": "country", "measure": "houses_damaged", "amount": 80, "probability": 1}
    assert not judged(wanted, damage=[[0.009, 0, 0]], members=1).met
    assert judged(wanted, damage=[[0.08, 0, 0]], members=1).met


def test_regions_without_areas_are_said() -> None:
    found = judged(WIND | {"regions": ("RX",)}, [[186, 0, 0]] * 2)
    assert (found.met, found.reached) == (False, "not looked at")
    assert found.reason == "the boundaries have no areas of RX"


def test_the_region_nearest_to_it_is_named_where_none_met_it() -> None:
    """Nobody has 185 km/h; the largest winds of the south are 100 and 120 km/h, those of the north 110 and 90."""
    found = judged(WIND, [[110, 0, 100], [0, 90, 120]])
    assert (found.met, found.where, found.reached) == (
        False,
        ("Region South",),
        "0 % of members",
    )


def test_names_tell_alternatives_apart() -> None:
    name = (
        "at least 185 km/h (10-minute mean), 50 % of members, in a region of Region North, Region South, at most 72 h "
        "before landfall"
    )
    assert judged(WIND, [[0, 0, 0]]).name == name
    others = [WIND | {"amount": 118}, WIND | {"regions": ("RN",)}, WIND | {"not_later_than_h": 48}]
    assert len({name, *(judged(other, [[0, 0, 0]]).name for other in others)}) == 4


@pytest.mark.parametrize("measure", ["wind_kmh", "houses_damaged", "areas_damaged_10_percent"])
def test_no_storm_meets_nothing(measure: str) -> None:
    found = judged({"scope": "province", "measure": measure, "amount": 1, "probability": 0.1}, [[0.0, 0, 0]])
    assert (found.met, found.reached[:3], found.where) == (False, "0 %", ())
