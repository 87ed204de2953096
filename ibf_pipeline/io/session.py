"""Sessions of requests that send no foreign account, nothing unencrypted abroad, and know what the server has seen."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ibf_pipeline.addresses import require_encrypted
from ibf_pipeline.io.redaction import quiet_addresses

_HARMLESS: Final = frozenset(
    ("accept", "accept-encoding", "connection", "content-length", "content-type", "cookie", "if-range", "range",
     "user-agent")
)  # fmt: skip
"""headers that another host may see; requests has put its own cookies there"""
_note = threading.local()
"""`made`: whether the connection of this thread's request stands, its handshake done; None where nobody noted it"""


def as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that leaves the request as it was made."""
    return request


@dataclass(frozen=True, slots=True)
class Bearer:
    """An `auth` with a token."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Session(requests.Session):
    """Takes no account of a .netrc, at first or after a redirect: where no `auth` is given, requests looks there.

    Turning `trust_env` off would stop that, and proxies and certificates from the environment with it. Without
    `follows` it looks at no redirect: requests resolves one even where it is told not to, and may raise there.
    A RequestException of it says in `sent` whether the server may have seen the request.
    """

    def __init__(self, *, follows: bool = False) -> None:
        super().__init__()
        self.auth = as_it_is
        self._follows = follows
        self.mount("http://", _NotingAdapter())
        self.mount("https://", _NotingAdapter())
        quiet_addresses("urllib3.connectionpool")

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        """Send it, redirects one by one; ForbiddenByRule where it would go to a public host without TLS."""
        require_encrypted(str(request.url))
        return super().send(request, **more)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Nowhere, for a session that does not follow."""
        return super().get_redirect_target(resp) if self._follows else None

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """After a redirect to another host, without the account, in whatever header a service wants it; that of
        requests adds the new host's of a .netrc.
        """
        if self.should_strip_auth(str(response.request.url), str(prepared_request.url)):
            for name in [name for name in prepared_request.headers if name.lower() not in _HARMLESS]:
                del prepared_request.headers[name]


class _Noting(HTTPConnection):
    """Notes when connection and handshake are done: what fails before has not been sent."""

    def connect(self) -> None:
        _note.made = False
        super().connect()
        _note.made = True

    def request(self, *args: Any, **more: Any) -> None:
        if self.sock is not None:
            _note.made = True
        super().request(*args, **more)


class _NotingTls(_Noting, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Noting


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _NotingTls


_POOLS: Final = {"http": _Pool, "https": _TlsPool}


class _NotingAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        if not proxy.lower().startswith("socks"):  # its connections are its own: what they carry counts as sent
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        _note.made = None
        try:
            return super().send(request, *args, **more)
        except requests.RequestException as error:
            error.sent = _note.made is not False  # type: ignore[attr-defined]
            raise
