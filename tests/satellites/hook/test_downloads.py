"""Downloads: resumed where they broke off, never with a token for strangers, and archives that want to do harm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from flows.wiring.hook import open_hook
from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.satellites.hook.archives import ArchiveLimits, check_archive, unpack
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.downloads import Downloader, LinkExpired, fetch_result, read_record
from ibf_pipeline.satellites.hook.orders import OrderItem, OrderRequest, order_body
from tests.satellites.hook.conftest import archive
from tests.worlds.services.hook import Loopback
from tests.worlds.services.hook_platform import Clock

LARGE = os.urandom(300_000)
LIMITS = ArchiveLimits(bytes=10_000_000, ratio=200, files=100)


@pytest.fixture
def completed(client: OdpClient, server: Loopback, clock: Clock) -> Callable[..., OrderItem]:
    def made(storage: str = "TEMPORARY") -> OrderItem:
        server.archives["P1"] = archive({"a.bin": LARGE})
        private = {f"output_s3_{name}": "x" for name in ("access_key", "secret_key", "path", "endpoint_url")}
        options = {"output_storage": storage, **(private if storage == "PRIVATE" else {})}
        request = OrderRequest("data-harvest", ("P1",), options, "x")
        order_id = client.place(order_body(request, options))
        clock.sleep(600)
        (product,) = client.products(str(order_id))
        return product

    return made


def test_a_temporary_link_is_fetched_without_token_and_recorded(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed()
    steps: list[tuple[int, int | None]] = []
    fetched = fetch_result(client, product, tmp_path, 10**9, lambda done, total: steps.append((done, total)))
    content = server.archives["P1"]
    assert fetched.file.read_bytes() == content
    assert fetched.record.bytes == len(content) == steps[-1][0] == steps[-1][1]
    assert fetched.record.sha256 == hashlib.sha256(content).hexdigest()
    assert fetched.record.link_expires == "2026-03-02T06:05:00+00:00"  # 14 days after 06:05, when the item was done
    written = fetched.file.with_name(fetched.file.name + ".json").read_text()
    assert "temp_url_sig" not in written
    assert read_record(fetched.file) == fetched.record
    assert fetch_result(client, product, tmp_path, 10**9) == fetched  # and is not fetched a second time
    assert [token for path, token in server.seen_tokens if path.startswith("/swift/")] == [None]


def test_a_download_that_breaks_off_goes_on_where_it_stopped(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed()
    server.faults = ["truncated", "503"]
    assert fetch_result(client, product, tmp_path, 10**9).file.read_bytes() == server.archives["P1"]
    server.faults = ["truncated"] * 3
    folder = tmp_path / "again"
    with pytest.raises(ServerUnreachable, match="broke off") as caught:
        fetch_result(client, product, folder, 10**9)
    assert "temp_url" not in str(caught.value)
    (part,) = folder.glob("*.part")
    assert not list(folder.glob("*.zip"))
    assert part.stat().st_size > len(LARGE) / 2
    assert fetch_result(client, product, folder, 10**9).file.read_bytes() == server.archives["P1"]
    assert [entry.suffix for entry in sorted(folder.glob("[!.]*"))] == [".zip", ".json"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed()
    server.faults = ["truncated", "changed"]
    assert fetch_result(client, product, tmp_path, 10**9).file.read_bytes() == server.archives["P1"]


def test_without_a_strong_tag_nothing_is_resumed(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    """The same address may give another file: it is fetched from its first byte."""
    product = completed()
    server.faults = ["weak tag", "truncated", "another part"]
    assert fetch_result(client, product, tmp_path, 10**9).file.read_bytes() == server.archives["P1"]
    assert server.faults == ["another part"], "no part was asked for"


def test_a_part_that_was_not_asked_for_is_refused(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed()
    server.faults = ["truncated", "another part"]
    with pytest.raises(ServerRefused, match="a part of the file that was not asked for"):
        fetch_result(client, product, tmp_path, 10**9)
    assert not list(tmp_path.glob("*.zip"))


def test_an_ended_link_is_not_tried_and_the_service_is_asked_instead(
    client: OdpClient, server: Loopback, clock: Clock, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed()
    clock.sleep(15 * 86400)
    server.log.clear()
    assert fetch_result(client, product, tmp_path, 10**9).file.read_bytes() == server.archives["P1"]
    assert not [path for _, path in server.log if path.startswith("/swift/")]


def test_a_link_refused_although_it_should_hold(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed()
    server.faults = ["expired"]
    assert fetch_result(client, product, tmp_path, 10**9).record.path.endswith("$value")


def test_a_redirect_to_another_host_loses_the_token(
    client: OdpClient, server: Loopback, clock: Clock, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed("PRIVATE")
    assert product.link is None
    with Loopback(clock) as other:
        other.archives["P1"] = b"from elsewhere"
        server.elsewhere, server.faults = other.root, ["redirect"]
        assert fetch_result(client, product, tmp_path, 10**9).file.read_bytes() == b"from elsewhere"
        assert other.seen_tokens == [("/open/P1", None)]
    home = [token for path, token in server.seen_tokens if path.endswith("$value")]
    assert home[0] is not None


def test_a_token_refused_while_downloading_is_renewed(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed("PRIVATE")
    server.faults = ["401"]
    assert fetch_result(client, product, tmp_path, 10**9).record.bytes == len(server.archives["P1"])


def test_too_large_and_not_completed(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    product = completed()
    with pytest.raises(InputInvalid, match="at most 1,000"):
        fetch_result(client, product, tmp_path, 1000)
    server.platform.fail.add("P2")
    request = OrderRequest("data-harvest", ("P2",), {"output_storage": "TEMPORARY"}, "x")
    order_id = client.place(order_body(request, request.options))
    (waiting,) = client.products(str(order_id))
    with pytest.raises(InputMissing, match="in_progress"):
        fetch_result(client, waiting, tmp_path, 10**9)
    with pytest.raises(ServerRefused, match="failed"):  # waiting does not bring it
        fetch_result(client, replace(waiting, status="failed"), tmp_path, 10**9)


def test_a_link_that_ended_says_so(client: OdpClient, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(LinkExpired, match="ended on 2024-09-16 16:10 UTC"):
        Downloader(client.links, 10, clock)(
            "https://h.test/x?temp_url_sig=1&temp_url_expires=1726503018", tmp_path / "x"
        )


@pytest.mark.parametrize("name", ["../up.txt", "/abs.txt", "a/../../b", "C:/x", "a\\b", "d/../.."])
def test_paths_that_lead_outside_are_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(archive({"fine.txt": b"1", name: b"2"}))
    with pytest.raises(InputInvalid, match="archive holds"):
        unpack(file, tmp_path / "out", LIMITS)
    assert [entry.name for entry in tmp_path.glob("[!.]*")] == ["x.zip"]


def test_links_and_bombs_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(entry, "/etc/passwd")
    file = tmp_path / "x.zip"
    file.write_bytes(stream.getvalue())
    with pytest.raises(InputInvalid, match="a link"):
        check_archive(file, LIMITS)
    file.write_bytes(archive({"zeros": bytes(5_000_000)}))  # 5 MB out of about 5 kB: 1000 to 1
    with pytest.raises(InputInvalid, match="200 to 1"):
        check_archive(file, LIMITS)
    file.write_bytes(archive({f"{n}": b"x" for n in range(101)}))
    with pytest.raises(InputInvalid, match="101 files"):
        check_archive(file, LIMITS)
    file.write_bytes(b"no zip")
    with pytest.raises(InputInvalid, match="not a readable zip"):
        check_archive(file, LIMITS)


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    content = bytearray(archive({"a.bin": LARGE}))
    content[1000] ^= 0xFF
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    with pytest.raises(InputInvalid, match="damaged"):
        unpack(file, tmp_path / "out", LIMITS)
    assert [entry.name for entry in tmp_path.glob("[!.]*")] == ["x.zip"]


def test_a_good_archive_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(archive({"S1/measurement/vh.tif": b"vh", "S1/manifest.safe": b"m"}))
    files = unpack(file, tmp_path / "x", LIMITS)
    assert {path.relative_to(tmp_path).as_posix() for path in files} == {
        "x/S1/measurement/vh.tif", "x/S1/manifest.safe"
    }  # fmt: skip
    assert json.dumps(sorted(path.read_bytes().decode() for path in files)) == '["m", "vh"]'


def test_two_that_want_one_item_fetch_and_unpack_it_once(
    client: OdpClient, server: Loopback, completed: Callable[..., OrderItem], tmp_path: Path
) -> None:
    """Two events in one scene: eight threads over one item, and nobody's files go away while they are read."""
    product = completed()
    barrier = threading.Barrier(8)

    def work(_: int) -> bytes:
        barrier.wait(timeout=20)
        fetched = fetch_result(client, product, tmp_path, 10**9)
        (file,) = unpack(fetched.file, tmp_path / "unpacked", LIMITS)
        with file.open("rb") as stream:
            inode = os.fstat(stream.fileno()).st_ino
            content = stream.read()
        assert file.stat().st_ino == inode
        return content

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {LARGE}
    assert sum(path.startswith("/swift/") for _, path in server.log) == 1


def test_an_archive_that_changed_is_unpacked_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    for content in (b"one", b"second"):
        file.write_bytes(archive({"a.txt": content}))
        assert unpack(file, tmp_path / "a", LIMITS)[0].read_bytes() == content
    (tmp_path / "a" / "mine.txt").write_text("kept")
    unpack(file, tmp_path / "a", LIMITS)
    assert (tmp_path / "a" / "mine.txt").is_file()


def test_two_services_that_number_alike_have_folders_of_their_own(config: Path) -> None:
    folders = [open_hook(str(config), service).downloads for service in ("dedl", "cdse")]
    assert folders == [config.parent / "inputs/hook/dedl", config.parent / "inputs/hook/cdse"]
