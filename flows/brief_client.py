"""A Prefect client for the last questions of a run, which must not delay its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

_SECONDS = 3.0
"""for an answer"""
_RETRIES = 2
"""Prefect waits 2, 4 and 8 seconds over it, and then gives up. None would be too few: on SQLite a server that writes
says at once that it is busy"""


@contextmanager
def brief_client(seconds: float | None = _SECONDS) -> Iterator[SyncPrefectClient]:
    """A client that gives up soon; `seconds` for an answer, None for as long as other clients wait."""
    with (
        temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: _RETRIES}),
        get_client(httpx_settings={"timeout": seconds} if seconds else None, sync_client=True) as client,
    ):
        yield client
