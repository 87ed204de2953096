"""Short texts about a run or a revision, in the records: read on any machine."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import select

from ibf_pipeline.io.sql import Database, put
from ibf_pipeline.records.schema import NOTE

_OWNER: Final = {"place": "", "name": "owner"}
"""of the text by which an installation knows its own files in a store"""
_known: Final[WeakKeyDictionary[Database, str]] = WeakKeyDictionary()


def keep_note(database: Database, place: str, name: str, content: str) -> None:
    """Let a place have this text under a name, in place of an earlier one."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    key, values = {"place": place, "name": name}, {"at": at, "content": content}
    database.write(lambda connection, _: put(connection, NOTE, key, values))


def note_of(database: Database, place: str, name: str) -> str | None:
    """The text; None where there is none."""
    wanted = select(NOTE.c.content).where(NOTE.c.place == place, NOTE.c.name == name)
    return next((row.content for row in database.rows(wanted)), None)


def owner_of(database: Database) -> str:
    """What tells the files of these records from those of others that use the same store, by mistake."""
    if database not in _known:
        new = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "content": secrets.token_hex(4)}
        if note_of(database, **_OWNER) is None:
            database.write(lambda connection, _: put(connection, NOTE, _OWNER, {}, new))
        _known[database] = note_of(database, **_OWNER) or ""
    return _known[database]
