"""A server on loopback that answers as it is told, keeps connections open, and remembers what it was sent."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Says:
    """An answer."""

    status: int = 201
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """the connection ends in the middle of the body"""


@dataclass(frozen=True)
class Heard:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """1 for the first connection"""


LOGIN = Says(200, {"user": {"token": "first-token", "userRole": "pipeline"}})


class ScriptedServer:
    """`script`: path -> its answers, the last one for ever. A login without a script gives `first-token`."""

    def __init__(self, script: dict[str, list[Says]] | None = None) -> None:
        self.script = {"/api/user/login": [LOGIN], **(script or {})}
        self._left = {path: deque(answers) for path, answers in self.script.items()}
        self.heard: list[Heard] = []
        self.connections = 0
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str) -> Says:
        """To a path, its query included."""
        path = path.partition("?")[0]
        answers = self._left.get(path) or deque([Says(404, {"message": f"Cannot POST {path}", "statusCode": 404})])
        return answers.popleft() if len(answers) > 1 else answers[0]

    def calls(self, path: str) -> list[Heard]:
        return [request for request in self.heard if request.path.partition("?")[0] == path]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: ScriptedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    number = 0

    def setup(self) -> None:
        super().setup()
        self.owner.connections += 1
        self.number = self.owner.connections

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.owner.heard.append(Heard(self.command, self.path, headers, body, self.number))
        says = self.owner.answer(self.path)
        content = says.body.encode() if isinstance(says.body, str) else json.dumps(says.body).encode()
        kind = "application/json" if not isinstance(says.body, str) else "text/plain"
        self.send_response_only(says.status)
        for name, value in {"Content-Type": kind, **says.headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection |= says.cut
        self.wfile.write(content[: len(content) // 2] if says.cut else content)
