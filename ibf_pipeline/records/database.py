"""The records of a configuration, opened once per process and brought up to the schema of this version."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Final

from sqlalchemy import Column, Engine, MetaData, Table, Text, inspect, select

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.schema import METADATA

HEAD: Final = "0002"
"""the newest of `migrations/versions`"""
_STEPS: Final = Path(__file__).parent / "migrations"
_RECORDS_FILE: Final = "records.sqlite"
"""in the folder of the runs, where no other place is named"""
_REMEDY: Final = (
    "make free disk space, correct the path or its permissions, or end what holds the database, then do it again, or "
    "resume a run: it goes on at the first call that is not known to be done"
)
_MOST: Final = 8
"""databases that a process keeps open"""
_VERSION: Final = Table("records_version", MetaData(), Column("version_num", Text))
"""Alembic's, under a name of its own: a server's database may be somebody else's too"""

_opened: OrderedDict[str, Database] = OrderedDict()
_mutex = Lock()


def open_records(url: str, wait_seconds: float | None = None) -> Database:
    """The database of a URL; the same object for the same URL.

    Parameters
    ----------
    url : str
        A URL of SQLAlchemy.
    wait_seconds : float, optional
        For a locked SQLite file or an unreachable server, unless the URL has a `timeout`.
    """
    if wait_seconds is not None and not re.search("[?&]timeout=", url):
        url += f"{'&' if '?' in url else '?'}timeout={wait_seconds}"
    with _mutex:
        database = _opened.pop(url, None) or Database(url, migrate_schema, _REMEDY)
        _opened[url] = database
        if len(_opened) > _MOST:
            _opened.popitem(last=False)[1].close()
        return database


def records_url(runs: Path) -> str:
    """The URL of the records in the folder of the runs."""
    return f"sqlite:///{runs.resolve() / _RECORDS_FILE}"


def migrate_schema(engine: Engine) -> None:
    """Make the tables, or migrate those of an earlier version; InputInvalid for those of a later one."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")  # SQLite lets one begin at a time
        known = inspect(connection).get_table_names()
        if _VERSION.name not in known:
            METADATA.create_all(connection)
            _VERSION.create(connection)
            connection.execute(_VERSION.insert().values(version_num=HEAD))
            return
        version = connection.execute(select(_VERSION.c.version_num)).scalar_one()
        if version == HEAD:
            return
        if version > HEAD:
            raise InputInvalid(
                f"the records are of a later version of the pipeline ({version})",
                where=engine.url.database,
                expected=f"records of version {HEAD} or older",
                remedy="run the version that wrote them, or a later one",
            )
        _upgrade(connection)


def _upgrade(connection: object) -> None:
    from alembic import command  # only if there is something to do: its import takes long
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.attributes.update(connection=connection, version_table=_VERSION.name)
    command.upgrade(config, "head")
