"""Rows of short tables, for artifacts, pages of Markdown and the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ShortRow = Mapping[str, str | int | None]

MOST_ROWS = 200
"""of a table; the exports of the report have them all"""


@dataclass(frozen=True, slots=True)
class ShortTable:
    """Rows with the same keys."""

    name: str
    """such as `stations`"""
    rows: Sequence[ShortRow]
    empty: str
    """what stands there if there are none"""
