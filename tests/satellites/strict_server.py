"""A loopback server that refuses what the users' documents do not allow.

The catalogue (`strict_catalogue`) and the Hook service (`strict_hook`) are written
on it, from the documents alone and without a look at the clients. Every request is
kept in `requests`; `instead` puts unkind answers before the documented ones.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; `path` and `query` are decoded, headers have lower case names."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self, keys: dict[str, type], needed: set[str]) -> dict[str, Any]:
        """The body as an object with known keys of the right types only; Refused otherwise."""
        try:
            body = json.loads(self.body)
        except ValueError:
            raise Refused(400, "the body is not JSON") from None
        if not isinstance(body, dict):
            raise Refused(422, "the body is not an object")
        strange, missing = set(body) - set(keys), needed - set(body)
        if strange or missing:
            raise Refused(422, f"unknown keys {sorted(strange)}, missing keys {sorted(missing)}")
        for name, value in body.items():
            if type(value) is not keys[name]:
                raise Refused(422, f"{name} is a {type(value).__name__}")
        return body

    def only(self, *names: str) -> None:
        """Refuse query parameters other than these."""
        if strange := set(self.query) - set(names):
            raise Refused(400, f"unknown query options {sorted(strange)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; a `dict`, `list`, text or None is sent as JSON (None: no body)."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def sent(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


class Refused(Exception):
    """The documents do not allow this request."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class StrictServer:
    """Loopback server with a Keycloak token endpoint at `/token` (password and client credentials).

    `tokens` are those that are valid now; `logins` counts the token requests;
    `refused` lists everything that the documents do not allow.
    """

    second_factor: str | None = None
    lives = 86_400
    """seconds of a token"""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.refused: list[str] = []
        self.tokens: set[str] = set()
        self.logins = 0
        self._given = 0
        self._unkind: list[tuple[str, re.Pattern[str], list[Answer | Callable[[Request], Answer]]]]
        self._unkind = []
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The server's address without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def instead(self, method: str, path: str, *answers: Answer | Callable[[Request], Answer]) -> None:
        """Give these answers, once each, to the next requests whose path is wholly like `path`."""
        self._unkind.append((method, re.compile(path), list(answers)))

    def forget_tokens(self) -> None:
        """Every token that was given expires now."""
        self.tokens.clear()

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests so far with this method and a path wholly like `path`."""
        return [r for r in self.requests if r.method == method and re.fullmatch(path, r.path)]

    def answer(self, request: Request) -> Answer:
        """The documented answer; written by the servers below."""
        raise NotImplementedError

    def whole_answer(self, request: Request) -> Answer:
        """The answer to one request: an unkind one, a token, or the documented one."""
        with self._lock:
            self.requests.append(request)
            for method, path, answers in self._unkind:
                if method == request.method and path.fullmatch(request.path) and answers:
                    told = answers.pop(0)
                    return told(request) if callable(told) else told
            try:
                if request.path == "/token":
                    return self._token(request)
                return self.answer(request)
            except Refused as why:
                self.refused.append(f"{request.method} {request.path}: {why}")
                return Answer(why.status, {"detail": str(why)})

    def authorized(self, request: Request) -> None:
        """Refuse a request without a valid bearer token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self.tokens:
            raise Refused(401, "no valid bearer token")

    def _token(self, request: Request) -> Answer:
        self.logins += 1
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        if request.method != "POST" or "form-urlencoded" not in request.headers["content-type"]:
            raise Refused(405, "tokens are asked for with a posted form")
        wanted = {
            "password": {"client_id", "username", "password"},
            "client_credentials": {"client_id", "client_secret"},
        }.get(form.get("grant_type", ""))
        if wanted is None or wanted - set(form):
            raise Refused(400, f"a grant needs {sorted(wanted or {'grant_type'})}")
        if self.second_factor and form.get("totp") != self.second_factor:
            return Answer(401, {"error": "invalid_grant", "error_description": "Invalid totp"})
        return Answer(200, self.new_token())

    def new_token(self) -> dict[str, Any]:
        """The body of a token answer."""
        self._given += 1
        token = f"token-{self._given}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.lives}


def _handler(server: StrictServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            request = Request(
                self.command,
                unquote(parts.path),
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            answer = server.whole_answer(request)
            body = answer.sent()
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json"} if body else {}
            for name, value in (headers | answer.headers).items():
                self.send_header(name, value)
            if answer.status != 204 and "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = "Content-Length" in answer.headers  # one that is not kept

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler
