"""The receiver of push notifications: a small ASGI app behind a proxy that ends TLS.

There is no signature on a notification: Basic credentials and the list of our own subscriptions are all there is to
tell it from anybody's. It answers 2xx only when the notification is on disk.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ibf_pipeline.errors import InputInvalid, WriteFailed
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.notification import Notification, read_notification
from ibf_pipeline.satellites.subscriptions.tally import STORED, Tally

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is let in, and how much may come."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    provider_of: Callable[[str], str | None] = field(repr=False)
    """the provider of a subscription that is accepted, None for a foreign one"""
    body_limit: int = 1_000_000
    """bytes"""
    body_seconds: float = 20.0
    at_once: int = 200
    """notifications that are taken at the same time"""

    def lets_in(self, header: str) -> bool:
        """Whether an Authorization header holds the right Basic credentials; takes the same time for any wrong one."""
        given = b""
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(encoded.strip(), validate=True)
            except (binascii.Error, ValueError):
                given = b""
        return hmac.compare_digest(given, f"{self.username}:{self.password}".encode())


class _Refused(Exception):
    def __init__(self, status: int, count: str, text: str, subscription_id: str | None = None) -> None:
        super().__init__(text)
        self.status, self.count, self.text, self.subscription_id = status, count, text, subscription_id


@dataclass(slots=True)
class Receiver:
    """The app: a POST to any path takes one notification, `GET /health` tells what came.

    The catalogues' documents write endpoints with a path and without one; what is let in is decided by credentials and
    subscription alone, so that no notification is lost to a path that was declared otherwise.
    """

    admission: Admission
    inbox: Inbox
    tally: Tally
    _running: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of ASGI."""
        request = Request(scope, receive)
        if (request.method, scope["path"]) == ("GET", "/health"):
            response = await _health(self.inbox, self.tally)
        elif self._running >= self.admission.at_once:
            self.tally.note("too many", request, f"{self._running} others are being taken")
            response = JSONResponse({"detail": "too many at once"}, 503, {"Retry-After": "60", "Connection": "close"})
        else:
            self._running += 1
            try:
                response = await _answer(request, self.admission, self.inbox, self.tally)
            finally:
                self._running -= 1
        await response(scope, receive, send)


def build_receiver(admission: Admission, inbox: Inbox, clock: Callable[[], datetime]) -> Receiver:
    """The app of an inbox, with an empty tally."""
    return Receiver(admission, inbox, Tally(clock))


async def _health(inbox: Inbox, tally: Tally) -> Response:
    try:
        stored, full = await run_in_threadpool(inbox.counts), await run_in_threadpool(inbox.fullness_error)
    except WriteFailed:
        return JSONResponse({"status": "the inbox cannot be read", **tally.shown()}, 503)
    status = "ok" if full is None else full.found
    return JSONResponse({"status": status, **tally.shown(), "inbox": stored}, 503 if full else 200)


async def _answer(request: Request, admission: Admission, inbox: Inbox, tally: Tally) -> Response:
    """Take a notification, or refuse the request; counted with its end either way."""
    try:
        item, provider = await _admitted(request, admission)
        await run_in_threadpool(inbox.store, provider, "push", [item])
    except _Refused as refusal:
        tally.note(refusal.count, request, refusal.text, refusal.subscription_id)
        headers = {"Connection": "close"}
        if refusal.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="notifications"'
        if refusal.status == 405:
            headers["Allow"] = "POST"
        return JSONResponse({"detail": refusal.text}, refusal.status, headers)
    except WriteFailed as error:
        tally.note("not stored", request, f"not stored: {error}", item.subscription_id)
        return JSONResponse({"detail": "cannot be stored now"}, 503, {"Retry-After": "60"})
    except ClientDisconnect:
        tally.note("broken off", request, "broken off")
        return Response(status_code=400)
    except Exception:  # a fault of ours: counted and logged, and the next one is still taken
        tally.note("failed", request, "could not be handled")
        log.exception("a notification could not be handled")
        return JSONResponse({"detail": "the notification could not be handled"}, 500)
    tally.note(STORED, request, STORED, item.subscription_id)
    return Response(status_code=204)


async def _admitted(request: Request, admission: Admission) -> tuple[Notification, str]:
    """A notification that is let in, and its provider."""
    if request.method != "POST":
        raise _Refused(405, "not a POST", "notifications are posted")
    if not admission.lets_in(request.headers.get("authorization", "")):
        raise _Refused(401, "wrong credentials", "wrong credentials")
    item = await run_in_threadpool(_notification, await _body(request, admission))
    return item, await run_in_threadpool(_accepted, admission, item)


async def _body(request: Request, admission: Admission) -> bytes:
    """The body, refused as soon as it is, or says it is, larger than the limit."""
    too_large = _Refused(413, "too large", f"the body is larger than {admission.body_limit} bytes")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > admission.body_limit:
        raise too_large
    parts = bytearray()
    try:
        async with asyncio.timeout(admission.body_seconds):
            async for part in request.stream():
                parts += part
                if len(parts) > admission.body_limit:
                    raise too_large
    except TimeoutError:
        raise _Refused(408, "too slow", "the body did not arrive in time") from None
    return bytes(parts)


def _notification(body: bytes) -> Notification:
    try:
        return read_notification(json.loads(body))
    except (ValueError, RecursionError):
        raise _Refused(400, "no JSON", "the body is not JSON") from None
    except InputInvalid as error:
        raise _Refused(422, "not a notification", error.found) from None


def _accepted(admission: Admission, item: Notification) -> str:
    provider = admission.provider_of(item.subscription_id)
    if provider is None:
        raise _Refused(403, "foreign subscription", "the subscription is not one of ours", item.subscription_id)
    return provider
