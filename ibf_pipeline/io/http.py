"""One client for every server that is asked over HTTP: what is sent with which account, repeated, and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import requests

from ibf_pipeline.errors import IbfError, InputInvalid, ServerRefused, turned_into
from ibf_pipeline.io.answers import (
    SHOWN,
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
from ibf_pipeline.io.patience import Patience, is_no_answer, repeated, was_not_carried_out
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.session import Bearer, Session, as_it_is

if TYPE_CHECKING:
    from ibf_pipeline.io.tokens import TokenSource  # which asks for tokens with this very client

_MOST_REDIRECTS: Final = 5
_AWAY: Final = (429, 502, 503, 504)
"""answers of a server that is busy, away or starting, or of what stands before it"""
_KINDS: Final[Mapping[int, type[Refused]]] = {400: BadRequest, 404: Gone, 410: Gone, 422: BadRequest}
_FETCHED: Final = (200, 206, 301, 302, 303, 307, 308)
"""answers to a download that lead on"""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and what differs between one and the other, as data."""

    base: str
    """address that paths are appended to"""
    remedies: Mapping[int, str] = field(default_factory=dict)
    """what people can do about an answer, by its status; 0: there is none, 300: a redirect, 400 and 500: others"""
    renewed_at: tuple[int, ...] = (401,)
    """answers that may mean that the token has expired"""

    def remedy(self, status: int) -> str:
        """What people can do."""
        general = 500 if status in (408, 429) else max(status // 100 * 100, 300) if status else 0
        return self.remedies.get(status) or self.remedies.get(general) or _REMEDIES[general]


_REMEDIES: Final = {
    0: "check the address and the network, then run again",
    300: "correct the server's url: redirects are not followed, and the token is not sent on",
    400: "correct what the server names, then run again",
    500: "the server may be down or busy: try again in some minutes",
}


def file_of_a_call(path: Path) -> AbstractContextManager[None]:
    """Within it, a file that cannot be read is InputInvalid."""
    return turned_into(
        InputInvalid,
        "the file of the call cannot be read ({})",
        where=path,
        expected="the file as it was planned",
        remedy="bring it back from a back-up, or give the revision up and run the day again",
    )


class Client:
    """Requests to one server with the token of one account, or with none; its exceptions are those of this project.

    Every answer is one of: taken (2xx), `Refused`, or `NoAnswer`, which says whether the request was carried out.
    Redirects are not followed, so that neither token nor body goes to another address.
    """

    def __init__(
        self,
        server: Server,
        patience: Patience,
        redact: Redactor,
        *,
        tokens: TokenSource | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self.server = server
        self.patience = patience
        self.redact = redact
        self._tokens = tokens
        self._session = session or Session()

    def with_patience(self, patience: Patience) -> Client:
        """The same with another patience, over the same connections."""
        return Client(self.server, patience, self.redact, tokens=self._tokens, session=self._session)

    def close(self) -> None:
        """Give back the connections."""
        self._session.close()

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """A path below the server, or a full address, with a query; spaces as %20, as some OData servers want them."""
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
        """The answer to a request, repeated as the patience says: NoAnswer after all tries, or Refused.

        `once`: it must not be carried out twice. It goes over a fresh connection, is repeated only where it certainly
        was not carried out (no connection, 429, a token that could not be had), and where nobody can say that is
        OutcomeUnknown, with `once` as what people can do. `allowed` raises before a try that must not be made any more.
        `more`: `json` and `data` as requests takes them; `file`: (name, what finds it) of a file that is uploaded.
        """
        url = self.address(path, query)
        named = title or f"{method} {self._shown(url)}"

        def attempt() -> requests.Response:
            allowed()
            return self._authorised(method, url, named, fresh=bool(once), **more)

        try:
            return repeated(
                attempt,
                self.patience,
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
        """Like `ask`, the JSON of the answer; ServerRefused where it is none."""
        response = self.ask(method, path, query, **more)
        try:
            return response.json()
        except ValueError:
            title = more.get("title") or f"{method} {self._shown(self.address(path))}"
            raise ServerRefused(
                f"{title} answered no JSON", where=self.server.base, remedy=self.server.remedy(300)
            ) from None

    def opened(self, url: str, headers: Mapping[str, str], method: str = "GET") -> requests.Response:
        """One try to open a download, its body unread. Redirects are followed one by one, without the token elsewhere.

        Raises Refused (also for a redirect from TLS to an address without it) or NoAnswer.
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
        raise Refused("a redirect to no address, or to one without TLS", where=self._shown(url))

    def is_home(self, url: str) -> bool:
        """Whether an address lies on the server itself, where its token may go."""
        return urlsplit(url)[:2] == urlsplit(self.server.base)[:2]

    def _shown(self, url: str) -> str:
        """An address for people: its query may be a credential."""
        url, base = url.partition("?")[0], self.server.base.rstrip("/")
        return url.removeprefix(base) if base and url != base else url.partition("://")[2]

    def _authorised(self, method: str, url: str, title: str, **more: Any) -> requests.Response:
        """An exchange with a token; one that was refused is renewed once, unless it was just obtained."""
        tokens = self._tokens
        if tokens is None or not self.is_home(url):
            return self._exchange(method, url, title, as_it_is, **more)
        fresh = not tokens.is_held
        try:
            return self._exchange(method, url, title, Bearer(self._had(tokens.token)), **more)
        except Refused as error:
            if fresh or error.status not in self.server.renewed_at:
                raise
        return self._exchange(method, url, title, Bearer(self._had(tokens.renew)), **more)

    def _had(self, give: Callable[[], str]) -> str:
        """A token: where it cannot be had, whatever the reason, the request itself was never sent."""
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
                    method, url, auth=auth, timeout=self.patience.timeout_seconds, allow_redirects=False, **more
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
            said = f"{title} answered {status}: {self.redact(server_text(response))[:SHOWN]}"
        if status < 300 or status in (408, 429) or status >= 500:
            silent = NoAnswer(said, where=self.server.base, remedy=self.server.remedy(status))
            silent.sent = "refused" if status == 429 else "unknown"
            silent.passes, silent.after, silent.status = status in _AWAY, retry_after(response), status
            return silent
        refused = _KINDS.get(status, Refused)(said, where=self.server.base, remedy=self.server.remedy(status))
        refused.status = status
        return refused
