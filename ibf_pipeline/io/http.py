"""One client for every server that is asked over HTTP: what is sent with which account, repeated, and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import requests

from ibf_pipeline.errors import IbfError, InputInvalid, ServerRefused, errors_as
from ibf_pipeline.io.http_errors import (
    SHOWN_CHARACTERS,
    BadRequest,
    Gone,
    NoAnswer,
    NoToken,
    Refused,
    Unanswered,
    may_pass,
    reason,
    retry_after,
    server_text,
    was_sent,
)
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy, is_no_answer, retry_call, was_not_carried_out
from ibf_pipeline.io.session import Bearer, Session, no_auth

if TYPE_CHECKING:
    from ibf_pipeline.io.tokens import TokenSource  # which asks for tokens with this very client

_MOST_REDIRECTS: Final = 5
_AWAY: Final = (429, 502, 503, 504)
"""answers of a server that is busy, down or starting, or of what stands before it"""
_KINDS: Final[Mapping[int, type[Refused]]] = {400: BadRequest, 404: Gone, 410: Gone, 422: BadRequest}
_FETCHED: Final = (200, 206, 301, 302, 303, 307, 308)
"""answers to a download that lead on"""


@dataclass(frozen=True, slots=True)
class Server:
    """Address of a server, and the ways in which servers differ, as data."""

    base: str
    """address that paths are appended to"""
    remedies: Mapping[int, str] = field(default_factory=dict)
    """what people can do about an answer, by its status; 0: there is none, 300: a redirect, 400 and 500: others"""
    renew_on_status: tuple[int, ...] = (401,)
    """answers that may mean that the token has expired"""

    def remedy(self, status: int) -> str:
        """What an operator can do about an answer, by its HTTP status."""
        general = 500 if status in (408, 429) else max(status // 100 * 100, 300) if status else 0
        return self.remedies.get(status) or self.remedies.get(general) or _REMEDIES[general]


_REMEDIES: Final = {
    0: "check the address and the network, then run again",
    300: "correct the server's url: redirects are not followed, and the token is not sent on",
    400: "correct what the server names, then run again",
    500: "the server may be down or busy: try again in some minutes",
}


def file_of_a_call(path: Path) -> AbstractContextManager[None]:
    """A context in which the file of a call is read.

    Raises
    ------
    InputInvalid
        If it cannot be read.
    """
    return errors_as(
        InputInvalid,
        "the file of the call cannot be read ({})",
        where=path,
        expected="the file as it was planned",
        remedy="bring it back from a back-up, or give the revision up and run the day again",
    )


class Client:
    """Requests to one server with the token of one account, or without an account.

    Every answer is one of: accepted (2xx), `Refused`, or `NoAnswer`, which says whether the request was carried out.
    Redirects are not followed, so that neither token nor body goes to another address.

    Parameters
    ----------
    server : Server
        Address and remedies.
    retry_policy : RetryPolicy
        How long and how often a request is tried.
    redact : Redactor
        Removes secrets from every message.
    tokens : TokenSource, optional
        Of the account. The token is sent only to the server itself.
    session : requests.Session, optional
        To share connections with another client.
    """

    def __init__(
        self,
        server: Server,
        retry_policy: RetryPolicy,
        redact: Redactor,
        *,
        tokens: TokenSource | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self.server = server
        self.retry_policy = retry_policy
        self.redact = redact
        self._tokens = tokens
        self._session = session or Session()

    def with_retry_policy(self, retry_policy: RetryPolicy) -> Client:
        """The same client with another retry policy, over the same connections."""
        return Client(self.server, retry_policy, self.redact, tokens=self._tokens, session=self._session)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """A path below the server, or a complete address, with a query; blanks as %20, for some OData servers."""
        base = f"{self.server.base.rstrip('/')}/"
        url = urljoin(base, path.lstrip("/")) if path else self.server.base
        return f"{url}?{urlencode(query, quote_via=quote, safe='$(),')}" if query else url

    def ask(
        self,
        method: str,
        path: str = "",
        query: Mapping[str, str] | None = None,
        *,
        title: str = "",
        once: str = "",
        keep_trying: bool = True,
        allowed: Callable[[], None] = lambda: None,
        **more: Any,
    ) -> requests.Response:
        """The answer to a request, repeated as the retry policy says.

        Parameters
        ----------
        method, path, query
            The request. `path` is below the server, or a complete address.
        title : str
            Names the request in messages; method and path if empty.
        once : str
            Not empty: the request must not be carried out twice, and this is what an operator can do if its outcome is
            unknown. It goes over a fresh connection and is repeated only if it certainly was not carried out (no
            connection, 429, a token that was not obtained).
        keep_trying : bool
            False: `attempts` is the limit also while the server is unreachable.
        allowed : Callable[[], None]
            Called before each attempt; what it raises ends the request.
        **more
            `json` and `data` as in requests; `file`: (name, function that finds it) of a file that is uploaded.

        Raises
        ------
        Refused
            If the server answers 3xx or 4xx, except 408 and 429.
        NoAnswer
            After all attempts: no connection, 408, 429, 5xx, or a web page.
        Unanswered
            If the outcome of a request with `once` is unknown.
        NoToken
            If the account is refused; the request was not sent.
        """
        url = self.address(path, query)
        named = title or f"{method} {self._shown(url)}"

        def attempt() -> requests.Response:
            allowed()
            return self._authorised(method, url, named, fresh=bool(once), **more)

        try:
            return retry_call(
                attempt,
                self.retry_policy,
                keep_trying=keep_trying and not once,
                again=was_not_carried_out if once else is_no_answer,
            )
        except NoAnswer as error:
            if not once or error.sent != "unknown":
                raise
            found = f"{named} was sent and its answer is unknown ({error.found})"
            unanswered = Unanswered(found, where=self.server.base, remedy=once)
            unanswered.status = error.status
        raise unanswered

    def read(self, method: str, path: str = "", query: Mapping[str, str] | None = None, **more: Any) -> Any:
        """The JSON of an answer; parameters as `ask`.

        Raises
        ------
        ServerRefused
            If the answer is not JSON; further errors as `ask`.
        """
        response = self.ask(method, path, query, **more)
        try:
            return response.json()
        except ValueError:
            title = more.get("title") or f"{method} {self._shown(self.address(path))}"
            raise ServerRefused(
                f"{title} did not answer with JSON", where=self.server.base, remedy=self.server.remedy(300)
            ) from None

    def open(self, url: str, headers: Mapping[str, str], method: str = "GET") -> requests.Response:
        """One attempt to open a download, its body unread.

        Redirects are followed, at most five, and the token is sent only to the server itself.

        Raises
        ------
        Refused
            If the server refuses, or redirects from TLS to an address without it.
        NoAnswer
            If it does not answer.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            title = f"the download of {self._shown(url)}"
            response = self._authorised(method, url, title, headers=headers, stream=True)
            if response.status_code < 300:
                return response
            response.close()
            url = self._onward(url, response.headers.get("Location", ""))
        raise Refused(f"more than {_MOST_REDIRECTS} redirects", where=self._shown(url))

    def _onward(self, url: str, place: str) -> str:
        try:
            onward = urljoin(url, place)
            if urlsplit(onward).scheme in ("https", urlsplit(url).scheme):
                return onward
        except ValueError:
            pass
        raise Refused("a redirect to an invalid address, or to one without TLS", where=self._shown(url))

    def is_same_origin(self, url: str) -> bool:
        """Whether an address has the scheme, host and port of the server, so that its token may be sent there."""
        return urlsplit(url)[:2] == urlsplit(self.server.base)[:2]

    def _shown(self, url: str) -> str:
        """An address for people: its query may be a credential."""
        url, base = url.partition("?")[0], self.server.base.rstrip("/")
        return url.removeprefix(base) if base and url != base else url.partition("://")[2]

    def _authorised(self, method: str, url: str, title: str, **more: Any) -> requests.Response:
        """An exchange with a token; one that was refused is renewed once, unless it was just obtained."""
        tokens = self._tokens
        if tokens is None or not self.is_same_origin(url):
            return self._exchange(method, url, title, no_auth, **more)
        fresh = not tokens.is_held
        try:
            return self._exchange(method, url, title, Bearer(self._had(tokens.token)), **more)
        except Refused as error:
            if fresh or error.status not in self.server.renew_on_status:
                raise
        return self._exchange(method, url, title, Bearer(self._had(tokens.renew)), **more)

    def _had(self, give: Callable[[], str]) -> str:
        """A token; if it cannot be obtained, for whatever reason, the request itself was never sent."""
        try:
            return give()
        except NoAnswer as error:
            error.sent = "not sent"
            raise
        except ServerRefused as error:
            raise NoToken(error.found, where=error.where, expected=error.expected, remedy=error.remedy) from None

    def _exchange(
        self, method: str, url: str, title: str, auth: Any, *, fresh: bool = False, **more: Any
    ) -> requests.Response:
        if fresh:
            self._session.close()  # a kept connection may be dead already; its reset would look like a lost answer
        with ExitStack() as stack:
            if (file := more.pop("file", None)) is not None:
                name, path = file[0], file[1]()
                with file_of_a_call(path):
                    stream = stack.enter_context(path.open("rb"))
                more["files"] = {"file": (name, stream, "application/octet-stream")}
            try:
                response = self._session.request(
                    method, url, auth=auth, timeout=self.retry_policy.timeout_seconds, allow_redirects=False, **more
                )
                kind = response.headers.get("Content-Type", "")
                if "charset" not in kind:  # requests takes plain text for Latin-1, and secrets are not found in it
                    response.encoding = "utf-8"
                streamed = more.get("stream")
                if response.status_code in (_FETCHED if streamed else range(200, 300)) and (
                    streamed or "text/html" not in kind or not response.content
                ):
                    return response
                with response:
                    error: IbfError = self._judged(response, title)
            except requests.RequestException as broken:
                error = NoAnswer(
                    self.redact(f"{title}: {reason(broken)}"), where=self.server.base, remedy=self.server.remedy(0)
                )
                error.sent, error.passes = "unknown" if was_sent(broken) else "not sent", may_pass(broken)
        raise error

    def _judged(self, response: requests.Response, title: str) -> IbfError:
        """What an answer means that was not taken."""
        status = response.status_code
        if 300 <= status < 400:
            place = self.redact(response.headers.get("Location", "nowhere").partition("?")[0])
            said = f"{title} was answered with a redirect ({status}) to {place}"
        elif status < 300:
            said = f"{title} was answered with a web page"
        else:
            said = f"{title} answered {status}: {self.redact(server_text(response))[:SHOWN_CHARACTERS]}"
        if status < 300 or status in (408, 429) or status >= 500:
            silent = NoAnswer(said, where=self.server.base, remedy=self.server.remedy(status))
            silent.sent = "refused" if status == 429 else "unknown"
            silent.passes, silent.after, silent.status = status in _AWAY, retry_after(response), status
            return silent
        refused = _KINDS.get(status, Refused)(said, where=self.server.base, remedy=self.server.remedy(status))
        refused.status = status
        return refused
