"""Rows of a table that may already exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, and_, select
from sqlalchemy.exc import IntegrityError


def upsert(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    new: Mapping[str, Any] | None = None,
) -> bool:
    """Write the row of a key: insert it, or update the one that is there.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    table : Table
        The table.
    key : Mapping[str, Any]
        Columns that identify the row.
    values : Mapping[str, Any]
        Columns that are written in either case.
    new : Mapping[str, Any], optional
        Columns that are written only to a new row.

    Returns
    -------
    bool
        Whether the row is new.
    """
    this = and_(*(table.c[name] == value for name, value in key.items()))
    found = select(*table.primary_key).where(this).with_for_update()
    if connection.execute(found).first() is None:
        try:
            with connection.begin_nested():
                connection.execute(table.insert().values(**key, **{**values, **(new or {})}))
            return True
        except IntegrityError:  # a server lets another process be faster
            if connection.execute(found).first() is None:
                raise
    if values:
        connection.execute(table.update().where(this).values(**values))
    return False


def row_exists(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Whether a row has these values, None included: for work that is repeated and may already be done."""
    same = (table.c[name].is_not_distinct_from(value) for name, value in values.items())
    return connection.execute(select(*table.primary_key).where(*same)).first() is not None
