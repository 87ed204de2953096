"""GFS rain from an archive on loopback: by its index, in parts, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ibf_pipeline.errors import InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import Refused
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.reader import read_rain
from ibf_pipeline.sources.rain.gfs import Message, fetch_gfs, gfs_hours, in_index
from tests.rain.written import BOUNDS, flat, grib
from tests.worlds.services import web_archive
from tests.worlds.services.web_archive import Archive

CYCLE = datetime(2026, 2, 15, 6, tzinfo=UTC)
TEMPERATURE = b"GRIB and what else is in 500 MB 7777"


def published(root: Path, hour: int, sums: dict[str, float]) -> None:
    """A file of the archive with the precipitation of `sums` between other messages, and its index."""
    folder = root / "gfs.20260215" / "06" / "atmos"
    folder.mkdir(parents=True, exist_ok=True)
    content, lines = TEMPERATURE, ["1:0:d=2026021506:TMP:surface:anl:"]
    for span, mm in sums.items():
        one = grib(folder / "one", [(span, flat(mm))])
        lines.append(f"{len(lines) + 1}:{len(content)}:d=2026021506:APCP:surface:{span} hour acc fcst:")
        content += one.read_bytes()
        one.unlink()
    lines.append(f"{len(lines) + 1}:{len(content)}:d=2026021506:CPRAT:surface:{hour} hour fcst:")
    name = f"gfs.t06z.pgrb2.0p25.f{hour:03d}"
    (folder / name).write_bytes(content + TEMPERATURE)
    (folder / f"{name}.idx").write_text("\n".join(lines) + "\n")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    root = tmp_path / "archive"
    published(root, 3, {"0-3": 2})
    published(root, 6, {"0-6": 5})
    published(root, 9, {"6-9": 4, "0-9": 9})
    with web_archive.running(root) as running:
        yield running


def client(archive: Archive, attempts: int = 3) -> Client:
    return Client(Server(archive.url), RetryPolicy(attempts=attempts, sleep=lambda _: None), Redactor())


def test_the_precipitation_alone_is_fetched_and_only_once(archive: Archive, tmp_path: Path) -> None:
    files = fetch_gfs(client(archive), CYCLE, [3, 6, 9], tmp_path / "kept")
    rain = read_rain(files, RainDeclaration(), BOUNDS, np.datetime64("2026-02-15T06:00", "m"))
    assert [round(float(each), 2) for each in rain.amount[0, :, 0, 0]] == [2, 3, 4]
    assert archive.sent["gfs.t06z.pgrb2.0p25.f009"] == files[2].stat().st_size < 300
    asked = archive.asked.total()
    assert fetch_gfs(client(archive), CYCLE, [3, 6, 9], tmp_path / "kept") == files
    assert archive.asked.total() == asked


def test_a_cycle_that_is_not_whole_yet_is_missing(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"GFS of 2026-02-15 06 UTC has no hour 12 yet"):
        fetch_gfs(client(archive), CYCLE, [9, 12], tmp_path / "kept")


def test_what_breaks_off_is_asked_for_again(archive: Archive, tmp_path: Path) -> None:
    archive.refuse = 1
    archive.cut_after["gfs.t06z.pgrb2.0p25.f003"] = 20
    assert fetch_gfs(client(archive), CYCLE, [3], tmp_path / "kept")[0].read_bytes().endswith(b"7777")
    archive.cut_after["gfs.t06z.pgrb2.0p25.f006"] = 20
    with pytest.raises(ServerUnreachable):
        fetch_gfs(client(archive, attempts=1), CYCLE, [6], tmp_path / "kept")
    assert not list((tmp_path / "kept").rglob("*f006*"))


def test_hours_that_have_a_file() -> None:
    assert gfs_hours(3) == [1, 2, 3]
    assert gfs_hours(7, 3) == [3, 6, 9]
    assert gfs_hours(120)[-2:] == [119, 120]
    assert gfs_hours(124)[-4:] == [119, 120, 123, 126]
    assert gfs_hours(126, 6)[-2:] == [120, 126]


def test_an_archive_without_byte_ranges_is_refused(archive: Archive, tmp_path: Path) -> None:
    archive.ranges = False
    with pytest.raises(Refused, match="the whole file in place of a part of it"):
        fetch_gfs(client(archive), CYCLE, [3], tmp_path / "kept")


def test_an_index_names_buckets_days_and_its_last_message() -> None:
    lines = [
        "595:1000:d=2026021506:TMP:surface:24 hour fcst:",
        "596:2000:d=2026021506:APCP:surface:18-24 hour acc fcst:",
        "597:3000:d=2026021506:APCP:surface:0-1 day acc fcst:",
    ]
    assert in_index("\n".join(lines), CYCLE, 24, "f024") == Message(2000, 2999)
    assert in_index("\n".join([lines[0], lines[2]]), CYCLE, 24, "f024") == Message(3000, None)
    twice = "1:10:d=2026021506:APCP:surface:0-3 hour acc fcst:\n2:20:d=2026021506:APCP:surface:0-3 hour acc fcst:"
    assert in_index(twice, CYCLE, 3, "f003") == Message(10, 19)
    with pytest.raises(InputInvalid, match="no precipitation of the cycle 2026-02-15 06 UTC up to hour 24"):
        in_index(lines[1].replace("2026021506", "2026021500"), CYCLE, 24, "f024")
