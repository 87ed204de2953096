"""HTTP to one catalogue: the token on every request, one renewal, and repeats only where they are harmless."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from ibf_pipeline.errors import ServerRefused, ServerUnreachable
from ibf_pipeline.io.no_netrc import NoNetrc
from ibf_pipeline.satellites.subscriptions.account import TokenSource
from ibf_pipeline.satellites.subscriptions.settings import Provider
from ibf_pipeline.satellites.subscriptions.wording import hidden, server_text

LONGEST_WAIT = 120.0
"""seconds between two tries, whatever a Retry-After header asks for"""


class BadRequest(ServerRefused):
    """The catalogue finds fault with the request itself (400, 422): asking again will not help."""


class NoAnswer(ServerUnreachable):
    """No answer, or 429 or 5xx."""

    after: float | None = None


class Transport:
    """Requests below a catalogue's base URL."""

    def __init__(
        self,
        name: str,
        provider: Provider,
        secrets: tuple[str, ...],
        tokens: TokenSource,
        sleep: Callable[[float], None],
    ) -> None:
        self._name = name
        self._provider = provider
        self._secrets = secrets
        self._tokens = tokens
        self._sleep = sleep
        self._session = NoNetrc()
        self._base = provider.base_url.rstrip("/")

    def close(self) -> None:
        """Give back the connections."""
        self._session.close()

    def same_host(self, link: str) -> str:
        """A link of a reply as a full address; ServerRefused where it leads to another host, with our token."""
        url = urljoin(f"{self._base}/", link)
        if urlsplit(url)[:2] != urlsplit(self._base)[:2]:
            raise ServerRefused(
                f"the next page of a search is on another host ({urlsplit(url).hostname})", where=self._name
            )
        return url

    def ask(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        secrets: tuple[str, ...] = (),
        gone_is_fine: bool = False,
    ) -> requests.Response:
        """A request that may be repeated: reading, changing to a stated value, deleting, acknowledging."""
        backoff = wait_random_exponential(multiplier=1, max=30)

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.after if isinstance(error, NoAnswer) else None
            return min(LONGEST_WAIT, asked) if asked is not None else backoff(state)

        retrying = Retrying(
            retry=retry_if_exception_type(NoAnswer),
            stop=stop_after_attempt(self._provider.attempts),
            wait=pause,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self.once, method, path, query, body=body, secrets=secrets, gone_is_fine=gone_is_fine)

    def once(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        secrets: tuple[str, ...] = (),
        gone_is_fine: bool = False,
    ) -> requests.Response:
        """One request; after 401 once more with a new token."""
        response = self._send(method, path, query, body)
        if response.status_code == 401:
            self._tokens.discard()
            response = self._send(method, path, query, body)
        status = response.status_code
        if 200 <= status < 300 or (gone_is_fine and status in (404, 410)):
            return response
        said = hidden(server_text(response), (*secrets, *self._secrets, *self._tokens.secrets()))
        text = f"{method} {_shown(path)} answered {status}: {said}"
        if status == 429 or status >= 500:
            error = NoAnswer(text, where=self._name, remedy="try again later")
            after = response.headers.get("Retry-After", "")
            error.after = float(after) if after.isdigit() else None
            raise error
        remedy = "check the account's rights" if status in (401, 403) else "correct what the catalogue names"
        raise (BadRequest if status in (400, 422) else ServerRefused)(text, where=self._name, remedy=remedy)

    def _send(
        self, method: str, path: str, query: dict[str, str] | None, body: Mapping[str, Any] | None
    ) -> requests.Response:
        url = path if path.startswith(("http://", "https://")) else f"{self._base}/{path}"
        try:
            return self._session.request(
                method,
                url,
                params=query,
                json=body,
                headers={"Authorization": f"Bearer {self._tokens.token()}"},
                timeout=self._provider.timeout_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NoAnswer(
                f"{method} {_shown(path)}: no answer ({type(error).__name__})",
                where=self._name,
                remedy="check the address and the network",
            ) from None

    def json(self, response: requests.Response) -> Any:
        """The JSON of a reply; ServerRefused where it has none."""
        try:
            return response.json()
        except ValueError:
            raise ServerRefused(
                f"answered {response.status_code} without JSON",
                where=self._name,
                remedy="check the provider's base_url",
            ) from None


def _shown(path: str) -> str:
    return urlsplit(path).path
