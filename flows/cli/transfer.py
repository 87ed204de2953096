"""A bar of bytes on standard error while files are brought; nothing where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


@contextmanager
def transferring(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told of bytes as they arrive. `total`: all of them."""
    terminal = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:
        task = progress.add_task(words, total=total)
        yield lambda size: progress.advance(task, size)
