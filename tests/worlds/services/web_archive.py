"""A web server on loopback with files, ranges and tags; its folders are listed or not."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Archive:
    """A running server."""

    root: Path
    listing: bool = True
    unlisted: int = 404
    """answer where a folder is not listed"""
    forbidden: int | None = None
    """answer to every file"""
    cut_after: dict[str, int] = field(default_factory=dict)
    """file name -> bytes after which the connection is closed, once"""
    before_cut: Callable[[], None] = lambda: None
    """waits until the connection may be closed"""
    ranges: bool = True
    """whether a part of a file can be asked for"""
    dated: bool = True
    """whether it says when a file was delivered"""
    refuse: int = 0
    """answers with 503 that are still to come"""
    refuse_file: dict[str, int] = field(default_factory=dict)
    """file name -> answers with 503 that are still to come"""
    asked: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    """bytes by file name"""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/archive"


@contextmanager
def running(root: Path) -> Iterator[Archive]:
    """Serve a folder below /archive."""
    about = Archive(root)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *arguments: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            file = about.root / self.path.removeprefix("/archive/")
            if about.refuse:
                about.refuse -= 1
                self._answer(503, b"come back later")
            elif about.refuse_file.get(file.name):
                about.refuse_file[file.name] -= 1
                self._answer(503, b"come back later")
            elif file.is_dir() and about.listing:
                links = "".join(f'<a href="{entry.name}">{entry.name}</a>' for entry in sorted(file.iterdir()))
                self._answer(200, f"<html>{links}</html>".encode(), {"Content-Type": "text/html"})
            elif file.is_dir():
                self._answer(about.unlisted, b"no listing")
            elif about.forbidden is not None:
                self._answer(about.forbidden, b"who are you?")
            elif file.is_file():
                self._file(file)
            else:
                self._answer(404, b"not here")

        def _file(self, file: Path) -> None:
            content = file.read_bytes()
            headers = {"ETag": f'"{hash(content):x}"'} | ({"Accept-Ranges": "bytes"} if about.ranges else {})
            if about.dated:
                headers["Last-Modified"] = self.date_time_string(int(file.stat().st_mtime))
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "") if about.ranges else "")
            cut = None
            if self.command == "GET":
                about.asked[file.name] += 1
                cut = about.cut_after.pop(file.name, None)
            if wanted is not None:
                first, last = int(wanted.group(1)), min(int(wanted.group(2) or len(content)), len(content) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
                content = content[first : last + 1]
            about.sent[file.name] += len(content[:cut]) if self.command == "GET" else 0
            self._answer(200 if wanted is None else 206, content, headers, cut)

        def _answer(
            self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body[:cut])
            if cut is not None:
                about.before_cut()
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    about.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield about
    finally:
        server.shutdown()
        server.server_close()
