"""Progress bars on standard error for waits and downloads; none with `--json`, and none without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from ibf_pipeline.satellites.hook.order_book import BookEntry


@contextmanager
def watching(silent: bool) -> Iterator[Callable[[list[BookEntry]], None]]:
    """A bar of orders finished."""
    with _bar(silent, MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        task = progress.add_task("orders", total=None)

        def look(entries: list[BookEntry]) -> None:
            states = "; ".join(sorted({entry.status_text for entry in entries}))
            done = sum(entry.finished for entry in entries)
            progress.update(task, total=len(entries), completed=done, description=states, refresh=True)

        yield look


@contextmanager
def receiving(item_id: str, silent: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A bar of bytes."""
    with _bar(silent, DownloadColumn(), TransferSpeedColumn()) as progress:
        task = progress.add_task(f"item {item_id}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def transferring(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that advances by the bytes that it is given. `total`: all of them."""
    with _bar(False, DownloadColumn(), TransferSpeedColumn()) as progress:
        task = progress.add_task(words, total=total)
        yield lambda size: progress.advance(task, size)


def _bar(silent: bool, *columns: ProgressColumn) -> Progress:
    terminal = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        console=terminal,
        disable=silent or not terminal.is_terminal,
    )
