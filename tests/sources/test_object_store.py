"""Archives through fsspec: a folder, an S3 server, a web server; netCDF members and GRIB2 files."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.members import MemberSource
from ibf_pipeline.sources.object_store import open_folder
from ibf_pipeline.sources.remote import fetch_file
from tests.worlds.countries.forecast_files import ISSUE, MEMBERS, areas, require_whole, write_grib, write_members
from tests.worlds.services import web_archive
from tests.worlds.services.s3 import KEYS, keys, shared

Make = Callable[..., MemberSource]
NEXT = ISSUE + timedelta(days=1)
BUCKET = "forecasts"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Members of one day, one GRIB2 file of the next."""
    root = tmp_path_factory.mktemp("archive")
    write_members(root)
    write_grib(root / f"{NEXT:%Y%m%d}" / "glofas.grib2", NEXT)
    return root


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def source(url: str, country: str = "AAA", **more: object) -> MemberSource:
        endpoint = more.pop("endpoint_url", None)
        folder = open_folder(url, RetryPolicy(5), members=MEMBERS, endpoint_url=endpoint)  # type: ignore[arg-type]
        tries = RetryPolicy(attempts=int(str(more.pop("attempts", 3))), sleep=lambda seconds: None)
        return MemberSource("archive", folder, InputCache(tmp_path / "cache"), country, areas(), MEMBERS, "4", 3, tries)

    return source


@pytest.fixture(scope="module")
def s3(archive: Path) -> Iterator[str]:
    """An S3 server with the archive in a bucket; its address."""
    server = shared()
    server.reset()
    with keys():
        server.files.mkdir(BUCKET)
        server.files.put(str(archive) + "/", f"s3://{BUCKET}/glofas/", recursive=True)
        yield server.endpoint


@pytest.fixture
def web(archive: Path, tmp_path: Path) -> Iterator[web_archive.Archive]:
    shutil.copytree(archive, tmp_path / "served")
    with web_archive.running(tmp_path / "served") as about:
        yield about


def require_grib(source: MemberSource) -> None:
    files = source.fetch(NEXT)
    from ibf_pipeline.discharge.reader import read_cube
    from tests.worlds.countries.forecast_files import cells_of, discharge

    read = read_cube(files.files, cells_of(source.country), NEXT)
    assert read["member"].values.tolist() == list(range(MEMBERS))
    station = str(read["station"].values[0])
    assert read.sel(member=3, lead_time=2, station=station).item() == pytest.approx(discharge(3, 2, station), abs=0.06)


def test_a_folder_as_url(make: Make, archive: Path) -> None:
    require_whole(make(f"file://{archive}").fetch(ISSUE), "AAA")
    require_grib(make(f"file://{archive}", "BBB"))


def test_an_object_store(make: Make, s3: str) -> None:
    url = f"s3://{BUCKET}/glofas"
    files = make(url, endpoint_url=s3).fetch(ISSUE)
    require_whole(files, "AAA")
    require_whole(make(url, "BBB", endpoint_url=s3).fetch(ISSUE), "BBB")
    require_grib(make(url, endpoint_url=s3))
    (record, *_) = files.origin["delivered"].values()
    assert record["origin"].startswith("s3://forecasts/glofas/20260215/dis_00")


def test_an_object_store_without_the_day(make: Make, s3: str) -> None:
    with pytest.raises(InputMissing, match=r"20260217/: no forecast of 2026-02-17"):
        make(f"s3://{BUCKET}/glofas", endpoint_url=s3).fetch(ISSUE + timedelta(days=2))


def test_an_object_store_without_keys(make: Make, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    with pytest.raises(ServerRefused, match="NoCredentialsError"):
        make(f"s3://{BUCKET}/glofas", endpoint_url=s3).fetch(ISSUE)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "ExpiredToken", r"may not be read \(PermissionError: ExpiredToken\)"),
        (403, "RequestTimeTooSkewed", r"may not be read \(PermissionError: RequestTimeTooSkewed\)"),
        (301, "PermanentRedirect", "was redirected to another address"),
    ],
)
def test_the_words_of_an_object_store_that_refuses(
    make: Make, monkeypatch: pytest.MonkeyPatch, status: int, code: str, said: str
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with pytest.raises(ServerRefused, match=said):
            make("s3://bucket/glofas", endpoint_url=f"http://127.0.0.1:{server.server_address[1]}").fetch(ISSUE)
        server.shutdown()


@pytest.mark.parametrize("listing", [True, False])
def test_a_web_server_that_lists_its_folders_or_not(make: Make, web: web_archive.Archive, listing: bool) -> None:
    web.listing = listing
    require_whole(make(web.url).fetch(ISSUE), "AAA")
    assert set(web.asked.values()) == {1}
    with pytest.raises(InputMissing):
        make(web.url).fetch(ISSUE + timedelta(days=5))


def test_a_web_server_that_forbids_to_list_its_folders(make: Make, web: web_archive.Archive) -> None:
    web.listing, web.unlisted = False, 403
    require_whole(make(web.url).fetch(ISSUE), "AAA")
    (web.root / f"{ISSUE:%Y%m%d}" / "dis_04_2026021500.nc").unlink()
    assert len(make(web.url).remote.names(ISSUE)) == MEMBERS - 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_web_server_that_lets_nobody_in(make: Make, web: web_archive.Archive, status: int) -> None:
    web.listing, web.unlisted, web.forbidden = False, status, status
    with pytest.raises(ServerRefused, match=rf"answered {status}: ") as refused:
        make(web.url).fetch(ISSUE)
    assert "ask those who run the server" in refused.value.remedy


def test_grib_of_a_web_server_that_lists_its_folders(make: Make, web: web_archive.Archive) -> None:
    require_grib(make(web.url))


def test_a_cut_connection_and_an_overloaded_server(make: Make, web: web_archive.Archive) -> None:
    web.cut_after["dis_03_2026021500.nc"] = 3000
    web.refuse = 2
    require_whole(make(web.url).fetch(ISSUE), "AAA")
    assert web.asked["dis_03_2026021500.nc"] == 2


@pytest.mark.parametrize("ranges", [True, False])
def test_a_large_file_of_a_web_server_with_and_without_byte_ranges(
    web: web_archive.Archive, tmp_path: Path, ranges: bool
) -> None:
    """10 MiB, once at one go, once with a connection that breaks after 3: the rest alone is sent, or all anew."""
    content = random.Random(7).randbytes(10 << 20)
    (web.root / f"{ISSUE:%Y%m%d}" / "large.nc").write_bytes(content)
    web.ranges = ranges
    remote = open_folder(web.url, RetryPolicy(5), members=MEMBERS)
    fetched = fetch_file(remote, ISSUE, "large.nc", tmp_path / "one", RetryPolicy(attempts=1))
    assert fetched.path.read_bytes() == content
    assert web.sent["large.nc"] == 10 << 20
    web.cut_after["large.nc"] = 3 << 20

    def most_of_it_is_kept() -> None:
        """A client throws away what it has not read when the connection breaks."""
        end = time.monotonic() + 30
        while not any(file.stat().st_size >= 2 << 20 for file in tmp_path.glob("two*")) and time.monotonic() < end:
            time.sleep(0.01)

    web.before_cut = most_of_it_is_kept
    fetched = fetch_file(
        remote, ISSUE, "large.nc", tmp_path / "two", RetryPolicy(attempts=2, sleep=lambda seconds: None)
    )
    assert fetched.path.read_bytes() == content
    again = web.sent["large.nc"] - (13 << 20)
    assert (6 < again / (1 << 20) < 9) if ranges else again == 10 << 20


def test_a_member_is_missing_only_where_the_server_says_so(make: Make, web: web_archive.Archive) -> None:
    """Asked one by one: after an overloaded server's 503 it is asked again, a 404 is an answer."""
    web.listing = False
    web.refuse_file["dis_04_2026021500.nc"] = 2  # HEAD and GET
    require_whole(make(web.url).fetch(ISSUE), "AAA")
    assert web.refuse_file["dis_04_2026021500.nc"] == 0
    (web.root / f"{ISSUE:%Y%m%d}" / "dis_04_2026021500.nc").unlink()
    later = make(web.url, "BBB").remote
    assert f"dis_{MEMBERS - 1:02d}_2026021500.nc" in later.names(ISSUE)
    assert "dis_04_2026021500.nc" not in later.names(ISSUE)


def test_a_server_that_stays_overloaded(make: Make, web: web_archive.Archive) -> None:
    web.refuse = 10**6
    for web.listing in (True, False):
        with pytest.raises(ServerUnreachable, match="503"):
            make(web.url).fetch(ISSUE)
