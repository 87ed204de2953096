"""One SQL database: SQLite in a file unless somebody says otherwise, or a PostgreSQL server.

SQLite keeps a write-ahead log: a durable transaction is on disk when its block ends; one that is not outlives the
process, and may be lost with those after it where the power fails. On a server every one is durable, since a server may
fail while the process goes on; one that is away is waited for. A process that was forked opens its own connections.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Pool,
    Table,
    and_,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from ibf_pipeline.errors import ConfigError, IbfError, InputInvalid, WriteFailed
from ibf_pipeline.io.outage import Outage
from ibf_pipeline.io.redaction import Redactor

T = TypeVar("T")
WAIT_SECONDS: Final = 30
"""for another process that writes into a file; a URL may say another number as `timeout`"""
AWAY_SECONDS: Final = 300.0
"""for a server that is away, counted from when it was missed first; its URL may say another number as `timeout`"""
_FIRST_SECONDS: Final = 5.0
"""for others that open a new file of SQLite at the same moment: for that alone it does not wait by itself"""
_ONE_STATE: Final = "REPEATABLE READ"
"""in which a server has several queries see the same"""
_DRIVERS: Final = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
_SIZE: Final = {
    "sqlite": "SELECT (page_count - freelist_count) * page_size "
    "FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}
"""bytes, by dialect"""


class DatabaseAway(WriteFailed):
    """A server was lost in the middle of a transaction, or is away for longer than it is waited for."""


class Database:
    """Transactions on one database, shared by the threads of a process; other processes may use it at the same time."""

    def __init__(self, url: str, prepare: Callable[[Engine], None], remedy: str) -> None:
        """`prepare` brings the schema up to date before the first transaction; `remedy` is for errors of storage."""
        try:
            self._url, seconds = _with_seconds(make_url(url))
            self._engine = create_engine(self._url, **_options(self._url, seconds))
            self._engine.dialect.create_connect_args(self._url)
        except ImportError as error:
            raise _unusable(f"{error.name or 'its driver'} is not installed", "install it, or name another") from None
        except (ArgumentError, ValueError, TypeError) as error:  # whose texts may hold the password
            raise _unusable(type(error).__name__, "correct it") from None
        if self._engine.dialect.is_async:
            raise _unusable(f"{self._engine.dialect.driver} is a driver for asyncio", "name another, such as psycopg")
        if self._url.drivername not in _DRIVERS:
            raise _unusable(f"{self._url.drivername} is not known here", f"write one of {', '.join(_DRIVERS)}")
        if self._url.get_backend_name() == "sqlite" and self._url.database in (None, "", ":memory:"):
            raise _unusable("a database in memory keeps nothing", "name a file: sqlite:///records.sqlite")
        self._server = _server_of(self._url)
        self.is_file = self._server is None
        self._outage = Outage(seconds)
        self._redacted = Redactor(str(self._url.password or ""))
        self._prepare, self._remedy = prepare, remedy
        self._prepared = False
        self._opened: tuple[int, int] | None = None
        self._mutex = threading.Lock()
        self._turn = self._new_turn()
        if self.is_file:
            event.listen(self._engine, "connect", _set_up)
            event.listen(self._engine, "begin", _begin)
        if self._server is not None:
            self._server.let_answer(self._engine, seconds)
        _OPEN.add(self)

    @property
    def place(self) -> str:
        """The file, or the address without its password."""
        return shown(self._url)

    def close(self) -> None:
        """Give back the connections that nobody uses."""
        self._engine.dispose()

    def write(self, work: Callable[[Connection, bool], T], *, durable: bool = True, wait: bool = True) -> T:
        """Do a piece of work in one transaction, and all of it again where a server was lost or another was in its way.

        So it changes nothing but the database, and looks whether it was done before where it is told that it may have
        been: its second argument. Without `wait` it is tried once. Errors as those of `transaction`.
        """
        again = False
        while True:
            try:
                with self.transaction(durable=durable, wait=wait) as connection:
                    result = work(connection, again)
                return result
            except DatabaseAway as away:
                if not wait:
                    raise
                self._outage.wait(away)
                again = True

    @contextmanager
    def transaction(self, *, durable: bool = True, wait: bool = True) -> Iterator[Connection]:
        """All or nothing; WriteFailed where it cannot be kept, InputInvalid for a value that no column takes.

        A server that is away is waited for before it begins; DatabaseAway where it is lost later, which says nothing
        of whether it was kept.
        """
        with self._errors(), self._turn, self._connected(wait) as connection:
            self._require_same_file()
            if self.is_file:
                level = "FULL" if durable else "NORMAL"
                if connection.info.get("synchronous") != level:
                    connection.connection.cursor().execute(f"PRAGMA synchronous={level}")
                    connection.info["synchronous"] = level
            with connection.begin():
                yield connection
        self._outage.is_over()

    def read(self, work: Callable[[Connection], T]) -> T:
        """What is read of one state of the database, whatever others write meanwhile; a server is waited for."""
        return self._read(work, _ONE_STATE)

    def _read(self, work: Callable[[Connection], T], isolation: str) -> T:
        while True:
            try:
                with self.reading(isolation) as connection:
                    result = work(connection)
                return result
            except DatabaseAway as away:
                self._outage.wait(away)

    @contextmanager
    def reading(self, isolation: str = _ONE_STATE) -> Iterator[Connection]:
        """The same as a block; DatabaseAway where a server is lost within. `isolation`: of a server."""
        with self._errors(), self._connected() as connection:
            self._require_same_file()
            isolated = {"isolation_level": isolation} if self._server else {}
            yield connection.execution_options(reads=True, **isolated)
        self._outage.is_over()

    def rows(self, query: Any, values: Mapping[str, Any] | None = None) -> list[Any]:
        """The rows of a query with these values: one state by itself, so that a server is asked nothing but that."""
        return self._read(lambda connection: list(connection.execute(query, values)), "AUTOCOMMIT")

    def now(self) -> ColumnElement[float]:
        """Seconds since 1970 on the clock that all who write share, for a statement: a server's, or this machine's."""
        return literal(time.time()) if self._server is None else func.date_part("epoch", func.clock_timestamp())

    def megabytes(self) -> float:
        """How large the database is, in 10^6 bytes; of SQLite without the pages that are free again."""
        size = text(_SIZE[self._engine.dialect.name])
        return float(self.read(lambda connection: connection.execute(size).scalar_one())) / 1e6

    def _new_turn(self) -> AbstractContextManager[Any]:
        """Threads write into a file one after the other: SQLite lets them try at odd moments, and some for too long."""
        return threading.Lock() if self.is_file else nullcontext()

    def _connected(self, wait: bool = True) -> Connection:
        while True:
            try:
                with self._errors():
                    return self._ready().connect()
            except DatabaseAway as away:
                if not wait:
                    raise
                self._outage.wait(away)

    def _ready(self) -> Engine:
        with self._mutex:
            if not self._prepared:
                if self.is_file and self._url.database:
                    Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
                self._prepare(self._engine)
                self._prepared, self._opened = True, self._identity()
        return self._engine

    def _identity(self) -> tuple[int, int] | None:
        if not self.is_file:
            return None
        found = os.stat(str(self._url.database))
        return found.st_dev, found.st_ino

    def _require_same_file(self) -> None:
        """SQLite writes on into a file that somebody deleted or replaced, and nobody would ever read it."""
        if self._identity() != self._opened:
            raise OSError("another file has its name")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except IbfError:
            raise
        except (UnicodeError, OverflowError) as error:
            raise InputInvalid(
                f"a value cannot be kept ({type(error).__name__})",
                where=self.place,
                expected="text that is UTF-8, and numbers of 64 bits",
            ) from None
        except (SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error)
            first = self._redacted(reason.splitlines()[0]) if reason else type(error).__name__
            away = self._server is not None and self._server.passes(error)
            if away:
                self._engine.dispose()  # the others of a server that is gone are of no use either
            raise (DatabaseAway if away else WriteFailed)(
                f"the records cannot be used ({first})",
                where=self.place,
                expected="a database that answers and has room left",
                remedy=self._server.remedy(error, self._remedy) if self._server else self._remedy,
            ) from error

    def _forget(self) -> None:
        """In a process that was forked: the connections are the parent's, and not even closed here."""
        _PARENTS.append(self._engine.pool)
        self._engine.dispose(close=False)
        self._mutex, self._turn = threading.Lock(), self._new_turn()


def put(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    new: Mapping[str, Any] | None = None,
) -> bool:
    """Let the row of a key have these values, a row that is `new` those beside them; whether it is new."""
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


def is_there(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Whether a row has these values: where work is done again that may have been done."""
    same = (table.c[name].is_not_distinct_from(value) for name, value in values.items())
    return connection.execute(select(*table.primary_key).where(*same)).first() is not None


_OPEN: Final[weakref.WeakSet[Database]] = weakref.WeakSet()
_PARENTS: Final[list[Pool]] = []


def _after_fork() -> None:
    for database in list(_OPEN):
        database._forget()


os.register_at_fork(after_in_child=_after_fork)


def shown(url: URL) -> str:
    """The file of a URL, or its address without a password, wherever in it that stands."""
    return str(url.database) if url.get_backend_name() == "sqlite" else url.set(query={}).render_as_string()


def with_password(url: str, password: str | None) -> str:
    """A server's URL that has this password, unless it has one; any other text as it is, also one that is no URL."""
    if not password or not url.startswith("postgresql"):
        return url
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url  # said where it is opened
    named = parsed.password is not None or "password" in parsed.query
    return url if named else parsed.set(password=password).render_as_string(hide_password=False)


def _unusable(why: str, remedy: str) -> ConfigError:
    return ConfigError(
        f"the address of the records cannot be used ({why})",
        where="settings.yaml: records",
        expected="a URL of SQLAlchemy: sqlite:///records.sqlite, postgresql+psycopg://user@host/database",
        remedy=remedy,
    )


def _server_of(url: URL) -> ModuleType | None:
    """How the server of a URL is spoken to; nothing for a file."""
    if url.get_backend_name() == "sqlite":
        return None
    from ibf_pipeline.io import postgres  # its driver is one of the extras

    return postgres


def _with_seconds(url: URL) -> tuple[URL, float]:
    """A URL as its driver takes it, and how long a server is waited for."""
    if url.get_backend_name() != "postgresql":
        return url, 0.0
    seconds = float(str(url.query.get("timeout", AWAY_SECONDS)))
    name = "postgresql+psycopg" if url.drivername == "postgresql" else url.drivername
    return url.set(drivername=name).difference_update_query(["timeout"]), seconds


def _options(url: URL, patience_seconds: float) -> dict[str, Any]:
    if url.drivername == "postgresql+psycopg":
        server = _server_of(url)
        return dict(server.options(url, patience_seconds)) if server else {}
    if url.get_backend_name() != "sqlite" or "timeout" in url.query:
        return {}
    return {"connect_args": {"timeout": WAIT_SECONDS}}


def _set_up(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`
    connection.execute("PRAGMA foreign_keys=ON").close()
    first = Retrying(
        retry=retry_if_exception(_is_busy), stop=stop_after_delay(_FIRST_SECONDS), wait=wait_fixed(0.01), reraise=True
    )
    first(lambda: connection.execute("PRAGMA journal_mode=WAL").close())


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
