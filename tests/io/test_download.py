"""Downloads over loopback: gone on with only where it is surely the same file."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid, ServerUnreachable
from ibf_pipeline.io.download import download
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import Refused
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy

CONTENT = bytes(range(256)) * 4096
"""1,048,576 bytes: 16 chunks"""
HALF = 524_288


class Files:
    """A server of one file with byte ranges."""

    def __init__(self) -> None:
        self.tag = '"one"'
        self.content = CONTENT
        self.cut = 0
        """answers of which only the first half is sent"""
        self.statuses: list[int] = []
        """answers in place of the next ones"""
        self.shift = 0
        """bytes that a part begins too early"""
        self.asked: list[tuple[str | None, str | None]] = []
        """(Range, If-Range) of every request"""
        self.url = ""


@pytest.fixture
def files() -> Iterator[Files]:
    about = Files()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted, tag = self.headers.get("Range"), self.headers.get("If-Range")
            about.asked.append((wanted, tag))
            if about.statuses:
                self.send_response(about.statuses.pop(0))
                self.end_headers()
                return
            match = re.fullmatch(r"bytes=(\d+)-", wanted or "")
            start = int(match.group(1)) - about.shift if match and tag == about.tag else 0
            part = about.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(about.content) - 1}/{len(about.content)}")
            self.send_header("Content-Length", str(len(part)))
            if about.tag:
                self.send_header("ETag", about.tag)
            self.end_headers()
            sent = part
            if about.cut:
                about.cut -= 1
                sent = part[: len(part) // 2]
            self.wfile.write(sent)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    about.url = f"http://127.0.0.1:{server.server_address[1]}/file"
    yield about
    server.shutdown()
    server.server_close()


def client_of(attempts: int) -> Client:
    return Client(Server(""), RetryPolicy(5, attempts, lambda seconds: None), Redactor())


def test_a_whole_file_with_its_size_and_hash(files: Files, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    arrived = download(
        client_of(1), files.url, tmp_path / "x", progress=lambda done, total: steps.append((done, total))
    )
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert (arrived.size, arrived.sha256) == (1_048_576, hashlib.sha256(CONTENT).hexdigest())
    assert steps[-1] == (1_048_576, 1_048_576)
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_with_a_tag_it_goes_on_where_it_broke(files: Files, tmp_path: Path) -> None:
    files.cut = 1
    download(client_of(2), files.url, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert files.asked == [(None, None), (f"bytes={HALF}-", '"one"')]


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_strong_tag_it_begins_anew(tag: str, files: Files, tmp_path: Path) -> None:
    files.tag, files.cut = tag, 1
    download(client_of(2), files.url, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert files.asked == [(None, None)] * 2


def test_the_next_run_goes_on_where_this_one_gave_up(files: Files, tmp_path: Path) -> None:
    files.cut = 1
    with pytest.raises(ServerUnreachable, match="broke off") as caught:
        download(client_of(1), files.url, tmp_path / "x")
    assert "goes on" in caught.value.remedy
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.part", "x.part.stamp"]
    download(client_of(1), files.url, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert files.asked[1] == (f"bytes={HALF}-", '"one"')


def test_a_file_that_changed_meanwhile_is_fetched_anew(files: Files, tmp_path: Path) -> None:
    files.cut = 1
    with pytest.raises(ServerUnreachable):
        download(client_of(1), files.url, tmp_path / "x")
    files.tag, files.content = '"two"', b"short"
    download(client_of(1), files.url, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"short"


def test_a_part_that_does_not_fit_is_thrown_away(files: Files, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(bytes(2_000_000))
    (tmp_path / "x.part.stamp").write_text('"one"')
    files.statuses = [416]
    download(client_of(1), files.url, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert files.asked == [("bytes=2000000-", '"one"'), (None, None)]


def test_a_part_that_was_not_asked_for_is_refused(files: Files, tmp_path: Path) -> None:
    files.cut, files.shift = 1, 1
    with pytest.raises(Refused, match="a part of the file that was not asked for"):
        download(client_of(2), files.url, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_busy_server_is_asked_again_and_a_refusal_is_not(files: Files, tmp_path: Path) -> None:
    files.statuses = [503, 429, 500]
    download(client_of(4), files.url, tmp_path / "x")
    assert len(files.asked) == 4
    files.statuses = [403]
    with pytest.raises(Refused, match="answered 403"):
        download(client_of(4), files.url, tmp_path / "y")
    assert len(files.asked) == 5


def test_more_than_allowed_is_not_fetched(files: Files, tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="at most 1,000"):
        download(client_of(1), files.url, tmp_path / "x", largest=1000)
    assert list(tmp_path.iterdir()) == []
