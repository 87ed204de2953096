"""Files of earlier versions whose tables are in the records now: refused until their rows are there too.

An inbox or an order book that looks empty would start observations and send orders a second time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Table, UniqueConstraint

from ibf_pipeline.errors import ForbiddenByRule, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.sql_rows import upsert
from ibf_pipeline.records.schema import METADATA


def require_files_taken_over(file: Path, database: Database) -> None:
    """ForbiddenByRule if an earlier version left rows in a file; WriteFailed if the file cannot be read."""
    if not _is_earlier(file, database):
        return
    with open_legacy_file(file) as (earlier, tables):
        if any(earlier.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() for table in tables):  # noqa: S608
            raise ForbiddenByRule(
                "what an earlier version kept in this file is not in the records",
                where=file,
                expected=f"all of it in {database.place}",
                remedy="end what still uses the file, then run `ibf-pipeline records take-over`",
            )


def take_over_legacy_files(file: Path, database: Database) -> int:
    """Copy the rows of a file that are not in the records into them; it can be repeated.

    The file is then renamed to `<name>.taken-over`.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    WriteFailed
        If something else uses the file.
    """
    if not _is_earlier(file, database):
        return 0
    with open_legacy_file(file) as (earlier, tables):
        earlier.execute("PRAGMA journal_mode=DELETE")  # nobody else has it open, and all of it is in one file
        earlier.execute("BEGIN EXCLUSIVE")
        with database.transaction() as connection:
            taken = sum(
                upsert(connection, table, *_key_and_rest(table, dict(row)))
                for table in tables
                for row in earlier.execute(f"SELECT * FROM {table.name} ORDER BY 1")  # noqa: S608
            )
        kept = file.with_name(f"{file.name}.taken-over")
        while kept.exists():
            kept = kept.with_name(f"{kept.name}~")
        file.rename(kept)
    return taken


def _is_earlier(file: Path, database: Database) -> bool:
    return file.is_file() and file.resolve() != Path(database.place).resolve()


@contextmanager
def open_legacy_file(file: Path) -> Iterator[tuple[sqlite3.Connection, list[Table]]]:
    """A file, and those of our tables that it has."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as earlier:
            earlier.row_factory = sqlite3.Row
            names = {row["name"] for row in earlier.execute("SELECT name FROM sqlite_master")}
            yield earlier, [table for table in METADATA.sorted_tables if table.name in names]
    except (sqlite3.Error, OSError) as error:
        raise WriteFailed(
            f"what an earlier version kept in this file cannot be taken over ({error})",
            where=file,
            expected="an SQLite file that nothing else uses, in a folder where it can be renamed",
            remedy="end what uses it and correct the permissions, or bring it back from a back-up",
        ) from None


def _key_and_rest(
    table: Table, row: dict[str, object]
) -> tuple[dict[str, object], dict[str, object], dict[str, object]]:
    """What tells a row from others, nothing that changes one that is there, and the rest; rows get a new number."""
    primary = {column.name for column in table.primary_key}
    unique = next((rule for rule in table.constraints if isinstance(rule, UniqueConstraint)), table.primary_key)
    key = {column.name: row[column.name] for column in unique.columns}
    return key, {}, {name: value for name, value in row.items() if name not in primary | key.keys()}
