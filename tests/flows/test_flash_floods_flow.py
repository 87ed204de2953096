"""Blocks of flash floods from rain in files to the portal, as an operator runs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.worlds.flash_project import FlashProject, block

pytestmark = pytest.mark.usefixtures("plain", "quick")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlashProject:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug
    return FlashProject(tmp_path)


def test_a_block_is_found_and_published(project: FlashProject) -> None:
    state = project.run(block(6), "Alpha=@7h Beta=@20h")
    assert state.is_completed(), state.message
    shown = project.portal()
    assert shown.events == {"Alpha": ("trigger", "7-hour", "7-hour"), "Beta": ("warning", "18-hour", None)}
    assert len(shown.mails) == 1
