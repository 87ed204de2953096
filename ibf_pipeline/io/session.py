"""Sessions of requests that send no foreign account and nothing unencrypted to public hosts, and know what was sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ibf_pipeline.io.redaction import quiet_addresses
from ibf_pipeline.security.encryption import require_encrypted

_HARMLESS: Final = frozenset(
    ("accept", "accept-encoding", "connection", "content-length", "content-type", "cookie", "if-range", "range",
     "user-agent")
)  # fmt: skip
"""headers that another host may see; requests has put its own cookies there"""
_note = threading.local()
"""`made`: whether the connection of this thread's request stands, its handshake done; None if nobody noted it"""


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that leaves the request as it is."""
    return request


@dataclass(frozen=True, slots=True)
class Bearer:
    """An `auth` with a bearer token (RFC 6750)."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Session(requests.Session):
    """A session that never reads a .netrc, which requests does if no `auth` is given.

    `trust_env = False` would stop that too, but also ignore proxies and certificates of the environment. A
    RequestException has the attribute `sent`: whether the server may have seen the request.

    Parameters
    ----------
    follows : bool
        Follow redirects. Otherwise they are not even looked at: requests resolves a redirect although it is told not to
        follow it, and may raise there.
    """

    def __init__(self, *, follows: bool = False) -> None:
        super().__init__()
        self.auth = no_auth
        self._follows = follows
        self.mount("http://", _NotingAdapter())
        self.mount("https://", _NotingAdapter())
        quiet_addresses("urllib3.connectionpool")

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        """Send a request, redirects one by one.

        Raises
        ------
        ForbiddenByRule
            If it would go to a public host without TLS.
        """
        require_encrypted(str(request.url))
        return super().send(request, **more)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None for a session that does not follow redirects."""
        return super().get_redirect_target(resp) if self._follows else None

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """After a redirect to another host, remove every header that may carry the account.

        That of requests would add the account of a .netrc for the new host.
        """
        leaves_host: Callable[[str, str], bool] = self.should_strip_auth
        if leaves_host(str(response.request.url), str(prepared_request.url)):
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
