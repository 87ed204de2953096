"""Rules 16 and 17, block by block: which of four runs a day notify people, and which may wait for a person."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.mails import mailing
from ibf_pipeline.hazards.mailing import LastMail, may_wait
from tests.worlds.countries.two_valleys import Wet, at, block, found, layers, rain

NOTHING = "nothing is alerted"
SAME = "nothing changed since the last notification"


@dataclass(frozen=True)
class Told:
    """A block: its rain, and why people are notified; a text in round brackets: why they are not."""

    wet: Wet
    why: str
    mailed: bool = True
    """false: people were to be notified and were not, such as in a backfill"""


def wet(hour: int, mm: float = 30, area: str = "A1") -> Wet:
    return {area: {hour: mm}}


SEQUENCES: dict[str, list[Told]] = {
    "nothing, a warning, nearer, a trigger, nearer, now, its tail, over": [
        Told({}, f"({NOTHING})"),
        Told(wet(48), "Alpha: new warning"),
        Told(wet(42), "Alpha: 24 hours ahead"),
        Told(wet(36), f"({SAME})"),
        Told(wet(30), f"({SAME})"),
        Told(wet(24), f"({SAME})"),
        Told(wet(18), "nobody was notified for a day"),
        Told(wet(12), "Alpha: raised to a trigger; Alpha: 12 hours ahead"),
        Told(wet(6), "Alpha: 6 hours ahead"),
        Told(wet(0), f"({SAME})"),
        Told({}, f"({SAME})"),
        Told({}, f"({SAME})"),
        Told({}, f"({SAME})"),
        Told({}, f"({SAME})"),
    ],
    "people by a quarter, up and down, against the last mail and not the last block": [
        Told({"A1": {3: 30, 4: 0}}, "Alpha: new trigger"),
        Told({"A1": {3: 30}, "B1": {9: 20}}, "Beta: new trigger"),
        Told({"B1": {9: 30}}, "Beta: people 30 to 60"),
    ],
    "lowered, and raised again": [
        Told(wet(12), "Alpha: new trigger"),
        Told(wet(20), "Alpha: lowered to a warning"),
        Told(wet(12), "Alpha: raised to a trigger; Alpha: 12 hours ahead"),
    ],
    "ended, and there again: new, though the last mail had it": [
        Told(wet(20), "Alpha: new warning"),
        Told({}, f"({NOTHING})"),
        Told(wet(20), "Alpha: new warning"),
    ],
    "a trigger that nobody was told of is told by the next block": [
        Told(wet(12), "Alpha: new trigger", mailed=False),
        Told(wet(6), "Alpha: new trigger"),
    ],
    "a tail is not told of every day, what is new ahead of it is": [
        Told(wet(0), "Alpha: new trigger"),
        *[Told({}, f"({SAME})")] * 5,
        Told(wet(40, 20), "Alpha: something new is ahead"),
        Told(wet(34, 20), f"({SAME})"),
        Told(wet(12, 20), "Alpha: something new is ahead"),
    ],
    "another area of the same district": [
        Told(wet(30), "Alpha: new warning"),
        Told({"A1": {24: 30}, "A2": {24: 30}}, "Alpha: people 60 to 90; Alpha: areas 1 to 2"),
    ],
}


def decided(blocks: list[Told]) -> list[str]:
    results, before, last = [], None, None
    for number, told in enumerate(blocks):
        now = found(rain(told.wet, block(number)), before, durations_h=[1])
        moment = at(1, block(number))
        mail = mailing(now, before, last, moment)
        reasons = "; ".join(mail.reasons)
        results.append(reasons if mail.notify else f"({reasons})")
        before = now
        if mail.notify and told.mailed:
            last = LastMail(moment, now)
    return results


@pytest.mark.parametrize("name", SEQUENCES)
def test_block_by_block(name: str) -> None:
    assert decided(SEQUENCES[name]) == [told.why for told in SEQUENCES[name]]


@pytest.mark.parametrize(
    ("people", "told"), [((100, 124), False), ((100, 125), True), ((100, 75), True), ((100, 76), False)]
)
def test_a_quarter(people: tuple[int, int], told: bool) -> None:
    then, now = (with_people(number) for number in people)
    assert mailing(now, then, LastMail(at(0), then), at(6)).notify is told


def with_people(number: int) -> FlashFloodFindings:
    """A trigger that reaches so many people."""
    table = layers().exposure.copy()
    table.loc[{"area": "A1", "scenario": "30mm_1hr"}] = number
    return found(rain(wet(6)), static=layers(exposure=table), durations_h=[1])


@pytest.mark.parametrize(("hour", "waits"), [(12, False), (0, False), (13, False), (15, True), (30, True)])
def test_triggers_within_twelve_hours_do_not_wait(hour: int, waits: bool) -> None:
    """13 is sent as 12. What comes later is a warning, or a trigger with time."""
    assert may_wait(found(rain(wet(hour)), durations_h=[1])) is waits
    assert may_wait(found(rain(wet(hour)), durations_h=[1], warning_from_h=24)) is waits
