from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.domain.rule import ClassLimit, FloodRule
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.ensemble import make_ensemble
from tests.budget import examples
from tests.synthetic.plain_rule import (
    DISABLE_RULE,
    PROBABILITY_RULE,
    RETURN_PERIOD_RULE,
    classes,
    flags,
    table,
)

BIG = (169.8, 184.7, 221.3, 245.6, 268.9, 299.0, 321.6, 344.0, 373.7)
SMALL = (3.8, 4.4, 5.9, 6.9, 7.9, 9.1, 10.1, 11.0, 12.2)
THRESHOLDS = table(A=BIG, B=SMALL)


def test_shape_and_labels():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=---wTTTT")
    assert cube.dims == ("member", "lead_time", "station")
    assert cube.shape == (51, 8, 2)
    assert cube.dtype == np.float32
    assert cube.attrs["units"] == "m3/s"
    assert list(cube["member"].values) == list(range(51))
    assert list(cube["lead_time"].values) == list(range(8))
    assert list(cube["station"].values) == ["A", "B"]


def test_a_trigger_day_has_40_of_51_members_above_and_15_above_the_next_threshold():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=----T---")
    day = cube.sel(station="A", lead_time=4).values
    assert (day > 221.3).sum() == 40
    assert (day > 245.6).sum() == 15


def test_a_warning_day_has_40_members_above_its_own_threshold_and_15_above_the_next():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=--w-----:min B=--w-----:med")
    low, middle = cube.sel(station="A", lead_time=2).values, cube.sel(station="B", lead_time=2).values
    assert ((low > 169.8).sum(), (low > 184.7).sum()) == (40, 15)
    assert ((middle > 4.4).sum(), (middle > 5.9).sum()) == (40, 15)


def test_the_peak_reaches_the_return_period_asked_for_on_the_middle_trigger_day_only():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=---TTT--@50").sel(station="A")
    assert [int((cube.sel(lead_time=lead) > 299.0).sum()) for lead in (3, 4, 5)] == [0, 40, 0]
    assert int((cube.sel(lead_time=4) > 321.6).sum()) == 15


@pytest.mark.parametrize(
    ("rule", "wish", "expected"),
    [
        (RETURN_PERIOD_RULE, "A=-wwwTT--", ["no", "med", "med", "med", "max", "max", "no", "no"]),
        (RETURN_PERIOD_RULE, "A=ww------:min", ["min", "min"] + ["no"] * 6),
        (RETURN_PERIOD_RULE, "A=------TT", ["no"] * 6 + ["med", "med"]),
        (PROBABILITY_RULE, "A=-w--T---", ["no", "med", "no", "no", "max"] + ["no"] * 3),
        (PROBABILITY_RULE, "A=-w------:min", ["no", "min"] + ["no"] * 6),
        (DISABLE_RULE, "A=T------T", ["max"] + ["no"] * 6 + ["max"]),
        (replace(DISABLE_RULE, trigger_lead_time_limit=5), "A=T------T", ["max"] + ["no"] * 7),
    ],
)
def test_every_day_gets_exactly_the_wanted_class(rule, wish, expected):
    cube = make_ensemble(THRESHOLDS, rule, wish)
    assert classes(cube, THRESHOLDS, rule, "A") == expected
    assert classes(cube, THRESHOLDS, rule, "B") == ["no"] * 8


def test_losing_two_members_changes_no_class():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=-wwwTTw- B=--w-----:min")
    for lost in ([0, 1], [17, 33], [49, 50]):
        left = cube.drop_sel(member=lost)
        assert flags(left, THRESHOLDS, RETURN_PERIOD_RULE, "A") == "-wwwTTw-"
        assert flags(left, THRESHOLDS, RETURN_PERIOD_RULE, "B") == "--w-----"


def test_quiet_days_are_below_the_smallest_threshold_and_not_dry():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=----T---")
    quiet = cube.sel(station="B").values
    assert quiet.min() >= 0.19 * 3.8
    assert quiet.max() <= 0.61 * 3.8
    assert cube.sel(station="A", lead_time=3).mean() > cube.sel(station="A", lead_time=1).mean()


def test_the_same_seed_gives_the_same_numbers_whatever_else_is_asked():
    alone = make_ensemble(THRESHOLDS.sel(station=["A"]), RETURN_PERIOD_RULE, "A=----T---", seed=3)
    both = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "B=wwww---- A=----T---", seed=3)
    other = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=----T---", seed=4)
    assert np.array_equal(alone.sel(station="A"), both.sel(station="A"))
    assert not np.array_equal(alone.sel(station="A"), other.sel(station="A"))


def test_different_members_are_high_on_different_days():
    days = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=---TTT--").sel(station="A").values > 221.3
    assert 51 > (days[:, 3] & days[:, 4]).sum() > 20
    assert (days[:, 3] != days[:, 4]).any()


@pytest.mark.parametrize(
    ("rule", "wish", "message"),
    [
        (DISABLE_RULE, "A=w-------", "`disable` knows no warnings"),
        (RETURN_PERIOD_RULE, "A=w-------:max", "class max is wanted.*min or med"),
        (replace(RETURN_PERIOD_RULE, classes={"max": ClassLimit(5, Fraction(3, 5))}), "A=w-------", "rule has none"),
        (replace(PROBABILITY_RULE, classes={"med": ClassLimit(10, Fraction(1, 2))}), "A=w-------:min", "class min"),
        (RETURN_PERIOD_RULE, "X=w-------", "unknown station X.*A, B"),
        (RETURN_PERIOD_RULE, "A=T-------@70", "no 70-year threshold"),
        (
            FloodRule("probability", {"med": ClassLimit(5, Fraction(9, 10))}, ClassLimit(5, Fraction(1, 2)), 7),
            "A=w-------",
            "no ensemble of 51 members can be of class med",
        ),
    ],
)
def test_what_the_rule_makes_impossible_is_refused(rule, wish, message):
    with pytest.raises(InputInvalid, match=message):
        make_ensemble(THRESHOLDS, rule, wish)


def test_max_warnings_are_possible_beyond_the_lead_time_limit():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=------w-:max")
    assert (cube.sel(station="A", lead_time=6) > 221.3).sum() == 40


@given(
    days=st.text(alphabet="-wT", min_size=8, max_size=8),
    name=st.sampled_from(["min", "med"]),
    rule=st.sampled_from([RETURN_PERIOD_RULE, PROBABILITY_RULE]),
    limit=st.integers(0, 7),
    members=st.sampled_from([51, 50, 34, 12]),
    seed=st.integers(0, 10),
)
@settings(max_examples=examples(20, 200), deadline=None)
def test_any_wish_comes_out_as_written(days, name, rule, limit, members, seed):
    rule = replace(rule, trigger_lead_time_limit=limit)
    cube = make_ensemble(THRESHOLDS, rule, f"B={days}:{name}", members=members, seed=seed)
    wanted = {"-": "no", "w": name, "T": "max"}
    expected = ["med" if day == "T" and lead > limit else wanted[day] for lead, day in enumerate(days)]
    assert classes(cube, THRESHOLDS, rule, "B") == expected


def test_a_longer_horizon_has_more_days_and_the_same_first_ones():
    cube = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=--wTT------", lead_times=11)
    assert (cube.shape, list(cube["lead_time"].values)) == ((51, 11, 2), list(range(11)))
    np.testing.assert_array_equal(cube[:, :8], make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=--wTT---"))
    late = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=---------T-", lead_times=11).sel(station="A", lead_time=9)
    assert (late.values > 221.3).sum() == 40
