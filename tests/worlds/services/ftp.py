"""An FTP server on loopback that counts what it serves and can break on demand."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
USER, PASSWORD = "partner", "s3cret-word"


@dataclass
class Server:
    """A running server and what it was asked for."""

    port: int
    root: Path
    served: Counter[str] = field(default_factory=Counter)
    """RETR by file name"""
    resumed: list[int] = field(default_factory=list)
    """REST positions"""
    cut_after: dict[str, int] = field(default_factory=dict)
    """file name -> bytes after which its connection is cut, once"""
    short: dict[str, int] = field(default_factory=dict)
    """file name -> bytes after which the transfer ends as if it were whole, once"""
    slow: bool = False
    """about 100 kB a second"""
    unknown: set[str] = field(default_factory=set)
    """commands that this server does not know"""
    most_open: int = 0
    most_logins: int | None = None
    """accounts that may be logged in at a time; one more is refused with 530"""
    logged_in: set[object] = field(default_factory=set)
    permissions: dict[str, str] = field(default_factory=dict)
    """of the account, as the server's library keeps them"""
    commands: Counter[str] = field(default_factory=Counter)


@contextmanager
def running(root: Path) -> Iterator[Server]:
    """Serve a folder to one account."""
    about = Server(0, root)

    class Data(DTPHandler):
        limit: int | None = None
        sent = 0

        def send(self, data: bytes) -> int:
            if self.sent == 0:
                self.limit = about.cut_after.pop(Path(self.cmd_channel.asked).name, None)
            if self.limit is not None and self.sent >= self.limit:
                self.cmd_channel.close()
                self.close()
                return 0
            if about.slow:
                time.sleep(0.01)
                data = data[:1024]
            sent = super().send(data if self.limit is None else data[: self.limit - self.sent])
            self.sent += max(sent, 0)
            return sent

    class Handler(FTPHandler):
        asked = ""

        def on_connect(self) -> None:
            about.most_open = max(about.most_open, len(self.ioloop.socket_map))

        def ftp_PASS(self, line: str) -> Any:  # noqa: N802 - the library's name
            about.logged_in = {other for other in about.logged_in if not other._closed}  # type: ignore[attr-defined]
            if about.most_logins is not None and len(about.logged_in) >= about.most_logins:
                self.respond("530 Sorry, the maximum number of clients for this user is reached.")
                return None
            about.logged_in.add(self)
            return super().ftp_PASS(line)

        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            about.commands[cmd] += 1
            if cmd in about.unknown:
                self.respond(f'502 Command "{cmd}" not understood.')
            else:
                super().pre_process_command(line, cmd, arg)

        def ftp_REST(self, line: str) -> Any:  # noqa: N802 - the library's name
            about.resumed.append(int(line))
            return super().ftp_REST(line)

        def ftp_RETR(self, file: str) -> Any:  # noqa: N802 - the library's name
            name = Path(file).name
            about.served[name] += 1
            self.asked = file
            if name in about.short:
                part = Path(file).parent.parent / ("short-" + name)
                part.write_bytes(Path(file).read_bytes()[: about.short.pop(name)])
                file = str(part)
            return super().ftp_RETR(file)

    Handler.authorizer = DummyAuthorizer()
    Handler.authorizer.add_user(USER, PASSWORD, str(root), perm="elr")
    about.permissions = Handler.authorizer.user_table[USER]
    Handler.dtp_handler = Data
    Handler.auth_failed_timeout = 0
    Handler.use_sendfile = False
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), Handler, ioloop=loop)
    about.port = server.address[1]
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.serve_forever(timeout=0.02, blocking=False)
        server.close_all()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield about
    finally:
        stop.set()
        thread.join(5)
