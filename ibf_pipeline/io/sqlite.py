"""How an SQLite file is used: transactions begin with the right to write, and the file has a write-ahead log.

A durable transaction is on disk when its block ends; any other survives the process, but may be lost after a power cut
together with those after it.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, event
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

_WAIT_SECONDS: Final = 30
"""for another process that writes into a file; a URL may say another number as `timeout`"""
_FIRST_SECONDS: Final = 5.0
"""for others that open a new file at the same time: for that alone it does not wait by itself"""


def options(url: URL) -> dict[str, Any]:
    """Arguments of `create_engine` for a file."""
    return {} if "timeout" in url.query else {"connect_args": {"timeout": _WAIT_SECONDS}}


def begin_immediate(engine: Engine) -> None:
    """Begin this engine's transactions with BEGIN IMMEDIATE: each waits for another one that writes."""
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)


def identity(file: str) -> tuple[int, int]:
    """Device and inode, which tell a file from another one with the same name; OSError if there is no file."""
    found = os.stat(file)
    return found.st_dev, found.st_ino


def make_folder(file: str) -> None:
    """Make the folder that a new file needs."""
    Path(file).parent.mkdir(parents=True, exist_ok=True)


def set_durability(connection: Connection, *, durable: bool) -> None:
    """Set whether the next transaction is on disk when it ends (`PRAGMA synchronous`)."""
    level = "FULL" if durable else "NORMAL"
    if connection.info.get("synchronous") != level:
        connection.connection.cursor().execute(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level


def _set_up(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`
    connection.execute("PRAGMA foreign_keys=ON").close()
    first = Retrying(
        retry=retry_if_exception(_is_busy), stop=stop_after_delay(_FIRST_SECONDS), wait=wait_fixed(0.01), reraise=True
    )
    first(lambda: connection.execute("PRAGMA journal_mode=WAL").close())


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
