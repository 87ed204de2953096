"""How a PostgreSQL server is used: every wait for it has an end, and transient errors are told from lasting ones."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL, Engine, event
from sqlalchemy.exc import DBAPIError

_T = TypeVar("_T")
_ANSWER_SECONDS: Final = 40.0
"""until an answer that does not come is given up, though the line seems to be there"""
_CONNECT_SECONDS: Final = 10
_STATEMENT_SECONDS: Final = 30
_LOCK_SECONDS: Final = 15
_IDLE_SECONDS: Final = 60
"""until the server ends the transaction of somebody who began it and fell silent: others wait for what it holds"""
_LINE: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "target_session_attrs": "read-write",
    "application_name": "ibf-pipeline",
}
"""parameters of libpq, where the address says nothing else"""
_PASSES: Final = ("08", "57P0", "25P03", "25006", "53300", "40001", "40P01", "55P03", "57014")
"""beginnings of SQLSTATE: the line was cut, the server ends or begins, a server that only reads since another one took
over, too many connections, two transactions in each other's way, a lock or an answer that took too long"""
_STAYS: Final = (
    "password",
    "authentication",
    "does not exist",
    "pg_hba.conf",
    "permission denied",
    "invalid connection option",
    "certificate",
    "SSL",
)
"""words of a refusal to connect that no waiting helps against; those have no SQLSTATE"""


class _Connection(psycopg.Connection[Any]):
    """A connection that is given up if no answer comes, also from a server that hangs while its network does not."""

    answer_seconds = _ANSWER_SECONDS

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        try:
            return super().wait(gen, interval, timeout or self.answer_seconds)
        except psycopg.OperationalError as error:
            if timeout is not None or error.sqlstate is not None or self.closed:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {self.answer_seconds:g} s") from None


def options(url: URL, wait_seconds: float) -> dict[str, Any]:
    """Arguments of `create_engine` for a server that is waited for so long (seconds).

    Every statement, lock and idle transaction has a time limit; `options` of the URL come after ours and win.
    """
    seconds = {
        "statement_timeout": _STATEMENT_SECONDS,
        "lock_timeout": _LOCK_SECONDS,
        "idle_in_transaction_session_timeout": _IDLE_SECONDS,
    }
    ours = " ".join(f"-c {name}={value}s" for name, value in seconds.items())
    theirs = url.query.get("options", "")
    line = {**_LINE, "connect_timeout": max(1, min(_CONNECT_SECONDS, int(wait_seconds)))}
    line = {name: value for name, value in line.items() if name not in url.query}
    return {"pool_pre_ping": True, "connect_args": {**line, "options": f"{ours} {theirs}".strip()}}


def limit_answer_time(engine: Engine, seconds: float) -> None:
    """Give up answers of this engine's server that take longer than this, at most `_ANSWER_SECONDS`."""

    class Bounded(_Connection):
        answer_seconds = min(seconds, _ANSWER_SECONDS)

    @event.listens_for(engine, "do_connect")
    def connect(_: Any, __: Any, arguments: Any, words: Any) -> Any:
        return Bounded.connect(*arguments, **words)


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed if it is repeated.

    Nothing of it was kept, unless the connection was lost at its commit.

    Notes
    -----
    By SQLSTATE (PostgreSQL documentation, appendix A): connection lost, server stopping or starting, read-only after a
    switch-over, too many connections, deadlock, lock or statement timeout.
    """
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return bool(state.startswith(_PASSES))
    if error.connection_invalidated:
        return True
    return isinstance(error.orig, psycopg.OperationalError) and not any(word in str(error.orig) for word in _STAYS)


def remedy(error: BaseException, usual: str) -> str:
    """What an operator can do about an error; `usual` unless address, password or connection are the reason."""
    if is_transient(error):
        return "see whether the server runs and can be reached, then do it again, or resume a run: nothing is lost"
    said = str(getattr(error, "orig", ""))
    if 'database "' in said and "does not exist" in said:
        return "create the database for this user, or correct `records` in settings.yaml"
    if "password" not in said:
        return usual
    return (
        "set the environment variable with its password (IBF_RECORDS_PASSWORD, where settings.yaml names no other as "
        "records_password_variable), or let the server know this user without one"
    )
