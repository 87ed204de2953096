"""The cache: bounded, and safe for those who use it at the same time."""

from __future__ import annotations

import os
import shutil
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.cli.inputs_tables import print_days
from ibf_pipeline.errors import WriteFailed
from ibf_pipeline.sources.cache import CachedDay, InputCache
from tests.worlds.countries.forecast_files import ISSUE


def fill(cache: InputCache, issue_date: date, size: int, used: float, source: str = "ftp") -> None:
    with cache.held(source, issue_date) as folder:
        (folder / "AAA").mkdir(exist_ok=True)
        (folder / "AAA" / "dis_00_x.nc").write_bytes(b"." * size)
    os.utime(folder / ".lock", (used, used))


def names(days: list[CachedDay]) -> list[str]:
    return [f"{day.source} {day.issue_date}" for day in days]


def test_the_days_that_were_not_used_longest_go_first(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    for number, used in enumerate((1000.0, 500.0, 2000.0)):
        fill(cache, ISSUE + timedelta(days=number), 100, used)
    assert names(cache.prune(largest=200, keep_seconds=60, now=10_000)) == ["ftp 2026-02-16"]
    assert names(cache.days()) == ["ftp 2026-02-15", "ftp 2026-02-17"]
    assert [day.size for day in cache.days()] == [100, 100]
    assert cache.prune(largest=200, keep_seconds=60, now=10_000) == []


def test_what_was_used_lately_stays_however_large(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    fill(cache, ISSUE, 100, 9_950.0)
    assert cache.prune(largest=0, keep_seconds=60, now=10_000) == []
    assert names(cache.prune(largest=0, keep_seconds=60, now=10_020)) == ["ftp 2026-02-15"]


def test_days_that_were_asked_for_in_vain_go_too(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    fill(cache, ISSUE, 100, 500.0)
    with cache.held("ftp", ISSUE + timedelta(days=1)) as empty:
        os.utime(empty / ".lock", (400.0, 400.0))
    assert cache.prune(largest=1000, keep_seconds=60, now=10_000) == []
    assert names(cache.days()) == ["ftp 2026-02-15"]


def test_a_day_that_is_being_fetched_is_not_deleted(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    fill(cache, ISSUE, 100, 0.0)
    with cache.held("ftp", ISSUE):
        assert cache.prune(largest=0, keep_seconds=0) == []
    assert len(cache.prune(largest=0, keep_seconds=0, now=1e12)) == 1


def test_a_day_that_one_country_fetches_is_open_for_others_and_not_deleted(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    with cache.held("ewds", ISSUE, "KEN") as folder:
        (folder / "glofas.grib2").write_bytes(b"GRIB")
        with cache.held("ewds", ISSUE, "UGA"):
            pass
        assert cache.prune(largest=-1, keep_seconds=0, now=1e12) == []
    assert names(cache.prune(largest=-1, keep_seconds=0, now=1e12)) == ["ewds 2026-02-15"]


def test_two_who_want_the_same_day_come_one_after_the_other(tmp_path: Path) -> None:
    cache, order = InputCache(tmp_path), []
    inside = threading.Event()

    def other() -> None:
        inside.wait(5)
        with cache.held("ftp", ISSUE):
            order.append("second")

    thread = threading.Thread(target=other)
    thread.start()
    with cache.held("ftp", ISSUE):
        inside.set()
        thread.join(0.3)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_a_day_deleted_under_a_waiting_hand_is_made_anew(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    for _ in range(100):
        fill(cache, ISSUE, 10, 0.0)
        pruner = threading.Thread(target=lambda: cache.prune(largest=0, keep_seconds=0, now=1e12))
        pruner.start()
        with cache.held("ftp", ISSUE) as folder:
            (folder / "whole.nc").write_bytes(b"1")
            assert (folder / ".lock").exists()
            assert (folder / "whole.nc").exists()
        pruner.join()


@pytest.mark.parametrize("country", [None, "KEN"])
def test_what_is_fetched_while_a_day_is_being_deleted_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, country: str | None
) -> None:
    """Somebody comes when the old files are about to go, and another one when the lock of the old day is gone."""
    cache = InputCache(tmp_path)
    fill(cache, ISSUE, 10, 0.0)
    delete = shutil.rmtree

    def come(folder: Path, *, ignore_errors: bool = False) -> None:
        with cache.held("ftp", ISSUE, country) as made:
            (made / "whole.nc").write_bytes(b"1")
        delete(folder, ignore_errors=ignore_errors)

    rename = Path.rename

    def moved(folder: Path, to: Path) -> Path:
        monkeypatch.setattr(shutil, "rmtree", come)
        return rename(folder, to)

    monkeypatch.setattr(Path, "rename", moved)
    assert names(cache.prune(largest=0, keep_seconds=0, now=1e12)) == ["ftp 2026-02-15"]
    assert sorted(file.name for file in (tmp_path / "ftp").rglob("*.nc")) == ["whole.nc"]
    assert [folder.name for folder in (tmp_path / "ftp").iterdir()] == ["20260215"], "nothing lies aside"


def test_a_deletion_that_was_interrupted_is_finished_by_the_next(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    aside = tmp_path / "ftp" / ".20260215.deleted"
    aside.mkdir(parents=True)
    (aside / "whole.nc").write_bytes(b"." * 10)
    assert cache.prune(largest=100, keep_seconds=0) == []
    assert not aside.exists()


def test_other_folders_are_nobody_s_business(tmp_path: Path) -> None:
    (tmp_path / "ftp" / "notes").mkdir(parents=True)
    (tmp_path / "ftp" / "20260231").mkdir()
    assert InputCache(tmp_path).days() == []


def test_static_data_in_the_cache_are_shown_beside_the_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "static-sources" / "tiles").mkdir(parents=True)
    with (tmp_path / "static-sources" / "tiles" / "a.tif").open("wb") as file:
        file.truncate(1_250_000_000)  # sparse: takes no room
    print_days([], tmp_path, 10)
    assert "static-sources: 1.25 GB of static data, kept until they are deleted" in capsys.readouterr().out


def test_a_folder_deleted_while_it_is_made_is_made_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pathlib says then: a file is in the way. It is not, so this is no mistake of anybody."""
    tries = []

    def made(folder: Path, *, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        tries.append(folder)
        if len(tries) == 1:
            raise FileExistsError(17, "File exists", str(folder))
        os.makedirs(folder, mode, exist_ok=exist_ok)

    monkeypatch.setattr(Path, "mkdir", made)
    with InputCache(tmp_path).held("ftp", ISSUE) as folder:
        assert tries == [folder, folder]
        assert folder.is_dir()


def test_a_file_in_the_way_of_the_cache_is_told(tmp_path: Path) -> None:
    cache = InputCache(tmp_path)
    (tmp_path / "ftp").mkdir()
    cache.day("ftp", ISSUE).write_text("somebody's notes")
    with pytest.raises(WriteFailed, match="20260215"), cache.held("ftp", ISSUE):
        pass
