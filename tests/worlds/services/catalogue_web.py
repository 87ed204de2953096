"""The catalogue and its account service over HTTP on loopback, with faults on demand."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.worlds.services.catalogue import Catalogue, Refusal


class Escaped(JSONResponse):
    """JSON in plain ASCII: whatever a text holds travels as an escape."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode("ascii")


class Switch:
    """An app in whose place another one can be put, so that tests share one server."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Served:
    """Any ASGI app on a free loopback port, until the block ends."""

    def __init__(self, app: Any, config: uvicorn.Config | None = None) -> None:
        self.app = app
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        usual = {"log_level": "error", "access_log": False, "lifespan": "off", "timeout_graceful_shutdown": 1}
        self._server = uvicorn.Server(config or uvicorn.Config(app, **usual))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        waited = threading.Event()
        for _ in range(1000):
            if self._server.started:
                return self
            waited.wait(0.01)
        raise RuntimeError("the test server did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)
        self._socket.close()


@dataclass
class Web:
    """What the server does beside the catalogue's own rules."""

    catalogue: Catalogue
    password: str
    totp: Callable[[], str] | None = None
    """the second factor that the account service asks for"""
    token_seconds: int = 600
    refresh_seconds: int = 3600
    tokens: list[str] = field(default_factory=list)
    """tokens that are valid"""
    grants: list[str] = field(default_factory=list)
    """grant types of the token requests so far"""
    faults: list[Callable[[Request], Response | None]] = field(default_factory=list)
    """each is asked once, in order; a Response is given instead of the catalogue's own"""
    cut_after_create: bool = False
    """the next POST is carried out and answered 502"""
    page_link: Callable[[str], str] = lambda link: link
    files: dict[str, bytes] = field(default_factory=dict)
    """products that the download service hands out, by id"""
    breaks_after: int | None = None
    """the next download breaks off after so many bytes"""
    requests: list[tuple[str, str]] = field(default_factory=list)
    accounts: list[tuple[str, str | None]] = field(default_factory=list)
    """(`token` or `odata`, what came as `Authorization`)"""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/odata/v1/{path:path}", self._odata, methods=["GET", "POST", "PATCH", "DELETE"]),
            ]
        )

    async def _token(self, request: Request) -> Response:
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        self.grants.append(form["grant_type"])
        self.accounts.append(("token", request.headers.get("authorization")))
        if form["grant_type"] == "password":
            second = self.totp is None or form.get("totp") == self.totp()
            if form.get("password") != self.password or not second:
                echo = f"Invalid user credentials for password {form.get('password')}"
                return JSONResponse({"error": "invalid_grant", "error_description": echo}, 401)
        elif form.get("refresh_token") not in [f"refresh-{token}" for token in self.tokens]:
            return JSONResponse({"error": "invalid_grant", "error_description": "Session not active"}, 400)
        token = f"token-{len(self.grants)}"
        self.tokens.append(token)
        return JSONResponse(
            {
                "access_token": token,
                "expires_in": self.token_seconds,
                "refresh_token": f"refresh-{token}",
                "refresh_expires_in": self.refresh_seconds,
            }
        )

    async def _odata(self, request: Request) -> Response:
        path = request.path_params["path"]
        self.requests.append((request.method, path))
        self.accounts.append(("odata", request.headers.get("authorization")))
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({"detail": "Expired signature!"}, 401)
        if not path.endswith("$value") and request.headers.get("content-type") != "application/json":
            return JSONResponse({"detail": "the obligatory headers are missing"}, 415)
        while self.faults:
            fault = self.faults.pop(0)(request)
            if fault is not None:
                return fault
        body = await request.body()
        try:
            return self._answer(request, path, json.loads(body) if body else {})
        except Refusal as refusal:
            return JSONResponse({"detail": refusal.detail}, refusal.status)

    def _answer(self, request: Request, path: str, body: dict[str, Any]) -> Response:
        catalogue, query = self.catalogue, request.query_params
        match = re.fullmatch(r"(\w+)(?:\(([^)]*)\))?(?:/(\$?\w+))?", path)
        assert match is not None, path
        entity, key, action = match.groups()
        if action == "$value":
            return self._file(request, key)
        if entity == "Products":
            return self._products(request, key)
        assert entity == "Subscriptions"
        match (request.method, action):
            case ("GET", "Info"):
                return Escaped(catalogue.info())
            case ("GET", "Read"):
                return Escaped(catalogue.read(key, int(query.get("$top", 1))))
            case ("POST", "Ack"):
                return Escaped(catalogue.acknowledge(key, query["$ackid"]))
            case ("POST", None):
                made = catalogue.create(body)
                if self.cut_after_create:
                    self.cut_after_create = False
                    return Escaped({"detail": "Bad Gateway"}, 502)
                return Escaped(made, 201)
            case ("PATCH", None):
                changed = catalogue.patch(key, body)
                return Escaped(changed) if changed is not None else Response(status_code=204)
            case ("DELETE", None):
                catalogue.delete(key)
                return Response(status_code=204)
        return Response(status_code=405)

    def _file(self, request: Request, key: str) -> Response:
        """A product from a byte on, where the part before it is of this file."""
        content, tag = self.files[key], f'"{key}"'
        match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(match.group(1)) if match and request.headers.get("if-range") == tag else 0
        part = content[start:]
        headers = {"ETag": tag, "Content-Length": str(len(part))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if self.breaks_after is not None:
            part, self.breaks_after = part[: self.breaks_after], None
        return StreamingResponse(iter([part]), 206 if start else 200, headers)

    def _products(self, request: Request, key: str | None) -> Response:
        if key is not None:
            product = self.catalogue.products.get(key)
            return Escaped(product) if product else Escaped({"detail": "Product not found"}, 404)
        query = dict(request.query_params)
        skip = int(query.get("$skip", 0))
        found, more = self.catalogue.search(query.get("$filter", ""), skip, int(query.get("$top", 20)))
        content: dict[str, Any] = {"@odata.context": "$metadata#Products", "value": found}
        if more:
            following = urlencode({**query, "$skip": str(skip + len(found))})
            content["@odata.nextLink"] = self.page_link(f"{request.url.replace(query='')}?{following}")
        return Escaped(content)
