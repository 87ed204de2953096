"""One SQL database: an SQLite file unless the configuration names a PostgreSQL server.

SQLite keeps a write-ahead log: a durable transaction is on disk when its block ends; any other survives the process,
but may be lost after a power cut together with those after it. On a server every transaction is durable, since a server
may fail while the process goes on; a server that is unreachable is waited for. A forked process opens its own
connections.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Pool, func, literal, text
from sqlalchemy.exc import SQLAlchemyError

from ibf_pipeline.errors import IbfError, InputInvalid, WriteFailed
from ibf_pipeline.io import sqlite
from ibf_pipeline.io.outage import Outage
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.sql_address import new_engine, printable_address, server_of

_T = TypeVar("_T")
_ONE_STATE: Final = "REPEATABLE READ"
"""in which a server has several queries see the same"""
_SIZE: Final = {
    "sqlite": "SELECT (page_count - freelist_count) * page_size "
    "FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}
"""bytes, by dialect"""


class DatabaseAway(WriteFailed):
    """A server was lost in the middle of a transaction, or is unreachable for longer than it is waited for."""


class Database:
    """Transactions on one database, shared by the threads of a process; other processes may use it at the same time.

    Parameters
    ----------
    url : str
        A URL of SQLAlchemy. `timeout` in its query: seconds for which a locked file or an unreachable server is waited
        for.
    prepare : Callable[[Engine], None]
        Brings the schema up to date before the first transaction.
    remedy : str
        What an operator can do about an error of storage.

    Raises
    ------
    ConfigError
        If the URL cannot be used.
    """

    def __init__(self, url: str, prepare: Callable[[Engine], None], remedy: str) -> None:
        self._engine, seconds = new_engine(url)
        self._url = self._engine.url
        self._server = server_of(self._url)
        self.is_file = self._server is None
        self._outage = Outage(seconds)
        self._redacted = Redactor(str(self._url.password or ""))
        self._prepare, self._remedy = prepare, remedy
        self._prepared = False
        self._opened: tuple[int, int] | None = None
        self._mutex = threading.Lock()
        self._turn = self._new_turn()
        if self._server is None:
            sqlite.begin_immediate(self._engine)
        else:
            self._server.limit_answer_time(self._engine, seconds)
        _OPEN.add(self)

    @property
    def place(self) -> str:
        """The file, or the address without its password."""
        return printable_address(self._url)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._engine.dispose()

    def write(self, work: Callable[[Connection, bool], _T], *, durable: bool = True, wait: bool = True) -> _T:
        """Do a piece of work in one transaction, and all of it again after a lost connection or a conflict.

        Parameters
        ----------
        work : Callable[[Connection, bool], T]
            Changes nothing but the database. If its second argument is true, an earlier attempt may have been kept: it
            then has to look whether its work is already done.
        durable : bool
            Whether the transaction is on disk when this returns.
        wait : bool
            False: one attempt, without waiting for a server.

        Returns
        -------
        T
            What `work` returned.

        Raises
        ------
        WriteFailed, InputInvalid, DatabaseAway
            As `transaction`.
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
        """A transaction: all of the block or nothing. A server that is unreachable is waited for before it begins.

        Raises
        ------
        WriteFailed
            If it cannot be kept.
        DatabaseAway
            If the server is lost later; whether the transaction was kept is then unknown.
        InputInvalid
            For a value that no column takes.
        """
        with self._errors(), self._turn, self._connected(wait) as connection:
            self._require_same_file()
            if self.is_file:
                sqlite.set_durability(connection, durable=durable)
            with connection.begin():
                yield connection
        self._outage.ended()

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """Read from one state of the database, whatever others write meanwhile; an unreachable server is waited for."""
        return self._read(work, _ONE_STATE)

    def _read(self, work: Callable[[Connection], _T], isolation: str) -> _T:
        while True:
            try:
                with self.snapshot(isolation) as connection:
                    result = work(connection)
                return result
            except DatabaseAway as away:
                self._outage.wait(away)

    @contextmanager
    def snapshot(self, isolation: str = _ONE_STATE) -> Iterator[Connection]:
        """The same as a block; DatabaseAway if a server is lost within. `isolation`: isolation level on a server."""
        with self._errors(), self._connected() as connection:
            self._require_same_file()
            isolated = {"isolation_level": isolation} if self._server else {}
            yield connection.execution_options(reads=True, **isolated)
        self._outage.ended()

    def rows(self, query: Any, values: Mapping[str, Any] | None = None) -> list[Any]:
        """The rows of one query with these values of its parameters; a server is asked nothing else."""
        return self._read(lambda connection: list(connection.execute(query, values)), "AUTOCOMMIT")

    def now(self) -> ColumnElement[float]:
        """Seconds since 1970 as an SQL expression, by the clock that all writers share (server or machine)."""
        return literal(time.time()) if self._server is None else func.date_part("epoch", func.clock_timestamp())

    def megabytes(self) -> float:
        """Size of the database in 10^6 bytes; for SQLite without its free pages."""
        size = text(_SIZE[self._engine.dialect.name])
        return float(self.read(lambda connection: connection.execute(size).scalar_one())) / 1e6

    def _new_turn(self) -> AbstractContextManager[Any]:
        """Threads write into a file one after the other: SQLite would let some wait for too long."""
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
                if self.is_file:
                    sqlite.make_folder(str(self._url.database))
                self._prepare(self._engine)
                self._prepared, self._opened = True, self._identity()
        return self._engine

    def _identity(self) -> tuple[int, int] | None:
        return sqlite.identity(str(self._url.database)) if self.is_file else None

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
            away = self._server is not None and self._server.is_transient(error)
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


_OPEN: Final[weakref.WeakSet[Database]] = weakref.WeakSet()
_PARENTS: Final[list[Pool]] = []


def _after_fork() -> None:
    for database in list(_OPEN):
        database._forget()


os.register_at_fork(after_in_child=_after_fork)
