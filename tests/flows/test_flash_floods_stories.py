"""Whole stories of flash floods through the real pipeline, with the built-in server's `GET event` as judge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from tests.conftest import real_data
from tests.worlds.flash_block import demo, malawi
from tests.worlds.flash_project import FlashRuns
from tests.worlds.malawi.numbers import WISHES, alerted
from tests.worlds.six_blocks import SIX_BLOCKS

pytestmark = [pytest.mark.usefixtures("plain", "quick"), pytest.mark.story]
NOTICES = (
    [],
    [],
    [],
    [("lines still shown", "Kimiri")],
    [],
    [],
)


@pytest.fixture(autouse=True)
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug


def test_six_blocks_show_the_right_events_mails_and_notices(tmp_path: Path) -> None:
    runs = FlashRuns.of(demo(), tmp_path)
    told = []
    for block in SIX_BLOCKS:
        state = runs.run(IssueTime.parse(block.issue), block.wishes)
        assert state.is_completed(), state.message
        shown = runs.portal()
        assert {name: event[:3] for name, event in shown.events.items()} == {
            name: (
                "trigger" if event.trigger else "warning",
                f"{event.lead_time}-hour",
                f"{event.lead_time}-hour" if event.trigger else None,
            )
            for name, event in block.events.items()
        }, block.issue
        (revision,) = runs.revisions(IssueTime.parse(block.issue))
        assert revision.about().notify is block.mails, block.issue
        told.append((len(shown.mails), runs.notices(IssueTime.parse(block.issue))))
    print(told)
    assert shown.events == {}


ROWS = {
    "trigger": ("Rumphi", "Blantyre City", "Karonga"),
    "trigger-blantyre": ("Blantyre City",),
    "warning-karonga": ("Karonga",),
    "trigger-ongoing-rumphi": ("Rumphi",),
    "no-trigger": (),
}
"""mock scenario of the portal -> its districts"""
AS_SHOWN = {
    "Rumphi": ("trigger", "0-hour", "0-hour"),
    "Blantyre City": ("trigger", "6-hour", "6-hour"),
    "Karonga": ("warning", "24-hour", None),
}


@pytest.mark.parametrize("name", ["trigger", "no-trigger"])
def test_mock_scenarios_of_malawi_come_out_of_the_real_pipeline(name: str, tmp_path: Path) -> None:
    runs = FlashRuns.of(malawi(real_data("malawi")), tmp_path)
    state = runs.run(IssueTime.parse("2026-11-20T06"), " ".join(WISHES[district] for district in ROWS[name]))
    assert state.is_completed(), state.message
    shown = runs.portal()
    assert shown.events == {district: AS_SHOWN[district] for district in ROWS[name]}
    assert shown.areas == {district: dict(alerted(district)) for district in ROWS[name]}
    assert len(shown.mails) == (1 if ROWS[name] else 0)
