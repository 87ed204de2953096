"""The tables of the code are those that the migrations make."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect

from ibf_pipeline.records import open as opened
from ibf_pipeline.records.schema import METADATA


def indexes(connection: Connection) -> dict[str, list[tuple[str | None, list[str | None]]]]:
    """Names and columns, by table."""
    found = inspect(connection)
    return {
        table: sorted(
            [(index["name"], index["column_names"]) for index in found.get_indexes(table)]
            + [("", unique["column_names"]) for unique in found.get_unique_constraints(table)]
        )
        for table in METADATA.tables
    }


def test_the_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    """A database that is made at once, and one that took every step."""
    made, stepped = (create_engine(f"sqlite:///{tmp_path / name}") for name in ("made.sqlite", "stepped.sqlite"))
    opened.bring_up_to_date(made)
    with stepped.begin() as connection:
        opened._upgrade(connection)
    with made.connect() as one, stepped.connect() as other:
        for connection in (one, other):
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert indexes(one) == indexes(other)
