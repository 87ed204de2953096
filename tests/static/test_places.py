"""Files of folders, web servers and memory: whole or not at all, and fetched again only where they changed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from ibf_pipeline.errors import InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.io.locks import file_lock
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.static.local_copy import outdated, refresh_copy
from ibf_pipeline.static.origin import OriginFolder
from ibf_pipeline.storage.shared_folder import SharedFolder
from tasks.floods import prepared_layers
from tests.worlds.countries import tiny_country
from tests.worlds.services.s3 import S3Server, s3  # noqa: F401 - a fixture
from tests.worlds.services.web_archive import Archive, running
from tests.worlds.shared import sharing

HASTY = RetryPolicy(attempts=3, sleep=lambda seconds: None)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    (tmp_path / "root" / "RP10").mkdir(parents=True)
    (tmp_path / "root" / "RP10" / "a.tif").write_bytes(b"0123456789" * 1000)
    with running(tmp_path / "root") as server:
        yield server


@pytest.fixture
def place(archive: Archive, tmp_path: Path) -> OriginFolder:
    return OriginFolder(archive.url, tmp_path / "cache", retry_policy=HASTY)


def test_a_file_is_fetched_once_and_again_when_its_tag_changes(archive: Archive, place: OriginFolder) -> None:
    for _ in range(3):
        assert place.file("RP10/a.tif").read_bytes() == b"0123456789" * 1000
    assert archive.asked["a.tif"] == 1
    (archive.root / "RP10" / "a.tif").write_bytes(b"9876543210" * 1000)
    assert place.file("RP10/a.tif").read_bytes() == b"9876543210" * 1000
    assert place.names("RP10") == ["a.tif"]


def test_a_refusal_and_a_cut_connection_are_tried_again(archive: Archive, place: OriginFolder) -> None:
    archive.refuse = 2
    assert place.names("RP10") == ["a.tif"]
    archive.refuse = 1
    archive.cut_after["a.tif"] = 1234
    assert place.file("RP10/a.tif").stat().st_size == 10_000


def test_a_server_that_stays_away_leaves_no_file(archive: Archive, place: OriginFolder, tmp_path: Path) -> None:
    archive.refuse = 99
    with pytest.raises(ServerUnreachable, match="3 times"):
        place.file("RP10/a.tif")
    assert not (tmp_path / "cache" / "RP10" / "a.tif").exists()


def test_an_empty_file_is_never_kept(archive: Archive, place: OriginFolder, tmp_path: Path) -> None:
    (archive.root / "RP10" / "b.tif").touch()
    with pytest.raises(ServerUnreachable, match="the server's file is empty"):
        place.file("RP10/b.tif")
    assert not (tmp_path / "cache" / "RP10" / "b.tif").exists()
    local = OriginFolder(str(archive.root), tmp_path / "cache")
    with pytest.raises(InputInvalid, match="empty"):
        local.file("RP10/b.tif")


def test_what_is_not_there(archive: Archive, place: OriginFolder, tmp_path: Path) -> None:
    for here in (place, OriginFolder(str(archive.root), tmp_path / "cache")):
        with pytest.raises(InputMissing):
            here.file("RP10/c.tif")
        with pytest.raises(InputMissing, match="no such folder"):
            here.names("RP20")


@pytest.mark.parametrize("scheme", ["file", "memory", "http"])
def test_static_data_behind_a_url_are_kept_up_to_date(scheme: str, tmp_path: Path, archive: Archive) -> None:
    """Only what changed is fetched again."""
    source = tiny_country.write_country(archive.root / "XTY")
    if scheme == "memory":
        store = fsspec.filesystem("memory")
        store.rm("/XTY", recursive=True) if store.exists("/XTY") else None
        store.put(str(source), "/XTY", recursive=True)
    url = {"file": source.as_uri(), "memory": "memory://XTY", "http": f"{archive.url}/XTY"}[scheme]
    country, copy = tiny_country.country(static=url), tmp_path / "copy"
    assert refresh_copy(country, copy, HASTY) == ""
    for file in source.rglob("*.*"):
        assert (copy / file.relative_to(source)).read_bytes() == file.read_bytes()
    if scheme == "memory":
        return
    kept = (copy / "population.tif").stat().st_ino
    (source / "stations.csv").write_text(tiny_country.STATIONS.replace("Upper", "Lower"))
    assert refresh_copy(country, copy, HASTY) == ""
    assert "Lower" in (copy / "stations.csv").read_text()
    assert (copy / "population.tif").stat().st_ino == kept
    assert json.loads((copy / "stations.csv.json").read_text())["size"] == (source / "stations.csv").stat().st_size


def test_one_process_at_a_time_refreshes_a_copy(
    tmp_path: Path, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    """The second one waits until the first is done, and says so."""
    caplog.set_level(logging.INFO, logger="ibf_pipeline.io.locks")
    tiny_country.write_country(archive.root / "XTY")
    country, copy = tiny_country.country(static=f"{archive.url}/XTY"), tmp_path / "copy"
    with ThreadPoolExecutor(1) as other:
        with file_lock(tmp_path / ".copy.lock"):
            refreshed = other.submit(refresh_copy, country, copy, HASTY)
            with pytest.raises(TimeoutError):
                refreshed.result(timeout=0.5)
            assert archive.asked == {}
        assert refreshed.result(timeout=60) == ""
    assert "waiting for another process that is bringing the static data of XTY up to date" in caplog.text
    assert (copy / "stations.csv").is_file()


def test_a_url_that_fails_leaves_the_last_whole_copy(tmp_path: Path, archive: Archive) -> None:
    """A file that is gone for a moment, a server that is away, a half changed folder: the copy changes all at once."""
    source = tiny_country.write_country(archive.root / "XTY")
    country, copy = tiny_country.country(static=f"{archive.url}/XTY"), tmp_path / "copy"
    archive.refuse = 99
    with pytest.raises(ServerUnreachable):
        refresh_copy(country, copy, HASTY)
    archive.refuse = 0
    assert refresh_copy(country, copy, HASTY) == ""
    assert outdated(copy) is None
    thresholds = (source / "thresholds.json").read_bytes()
    (source / "stations.csv").write_text(tiny_country.STATIONS.replace("Upper", "Lower"))
    (source / "thresholds.json").unlink()
    said = refresh_copy(country, copy, HASTY)
    assert "not there: thresholds.json" in said
    assert f"the copy of {country.static} of 20" in said
    assert (copy / "thresholds.json").read_bytes() == thresholds
    assert "Upper" in (copy / "stations.csv").read_text(), "the station list belongs to the thresholds"
    assert outdated(copy) == said
    layers, _ = prepared_layers.fn("XTY", country, copy, tmp_path / "prepared")
    assert layers.findings[-1] == said, "the findings are the notes of a run"
    archive.refuse = 99
    assert "answered 503: come back later, 3 times" in refresh_copy(country, copy, HASTY)
    other = tiny_country.country(static=f"{archive.url}/XTZ")
    with pytest.raises(ServerUnreachable):
        refresh_copy(other, copy, HASTY)
    archive.refuse = 0
    (source / "thresholds.json").write_bytes(thresholds)
    assert refresh_copy(country, copy, HASTY) == ""
    assert outdated(copy) is None
    assert prepared_layers.fn("XTY", country, copy, tmp_path / "prepared")[0].findings == layers.findings[:-1]
    assert "Lower" in (copy / "stations.csv").read_text()


@pytest.mark.parametrize("kept", ["place", "copy"])
def test_a_kept_file_that_was_damaged_here_is_fetched_again(kept: str, tmp_path: Path, archive: Archive) -> None:
    """Same size, other bytes."""
    source = tiny_country.write_country(archive.root / "XTY")
    good = (source / "population.tif").read_bytes()
    if kept == "copy":
        country, folder = tiny_country.country(static=f"{archive.url}/XTY"), tmp_path / "copy"
        refresh = lambda: refresh_copy(country, folder, HASTY)  # noqa: E731
    else:
        place, folder = OriginFolder(f"{archive.url}/XTY", tmp_path / "cache", retry_policy=HASTY), tmp_path / "cache"
        refresh = lambda: place.file("population.tif")  # noqa: E731
    refresh()
    (folder / "population.tif").write_bytes(good[:500] + bytes(100) + good[600:])
    assert (folder / "population.tif").read_bytes() != good
    refresh()
    assert (folder / "population.tif").read_bytes() == good


def test_static_data_in_an_object_store(
    tmp_path: Path,
    s3: S3Server,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keys and address come from the environment, as the store's own tools have them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    bucket = s3.new_bucket("country-data")
    source = tiny_country.write_country(tmp_path / "XTY")
    s3.files.put(f"{source}/", f"s3://{bucket}/XTY/", recursive=True)
    country, copy = tiny_country.country(static=f"s3://{bucket}/XTY"), tmp_path / "copy"
    assert refresh_copy(country, copy, HASTY) == ""
    kept = (copy / "population.tif").stat().st_ino
    s3.files.pipe(f"s3://{bucket}/XTY/stations.csv", tiny_country.STATIONS.replace("Upper", "Lower").encode())
    assert refresh_copy(country, copy, HASTY) == ""
    assert "Lower" in (copy / "stations.csv").read_text()
    assert (copy / "population.tif").stat().st_ino == kept


def test_a_machine_without_a_copy_takes_that_of_another_while_the_url_fails(tmp_path: Path, archive: Archive) -> None:
    source = tiny_country.write_country(archive.root / "XTY")
    country = tiny_country.country(static=f"{archive.url}/XTY")
    shared = SharedFolder(sharing(tmp_path / "shared"), "static/XTY", "prepared", "XTY")
    assert refresh_copy(country, tmp_path / "one", HASTY, shared) == ""
    assert refresh_copy(country, tmp_path / "one", HASTY, shared) == ""
    assert len(shared.sets(9)) == 1, "nothing has changed since"
    archive.refuse = 99
    said = refresh_copy(country, tmp_path / "other", HASTY, shared)
    assert f"the copy of {country.static} of 20" in said
    assert outdated(tmp_path / "other") == said
    archive.refuse = 0
    asked = archive.asked["population.tif"]
    (source / "stations.csv").write_text(tiny_country.STATIONS.replace("Upper", "Lower"))
    assert refresh_copy(country, tmp_path / "other", HASTY, shared) == ""
    assert outdated(tmp_path / "other") is None
    assert archive.asked["population.tif"] == asked, "what was brought is as good as fetched"
    assert "Lower" in (tmp_path / "other" / "stations.csv").read_text()
    assert len(shared.sets(9)) == 2
