"""Short texts about a run or a revision, in the records: read on any machine."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import select

from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.sql_rows import upsert
from ibf_pipeline.records.schema import NOTE

_OWNER: Final = {"place": "", "name": "owner"}
"""of the text by which an installation knows its own files in a store"""
_known: Final[WeakKeyDictionary[Database, str]] = WeakKeyDictionary()


def keep_note(database: Database, place: str, name: str, content: str) -> None:
    """Store a text about a place under a name, instead of an earlier one."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    key, values = {"place": place, "name": name}, {"at": at, "content": content}
    database.write(lambda connection, _: upsert(connection, NOTE, key, values))


def note_of(database: Database, place: str, name: str) -> str | None:
    """The text under a name; None if there is none."""
    wanted = select(NOTE.c.content).where(NOTE.c.place == place, NOTE.c.name == name)
    return next((row.content for row in database.rows(wanted)), None)


def owner_of(database: Database) -> str:
    """What distinguishes the files of these records from those of others that use the same store by mistake."""
    if database not in _known:
        new = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "content": secrets.token_hex(4)}
        if note_of(database, **_OWNER) is None:
            database.write(lambda connection, _: upsert(connection, NOTE, _OWNER, {}, new))
        _known[database] = note_of(database, **_OWNER) or ""
    return _known[database]
