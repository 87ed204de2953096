"""The HTTP face: parsing, guards, checks, and the shapes of what goes wrong, in the order of the real server.

The body is parsed before the guard (a malformed body is 400 even without a token), the guard comes before the
checks, the checks before the handler. Route and method must match; anything else is the recorded 404.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ibf_pipeline.sandbox.backend import ApiRequest, Backend, Endpoint, Upload
from ibf_pipeline.sandbox.mail import TEMPLATES
from ibf_pipeline.sandbox.openapi import openapi_document, operations
from ibf_pipeline.sandbox.page import page_routes
from ibf_pipeline.sandbox.responses import (
    Refusal,
    bad_request,
    json_response,
    no_such_route,
    plain_error,
    server_error,
)
from ibf_pipeline.sandbox.routes_events import event_endpoints
from ibf_pipeline.sandbox.routes_reading import reading_endpoints
from ibf_pipeline.sandbox.routes_uploads import upload_endpoints
from ibf_pipeline.sandbox.validation import check_body

_BIGGEST_BODY = 25 * 1024 * 1024
_FILE_FIELD = "file"
_SLASH = "\ue000"  # stands for a slash inside a word of the path while routes are matched
_log = logging.getLogger(__name__)

_Respond = Callable[[Request], Awaitable[Response]]


def build_app(backend: Backend) -> Starlette:
    endpoints = [
        *upload_endpoints(backend.store.disasters, backend.behaves_like),
        *event_endpoints(backend.store.disasters, backend.behaves_like),
        *reading_endpoints(backend.behaves_like),
    ]
    routes = [
        Route(f"/api{e.path}", _responder(backend, e), methods=[e.method])
        for e in sorted(endpoints, key=lambda e: e.path.count("{"))  # fixed words win over placeholders
    ]
    app = Starlette(
        routes=[*routes, *_documentation(backend), *_left_out(backend, endpoints), *page_routes(backend)],
        exception_handlers={
            HTTPException: _unknown_route,
            Refusal: lambda _, refusal: json_response(refusal.status, refusal.body),
        },
    )
    app.router.redirect_slashes = False
    app.add_middleware(PathWords)
    return app


class PathWords:
    """The real router splits a path before it decodes it (``%2F`` inside a word is not a separator) and takes it with
    or without a slash at its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            words = [unquote(word).replace("/", _SLASH) for word in scope["raw_path"].decode("latin-1").split("/")]
            scope = {**scope, "path": "/".join(words).rstrip("/")}
        await self._app(scope, receive, send)


def _responder(backend: Backend, endpoint: Endpoint) -> _Respond:
    async def respond(request: Request) -> Response:
        try:
            body = {} if endpoint.multipart else await _body(request)
            user = backend.accounts.require(request.headers.get("authorization"), endpoint.role)
            upload = await _upload(request) if endpoint.multipart else None
            checked: Mapping[str, Any] = check_body(body, endpoint.body) if endpoint.body is not None else {}
            params = {name: word.replace(_SLASH, "/") for name, word in request.path_params.items()}
            call = ApiRequest(backend, params, dict(request.query_params), checked, upload, user)
            answer = await run_in_threadpool(endpoint.handler, call)
            return Response(status_code=endpoint.status) if answer is None else json_response(endpoint.status, answer)
        except (Refusal, HTTPException, ClientDisconnect):
            raise
        except Exception:
            _log.exception("the sandbox failed on %s %s", request.method, request.url.path)
            raise server_error() from None

    return respond


async def _body(request: Request) -> Any:
    """JSON (or urlencoded) up to 25 MB; no body is an empty object.

    What is too large is read to its end all the same: a client that is still sending would miss the answer.
    """
    raw, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= _BIGGEST_BODY:
            raw += chunk
    if size > _BIGGEST_BODY:
        raise plain_error(413, "request entity too large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not raw:
        return {}
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(errors="replace")))
    if kind != "application/json":
        return {}  # a body of another kind is not looked at
    try:
        body = json.loads(raw, parse_constant=_not_json)
    except ValueError as error:
        raise bad_request(f"Malformed JSON: {error}") from None
    if not isinstance(body, (dict, list)):
        raise bad_request(f"Unexpected token {json.dumps(body)[:1]} in JSON at position 0")
    return body


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"Unexpected token {name[0]}")


async def _upload(request: Request) -> Upload | None:
    """The one file of a multipart body; a file under another field name, or a second one, is refused."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return None
    found: Upload | None = None
    async with request.form(max_part_size=_BIGGEST_BODY) as form:
        for field, value in form.multi_items():
            if not isinstance(value, UploadFile):
                continue
            if field != _FILE_FIELD or found is not None:
                raise bad_request(f"Unexpected field - {field}")
            found = Upload(value.filename or "", await value.read())
    return found


async def _unknown_route(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code not in (404, 405):
        refusal = bad_request(str(error.detail))
    else:
        query = f"?{request.url.query}" if request.url.query else ""
        refusal = no_such_route(request.method, f"{request.scope['raw_path'].decode()}{query}")
    return json_response(refusal.status, refusal.body)


def _documentation(backend: Backend) -> list[Route]:
    async def document(_: Request) -> Response:
        return json_response(200, openapi_document(backend.behaves_like))

    async def readable(_: Request) -> Response:
        listed = operations(backend.behaves_like)
        return HTMLResponse(TEMPLATES.get_template("docs.html.j2").render(operations=listed))

    return [Route("/docs-json", document, methods=["GET"]), Route("/docs", readable, methods=["GET"])]


def _left_out(backend: Backend, endpoints: list[Endpoint]) -> list[Route]:
    """Documented operations that no flood run touches: they exist on the real server and say so here."""
    served = {(e.method.lower(), _shape(e.path)) for e in endpoints}

    async def respond(request: Request) -> Response:
        return json_response(501, {"statusCode": 501, "message": f"{request.url.path} is not part of the sandbox"})

    return [
        Route(f"/api{o.path}", respond, methods=[o.method.upper()])
        for o in operations(backend.behaves_like)
        if (o.method, _shape(o.path)) not in served
    ]


def _shape(path: str) -> tuple[str, ...]:
    """A path with its placeholders made alike."""
    return tuple("{}" if word.startswith("{") else word for word in path.split("/"))
