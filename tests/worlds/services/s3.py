"""An S3 server on loopback that can be away, overloaded, cut short and late, and remembers what it was asked."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final

import fsspec
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ENVIRONMENT: Final = dict.fromkeys(KEYS, "testing") | {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
}
"""of whoever speaks to such a server; it takes any keys"""


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    """/bucket/key"""
    query: str
    status: int
    """0 where the connection was broken off"""


@dataclass
class Faults:
    """What goes wrong, for the next so many requests."""

    away: bool = False
    refuse: int = 0
    """requests that are answered with `status` and `code`"""
    status: int = 503
    code: str = "SlowDown"
    page: bytes = b""
    """what is said in place of the code"""
    of: str = ""
    """which requests `refuse` and `cut` are about: a pattern of `METHOD /bucket/key?query`; all where empty"""
    cut: int = 0
    """requests whose connection ends in the middle of the content that is sent or received"""
    damage: int = 0
    """downloads with one byte changed"""
    late: int = 0
    """reads for which a key that is put from now on is not there yet, nor listed"""
    pause: Callable[[], None] = lambda: None
    """called before each 64 KiB of a download"""
    hidden: dict[str, int] = field(default_factory=dict)
    """/bucket/key -> reads for which it is not there"""

    def about(self, method: str, path: str, query: str) -> bool:
        """Whether a request is one that something happens to."""
        return re.search(self.of, f"{method} {path}?{query}") is not None


class S3Server:
    """moto's server behind a door that spoils what passes it; buckets are those of the process."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.asked: list[Asked] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._port = 0
        self._server: BaseWSGIServer | None = None
        self.back()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """For a process that is to use the server without being told its address."""
        return ENVIRONMENT | {"AWS_ENDPOINT_URL": self.endpoint}

    @cached_property
    def files(self) -> Any:
        """The server through fsspec, with the keys of the environment; nothing is cached."""
        return fsspec.filesystem(
            "s3", endpoint_url=self.endpoint, key="testing", secret="testing", skip_instance_cache=True,
            use_listings_cache=False,
        )  # fmt: skip

    def new_bucket(self, prefix: str = "ibf") -> str:
        """Make a bucket of a new name."""
        name = f"{prefix}-{secrets.token_hex(4)}"
        self.files.mkdir(name)
        return name

    def go_away(self) -> None:
        """From now on connections are refused, and those that are open are broken off."""
        self.faults.away = True
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def back(self) -> None:
        """Listen again, on the same port."""
        self.faults.away = False
        self._server = make_server("127.0.0.1", self._port, self._answer, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def reset(self) -> None:
        """No faults any more, nothing remembered; what is in the buckets stays."""
        if self._server is None:
            self.back()
        self.faults = Faults()
        self.asked = []

    def requests(self, pattern: str) -> list[Asked]:
        """Those whose `METHOD /bucket/key?query` matches."""
        return [each for each in self.asked if re.search(pattern, f"{each.method} {each.path}?{each.query}")]

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        fault = self._fault(method, path, query)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if fault == "cut" and method in ("PUT", "POST"):
            environ["wsgi.input"].read(length // 2)
        if fault == "away" or (fault == "cut" and method != "GET"):
            self.asked.append(Asked(method, path, query, 0))
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        if fault in ("refuse", "late"):
            status, code = (self.faults.status, self.faults.code) if fault == "refuse" else (404, "NoSuchKey")
            environ["wsgi.input"].read(length)
            body = f"<Error><Code>{code}</Code><Message>as the test says</Message></Error>".encode()
            body = self.faults.page or body if fault == "refuse" else body
            start(f"{status} -", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            self.asked.append(Asked(method, path, query, status))
            return [b"" if method == "HEAD" else body]
        said: list[Any] = []
        body = b"".join(self._moto(environ, lambda status, headers, exc_info=None: said.extend([status, headers])))
        status, headers = said
        self.asked.append(Asked(method, path, query, int(status[:3])))
        if method in ("PUT", "POST") and status.startswith("200") and self.faults.late and path.count("/") > 1:
            self.faults.hidden[path] = self.faults.late
        if method == "GET" and "list-type" in query:
            body = self._without_hidden(path, body)
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            headers.append(("Content-Length", str(len(body))))
        start(status, headers)
        return self._sent(body, fault, environ) if method == "GET" else [body]

    def _fault(self, method: str, path: str, query: str) -> str:
        faults = self.faults
        with self._lock:
            if faults.away:
                return "away"
            if method in ("GET", "HEAD") and faults.hidden.get(path, 0) > 0:
                faults.hidden[path] -= 1
                return "late"
            if faults.refuse > 0 and faults.about(method, path, query):
                faults.refuse -= 1
                return "refuse"
            if faults.cut > 0 and faults.about(method, path, query):
                faults.cut -= 1
                return "cut"
            if faults.damage > 0 and method == "GET" and path.count("/") > 1:
                faults.damage -= 1
                return "damage"
        return ""

    def _sent(self, body: bytes, fault: str, environ: dict[str, Any]) -> Iterator[bytes]:
        if fault == "damage" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        end = len(body) // 2 if fault == "cut" else len(body)
        for start in range(0, end, 1 << 16):
            self.faults.pause()
            yield body[start : min(end, start + (1 << 16))]
        if fault == "cut":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError

    def _without_hidden(self, path: str, listing: bytes) -> bytes:
        bucket = path.strip("/")
        hidden = [key.removeprefix(f"/{bucket}/") for key, left in self.faults.hidden.items() if left > 0]
        for key in hidden:
            entry = rf"<Contents>\s*<Key>{re.escape(key)}</Key>.*?</Contents>".encode()
            listing = re.sub(entry, b"", listing, flags=re.S)
        return listing


class _Quiet(MotoRequestHandler):
    disable_nagle_algorithm = True  # else each download waits for the client's delayed acknowledgement

    def log(self, type: str, message: str, *args: Any) -> None:
        """Silent."""


def etag(content: bytes) -> str:
    """What S3 calls a content that was put at one go."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@cache
def shared() -> S3Server:
    """The server of this process, which ends with it."""
    return S3Server()


@contextmanager
def keys() -> Iterator[None]:
    """The environment of whoever speaks to the server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield


@pytest.fixture
def s3() -> Iterator[S3Server]:
    """The server of this process, without faults, and keys for it in the environment."""
    server = shared()
    server.reset()
    with keys():
        yield server
    server.reset()


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """The name of a new bucket."""
    return s3.new_bucket()
