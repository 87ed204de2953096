"""How calls reach an IBF server: one session, one login, and retries only if they are safe."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.io.http import Client, Server, file_of_a_call
from ibf_pipeline.io.http_errors import Gone, Refused
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy, retry_call
from ibf_pipeline.io.session import Session
from ibf_pipeline.io.tokens import Token, TokenSource
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer, FileOf
from ibf_pipeline.records.lease import require_leases

_REMEDIES: Final = {
    300: "check the target's url: redirects are not followed, and the token is not sent on",
    401: "check that the account has the role `pipeline`",
    403: "check that the account has the role `pipeline`",
    500: "look into the server's log, then run again",
}
_AT_ONCE: Final = 1 << 20
"""bytes of a file that are read at once"""
_SOON: Final = (2, 30.0, 5.0)
"""tries, seconds without an answer and seconds between two tries of a question that nobody waits minutes for"""
_JSON: Final = {"Content-Type": "application/json"}
_DECIDE: Final = "look whether the mail went out, then `resume --notify-again` or `resume --assume-notified`"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account of the server; never printed."""

    email: str = field(repr=False)
    password: str = field(repr=False)


class IbfClient:
    """Requests to one IBF server, logged in when first needed and again when the token has expired."""

    def __init__(self, url: str, credentials: Credentials, retry_policy: RetryPolicy | None = None) -> None:
        self.host = url.rstrip("/").removesuffix("/api")
        self.base = f"{self.host}/api"
        self.role: str | None = None
        self._credentials = credentials
        self._retry_policy = retry_policy or RetryPolicy()
        redact, session = Redactor(credentials.password), Session()
        self._tokens = TokenSource(self._logged_in, redact)
        server = Server(self.base, _REMEDIES, renew_on_status=(401, 403))  # an expired token answers 403
        self._door = Client(
            server, replace(self._retry_policy, attempts=1, keep_trying_seconds=0), redact, session=session
        )
        self._client = Client(server, self._retry_policy, redact, tokens=self._tokens, session=session)

    def hurried(self) -> IbfClient:
        """The same client for questions that nobody waits minutes for: at most a minute each, whatever the settings and
        a Retry-After header allow.
        """
        tries, seconds, pause = _SOON
        given, other = self._retry_policy, copy(self)
        soon = RetryPolicy(
            min(seconds, given.timeout_seconds),
            min(tries, given.attempts),
            lambda asked: given.sleep(min(pause, asked)),
            clock=given.clock,
        )
        other._client = self._client.with_retry_policy(soon)
        return other

    def with_attempts(self, most: int) -> IbfClient:
        """The same client with at most `most` attempts if the server answers an error; an unreachable server is waited
        for as before.
        """
        other = copy(self)
        other._client = self._client.with_retry_policy(
            replace(self._retry_policy, attempts=min(most, self._retry_policy.attempts))
        )
        return other

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def get(self, path: str, *, keep_trying: bool = True, **query: str) -> Any:
        """The JSON that a path below the API answers.

        Parameters
        ----------
        path : str
            Below the API; `query` is its query.
        keep_trying : bool
            An unreachable server is waited for, `keep_trying_seconds` at most. Without it `attempts` is the limit.

        Raises
        ------
        ServerRefused
            If the server refuses it, also for an answer that is not JSON; Gone, a kind of it, for 404.
        ServerUnreachable
            If it does not answer.
        """
        return self._client.read("GET", path, query, keep_trying=keep_trying)

    def get_if_there(self, path: str, *, keep_trying: bool = True, **query: str) -> Any | None:
        """Like `get`, None if this server has no such route (404)."""
        try:
            return self.get(path, keep_trying=keep_trying, **query)
        except Gone:
            return None

    def openapi(self) -> Any:
        """The server's OpenAPI document (GET /docs-json).

        Raises
        ------
        ServerRefused
            If the server has none (404), refuses, or does not answer with JSON.
        ServerUnreachable
            If it does not answer.
        """
        address = f"{self.host}/docs-json"
        try:
            return retry_call(lambda: self._door.read("GET", address, title="GET /docs-json"), self._retry_policy)
        except Gone as error:
            raise ServerRefused(
                f"{error.found}: no IBF server is there, or it does not say what it can do",
                where=self.host,
                expected="the server's OpenAPI document, from which the capabilities are chosen",
                remedy="check the target's url; if it is right, set capabilities to `described` or `current`",
            ) from None

    def login(self) -> None:
        """Obtain a token.

        Raises
        ------
        ServerRefused
            If the account is wrong, with the remedy.
        ServerUnreachable
            If the server does not answer.
        """
        retry_call(self._tokens.renew, self._retry_policy)

    def send(self, call: Call, file_of: FileOf, content: bytes | None = None) -> Answer:
        """Carry out a call of a plan.

        Parameters
        ----------
        call : Call
            Of the plan.
        file_of : FileOf
            Finds the file of the call, if it has one.
        content : bytes, optional
            The body of the call, as it was serialised before.

        Raises
        ------
        ServerUnreachable, ServerRefused, OutcomeUnknown
            If the call was not made, is refused, or may have been carried out.
        LeaseLost
            If another run has got the right to publish meanwhile.

        Notes
        -----
        A call that may be repeated is retried after connection errors, 429 and 5xx, by the retry policy. The call that
        notifies is retried only if it certainly was not carried out (connection refused, 429, 401, 403, a failed
        login), and `attempts` times at most. docs/design/publication.md, P9 and P10.
        """
        body: dict[str, Any] = {}
        if call.body is not None:
            body = {"data": serialised(call.body) if content is None else content, "headers": _JSON}
        if call.file is not None:
            body = {"file": (call.file.name, partial(file_of, call.file.path))}
        once = "" if call.repeatable else _DECIDE
        response = self._client.ask(
            call.method, call.path, dict(call.query), title=call.title, once=once, allowed=require_leases, **body
        )
        return Answer(response.status_code, self._client.redact(response.text))

    def _logged_in(self) -> Token:
        account = {"email": self._credentials.email, "password": self._credentials.password}
        try:
            answer = self._door.read("POST", "/user/login", title="login", json=account)
        except Refused as error:
            if error.status not in (401, 403):
                raise
            raise ServerRefused(
                "the login was refused", where=self.base, remedy="check the account's e-mail and password"
            ) from None
        user = answer.get("user") if isinstance(answer, dict) else None
        if not isinstance(user, dict) or not isinstance(user.get("token"), str):
            raise ServerRefused("the login answered without a token", where=self.base, remedy="check the target's url")
        self.role = user.get("userRole")
        return Token(user["token"])


def serialised(body: Mapping[str, Any]) -> bytes:
    """A body as it is sent: the very bytes that `requests` makes of it."""
    return json.dumps(body, allow_nan=False).encode()


class IbfTransport:
    """The IBF client as the publisher takes it."""

    def __init__(self, client: IbfClient, file_of: FileOf, expected_to_fail: Collection[str] = ()) -> None:
        """`expected_to_fail`: paths whose error is expected, so that two attempts are enough."""
        self._client = client
        self._twice = client.with_attempts(2)
        self._file_of = file_of
        self._expected_to_fail = expected_to_fail
        self._contents: dict[int, bytes] = {}

    def prepare(self, calls: Iterable[Call]) -> None:
        """Do before the first call what needs no server: from the first exposure row until events/process the portal
        shows no alerts at all. Bodies are serialised, and files are read once, so that they are cached.

        Raises
        ------
        InputInvalid
            If a file cannot be read; nothing was sent then.
        """
        for call in calls:
            if call.body is not None:
                self._contents[call.number] = serialised(call.body)
            if call.file is not None:
                path = self._file_of(call.file.path)
                with file_of_a_call(path), path.open("rb") as stream:
                    while stream.read(_AT_ONCE):
                        pass

    def send(self, call: Call) -> Answer:
        """Carry out one call."""
        client = self._twice if call.path in self._expected_to_fail else self._client
        return client.send(call, self._file_of, self._contents.pop(call.number, None))
