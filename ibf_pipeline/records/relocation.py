"""Records in an SQLite file, moved to a database server when a second machine joins."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Integer, Table, func, select

from ibf_pipeline.errors import ForbiddenByRule, InputMissing
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.database import open_records
from ibf_pipeline.records.legacy_files import open_legacy_file
from ibf_pipeline.records.schema import LEASE, METADATA

_TOGETHER: Final = 500
"""rows"""


def move(file: Path, database: Database) -> int:
    """Copy every row of an SQLite file into an empty database, under its own number: all or nothing.

    The file is then renamed to `<name>.moved`.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    InputMissing
        If there is no file.
    ForbiddenByRule
        If the database already has other rows.
    WriteFailed
        While something else uses the file.
    """
    if not file.is_file():
        raise InputMissing("there are no records here", where=file, remedy="name the file of the records")
    source = open_records(f"sqlite:///{file.resolve()}")
    with source.snapshot():  # brought up to the tables of this version
        pass
    source.close()
    with open_legacy_file(file) as (earlier, _):
        earlier.execute("PRAGMA journal_mode=DELETE")  # nobody else has it open, and all of it is in one file
        earlier.execute("BEGIN EXCLUSIVE")
        moved = database.write(lambda connection, _: _copy(earlier, connection, database.place))
        file.rename(file.with_name(f"{file.name}.moved"))
    return moved


def _copy(earlier: sqlite3.Connection, connection: Connection, place: str) -> int:
    tables = METADATA.sorted_tables
    there = {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}
    if any(there.values()):
        count = "SELECT count(*) FROM "
        if there == {table.name: earlier.execute(count + table.name).fetchone()[0] for table in tables}:
            return sum(there.values())  # moved before, and the file kept its name
        raise ForbiddenByRule(
            "there are records already", where=place, expected="an empty database", remedy="name one without rows"
        )
    moved = 0
    for table in tables:
        for rows in _some_at_a_time(earlier, table):
            connection.execute(table.insert(), rows)
            moved += len(rows)
        _count_on(connection, table)
    return moved


def _some_at_a_time(earlier: sqlite3.Connection, table: Table) -> Iterator[list[dict[str, object]]]:
    free = {"holder": None} if table is LEASE else {}  # its number goes on, so that nobody of before is taken for new
    key = ", ".join(column.name for column in table.primary_key)
    rows = earlier.execute(f"SELECT * FROM {table.name} ORDER BY {key}")  # noqa: S608
    while some := rows.fetchmany(_TOGETHER):
        yield [{**dict(row), **free} for row in some]


def _count_on(connection: Connection, table: Table) -> None:
    """Let new rows get the numbers after those that were moved."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key:
        if isinstance(column.type, Integer):
            highest = select(func.max(column)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(select(func.setval(sequence, func.coalesce(highest, 1), highest.is_not(None))))
