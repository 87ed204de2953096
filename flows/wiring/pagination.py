"""Lists that a Prefect server gives page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def all_pages(page: Callable[[int], Sequence[Any]]) -> Iterator[Any]:
    """Every row. `page`: the rows from an offset on, none behind the last one."""
    offset = 0
    while rows := page(offset):
        yield from rows
        offset += len(rows)
