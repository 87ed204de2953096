"""A door in front of the sandbox with its own account and token, and a trouble for each path that leads to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ibf_pipeline.sandbox import SANDBOX_PASSWORD

UPLOAD = "/api/admin-area-dynamic-data/raster/floods"
"""where the troubles begin: half of the calls are made by then"""


class GuardedDoor:
    """`<url>/<trouble>/api` leads to the API; troubles: none, password, 500, refused, html, redirect, expiry.

    Every refusal echoes the request with its secrets, as a careless server would.
    """

    def __init__(self, upstream: str, password: str, token: str) -> None:
        parts = urlsplit(upstream)
        self.upstream = (str(parts.hostname), int(parts.port or 80))
        self.password, self.token = password, token
        self.logins, self.guarded, self.strangers = 0, 0, 0
        self.expired = False
        handler = type("Handler", (_Handler,), {"door": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.real_token = json.loads(
            self.forward("POST", "/api/user/login", json.dumps(
                {"email": "pipeline@sandbox.example", "password": SANDBOX_PASSWORD}).encode(),
                {"Content-Type": "application/json"})[2]
        )["user"]["token"]  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def forward(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """The sandbox's answer."""
        connection = http.client.HTTPConnection(*self.upstream, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def __enter__(self) -> GuardedDoor:
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    door: GuardedDoor
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _handle(self, body: bytes) -> None:
        _, trouble, rest = self.path.split("/", 2)
        path = "/" + rest
        self.door.strangers += trouble == "stranger"
        if path == "/api/user/login":
            self.door.logins += 1
            self._log_in(trouble, body)
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.door.guarded += token == self.door.token
        if path.startswith(UPLOAD) and trouble not in ("none", "password"):
            if trouble == "expiry" and self.door.expired:
                self.door.expired = False
            else:
                self.door.expired = trouble == "expiry"
                self._make_trouble(trouble, body)
                return
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "authorization")}
        self._answer(*self.door.forward(self.command, path, body, {
            **headers, "Authorization": f"Bearer {self.door.real_token}"}))  # fmt: skip

    def _log_in(self, trouble: str, body: bytes) -> None:
        right = json.loads(body)["password"] == self.door.password and trouble != "password"
        if right:
            user = {"token": self.door.token, "userRole": "pipeline"}
            self._say(200, {"user": user})
        else:
            self._say(401, {"message": f"Invalid login with {body.decode()}", "errors": []})

    def _make_trouble(self, trouble: str, body: bytes) -> None:
        echo = f"{self.headers.get('Authorization')} {self.door.password}"
        if trouble == "redirect":
            self._say(302, {}, Location=f"http://localhost:{self.door._server.server_address[1]}/stranger/x?t={echo}")
        elif trouble == "html":
            self._answer(200, [("Content-Type", "text/html")], f"<html>{echo}</html>".encode())
        elif trouble == "expiry":
            self._say(403, {"message": f"Forbidden for {echo}"})
        elif trouble == "refused":
            constraints = {"token": f"{echo} is no good", "password": json.dumps(self.door.password)}
            self._say(400, {"message": "x", "errors": [{"target": echo, "constraints": constraints}]})
        else:
            self._say(500, {"message": f"Internal server error of {echo}", "statusCode": 500})

    def _say(self, status: int, content: Any, **headers: str) -> None:
        self._answer(status, [("Content-Type", "application/json"), *headers.items()], json.dumps(content).encode())

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() in ("content-type", "location", "retry-after"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
