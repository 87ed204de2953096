"""How calls reach an IBF server: one session, one login, and repeats only where they are safe."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

import requests

from ibf_pipeline.errors import IbfError, OutcomeUnknown, ServerRefused, ServerUnreachable
from ibf_pipeline.io.never_sent import may_pass, never_sent
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer
from ibf_pipeline.targets.ibf.exchange import reason, retry_after, server_text

log = logging.getLogger(__name__)

LONGEST_WAIT: Final = 120.0
"""seconds between two tries, whatever a Retry-After header asks for"""
_LONGEST_PAUSE: Final = 30.0
"""seconds between two tries where the server asks for nothing"""
_AWAY: Final = (502, 503, 504)
"""answers of what stands before a server that is away, or starts again"""
_SHOWN: Final = 400
"""characters of an answer that are shown to people"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account of the server; never printed."""

    email: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a call is tried."""

    timeout_seconds: float = 60.0
    attempts: int = 5
    sleep: Callable[[float], None] = time.sleep
    keep_trying_seconds: float = 0.0
    """after its first failure, where the server is away; 0: then, too, `attempts` is the limit"""
    clock: Callable[[], float] = time.monotonic


class _TryAgain(Exception):
    """`passes`: the server is away and may be back soon; `after`: seconds that it asks to be left alone."""

    def __init__(self, error: IbfError, *, passes: bool = False, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.passes = passes
        self.after = after


class _Tries:
    """The failed tries of one call, and when it is tried next."""

    def __init__(self, patience: Patience, keep_trying_seconds: float) -> None:
        self._patience = patience
        self._seconds = keep_trying_seconds
        self._first: float | None = None
        self._made = 0
        self._counted = 0
        """against `attempts`: not those that only waited for a server which was away"""

    def pause(self, again: _TryAgain) -> float | None:
        """Seconds until the next try after one that failed, which is logged; None where there is none."""
        now = self._patience.clock()
        self._first = now if self._first is None else self._first
        tried = now - self._first
        self._made += 1
        if again.passes and self._seconds > 0:
            seconds = min(self._seconds - tried, self._wish(again))
            if tried >= self._seconds:
                return None
            limit = f"{self._seconds:.0f} s"
        else:
            self._counted += 1
            seconds = self._wish(again)
            if self._counted >= self._patience.attempts:
                return None
            limit = f"{self._patience.attempts} attempts"
        log.warning(
            "%s; trying again in %.0f s (attempt %d failed, %.0f s after the first, at most %s)",
            again,
            seconds,
            self._made,
            tried,
            limit,
        )
        return seconds

    def _wish(self, again: _TryAgain) -> float:
        backoff = random.uniform(0, min(_LONGEST_PAUSE, 2.0 ** min(self._made - 1, 5)))  # noqa: S311
        if again.after is None:
            return backoff
        asked = min(LONGEST_WAIT, again.after)
        # `Retry-After: 0` must not mean ten minutes of asking without a pause
        return asked if self._made < self._patience.attempts else max(asked, backoff)


class _Session(requests.Session):
    """A session that looks at no redirect: requests resolves one even where it is told not to, and may raise there."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Nowhere."""
        return None


class IbfClient:
    """Requests to one IBF server, logged in when first needed and again when the token has expired."""

    def __init__(self, url: str, credentials: Credentials, patience: Patience | None = None) -> None:
        self.host = url.rstrip("/").removesuffix("/api")
        self.base = f"{self.host}/api"
        self._credentials = credentials
        self._patience = patience or Patience()
        self._session = _Session()
        self._session.auth = self._authorised  # else requests would send the account of a .netrc instead
        self._token: str | None = None
        self.role: str | None = None

    def close(self) -> None:
        """Give back the connections."""
        self._session.close()

    def get(self, path: str, *, keep_trying: bool = True, **query: str) -> Any:
        """The JSON that a path below the API answers; without `keep_trying`, `attempts` is the limit in any case.

        Raises ServerRefused (also for an answer that is no JSON) or ServerUnreachable.
        """
        title = f"GET {path}"
        response = self._repeat(
            lambda: self._checked("GET", f"{self.base}{path}", title, params=query), keep_trying=keep_trying
        )
        return self._json(response, title)

    def get_if_there(self, path: str, *, keep_trying: bool = True, **query: str) -> Any | None:
        """Like `get`, None where this server has no such route (404)."""
        try:
            return self.get(path, keep_trying=keep_trying, **query)
        except _NoSuchRoute:
            return None

    def openapi(self) -> Any:
        """The server's OpenAPI document as it answers it; ServerRefused or ServerUnreachable with the cause else."""
        title = "GET /docs-json"
        try:
            response = self._repeat(lambda: self._exchange("GET", f"{self.host}/docs-json", title))
        except _NoSuchRoute:
            raise ServerRefused(
                f"{title} answered 404: no IBF server is there, or it does not say what it can do",
                where=self.host,
                expected="the server's OpenAPI document, from which the capabilities are chosen",
                remedy="check the target's url; if it is right, set capabilities to `described` or `current`",
            ) from None
        except _Forbidden as error:
            raise ServerRefused(error.found, where=self.host, remedy="check the target's url") from None
        return self._json(response, title)

    def login(self) -> None:
        """Obtain a token; ServerRefused with the remedy where the account is wrong."""
        self._repeat(self._login)

    def send(self, call: Call, folder: Path) -> Answer:
        """Carry out a call of a plan; its file lies below `folder`.

        A call that may be repeated is tried again after connection errors, 429 and 5xx, and for as long as the patience
        says where the server is away. The call that notifies is tried again only where it certainly was not carried
        out (connection refused, 429, 401, 403, a login that failed), `attempts` times in any case.
        """
        if not call.repeatable:
            self._session.close()  # a kept connection may be dead already, and its reset would look like a lost answer
        response = self._repeat(lambda: self._carry_out(call, folder), keep_trying=call.repeatable)
        return Answer(response.status_code, self._redacted(response.text))

    def _carry_out(self, call: Call, folder: Path) -> requests.Response:
        with ExitStack() as stack:
            body: dict[str, Any] = {"json": call.body} if call.body is not None else {}
            if call.file is not None:
                stream = stack.enter_context((folder / call.file.path).open("rb"))
                body = {"files": {"file": (call.file.name, stream, "application/octet-stream")}}
            try:
                return self._checked(
                    call.method, f"{self.base}{call.path}", call.title, params=dict(call.query), **body
                )
            except _TryAgain as again:
                if call.repeatable or isinstance(again.error, _NotCarriedOut | _TooMany):
                    raise
                raise OutcomeUnknown(
                    f"{call.title} was sent and its answer is unknown ({again.error.found})",
                    where=self.base,
                    remedy="look whether the mail went out, then `resume --notify-again` or `resume --assume-notified`",
                ) from None

    def _checked(self, method: str, url: str, title: str, **more: Any) -> requests.Response:
        """An exchange with a token; 401 and 403 log in again once, because an expired token answers 403."""
        fresh = self._token is None
        if fresh:
            self._login_first()
        try:
            return self._exchange(method, url, title, **more)
        except _Forbidden as error:
            if fresh:
                raise ServerRefused(error.found, where=self.base, remedy=error.remedy) from None
        self._login_first()
        for part in (more.get("files") or {}).values():
            part[1].seek(0)
        try:
            return self._exchange(method, url, title, **more)
        except _Forbidden as error:
            raise ServerRefused(error.found, where=self.base, remedy=error.remedy) from None

    def _login_first(self) -> None:
        """Log in for a request: where that fails, whatever the reason, the request itself was never sent."""
        try:
            self._login()
        except _TryAgain as again:
            if isinstance(again.error, _NotCarriedOut | _TooMany):
                raise
            error = _NotCarriedOut(again.error.found, where=again.error.where, remedy=again.error.remedy)
            raise _TryAgain(error, passes=again.passes, after=again.after) from None

    def _login(self) -> None:
        self._token = None
        account = {"email": self._credentials.email, "password": self._credentials.password}
        try:
            response = self._exchange("POST", f"{self.base}/user/login", "login", json=account)
        except _Forbidden:
            raise ServerRefused(
                "the login was refused", where=self.base, remedy="check the account's e-mail and password"
            ) from None
        answer = self._json(response, "login")
        user = answer.get("user") if isinstance(answer, dict) else None
        if not isinstance(user, dict) or not isinstance(user.get("token"), str):
            raise ServerRefused("the login answered without a token", where=self.base, remedy="check the target's url")
        self._token, self.role = user["token"], user.get("userRole")

    def _exchange(self, method: str, url: str, title: str, **more: Any) -> requests.Response:
        """One request and its answer, or the reason to try again, or the refusal."""
        try:
            response = self._session.request(
                method, url, timeout=self._patience.timeout_seconds, allow_redirects=False, **more
            )
        except requests.RequestException as error:
            kind = _NotCarriedOut if never_sent(error) else ServerUnreachable
            raise _TryAgain(
                kind(
                    f"{title}: {self._redacted(reason(error))}",
                    where=self.base,
                    remedy="check the address and the network, then run again",
                ),
                passes=may_pass(error),
            ) from None
        return self._judged(response, title)

    def _authorised(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _judged(self, response: requests.Response, title: str) -> requests.Response:
        status = response.status_code
        if "charset" not in response.headers.get("Content-Type", ""):
            response.encoding = "utf-8"  # else requests takes plain text for Latin-1, and secrets are not found in it
        if 200 <= status < 300:
            return self._no_web_page(response, title)
        said = f"{title} answered {status}: {self._redacted(server_text(response))[:_SHOWN]}"
        if status in (401, 403):
            raise _Forbidden(said, remedy="check that the account has the role `pipeline`")
        if status == 429:
            raise _TryAgain(_TooMany(said, where=self.base), passes=True, after=retry_after(response))
        if status >= 500:
            raise _TryAgain(
                ServerUnreachable(said, where=self.base, remedy="look into the server's log, then run again"),
                passes=status in _AWAY,
            )
        if 300 <= status < 400:
            place = self._redacted(response.headers.get("Location", "nowhere").partition("?")[0])
            raise ServerRefused(
                f"{title} was answered with a redirect ({status}) to {place}",
                where=self.base,
                expected="an answer from this very address; redirects are not followed, neither is the token sent on",
                remedy="correct the target's url",
            )
        kind = _NoSuchRoute if status == 404 else ServerRefused
        raise kind(said, where=self.base, remedy="correct what the server names, then run again")

    def _no_web_page(self, response: requests.Response, title: str) -> requests.Response:
        if "text/html" in response.headers.get("Content-Type", ""):
            raise _TryAgain(
                ServerUnreachable(
                    f"{title} was answered with a web page", where=self.base, remedy="check the target's url"
                )
            )
        return response

    def _json(self, response: requests.Response, title: str) -> Any:
        try:
            return response.json()
        except ValueError:
            raise ServerRefused(f"{title} answered no JSON", where=self.base, remedy="check the target's url") from None

    def _repeat(self, once: Callable[[], Any], *, keep_trying: bool = True) -> Any:
        tries = _Tries(self._patience, self._patience.keep_trying_seconds if keep_trying else 0.0)
        while True:
            try:
                return once()
            except _TryAgain as again:
                seconds = tries.pause(again)
                if seconds is None:
                    raise again.error from None
            self._patience.sleep(seconds)

    def _redacted(self, text: str) -> str:
        for secret in (self._credentials.password, self._token):
            if secret:
                for written in {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}:
                    text = text.replace(written, "<hidden>")
        return text


class _Forbidden(IbfError):
    """401 or 403."""


class _NoSuchRoute(ServerRefused):
    """404."""


class _NotCarriedOut(ServerUnreachable):
    """The request did not reach the server."""


class _TooMany(ServerUnreachable):
    """429: the server turned the request away."""


class IbfTransport:
    """The IBF client as the publisher takes it."""

    def __init__(self, client: IbfClient, folder: Path) -> None:
        self._client = client
        self._folder = folder

    def send(self, call: Call) -> Answer:
        """Carry out one call."""
        return self._client.send(call, self._folder)
