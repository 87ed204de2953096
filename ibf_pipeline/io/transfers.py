"""Transfers of files: several at the same time, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from typing import Any, Final, TypeVar

from fsspec.callbacks import Callback

_T = TypeVar("_T")
TransferProgress = Callable[[int], None]
"""called with the bytes transferred since the last call; negative if a transfer begins again"""
_TOGETHER: Final = 8
"""transfers at the same time"""


def transfer_all(do: Callable[[_T], object], each: Iterable[_T]) -> None:
    """Run transfers, up to eight at the same time; after an error no further one begins, and the error is raised."""
    todo, failed = list(each), Event()

    def one(what: _T) -> None:
        if failed.is_set():
            return
        try:
            do(what)
        except BaseException:
            failed.set()
            raise

    if len(todo) == 1:
        one(todo[0])
    elif todo:
        with ThreadPoolExecutor(min(_TOGETHER, len(todo))) as pool:
            for transfer in [pool.submit(copy_context().run, one, what) for what in todo]:
                transfer.result()


class TransferCallback(Callback):  # type: ignore[misc]  # fsspec has no types
    """Reports the bytes of one attempt; if it fails, they are taken back."""

    def __init__(self, progress: TransferProgress | None, size: int = 0) -> None:
        super().__init__()
        self._progress = progress
        self._all = size
        self._reported = 0

    def call(self, hook_name: str | None = None, **kwargs: Any) -> None:
        """Called by fsspec after each part."""
        self._report(int(self.value or 0))

    def all(self, size: int) -> None:
        """How many bytes the file has."""
        self._all = size

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._report(0 if kind else self._all)

    def _report(self, value: int) -> None:
        if self._progress and value != self._reported:
            self._progress(value - self._reported)
            self._reported = value
