"""Alert class and trigger by day (F1)."""

from collections.abc import Mapping

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.rule import ClassLimit, FloodRule, exact
from ibf_pipeline.hazards.floods.forecast.classes import classify
from ibf_pipeline.hazards.floods.forecast.events import event_names, flags, timing

SIXTY = exact(0.6)
RETURN_PERIOD = FloodRule(
    "return-period",
    {"min": ClassLimit(1.5, SIXTY), "med": ClassLimit(2, SIXTY), "max": ClassLimit(5, SIXTY)},
    ClassLimit(5, SIXTY),
    5,
)
PROBABILITY = FloodRule(
    "probability",
    {"min": ClassLimit(10, SIXTY), "med": ClassLimit(10, exact(0.7)), "max": ClassLimit(10, exact(0.8))},
    ClassLimit(10, exact(0.8)),
    7,
)
DISABLE = FloodRule("disable", {}, ClassLimit(5, SIXTY), 3)


def counts(above: Mapping[float, list[int]], members: int = 10) -> xr.Dataset:
    """One station: members above each return period's threshold, by lead time."""
    table = np.array(list(above.values()))[:, :, np.newaxis]
    lead_times = list(range(table.shape[1]))
    return xr.Dataset(
        {
            "above": (("return_period", "lead_time", "station"), table),
            "members": (("lead_time", "station"), np.full((len(lead_times), 1), members)),
        },
        coords={"return_period": list(above), "lead_time": lead_times, "station": ["G1"]},
    )


def classes(table: xr.Dataset, rule: FloodRule) -> tuple[list[str], str]:
    result = classify(table, rule)
    ranks, triggers = result["alert_class"].values, result["trigger"].values
    return [ALERT_CLASSES[rank] for rank in ranks[:, 0]], flags(ranks, triggers)[0]


def test_return_period_rule_gives_the_highest_class_met() -> None:
    table = counts({1.5: [5, 6, 9, 10, 10], 2: [0, 3, 6, 9, 10], 5: [0, 0, 5, 6, 10]})
    assert classes(table, RETURN_PERIOD) == (["no", "min", "med", "max", "max"], "-wwTT")


def test_beyond_the_limit_a_trigger_is_a_medium_warning() -> None:
    table = counts({1.5: [10] * 8, 2: [10] * 8, 5: [0] * 4 + [10] * 4})
    assert classes(table, RETURN_PERIOD) == (["med"] * 4 + ["max"] * 2 + ["med"] * 2, "wwwwTTww")


def test_probability_rule_has_one_return_period() -> None:
    table = counts({10: [5, 6, 7, 8, 10]})
    assert classes(table, PROBABILITY) == (["no", "min", "med", "max", "max"], "-wwTT")


def test_disable_has_triggers_and_nothing_else() -> None:
    table = counts({5: [0, 10, 5, 6, 10, 10]})
    assert classes(table, DISABLE) == (["no", "max", "no", "max", "no", "no"], "-T-T--")


def test_a_max_that_is_no_trigger_counts_as_med() -> None:
    stricter = FloodRule("return-period", RETURN_PERIOD.classes, ClassLimit(5, exact(0.9)), 7)
    assert classes(counts({1.5: [10], 2: [10], 5: [7]}), stricter) == (["med"], "w")


def test_a_trigger_whose_class_says_less_is_max() -> None:
    looser = FloodRule("return-period", RETURN_PERIOD.classes, ClassLimit(5, exact(0.3)), 7)
    assert classes(counts({1.5: [10], 2: [4], 5: [3]}), looser) == (["max"], "T")


def test_only_med_and_max_classes() -> None:
    rule = FloodRule(
        "return-period", {"med": ClassLimit(2, SIXTY), "max": ClassLimit(5, SIXTY)}, ClassLimit(5, SIXTY), 7
    )
    assert classes(counts({2: [5, 6, 6], 5: [0, 0, 6]}), rule) == (["no", "med", "max"], "-wT")


@pytest.mark.parametrize(
    ("days", "highest", "expected"),
    [
        ("--------", "no", (0, False, "no")),
        ("-wwwTTw-", "max", (4, True, "max")),
        ("wwwwwwwT", "max", (7, True, "max")),
        ("T-------", "max", (0, True, "max")),
        ("-TT-----", "max", (1, True, "max")),
        ("---ww---", "min", (3, False, "min")),
        ("w------w", "med", (0, False, "med")),
    ],
)
def test_lead_time_of_the_event(days: str, highest: str, expected: tuple[int, bool, str]) -> None:
    """Any number of warning days before the trigger; a trigger that falls again stays one."""
    rank = ALERT_CLASSES.index(highest)
    ranks = [{"-": 0, "w": min(rank, 2), "T": 3}[day] for day in days]
    assert timed([ranks], [[day == "T" for day in days]]) == [expected]


def test_a_warning_has_the_highest_class_of_its_days() -> None:
    assert timed([[0, 1, 2, 1]], [[False] * 4]) == [(1, False, "med")]


def test_stations_side_by_side_have_each_their_own_timing_and_flags() -> None:
    ranks, triggers = [[0, 1, 3], [2, 0, 1], [0, 0, 0]], [[False, False, True], [False] * 3, [False] * 3]
    assert timed(ranks, triggers) == [(2, True, "max"), (0, False, "med"), (0, False, "no")]
    assert flags(np.array(ranks).T, np.array(triggers).T) == ["-wT", "w-w", "---"]


def timed(ranks: list[list[int]], triggers: list[list[bool]]) -> list[tuple[int, bool, str]]:
    """Lead time, trigger and class of stations whose days are rows."""
    found = timing(np.array(ranks).T, np.array(triggers).T)
    highest = [ALERT_CLASSES[rank] for rank in found.rank]
    return list(zip(found.lead_time.tolist(), found.triggered.tolist(), highest, strict=True))


def test_event_names_are_codes_unless_the_country_says_otherwise() -> None:
    stations = [("G1", "Mbale"), ("G2", "Busia")]
    assert event_names(stations, "station_code") == {"G1": "G1", "G2": "G2"}
    assert event_names(stations, "station_name") == {"G1": "Mbale", "G2": "Busia"}


def test_names_that_cannot_identify_an_event_fall_back_to_the_code() -> None:
    stations = [
        ("G1", "Na"), ("G2", "NA"), ("G3", "None"), ("G4", ""), ("G5", "Mira"), ("G6", "Mira"), ("G7", "Na_me"),
        ("G8", "G1"), ("G9", "Wé (1)"),
    ]  # fmt: skip
    names = event_names(stations, "station_name")
    assert names == {code: code for code, _ in stations[:-1]} | {"G9": "Wé (1)"}


def test_names_that_say_nothing_or_read_alike_are_not_used() -> None:
    stations = [("G1", "N/A"), ("G2", "No alert"), ("G3", "Mbale"), ("G4", "mbale "), ("G5", "g1"), ("G6", "Busia")]
    assert event_names(stations, "station_name") == {
        "G1": "G1", "G2": "G2", "G3": "G3", "G4": "G4", "G5": "G5", "G6": "Busia",
    }  # fmt: skip
