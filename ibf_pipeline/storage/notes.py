"""Short texts about a run or a revision, in the records: read on any machine."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from ibf_pipeline.io.sql import Database, put
from ibf_pipeline.records.schema import NOTE


def keep_note(database: Database, place: str, name: str, content: str) -> None:
    """Let a place have this text under a name, in place of an earlier one."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    key, values = {"place": place, "name": name}, {"at": at, "content": content}
    database.write(lambda connection, _: put(connection, NOTE, key, values))


def note_of(database: Database, place: str, name: str) -> str | None:
    """The text; None where there is none."""
    wanted = select(NOTE.c.content).where(NOTE.c.place == place, NOTE.c.name == name)
    return next((row.content for row in database.rows(wanted)), None)
