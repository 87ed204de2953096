"""Records with a row in every table: brought up to date on both databases, and moved from a file to a server."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Float, Integer, MetaData, Table, create_engine, func, select, text

from ibf_pipeline.errors import ForbiddenByRule, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records import database as records
from ibf_pipeline.records.database import HEAD, migrate_schema, open_records, records_url
from ibf_pipeline.records.relocation import move
from ibf_pipeline.records.schema import ENTRY, LEASE, METADATA, REVISION
from tests.worlds.services.postgres import PostgresServer

NEW = ("kept_files", "note")
"""tables that records of the first version do not have"""
FIRST = [table for table in METADATA.sorted_tables if table.name not in NEW]


def a_row(table: Table) -> dict[str, Any]:
    """One of which every column has a value of its type."""
    values: dict[type, Any] = {Boolean: True, Integer: 7, BigInteger: 7, Float: 0.5}
    return {column.name: values.get(type(column.type), f"{column.name}é") for column in table.columns}


@pytest.fixture(params=["sqlite", "postgresql"])
def first(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of records of the first version with a row in every table."""
    if request.param == "sqlite":
        url = records_url(tmp_path)
        with closing(sqlite3.connect(tmp_path / "records.sqlite")) as made:
            made.executescript((Path(__file__).parents[1] / "fixtures" / "records" / "0001.sql").read_text())
    else:
        server = request.getfixturevalue("postgres")
        url = str(server.url(server.empty()))
        with create_engine(url).begin() as connection:  # the tables of that version are the same on both
            METADATA.create_all(connection, tables=FIRST)
            connection.execute(text("CREATE TABLE records_version (version_num TEXT)"))
            connection.execute(text("INSERT INTO records_version VALUES ('0001')"))
    with create_engine(url).begin() as connection:
        for table in FIRST:
            connection.execute(table.insert().values(**a_row(table)))
    return url


def content(database: Database, tables: list[Table]) -> dict[str, list[Any]]:
    return {table.name: [dict(row._mapping) for row in database.rows(select(table))] for table in tables}


def test_what_was_recorded_by_the_first_version_stays(first: str) -> None:
    database = Database(first, migrate_schema, "")
    assert content(database, FIRST) == {table.name: [a_row(table)] for table in FIRST}
    assert database.rows(text("SELECT version_num FROM records_version")) == [(HEAD,)]
    assert content(database, METADATA.sorted_tables).keys() >= set(NEW)


def test_steps_that_end_in_the_middle_are_taken_later(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        real = records._upgrade

        def half(connection: Any) -> None:
            real(connection)
            raise OSError("the power failed")

        patch.setattr(records, "_upgrade", half)
        with pytest.raises(WriteFailed, match="the power failed"):
            Database(first, migrate_schema, "").rows(text("SELECT 1"))
    with create_engine(first).connect() as connection:
        known = MetaData()
        known.reflect(connection)
    assert not known.tables.keys() & set(NEW), "all or nothing"
    test_what_was_recorded_by_the_first_version_stays(first)


def test_two_that_take_the_steps_at_once(first: str) -> None:
    failed: list[Exception] = []

    def use() -> None:
        try:
            test_what_was_recorded_by_the_first_version_stays(first)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Records of one machine with a row in every table."""
    database = Database(records_url(tmp_path), migrate_schema, "")
    with database.transaction() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(table.insert().values(**a_row(table)))
    database.close()
    return tmp_path / "records.sqlite"


def test_records_move_to_a_server_with_their_numbers(file: Path, postgres: PostgresServer) -> None:
    tables = METADATA.sorted_tables
    server = open_records(postgres.url(postgres.empty()))
    assert move(file, server) == len(tables)
    lease = {**a_row(LEASE), "holder": None}
    assert content(server, tables) == {t.name: [lease if t is LEASE else a_row(t)] for t in tables}
    assert sorted(left.name for left in file.parent.iterdir()) == ["records.sqlite.moved"]
    with server.transaction() as connection:
        new = {name: value for name, value in a_row(REVISION).items() if name != "id"} | {"number": 8}
        revision = connection.execute(REVISION.insert().values(**new).returning(REVISION.c.id)).scalar_one()
        entry = {"revision": revision, "call": 1, "state": "done", "at": ""}
        assert (revision, connection.execute(ENTRY.insert().values(**entry).returning(ENTRY.c.id)).scalar_one()) == (
            8, 8,
        )  # fmt: skip


def test_it_can_be_repeated_and_overwrites_nothing(file: Path, postgres: PostgresServer) -> None:
    server = open_records(postgres.url(postgres.empty()))
    rows = move(file, server)
    file.with_name("records.sqlite.moved").rename(file)
    assert move(file, server) == rows, "it died before the file had its new name"
    file.with_name("records.sqlite.moved").rename(file)
    with server.transaction() as connection:
        connection.execute(LEASE.delete())
    with pytest.raises(ForbiddenByRule, match="there are records already"):
        move(file, server)
    assert file.is_file()
    assert server.rows(select(func.count()).select_from(LEASE)) == [(0,)]
