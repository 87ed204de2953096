"""The schema of a database that was just made, of one that Alembic brought up to date, and of a later version."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, text

import ibf_pipeline.records.migrations
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.errors import ConfigError, InputInvalid, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.sql_address import printable_address
from ibf_pipeline.records import database as records
from ibf_pipeline.records.database import HEAD, open_records, records_url
from ibf_pipeline.records.schema import METADATA


def described(url: str) -> dict[str, list[object]]:
    """Of every table: the name, type and need of its columns, its indexes and what is unique in it."""
    found = inspect(create_engine(url))
    return {
        table: [
            *((column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)),
            *sorted((str(index["name"]), tuple(index["column_names"])) for index in found.get_indexes(table)),
            *sorted(tuple(unique["column_names"]) for unique in found.get_unique_constraints(table)),
        ]
        for table in found.get_table_names()
    }


def test_records_of_the_first_version_are_brought_up_to_these_tables(tmp_path: Path) -> None:
    """Where this fails, a table was changed without a step in migrations/versions."""
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as first:
        first.executescript((Path(__file__).parents[1] / "fixtures" / "records" / "0001.sql").read_text())
        first.execute("INSERT INTO lease VALUES ('XTY/floods/portal', 7, NULL, 'run', '2026-02-15', 0)")
        first.commit()
    (lease,) = open_records(records_url(tmp_path)).rows(METADATA.tables["lease"].select())
    assert (lease.name, lease.fence) == ("XTY/floods/portal", 7), "what was recorded stays"
    with create_engine(records_url(tmp_path)).connect() as connection:
        assert (
            compare_metadata(
                MigrationContext.configure(connection, opts={"version_table": "records_version"}), METADATA
            )
            == []
        )
    (tmp_path / "made").mkdir()
    made = records_url(tmp_path / "made")
    with open_records(made).snapshot():
        pass
    assert described(records_url(tmp_path)) == described(made)


STEP = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9000", "HEAD"


def upgrade() -> None:
    with op.batch_alter_table("lease") as table:
        table.add_column(sa.Column("note", sa.Text))
"""


def test_the_steps_that_a_database_lacks_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a step of a version that is to come."""
    with open_records(records_url(tmp_path)).transaction() as connection:
        connection.execute(text("INSERT INTO lease VALUES ('a', 7, NULL, '', '', 0)"))
    shutil.copytree(records._STEPS, tmp_path / "steps")
    (tmp_path / "steps" / "versions" / "9000_note.py").write_text(STEP.replace('"HEAD"', repr(HEAD)))
    monkeypatch.setattr(records, "_STEPS", tmp_path / "steps")
    monkeypatch.setattr(records, "HEAD", "9000")
    later = Database(records_url(tmp_path), records.migrate_schema, "")
    assert later.rows(text("SELECT name, fence, note FROM lease")) == [("a", 7, None)]
    assert later.rows(text("SELECT version_num FROM records_version")) == [("9000",)]


def test_the_newest_step_is_the_version_that_new_databases_get() -> None:
    scripts = ScriptDirectory(str(Path(ibf_pipeline.records.migrations.__file__).parent))
    assert scripts.get_heads() == [HEAD]


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with open_records(records_url(tmp_path)).transaction() as connection:
        connection.execute(text("UPDATE records_version SET version_num = '9999'"))
    another = Database(records_url(tmp_path), records.migrate_schema, "")
    with pytest.raises(InputInvalid, match="the records are of a later version of the pipeline \\(9999\\)"):
        another.rows(text("SELECT 1"))


def test_two_that_open_it_at_once_make_it_once(tmp_path: Path) -> None:
    databases = [Database(records_url(tmp_path), records.migrate_schema, "") for _ in range(4)]
    failed: list[Exception] = []

    def use(database: Database) -> None:
        try:
            with database.transaction() as connection:
                connection.execute(
                    text("INSERT INTO lease VALUES (:name, 1, NULL, '', '', 0)"), {"name": str(id(database))}
                )
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=use, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(databases[0].rows(text("SELECT name FROM lease"))) == 4


def test_the_same_address_is_opened_once_and_many_are_not_kept_open(tmp_path: Path) -> None:
    first = open_records(records_url(tmp_path))
    assert open_records(records_url(tmp_path)) is first
    for number in range(records._MOST):
        open_records(records_url(tmp_path / str(number)))
    assert open_records(records_url(tmp_path)) is not first


@pytest.mark.parametrize("url", ["no address", "nosuch://host/name", "postgresql+nodriver://host/name"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    with pytest.raises(ConfigError, match=r"settings\.yaml: records: the address of the records cannot be used"):
        Database(url, records.migrate_schema, "")


def test_a_password_in_an_address_is_not_told() -> None:
    url = make_url("postgresql+psycopg2://ibf:s3cret@db.example.org/ibf?password=s3cret&sslpassword=s3cret")
    assert printable_address(url) == "postgresql+psycopg2://ibf:***@db.example.org/ibf"


def test_a_value_that_is_no_text_is_not_kept(tmp_path: Path) -> None:
    database = open_records(records_url(tmp_path))
    with pytest.raises(InputInvalid, match="a value cannot be kept"), database.transaction() as connection:
        connection.execute(text("INSERT INTO lease VALUES (:name, 1, NULL, '', '', 0)"), {"name": "\ud800"})


def test_what_fails_half_way_is_not_kept_at_all(tmp_path: Path) -> None:
    database = open_records(records_url(tmp_path))
    row = text("INSERT INTO lease VALUES ('a', 1, NULL, '', '', 0)")

    def twice() -> None:
        with database.transaction() as connection:
            connection.execute(row)
            connection.execute(row)

    with pytest.raises(WriteFailed, match="records cannot be used"):
        twice()
    assert database.rows(text("SELECT name FROM lease")) == []


def test_a_relative_file_lies_beside_the_configuration_wherever_one_stands(tmp_path: Path) -> None:
    settings = Settings.model_validate({"sources": {}, "targets": {}, "records": "sqlite:///kept/records.sqlite"})
    assert Configuration(tmp_path / "config", settings).records == f"sqlite:///{tmp_path}/kept/records.sqlite"
    absolute = settings.model_copy(update={"records": "sqlite:////var/records.sqlite"})
    assert Configuration(tmp_path / "config", absolute).records == "sqlite:////var/records.sqlite"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite://", "keeps nothing"),
        ("sqlite:///:memory:", "keeps nothing"),
        ("records.sqlite", "ArgumentError"),
        ("sqlite:///r.sqlite?timeout=abc", "ValueError"),
        ("postgresql+asyncpg://ibf:SECRET/db", "ValueError"),
        ("postgresql+asyncpg://ibf:SEC@RET@host:notaport/ibf", "ValueError"),
        ("postgresql+asyncpg://ibf:SECRET@host/ibf", "asyncpg is a driver for asyncio"),
        ("mysql+pymysql://ibf:SECRET@host/ibf", "pymysql is not installed"),
        ("oracle+nothing://ibf:SECRET@x", "NoSuchModuleError"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_error_without_the_password(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        open_records(url)
    assert "SEC" not in str(refused.value)
    assert refused.value.__cause__ is None
