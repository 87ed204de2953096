"""NASA's archive GES DISC on loopback, and on another port the login of Earthdata and its catalogue CMR.

The archive lists no folders, as that in the cloud does not; the catalogue knows what lies below `root`.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

TOKEN = "a-token-of-sixty-days"
LOGIN_PAGE = b"<!DOCTYPE html><html><title>Earthdata Login</title><input type='password'></html>"


@dataclass
class Earthdata:
    """The running servers."""

    root: Path
    token: str = TOKEN
    refused_by: str = "redirect"
    """how a wrong token is told: redirect, page (200) or the number of a status"""
    elsewhere: bool = False
    """whether data come from a signed address on the other host"""
    instead: dict[str, bytes] = field(default_factory=dict)
    """file name -> what is answered with 200 in its place, once"""
    cut_after: dict[str, int] = field(default_factory=dict)
    """file name -> bytes after which the connection is closed, once"""
    asked: Counter[str] = field(default_factory=Counter)
    catalogue_asked: int = 0
    catalogue_says: tuple[int, str, bytes] | None = None
    """status, type and body of what the catalogue answers in place of what there is"""
    tokens_abroad: list[str] = field(default_factory=list)
    """what the other host was sent as authorization"""
    port: int = 0
    login_port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/data/GPM_L3"

    @property
    def catalogue(self) -> str:
        return f"{self.login}/search"

    @property
    def login(self) -> str:
        return f"http://127.0.0.1:{self.login_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    about: Earthdata

    def log_message(self, *arguments: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", cut: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None

    def file(self, path: Path) -> None:
        content = self.about.instead.pop(path.name, None) or path.read_bytes()
        self.answer(200, content, self.about.cut_after.pop(path.name, None), Content_Type="application/octet-stream")


class _Archive(_Handler):
    def do_GET(self) -> None:
        path = self.about.root / self.path.removeprefix("/data/GPM_L3/")
        self.about.asked[path.name] += 1
        if not path.is_file():
            self.answer(404, b"Not Found")
        elif self.headers.get("Authorization") != f"Bearer {self.about.token}":
            self._refuse()
        elif self.about.elsewhere:
            signed = f"{self.about.login}/signed/{path.relative_to(self.about.root)}?Signature=not-for-eyes"
            self.answer(303, Location=signed)
        else:
            self.file(path)

    def _refuse(self) -> None:
        if self.about.refused_by == "redirect":
            self.answer(302, Location=f"{self.about.login}/oauth/authorize?client_id=archive")
        elif self.about.refused_by == "page":
            self.answer(200, LOGIN_PAGE, Content_Type="text/html")
        else:
            self.answer(int(self.about.refused_by), b'{"error": "invalid_token"}', Content_Type="application/json")


class _Login(_Handler):
    def do_GET(self) -> None:
        self.about.tokens_abroad += self.headers.get_all("Authorization", [])
        place, _, query = self.path.partition("?")
        if place == "/search/granules.json":
            self.about.catalogue_asked += 1
            self._list({key: value for key, (value,) in parse_qs(query).items()})
        elif place.startswith("/signed/"):
            self.file(self.about.root / place.removeprefix("/signed/"))
        else:
            self.answer(200, LOGIN_PAGE, Content_Type="text/html; charset=utf-8")

    def _list(self, asked: dict[str, str]) -> None:
        """As CMR answers: an entry a granule, its links with those of services."""
        if self.about.catalogue_says is not None:
            status, kind, body = self.about.catalogue_says
            self.answer(status, body, Content_Type=kind)
            return
        first, last = asked["temporal"].split(",")
        entries = []
        for file in sorted((self.about.root / f"{asked['short_name']}.{asked['version']}").rglob("*.HDF5")):
            day, start = file.name.split(".")[4][:8], file.name.split(".")[4][10:16]
            moment = f"{day[:4]}-{day[4:6]}-{day[6:]}T{start[:2]}:{start[2:4]}:00Z"
            if first <= moment <= last:
                href = f"https://data.gesdisc.earthdata.nasa.gov/data/GPM_L3/{file.relative_to(self.about.root)}"
                links = [
                    {"rel": "http://esipfed.org/ns/fedsearch/1.1/data#", "href": href},
                    {"rel": "http://esipfed.org/ns/fedsearch/1.1/service#", "href": f"{href}.dap.nc4"},
                    {"rel": "http://esipfed.org/ns/fedsearch/1.1/metadata#", "href": f"{href}.xml"},
                ]
                entries.append({"time_start": moment, "title": f"{asked['short_name']}:{file.name}", "links": links})
        self.answer(200, json.dumps({"feed": {"entry": entries}}).encode(), Content_Type="application/json")


@contextmanager
def running(root: Path) -> Iterator[Earthdata]:
    """Serve the collections below `root`."""
    about = Earthdata(root)
    servers = [
        ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (kind,), {"about": about})) for kind in (_Archive, _Login)
    ]
    about.port, about.login_port = (server.server_address[1] for server in servers)
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield about
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
