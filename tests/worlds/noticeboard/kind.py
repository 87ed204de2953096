"""The kind `noticeboard`, brought into the product from outside: a section of the settings, and how it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast
from unittest.mock import patch

from flows.wiring.day import Day, now
from flows.wiring.targets import OPENERS, Opener, Opening
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.targets import TARGET_KINDS, TargetSettings
from ibf_pipeline.runs.notification_hold import Destination
from tests.worlds.noticeboard.board import Board
from tests.worlds.noticeboard.portal import NoticeboardPortal
from tests.worlds.noticeboard.target import NoticeboardTarget


class NoticeboardSettings(TargetSettings):
    """A section of `targets`."""

    words = "a noticeboard"
    has_portal = True

    kind: Literal["noticeboard"]
    wall: str

    @property
    def address(self) -> str | None:
        return self.wall


def board_of(configuration: Configuration, name: str) -> Board:
    """The board of a target."""
    return Board(Path(cast(NoticeboardSettings, configuration.target(name)).wall))


@contextmanager
def _target(day: Day, opening: Opening) -> Iterator[NoticeboardTarget]:
    board = board_of(day.configuration, day.target_name)
    destination = Destination(day.target_name, str(board.folder), opening.notify, opening.hold_until)
    yield NoticeboardTarget(board, destination, now)


@contextmanager
def _portal(configuration: Configuration, name: str, country: CountryHazard | None) -> Iterator[NoticeboardPortal]:
    assert country is not None
    yield NoticeboardPortal(board_of(configuration, name), country)


@contextmanager
def noticeboards() -> Iterator[None]:
    """Within it, targets may be noticeboards."""
    with (
        patch.dict(TARGET_KINDS, noticeboard=NoticeboardSettings),
        patch.dict(OPENERS, noticeboard=Opener(_target, _portal)),
    ):
        yield
