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
TOLD: tuple[tuple[tuple[str, ...] | None, list[str]], ...] = (
    (("Kimiri",), []),
    (("Kimiri",), ["lines still shown"]),
    (None, ["alert changed without mail", "lines still shown"]),
    (("Veo",), []),
    (None, ["further alert ahead"]),
    (None, ["alert ended", "alert ended", "lines still shown"]),
)
"""of each of the six blocks: whom the portal mails about, which sends nothing about what goes on at 0-hour; and the
notices that tell people so
"""
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


@pytest.fixture(autouse=True)
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug


def test_six_blocks_show_the_right_events_mails_and_notices(tmp_path: Path) -> None:
    runs, mails = FlashRuns.of(demo(), tmp_path), list[tuple[str, ...]]()
    for block, (mailed, notices) in zip(SIX_BLOCKS, TOLD, strict=True):
        issue_time = IssueTime.parse(block.issue)
        state = runs.run(issue_time, block.wishes)
        assert state.name == "Completed", state.message
        shown = runs.portal()
        assert shown.events == {
            name: (
                "trigger" if event.trigger else "warning",
                f"{event.lead_time}-hour",
                f"{event.lead_time}-hour" if event.trigger else None,
            )
            for name, event in block.events.items()
        }, block.issue
        assert {name: len(areas) for name, areas in shown.areas.items()} == {
            name: event.areas for name, event in block.events.items()
        }, block.issue
        (revision,) = runs.revisions(issue_time)
        assert revision.about().notify is block.mails, block.issue
        mails += [mailed] if mailed else []
        assert shown.mails == mails, block.issue
        assert [kind for kind, _ in runs.notices(issue_time)] == notices, block.issue


@pytest.mark.parametrize("name", ROWS)
def test_mock_scenarios_of_malawi_come_out_of_the_real_pipeline(name: str, tmp_path: Path) -> None:
    runs = FlashRuns.of(malawi(real_data("malawi")), tmp_path)
    state = runs.run(IssueTime.parse("2026-11-20T06"), " ".join(WISHES[district] for district in ROWS[name]))
    assert state.name == "Completed", state.message
    shown = runs.portal()
    assert shown.events == {district: AS_SHOWN[district] for district in ROWS[name]}
    assert shown.areas == {district: dict(alerted(district)) for district in ROWS[name]}
    assert len(shown.mails) == bool(ROWS[name])
    assert shown.polygons == (len(ROWS[name]) or 367)
    assert bool(shown.points["schools"]) is bool(ROWS[name])
