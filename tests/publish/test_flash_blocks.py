"""Blocks of flash floods on a sandbox: what the portal shows, whom it mails, and what a revision leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.countries.flash_days import EXPOSED, GAUGES, FlashDays, seed


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlashDays]:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    with Sandbox(tmp_path / "box") as sandbox:
        sandbox._backend.store.run("PRAGMA synchronous = OFF")
        sandbox.seed(seed())
        yield FlashDays(tmp_path / "runs", sandbox)


def test_a_block_with_a_trigger_and_a_warning(days: FlashDays) -> None:
    _, published = days.block(EXPOSED, gauges=GAUGES)
    assert published is not None and published.notified
    assert days.events() == {"Alpha": ("trigger", "6-hour", "6-hour", 1), "Beta": ("warning", "18-hour", None, 1)}
    assert days.points("schools") == {fid: {"exposure": "true"} for fid in ("7", "9", "16")}
    assert days.points("gauges") == {}
    assert days.exposed_roads() == {120: "6-hour"}
    assert days.mails == [("Alpha", "Beta")]
