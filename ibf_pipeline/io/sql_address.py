"""The address of a database: a URL of SQLAlchemy, whose password is shown nowhere, and how it is opened."""

from __future__ import annotations

from typing import Any, Final, Protocol

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io import sqlite

_AWAY_SECONDS: Final = 300.0
"""for a server that is down, counted from when it was missed first; its URL may say another number as `timeout`"""
_DRIVERS: Final = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")


class SqlServer(Protocol):
    """What a module for one kind of database server provides."""

    def options(self, url: URL, wait_seconds: float) -> dict[str, Any]:
        """Arguments of `create_engine` for this server."""

    def limit_answer_time(self, engine: Engine, seconds: float) -> None:
        """Give up answers that take longer than this."""

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same transaction may succeed if it is repeated."""

    def remedy(self, error: BaseException, usual: str) -> str:
        """What an operator can do about an error."""


def printable_address(url: URL) -> str:
    """The file of a URL, or its address without the password."""
    return str(url.database) if url.get_backend_name() == "sqlite" else url.set(query={}).render_as_string()


def with_password(url: str, password: str | None) -> str:
    """A server's URL with this password, unless it has one; any other text unchanged, also one that is not a URL.

    >>> with_password("postgresql://ibf@host/records", "s3cret")
    'postgresql://ibf:s3cret@host/records'
    """
    if not password or not url.startswith("postgresql"):
        return url
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url  # opening it will say so
    named = parsed.password is not None or "password" in parsed.query
    return url if named else parsed.set(password=password).render_as_string(hide_password=False)


def new_engine(address: str) -> tuple[Engine, float]:
    """The engine of an address, and for how long (seconds) its server is waited for; nothing is opened yet.

    Raises
    ------
    ConfigError
        If the address cannot be used. The message does not show its password.
    """
    try:
        url, seconds = _with_seconds(make_url(address))
        engine = create_engine(url, **_options(url, seconds))
        engine.dialect.create_connect_args(url)
    except ImportError as error:
        raise _unusable(f"{error.name or 'its driver'} is not installed", "install it, or name another") from None
    except (ArgumentError, ValueError, TypeError) as error:  # whose texts may hold the password
        raise _unusable(type(error).__name__, "correct it") from None
    if engine.dialect.is_async:
        raise _unusable(f"{engine.dialect.driver} is a driver for asyncio", "name another, such as psycopg")
    if url.drivername not in _DRIVERS:
        raise _unusable(f"{url.drivername} is not known here", f"write one of {', '.join(_DRIVERS)}")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise _unusable("a database in memory keeps nothing", "name a file: sqlite:///records.sqlite")
    return engine, seconds


def server_of(url: URL) -> SqlServer | None:
    """The module for the server of a URL; None for a file of SQLite."""
    if url.get_backend_name() == "sqlite":
        return None
    from ibf_pipeline.io import postgres  # its driver is one of the extras

    return postgres


def _with_seconds(url: URL) -> tuple[URL, float]:
    """A URL as its driver takes it, and how long a server is waited for."""
    if url.get_backend_name() != "postgresql":
        return url, 0.0
    seconds = float(str(url.query.get("timeout", _AWAY_SECONDS)))
    name = "postgresql+psycopg" if url.drivername == "postgresql" else url.drivername
    return url.set(drivername=name).difference_update_query(["timeout"]), seconds


def _options(url: URL, wait_seconds: float) -> dict[str, Any]:
    if url.drivername == "postgresql+psycopg" and (server := server_of(url)):
        return server.options(url, wait_seconds)
    return sqlite.options(url) if url.get_backend_name() == "sqlite" else {}


def _unusable(why: str, remedy: str) -> ConfigError:
    return ConfigError(
        f"the address of the records cannot be used ({why})",
        where="settings.yaml: records",
        expected="a URL of SQLAlchemy: sqlite:///records.sqlite, postgresql+psycopg://user@host/database",
        remedy=remedy,
    )
