"""A PostgreSQL server of the tests' own: on loopback, with passwords, never as root; stopped by process id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

PASSWORD = "pä ss@/:%?#'word"
"""of the role `ibf`, who owns the databases: with every character that an address gives a meaning"""
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "password_encryption": "scram-sha-256",
    "unix_socket_directories": "",
    "autovacuum": "off",
}
_START_SECONDS = 60.0


class PostgresServer:
    """Started and empty; `program` is its `postgres`, the folder lies where another user may go."""

    def __init__(self, program: str) -> None:
        self._bin = Path(program).resolve().parent
        self._user = _other_user() if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-of-tests-"))
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._made: str | None = None
        self.port = _free_port()
        secret = self._folder / "secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        options = ["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N", f"--pwfile={secret}"]
        self._run("initdb", "-D", str(self._data), *options)
        self.start()
        with self.admin() as connection:
            connection.execute(sql.SQL("CREATE ROLE ibf LOGIN PASSWORD {}").format(PASSWORD))

    def start(self) -> None:
        """Until it answers, always on the same port."""
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-h", "127.0.0.1", "-p", str(self.port), *settings],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_user(),
            )
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                with self.admin():
                    return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError((self._folder / "log").read_text(errors="replace")) from None
                time.sleep(0.02)

    def stop(self) -> None:
        """As an administrator stops it: who is connected is told, and what goes on is undone."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Every process of it ends at once; what was committed comes back from its log when it starts again."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        """Stopped and started."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stopped, and nothing is left of it."""
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str, port: int | None = None, *, password: bool = True) -> str:
        """The address of a database for its owner; of a proxy where its port is given."""
        secret = PASSWORD if password else None
        url = URL.create("postgresql+psycopg", "ibf", secret, "127.0.0.1", port or self.port, database)
        return url.render_as_string(hide_password=False)

    def empty(self) -> str:
        """The name of a new database without a table."""
        return self._create("template0")

    def records(self) -> str:
        """The name of a new database with the tables of the records, and no row."""
        from ibf_pipeline.records.database import open_records

        if self._made is None:
            made = self.empty()
            opened = open_records(self.url(made))
            with opened.snapshot():
                pass
            opened.close()
            self._made = made
        return self._create(self._made)

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """The administrator, who is not kept out by the number of connections; each statement by itself."""
        with closing(
            psycopg.connect(
                host="127.0.0.1", port=self.port, user="postgres", password=PASSWORD, dbname=database, autocommit=True
            )
        ) as connection:
            yield connection

    def cut(self, database: str) -> int:
        """End the connections to a database; how many there were."""
        with self.admin() as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
            )
            return len(ended.fetchall())

    def _create(self, template: str) -> str:
        name = f"d{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER ibf")
        with self.admin() as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_START_SECONDS)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._folder, **self._as_user())
        assert done.returncode == 0, done.stdout + done.stderr

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def _other_user() -> pwd.struct_passwd:
    """Whom a server of root's belongs to."""
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
