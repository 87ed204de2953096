"""A proxy in front of the sandbox that spoils chosen calls of a plan, over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Fault = Literal[
    "refused", "reset before", "reset after", "timeout", "timeout after", "500", "502", "429", "401", "403", "kill"
]
"""`... after`: the server has carried the call out, and its answer is lost"""

STATUS = {"500": 500, "502": 502, "429": 429, "401": 401, "403": 403}


class FaultyProxy:
    """Forwards to a server; the next `times` plan calls are spoiled with `fault`."""

    def __init__(self, upstream: str, on_kill: Callable[[], None] = lambda: None) -> None:
        parts = urlsplit(upstream)
        self.upstream = (str(parts.hostname), int(parts.port or 80))
        self.on_kill = on_kill
        self.fault: Fault | None = None
        self.times = 0
        self.spoiled = 0
        self._busy = 0
        self._changed = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/api"

    @property
    def listening(self) -> bool:
        return self._server is not None

    def spoil(self, fault: Fault, times: int) -> None:
        """Spoil the next `times` calls of the plan."""
        self.fault, self.times = fault, times

    def take_fault(self) -> Fault | None:
        """The fault of this call, if any is left."""
        if self.fault is None or self.times == 0:
            return None
        self.times -= 1
        with self._changed:
            self.spoiled += 1
            self._changed.notify_all()
        return self.fault

    def wait_until_met(self, spoiled: int) -> None:
        """Until so many calls were spoiled and the server is done with them; the client may have given up before."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.spoiled >= spoiled and not self._busy, 30), "never met"

    @contextlib.contextmanager
    def carrying_out(self) -> Iterator[None]:
        """While a request is at the server."""
        with self._changed:
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def listen(self) -> None:
        """Accept connections, always on the same port."""
        handler = type("Handler", (self.handler(),), {"proxy": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def handler(self) -> type[Handler]:
        """What answers a connection."""
        return Handler

    def refuse(self) -> None:
        """Stop listening and drop every connection: the next one is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._connections):
            reset(connection)

    def __enter__(self) -> FaultyProxy:
        return self

    def __exit__(self, *args: object) -> None:
        self.refuse()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    except OSError:
        pass


class Handler(BaseHTTPRequestHandler):
    proxy: FaultyProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.proxy._connections.add(self.connection)

    def finish(self) -> None:
        self.proxy._connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._answer(*self._forward(b""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.proxy.carrying_out():
            answer = self._spoil_or_forward(body)
        answer()

    def _spoil_or_forward(self, body: bytes) -> Callable[[], None]:
        """What the client is told once the server is done with it."""
        fault = None if self.path.endswith("/user/login") else self.proxy.take_fault()
        if fault in STATUS:
            return partial(self._refuse, STATUS[fault])
        if fault == "reset before":
            return self._drop
        if fault == "timeout":
            return self._hang
        answer = self._forward(body)
        if fault in ("reset after", "timeout after", "kill"):
            if fault == "kill":
                self.proxy.on_kill()
            return self._hang if fault == "timeout after" else self._drop
        return partial(self._answer, *answer)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(*self.proxy.upstream, timeout=20)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() in ("content-type", "retry-after"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: int) -> None:
        headers = [("Content-Type", "application/json")] + ([("Retry-After", "1")] if status == 429 else [])
        self._answer(status, headers, json.dumps({"message": f"spoiled {status}", "statusCode": status}).encode())

    def _drop(self) -> None:
        self.close_connection = True
        reset(self.connection)

    def _hang(self) -> None:
        """Answer nothing until the client has given up."""
        self.close_connection = True
        self.connection.settimeout(10)
        with contextlib.suppress(OSError):
            self.connection.recv(1)
