"""A real cycle: Chanthu, 2021-09-10 00 UTC, 52 members, on the real boundaries of northern Philippines."""

from __future__ import annotations

import pytest

from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from tests.worlds.philippines import chanthu_found, northern_philippines

BATANES = "PH020900000"


@pytest.fixture(scope="module")
def findings() -> TyphoonFindings:
    return chanthu_found()


@pytest.fixture(scope="module")
def chanthu(findings: TyphoonFindings) -> TyphoonEvent:
    (only,) = findings.events
    return only


def test_it_is_a_landfall_for_the_portal(findings: TyphoonFindings, chanthu: TyphoonEvent) -> None:
    """Rules 3, 8 and 9: 17 of 52 members cross; the high-resolution run passes an island by less than 1 km."""
    assert (findings.members, chanthu.name, chanthu.reference) == (52, "Kiko (CHANTHU)", "high-resolution run")
    assert chanthu.landfall.probability == pytest.approx(0.33, abs=0.04)
    assert (chanthu.landfall.approach, chanthu.landfall.corrected) == ("close-pass", False)
    assert 0 < chanthu.landfall.reference_km < 1
    assert (chanthu.lead_time, chanthu.flags[21]) == (21, "w")
    assert [point.landfall for point in chanthu.track].count(True) == 1
    assert not any(point.closest for point in chanthu.track)


def test_members_cross_between_12_and_31_hours(findings: TyphoonFindings, chanthu: TyphoonEvent) -> None:
    when = chanthu.landfall.when
    assert when is not None
    hours = [(each - findings.cycle).total_seconds() / 3600 for each in (when.early, when.middle, when.late)]
    assert 11.7 <= hours[0] < 16
    assert hours[1] == pytest.approx(22.6, abs=0.1)
    assert 28 < hours[2] <= 30.7


def test_t1_batanes_is_in_the_event(chanthu: TyphoonEvent) -> None:
    """T1: north of 19 N there is wind, and people."""
    areas = northern_philippines().areas
    batanes = {area.place_code: area for area in chanthu.areas if areas[area.place_code].parent == BATANES}
    assert len(batanes) == 6
    assert all(area.alerted for area in batanes.values())
    basco = next(each for each in chanthu.impacts if areas[each.place_code].name == "Basco")
    assert 36 * 3.6 <= basco.wind_kmh <= 44 * 3.6
    assert 0.88 <= basco.typhoon_probability <= 1


def test_it_is_a_warning_by_the_published_wind(chanthu: TyphoonEvent) -> None:
    """Rule 7: 185 km/h in Luzon is not what these members have; the report says how far they are from it."""
    assert not chanthu.trigger
    assert all(judged.counts and not judged.met for judged in chanthu.triggers)
