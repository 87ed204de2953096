"""Whole days of three districts, block by block: events, what is notified, and what the portal would show."""

from __future__ import annotations

from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.mails import mailing
from ibf_pipeline.hazards.mailing import LastMail
from tests.worlds.countries.two_valleys import Wet, at, block, found, layers, rain

THREE = layers(districts={"Rumphi": ("A1",), "Karonga": ("A2",), "Blantyre City": ("B1",)})


def day(blocks: list[tuple[Wet, int]]) -> tuple[list[dict[str, str]], list[str], FlashFloodFindings]:
    """`blocks`: rain, and the last hour that was measured. Events of each as `T6`, why each notifies (empty: it does
    not), and the last block.
    """
    shown, mails, before, last = [], [], None, None
    for number, (wet, observed_to) in enumerate(blocks):
        now = found(rain(wet, block(number), observed_to=observed_to), before, static=THREE, durations_h=[1])
        shown.append({event.name: f"{'T' if event.trigger else 'w'}{event.lead_time}" for event in now.events})
        mail = mailing(now, before, last, at(1, block(number)))
        mails.append("; ".join(mail.reasons) if mail.notify else "")
        last, before = (LastMail(at(1, block(number)), now) if mail.notify else last), now
    assert before is not None
    return shown, mails, before


def test_a_day_in_three_blocks() -> None:
    """06: Rumphi in 6 hours, Karonga in 24, Blantyre in 6. 12: Rumphi's has come, Karonga is nearer, Blantyre's is
    measured and was dry. 18: Karonga's forecast is gone, Rumphi stays at 0-hour.
    """
    shown, mails, _ = day(
        [
            ({"A1": {6: 30}, "A2": {24: 30}, "B1": {6: 30}}, 0),
            ({"A1": {0: 30}, "A2": {12: 30}}, 0),
            ({}, 0),
        ]
    )
    assert shown == [
        {"Rumphi": "T6", "Blantyre City": "T6", "Karonga": "w24"},
        {"Rumphi": "T0", "Karonga": "T12"},
        {"Rumphi": "T0"},
    ]
    assert mails == [
        "Blantyre City: new trigger; Rumphi: new trigger; Karonga: new warning",
        "Karonga: raised to a trigger; Karonga: 12 hours ahead",
        "",
    ]


def test_the_same_day_without_measurements() -> None:
    """Nobody knows whether Blantyre's rain came: it is 0-hour at 12 and 18."""
    shown, mails, last = day([({"A1": {6: 30}, "B1": {6: 30}}, 0), ({"A1": {0: 30}}, -6), ({}, -12)])
    assert shown[1:] == [{"Rumphi": "T0", "Blantyre City": "T0"}] * 2
    assert {event.name: event.state for event in last.events} == {"Rumphi": "tail", "Blantyre City": "kept"}
    assert mails[1:] == ["", ""]


def test_first_issued_at_0_hour() -> None:
    shown, mails, _ = day([({"A1": {0: 30}, "A2": {18: 30}}, 0), ({}, 0)])
    assert shown == [{"Rumphi": "T0", "Karonga": "w18"}, {"Rumphi": "T0"}]
    assert mails == ["Rumphi: new trigger; Karonga: new warning", ""]


def test_six_blocks_from_a_warning_to_nothing() -> None:
    """A warning, a trigger, 0-hour, a burst elsewhere between two runs, a new warning ahead of the tail, and quiet."""
    shown, mails, last = day(
        [
            ({"A1": {18: 30}}, 0),
            ({"A1": {12: 30}}, 0),
            ({"A1": {6: 30}}, 0),
            ({"A1": {0: 30}, "B1": {-3: 30}}, 0),
            ({"A1": {30: 30}}, 0),
            ({}, 0),
        ]
    )
    assert shown == [
        {"Rumphi": "w18"},
        {"Rumphi": "T12"},
        {"Rumphi": "T6"},
        {"Rumphi": "T0", "Blantyre City": "T0"},
        {"Rumphi": "T0", "Blantyre City": "T0"},
        {"Rumphi": "T0", "Blantyre City": "T0"},
    ]
    assert mails == [
        "Rumphi: new warning",
        "Rumphi: raised to a trigger; Rumphi: 12 hours ahead",
        "Rumphi: 6 hours ahead",
        "Blantyre City: new trigger",
        "Rumphi: something new is ahead",
        "",
    ]
    assert {event.name: event.until for event in last.events} == {"Rumphi": at(138), "Blantyre City": at(135)}
