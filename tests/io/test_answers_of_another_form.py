"""In every client: an answer of another form than the known one is never read as "nothing is there"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest

from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused, ServerUnreachable, StoreUnavailable
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.satellites.hook.private_files import list_files
from ibf_pipeline.satellites.hook.settings import PrivateStorage
from ibf_pipeline.sources.ewds_service import EwdsService, Queue
from ibf_pipeline.sources.object_store import open_folder
from ibf_pipeline.targets.ibf.queries import ask_features, ask_last_upload, ask_list
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from tests.satellites.strict_server import Answer, Refused, Request, StrictServer

DAY = date(2026, 2, 15)
ONCE = RetryPolicy(timeout_seconds=5, attempts=1, sleep=lambda _: None)
HTML = {"Content-Type": "text/html"}
XML = {"Content-Type": "application/xml"}


class Says(StrictServer):
    """Says one thing, whatever it is asked; an IBF server's login apart."""

    said = Answer(404)

    def answer(self, request: Request) -> Answer:
        if request.path == "/api/user/login":
            return Answer(201, {"user": {"token": "t", "userRole": "pipeline"}})
        if self.said.status == 404:
            raise Refused(404, "Not Found")
        return self.said


@pytest.fixture(scope="module")
def server() -> Iterator[Says]:
    with Says() as served:
        yield served


STRANGE = ({}, "none", {"message": "busy"}, [None], 7, {"features": None}, {"timestamp": 7}, {"timestamp": []})


def test_an_ibf_server(server: Says) -> None:
    client = IbfClient(server.url, Credentials("a@example.org", "password"), ONCE)
    with closing(client):
        for said in STRANGE:
            server.said = Answer(200, said)
            for asked in (
                lambda: ask_list(client, "/event"),
                lambda: ask_features(client, "/admin-areas/UGA/2"),
                lambda: ask_last_upload(client, "UGA", "floods"),
            ):
                with pytest.raises(ServerRefused, match=r"GET /.* answered no"):
                    asked()
        server.said = Answer(200, {"date": None, "timestamp": None})
        assert ask_last_upload(client, "UGA", "floods") == {"date": None, "timestamp": None}
        server.said = Answer(200, [])
        assert ask_list(client, "/event") == []
        server.said = Answer(404)
        assert ask_list(client, "/event") is None


@pytest.mark.parametrize(
    ("page", "headers"),
    [
        (b'<html><form><input type="password"></form><a href="/archive/">home</a></html>', HTML),
        (b"<html><title>Maintenance</title></html>", HTML),
        (b'{"error": "busy"}', {}),
        (b"", {}),
    ],
    ids=["login", "maintenance", "JSON", "nothing"],
)
def test_an_archive_on_the_web(server: Says, page: bytes, headers: dict[str, str]) -> None:
    server.said = Answer(200, page, headers)
    for members in (0, 2):
        with closing(open_folder(f"{server.url}/archive", ONCE, members=members)) as folder:
            if not members or headers:
                with pytest.raises(ServerRefused, match=r"not a list of files|is a web page there"):
                    folder.names(DAY)
            if headers:
                with pytest.raises(IbfError, match="web page"):
                    list(folder.read(DAY, "dis_00_2026021500.nc", 0))


@pytest.mark.parametrize("page", [b'<a href="../">up</a>', b"<title>Index of /archive/20260215/</title>"])
def test_a_folder_on_the_web_that_is_empty(server: Says, page: bytes) -> None:
    server.said = Answer(200, page, HTML)
    with closing(open_folder(f"{server.url}/archive", ONCE)) as folder, pytest.raises(InputMissing):
        folder.names(DAY)


def test_an_object_store(server: Says) -> None:
    pytest.importorskip("s3fs")
    server.said = Answer(200, b"<html></html>", XML)
    storage = PrivateStorage(endpoint_url=server.url, bucket="bucket")
    keys = {storage.access_key_variable: "key", storage.secret_key_variable: "secret"}
    with pytest.raises(ServerUnreachable, match="could not be listed"):
        list_files(storage, "", keys, Redactor())
    folder = open_folder("s3://bucket/glofas", ONCE, endpoint_url=server.url, anonymous=True)
    with pytest.raises(IbfError) as caught:
        folder.names(DAY)
    assert not isinstance(caught.value, InputMissing)


def test_the_early_warning_data_store(server: Says) -> None:
    service = EwdsService(f"{server.url}/api", "cems-glofas-forecast", lambda: "key", ONCE, Queue(longest_seconds=0))
    for said in ({}, {"status": "paused"}, [], "accepted"):
        server.said = Answer(200, said)
        with pytest.raises(ServerUnreachable):
            service.wait("job-1", lambda *_: None)
        with pytest.raises(ServerUnreachable):
            service.is_over("job-1")  # else it would be placed a second time
        assert service.form() is None
        assert service.possible({"year": ["2026"]}) is None


def test_what_a_package_logs_of_a_refusal_is_said_once_by_us(
    server: Says, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Google's package logs each of its errors, with all that led to it."""
    pytest.importorskip("gcsfs")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    server.said = Answer(400, {"error": {"message": "not you"}})
    with pytest.raises(StoreUnavailable, match="not you"):
        FileStore("gcs://bucket/ibf", ONCE).has("key", 1)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("gcsfs")] == []
