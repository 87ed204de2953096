"""Rules 6, 11 and 15, block by block: bursts between two runs, what refutes them, tails, what never clears.

Each row is a block six hours after the one before; hours are counted from its own issue time. `30 mm` in an hour are 60
people in A1 and 30 in A2; `80mm_4hr` 212 in A1. The limit is 20.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings, LaterAlert
from tests.worlds.countries.two_valleys import Wet, at, block, found, layers, only, rain


@dataclass(frozen=True)
class Seen:
    """A block: its rain, and what Alpha is then: (lead time, T or w, state, people), or None."""

    wet: Wet | Sequence[Wet]
    alpha: tuple[int, str, str, int] | None
    observed_to: int = 0
    missing: Mapping[str, Sequence[int]] = field(default_factory=dict)
    stale: bool = False
    """the forecast is of the block before"""
    step: float = 1
    """hours, of the forecast"""


def played(blocks: Sequence[Seen | None], **changes: Any) -> list[FlashFloodFindings]:
    """Every block found after the others; None: a block that was not run."""
    results: list[FlashFloodFindings] = []
    for number, seen in enumerate(blocks):
        if seen is None:
            continue
        cube = rain(
            seen.wet,
            block(number),
            observed_to=seen.observed_to,
            missing=seen.missing,
            step=seen.step,
            cycle=at(-6 if seen.stale else 0, block(number)).isoformat(),
        )
        results.append(found(cube, results[-1] if results else None, **changes))
        events = [event for event in results[-1].events if event.district == "Alpha"]
        shown = [(e.lead_time, "T" if e.trigger else "w", e.state, e.people) for e in events]
        assert shown == ([] if seen.alpha is None else [seen.alpha]), f"block {number}"
    return results


def burst(hour: int, area: str = "A1", mm: float = 30) -> Wet:
    return {area: {hour: mm}}


SEQUENCES: dict[str, list[Seen | None]] = {
    "a burst that begins and ends between two runs is 0-hour": [
        Seen({}, None),
        Seen(burst(-4), (0, "T", "forecast", 60)),
        Seen(burst(-10), (0, "T", "tail", 60)),
    ],
    "the last block's own hour is not looked at again": [Seen({}, None), Seen(burst(-6), None)],
    "a forecast burst that nobody measured is 0-hour, until measurements refute it": [
        Seen(burst(3), (3, "T", "forecast", 60)),
        Seen({}, (0, "T", "kept", 60), observed_to=-6),
        Seen({}, (0, "T", "kept", 60), observed_to=-12),
        Seen({}, None, observed_to=-12),
    ],
    "measured at once and dry: it is dropped": [
        Seen(burst(3), (3, "T", "forecast", 60)),
        Seen({}, None, observed_to=-3),
    ],
    "a forecast alone refutes nothing, missing hours neither": [
        Seen(burst(3), (3, "T", "forecast", 60)),
        Seen({}, (0, "T", "kept", 60), missing={"A1": [-3]}),
    ],
    "measured and over the limit: its own rain now": [
        Seen(burst(3), (3, "T", "forecast", 60)),
        Seen(burst(-3, mm=20), (0, "T", "forecast", 60)),
        Seen(burst(-9, mm=20), (0, "T", "tail", 60)),
    ],
    "a burst that comes later than forecast is 0-hour until it is refuted": [
        Seen(burst(3), (3, "T", "forecast", 60)),
        Seen(burst(2), (0, "T", "kept", 60), observed_to=-6),
    ],
    "an older forecast takes nothing back, this block's does": [
        Seen(burst(10), (10, "T", "forecast", 60)),
        Seen({}, (4, "T", "kept", 60), stale=True),
        Seen({}, None, observed_to=0),
    ],
    "a model that is always whole a block late takes back what its run before said": [
        Seen(burst(20), (18, "w", "forecast", 60), stale=True),
        Seen({}, None, stale=True),
    ],
    "a partial sum takes nothing back": [
        Seen(burst(10), (10, "T", "forecast", 60)),
        Seen({}, (4, "T", "kept", 60), missing={"A1": [4]}),
    ],
    "a sum that was resolved is taken back by one that is": [
        Seen(burst(10), (10, "T", "forecast", 60)),
        Seen({}, (4, "T", "kept", 60), step=3),
    ],
    "a sum that was not is taken back by such a one": [
        Seen(burst(10), (10, "T", "forecast", 60), step=3),
        Seen({}, None, step=3),
    ],
    "a gap elsewhere does not keep it": [
        Seen(burst(10), (10, "T", "forecast", 60)),
        Seen({}, None, missing={"A1": [5], "A2": [4]}),
    ],
    "no downgrade from an older forecast": [
        Seen(burst(12), (12, "T", "forecast", 60)),
        Seen(burst(20, "A2"), (6, "T", "kept", 60), stale=True),
    ],
    "a downgrade from a complete one": [
        Seen(burst(12), (12, "T", "forecast", 60)),
        Seen(burst(20, "A2"), (18, "w", "forecast", 30)),
    ],
    "a burst that was measured too late for its own block is 0-hour in the next": [
        Seen({}, None, observed_to=-13),
        Seen(burst(-9), (0, "T", "forecast", 60), observed_to=-7),
        Seen(burst(-15), (0, "T", "tail", 60), observed_to=-7),
    ],
    "two blocks late": [
        Seen({}, None, observed_to=-13),
        Seen({}, None, observed_to=-13),
        Seen(burst(-17), (0, "T", "forecast", 60), observed_to=-12),
    ],
    "one of which it is only said afterwards is none": [
        Seen({}, None, observed_to=-13),
        Seen(burst(-9), None, observed_to=-10),
    ],
    "up to a day back": [
        Seen({}, None, observed_to=-30),
        Seen(burst(-24), None),
        Seen({}, None, observed_to=-30),
        Seen(burst(-23), (0, "T", "forecast", 60)),
    ],
    "blocks that were missed are looked at": [Seen({}, None), None, Seen(burst(-9), (0, "T", "forecast", 60))],
    "and not those that were not": [Seen({}, None), Seen({}, None), Seen(burst(-9), None)],
    "warnings have no tail": [
        Seen([burst(3)] * 4 + [{}] * 6, (3, "w", "forecast", 60)),
        Seen([{}] * 10, (0, "w", "kept", 60), observed_to=-6),
        Seen([{}] * 10, None, observed_to=-20),
    ],
    "members that exceed sooner than the alert begins are no burst that has passed": [
        Seen([burst(hour) for hour in (3, 4, 5, 6, 7)] + [{}] * 5, (7, "T", "forecast", 60)),
        Seen([{}] * 10, None, observed_to=-6),
    ],
    "a warning that is kept stays one, though the share of a trigger is reached later": [
        Seen([burst(5)] * 4 + [burst(20)] * 2 + [{}] * 4, (5, "w", "forecast", 60)),
        Seen([{}] * 10, (0, "w", "kept", 60), observed_to=-6),
    ],
    "a trigger beyond the limit that is kept is one within it": [
        Seen(burst(18), (18, "w", "forecast", 60)),
        Seen({}, (12, "T", "kept", 60), stale=True),
    ],
    "numbers from beyond the limit make no trigger": [
        Seen({"A1": {18: 20, 30: 30}}, (18, "w", "forecast", 60)),
        Seen({}, (12, "w", "kept", 60), stale=True),
    ],
    "and stand beside none": [
        Seen({"A1": {18: 20, 30: 30}}, (18, "w", "forecast", 60)),
        Seen({"A1": {12: 20}}, (12, "T", "forecast", 30), stale=True),
    ],
    "a warning that comes within the limit is a trigger": [
        Seen(burst(18), (18, "w", "forecast", 60)),
        Seen(burst(12), (12, "T", "forecast", 60)),
    ],
    "a tail has the larger numbers of then and now, area by area": [
        Seen(burst(-1), (0, "T", "forecast", 60)),
        Seen({"A1": {-1: 20}, "A2": {-1: 30}}, (0, "T", "forecast", 90)),
        Seen({}, (0, "T", "tail", 90)),
    ],
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_block_by_block(name: str) -> None:
    played(SEQUENCES[name], durations_h=[1, 24])


@pytest.mark.parametrize(("observed_to", "refuted"), [(-3, True), (-4, False)])
def test_ninety_per_cent_of_the_sum_must_be_measured(observed_to: int, refuted: bool) -> None:
    """100 mm in 24 hours by +5, a block later at -1: with 22 of its 24 hours measured it is refuted, with 21 not."""
    first = Seen({"A1": dict.fromkeys((1, 2, 3, 4, 5), 20)}, (5, "T", "forecast", 100))
    then = Seen({}, None if refuted else (0, "T", "kept", 100), observed_to=observed_to)
    played([first, then], durations_h=[24])


def test_what_one_area_had_measured_is_not_looked_at_again_for_another() -> None:
    """A1 was measured to the end and dry; that its hour -9 is wet now is no news, but that of A2 is."""
    cube = rain({}, block(0), observed_to=0)
    late = cube.observed.copy()
    late.loc[{"area": "A2"}] = late["time"] <= late["time"][47]
    first = found(cube.assign_coords(observed=late), durations_h=[1])
    assert (first.measured_to["A1"], first.measured_to["A2"]) == (at(0), at(-6))
    then = found(rain({"A1": {-7: 30}, "A2": {-8: 30}}, block(1)), first, durations_h=[1])
    assert [area.place_code for area in only(then).areas if area.alerted] == ["A2"]
    assert only(then).starts == at(-2)


def test_the_catchment_must_be_measured_too() -> None:
    static = layers(catchments={"A1": {"U1": 3, "A1": 1}})
    first = found(rain({"U1": {3: 40}}, block(0)), static=static, durations_h=[1])
    cube = rain({}, block(1))
    unmeasured = cube.observed.copy()
    unmeasured.loc[{"area": "U1"}] = False
    kept = found(cube.assign_coords(observed=unmeasured), first, static=static, durations_h=[1])
    assert [event.state for event in kept.events] == ["kept"]
    assert not found(cube, first, static=static, durations_h=[1]).events


def test_the_tail_ends_120_hours_after_the_last_exceedance() -> None:
    """The last hour over the limit is -1: with block 19, at +114, it goes on, with block 20, at +120, it is over."""
    tail = (0, "T", "tail", 60)
    blocks = [Seen(burst(-1), (0, "T", "forecast", 60)), *[Seen({}, tail)] * 19, Seen({}, None)]
    results = played(blocks, durations_h=[1])
    assert {event.until for result in results for event in result.events} == {at(119)}
    assert any("stays at 0-hour until Fri 2026-02-20 07:00 CAT" in note for note in results[1].notes)


def test_measurements_end_a_tail_that_only_forecasts_had_begun() -> None:
    """30 mm at +3 are 0-hour for who reads it 4 hours later; measured dry they are taken back, and not before."""
    first = found(rain(burst(3), block(0)), late=4, durations_h=[1])
    assert (only(first).until, only(first).measured) == (at(123), None)
    assert any("exceeds again or measurements say that nothing fell" in note for note in first.notes)
    unmeasured = found(rain({}, block(1), observed_to=-6), first, late=4, durations_h=[1])
    assert only(unmeasured).state == "tail"
    for before, number in ((first, 1), (unmeasured, 2)):
        assert not found(rain({}, block(number)), before, late=4, durations_h=[1]).events


def test_what_an_older_run_had_forecast_for_hours_that_are_over_begins_no_tail_for_good() -> None:
    """The gap up to now is filled with the run that said so before."""
    blocks = [
        Seen(burst(3), (3, "T", "forecast", 60)),
        Seen(burst(-3), (0, "T", "forecast", 60), observed_to=-12),
        Seen(burst(-9), (0, "T", "tail", 60), observed_to=-12),
        Seen({}, None),
    ]
    played(blocks, durations_h=[1])


def test_measurements_end_no_tail_that_they_had_begun() -> None:
    """Neither where a larger flood is forecast later and does not come, nor where the measured hours were corrected."""
    first = found(rain(burst(-1), block(0)), durations_h=[1])
    larger = found(rain({"A1": {-7: 30, 3: 30}, "A2": {3: 30}}, block(1)), first, late=4, durations_h=[1])
    assert (only(first).measured, only(larger).measured, only(larger).until) == (at(-1), at(-1), at(129))
    assert [event.state for event in found(rain({}, block(2)), larger, durations_h=[1]).events] == ["tail"]


def test_a_tail_whose_numbers_became_those_of_a_later_flood_stays() -> None:
    """What was forecast for +3 was never measured: that the larger one of +9 is taken back says nothing of it."""
    first = found(rain(burst(3, mm=20), block(0)), late=4, durations_h=[1])
    then = found(rain(burst(9), block(1), observed_to=-6), first, late=4, durations_h=[1])
    assert [(cause.starts, cause.people) for cause in only(then).causes] == [(at(15), 60)]
    assert [event.state for event in found(rain({}, block(2)), then, late=4, durations_h=[1]).events] == ["tail"]


def test_a_new_exceedance_at_0_hour_begins_the_tail_anew() -> None:
    first, second = played(
        [Seen(burst(-1), (0, "T", "forecast", 60)), Seen(burst(0), (0, "T", "forecast", 60))], durations_h=[1]
    )
    assert (only(first).until, only(second).until) == (at(119), at(126))


def test_what_goes_on_exceeding_keeps_its_start() -> None:
    """200 mm at -1 exceed for 24 hours: later blocks see no further back than -5, and the flood began before that."""
    wet = [Seen({"A1": {-1 - 6 * number: 200}}, (0, "T", "forecast", 2000)) for number in range(3)]
    assert [only(each).starts for each in played(wet, durations_h=[24])] == [at(-1)] * 3
    first, second = played([Seen(burst(-1), (0, "T", "forecast", 60)), Seen(burst(-2), (0, "T", "forecast", 60))])
    assert (only(first).starts, only(second).starts) == (at(-1), at(4)), "another burst has a start of its own"


def test_a_trigger_that_was_never_measured_is_kept_as_long_as_a_tail() -> None:
    """Its start at +3: still there at +120, gone at +126."""
    kept = Seen({}, (0, "T", "kept", 60), observed_to=-53)
    played([Seen(burst(3), (3, "T", "forecast", 60)), *[kept] * 20, Seen({}, None, observed_to=-53)], durations_h=[1])


def test_a_tail_never_hides_a_new_trigger() -> None:
    """60 people at 0-hour, and 212 at +12, inside the limit: the larger number is sent, the flags have both."""
    _, second = played(
        [
            Seen(burst(-1), (0, "T", "forecast", 60)),
            Seen({"A1": dict.fromkeys((9, 10, 11, 12), 20.5)}, (0, "T", "tail", 212)),
        ],
        durations_h=[1, 4],
    )
    event = only(second)
    marks = dict(zip(second.lead_times, event.flags, strict=True))
    assert (marks[0], marks[8], marks[9], marks[12], marks[15]) == ("T", "-", "T", "T", "-")
    assert event.later == (LaterAlert(9, at(9, block(1)), True, 212, ("Area A1",)),)
    assert event.starts == at(-1)
    assert any("Alpha: trigger further ahead, at 9-hour" in note and "212 people" in note for note in second.notes)


def test_a_tail_takes_no_numbers_from_beyond_the_limit() -> None:
    """2,000 people at +40 are in flags and words, not among the 60 at 0-hour."""
    _, second = played(
        [
            Seen(burst(-1), (0, "T", "forecast", 60)),
            Seen({"A1": dict.fromkeys(range(18, 42), 9)}, (0, "T", "tail", 60)),
        ],
        durations_h=[1, 24],
    )
    event = only(second)
    assert [(later.trigger, later.people) for later in event.later] == [(False, 2000)]
    assert "w" in event.flags[15:]


def test_an_event_that_a_person_withdrew_has_no_tail() -> None:
    first = found(rain(burst(-1), block(0)), durations_h=[1])
    assert not found(rain({}, block(1)), first.without(["Alpha"]), durations_h=[1]).events


def test_an_area_that_left_its_district_has_no_tail() -> None:
    first = found(rain({"A1": {-1: 30}, "A2": {-1: 30}}, block(0)), durations_h=[1])
    both = layers(districts={"Alpha": ("A2",), "Beta": ("B1", "A1")})
    assert {area.place_code for area in only(found(rain({}, block(1)), first, static=both)).areas} == {"A2"}
    neither = layers(districts={"Alpha": ("U1",), "Beta": ("B1", "A1", "A2")})
    assert not found(rain({}, block(1)), first, static=neither).events


def test_an_area_that_left_its_district_is_not_kept() -> None:
    first = found(rain(burst(10), block(0)), durations_h=[1])
    static = layers(districts={"Alpha": ("A2",), "Beta": ("B1",)})
    stale = rain({}, block(1), cycle=at(0).isoformat())
    assert not found(stale, first, static=static, durations_h=[1]).events


def test_a_revision_of_a_block_after_its_first() -> None:
    """The same block again, with the rain corrected: what lies ahead is judged anew."""
    first = found(rain(burst(10), block(0)), durations_h=[1])
    assert IssueTime.parse(block(0)) == first.issue_time
    assert not found(rain({}, block(0)), first, durations_h=[1]).events
