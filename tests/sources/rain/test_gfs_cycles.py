"""GFS as a source: which cycle leads, what fills the hours before it, an archive that is not kind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.errors import InputMissing
from tests.sources.rain.world import ISSUE, NOW, after, at, block, series
from tests.worlds.services import web_archive
from tests.worlds.services.gfs_archive import publish
from tests.worlds.services.web_archive import Archive

HOURS = [*range(3, 61, 3)]
NAME = "gfs.t{:02d}z.pgrb2.0p25.f{:03d}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cycles of 06 UTC (1 mm an hour), 00 UTC (2) and 18 UTC (3) of the day before."""
    root = tmp_path_factory.mktemp("gfs")
    for hours, mm in ((0, 1), (-6, 2), (-12, 3)):
        publish(root, after(hours), HOURS, lambda hour, mm=mm: mm)
    return root


@pytest.fixture
def archive(tmp_path: Path, published: Path) -> Iterator[Archive]:
    shutil.copytree(published, tmp_path / "archive")
    with web_archive.running(tmp_path / "archive") as running:
        yield running


def gfs(archive: Archive, **keys: Any) -> dict[str, Any]:
    return {"gfs": {"kind": "gfs", "url": archive.url, "step_hours": 3, "attempts": 1, **keys}}


def file(archive: Archive, cycle: int, hour: int, end: str = "") -> Path:
    began = after(cycle)
    return archive.root / f"gfs.{began:%Y%m%d}" / f"{began:%H}" / "atmos" / (NAME.format(began.hour, hour) + end)


def test_the_cycle_of_the_block_leads_and_older_ones_fill_the_past(tmp_path: Path, archive: Archive) -> None:
    found = block(tmp_path, gfs(archive))
    assert [at(found.rain, hour) for hour in (-11, -6, -5, 0, 1, 48)] == [
        (3, "GFS 2026-02-14T18"),
        (3, "GFS 2026-02-14T18"),
        (2, "GFS 2026-02-15T00"),
        (2, "GFS 2026-02-15T00"),
        (1, "GFS 2026-02-15T06"),
        (1, "GFS 2026-02-15T06"),
    ]
    assert found.rain.attrs["cycle"] == "2026-02-15T06:00"
    assert (found.notes, found.doubts) == ((), ())
    assert found.origin["sources"]["gfs"]["cycles"][0] == "GFS 2026-02-15T06"


def test_what_was_fetched_is_kept_and_leads_while_the_archive_is_away(tmp_path: Path, archive: Archive) -> None:
    block(tmp_path, gfs(archive))
    asked = archive.asked.total()
    block(tmp_path, gfs(archive))
    assert archive.asked.total() == asked
    archive.refuse = 10**6
    later = type(ISSUE)(ISSUE.day, 12)
    found = block(tmp_path, gfs(archive), later)
    assert found.rain.attrs["cycle"] == "2026-02-15T06:00"
    assert at(found.rain, 54)[0] == 1, "48 hours after the later block"
    assert "GFS of 2026-02-15 12 UTC does not lead: " in found.notes[0]
    assert "503" in found.notes[0]
    assert archive.refuse == 10**6 - 1, "one question; then only what was fetched is looked at"


def test_a_cycle_half_delivered_does_not_lead_and_is_named(tmp_path: Path, archive: Archive) -> None:
    for hour in range(30, 61, 3):
        file(archive, 0, hour).unlink()
        file(archive, 0, hour, ".idx").unlink()
    found = block(tmp_path, gfs(archive))
    assert found.rain.attrs["cycle"] == "2026-02-15T00:00"
    assert found.notes == ("gfs: GFS of 2026-02-15 06 UTC does not lead: GFS of 2026-02-15 06 UTC has no hour 60 yet",)
    assert set(series(found.rain, range(-5, 49))) == {2}
    assert not any(name.startswith("gfs.t06z") and "idx" not in name for name in archive.sent)


@pytest.mark.parametrize("unkind", ["no index", "empty index", "a page as index", "cut", "damaged"])
def test_a_cycle_with_one_bad_file_does_not_lead(tmp_path: Path, archive: Archive, unkind: str) -> None:
    index = file(archive, 0, 24, ".idx")
    if unkind == "no index":
        index.unlink()
    elif unkind == "empty index":
        index.write_text("")
    elif unkind == "a page as index":
        index.write_text("<html>maintenance</html>")
    elif unkind == "cut":
        archive.cut_after[NAME.format(6, 24)] = 10
    else:
        one = file(archive, 0, 24)
        one.write_bytes(one.read_bytes()[:40].ljust(one.stat().st_size - 4, b"\0") + b"7777")
        lines = index.read_text().splitlines()
        index.write_text("\n".join([lines[0], lines[1]]) + "\n")
    found = block(tmp_path, gfs(archive))
    assert found.rain.attrs["cycle"] == "2026-02-15T00:00"
    assert len(found.notes) == 1
    assert "gfs: GFS of 2026-02-15 06 UTC does not lead: " in found.notes[0]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_an_archive_that_gives_nothing_stops_the_block_and_says_what_people_see(
    tmp_path: Path, archive: Archive, status: int
) -> None:
    archive.forbidden = status
    with pytest.raises(InputMissing) as stopped:
        block(tmp_path, gfs(archive))
    assert "no rain forecast for the block of 2026-02-15 06 UTC: there is none" in stopped.value.found
    assert "source gfs is passed over: " in stopped.value.found
    assert "nothing was published before" in stopped.value.remedy


def test_an_archive_without_byte_ranges_is_passed_over(tmp_path: Path, archive: Archive) -> None:
    archive.ranges = False
    with pytest.raises(InputMissing, match="the whole file in place of a part of it"):
        block(tmp_path, gfs(archive))


def test_cycles_older_than_the_country_allows_do_not_lead(tmp_path: Path, archive: Archive) -> None:
    late = type(ISSUE)(ISSUE.day, 18)
    assert block(tmp_path, gfs(archive), late).rain.attrs["cycle"] == "2026-02-15T06:00"
    with pytest.raises(InputMissing, match="no rain forecast for the block of 2026-02-15 18 UTC"):
        block(tmp_path, gfs(archive), late, oldest_cycle_h=6)


def test_the_cache_can_be_pruned(tmp_path: Path, archive: Archive) -> None:
    from flows.wiring.sources import open_cache
    from tests.sources.rain.world import configured

    block(tmp_path, gfs(archive))
    cache = open_cache(configured(tmp_path, gfs(archive))[0])
    assert [(day.source, f"{day.issue_date}") for day in cache.days()] == [("gfs", "2026-02-14"), ("gfs", "2026-02-15")]
    assert len(cache.prune(0, 0)) == 2
    assert block(tmp_path, gfs(archive)).rain.attrs["cycle"] == f"{NOW:%Y-%m-%dT%H:%M}"
