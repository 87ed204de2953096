"""A day that the service corrects, or puts there piece by piece: one ensemble is of one version, and whole."""

# ruff: noqa: F811 - fixtures go by their names
from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from ibf_pipeline.discharge.reader import read_cube
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources import ForecastFiles
from ibf_pipeline.sources.input_revision import SETTLING_SECONDS
from tests.sources.test_ftp import Make, day, make, member, server  # noqa: F401 - fixtures
from tests.sources.test_object_store import make as make_archive  # noqa: F401 - a fixture
from tests.worlds.countries.forecast_files import ISSUE, MEMBERS, cells_of, require_whole, write_grib, write_members
from tests.worlds.services.ftp import Server

DAY = f"{ISSUE:%Y%m%d}"


def change(file: Path, factor: float, seconds: float = 600) -> None:
    """Another version of a member: every value times a factor, changed later."""
    with netCDF4.Dataset(file, "a") as data:
        data["dis"][:] = data["dis"][:] * factor
    os.utime(file, (time.time() + seconds,) * 2)


def versions(files: ForecastFiles) -> list[int]:
    """1000, 1001, ... of the first version on 0-day at station A1; 2000, 2002, ... of one times 2."""
    cube = read_cube(files.files, cells_of("AAA"), ISSUE, version="4")
    return [round(value) for value in cube.values[:, 0, 0].tolist()]


def folder(server: Server) -> Path:
    return server.root / "glofas" / DAY


def test_a_day_that_is_corrected_before_all_members_were_there(
    make: Make,
    server: Server,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hidden = server.root / "hidden"
    hidden.mkdir()
    for number in (3, 4, 5):
        shutil.move(folder(server) / member(number), hidden)
    assert versions(make().fetch(ISSUE)) == [1000, 1001, 1002]
    for number in (3, 4, 5):
        shutil.move(hidden / member(number), folder(server))
    for number in range(MEMBERS):
        change(folder(server) / member(number), 2)
    files = make().fetch(ISSUE)
    assert versions(files) == [2000, 2002, 2004, 2006, 2008, 2010]
    text = "3 of 3 files of 2026-02-15 were replaced on the server after they had been fetched: all were fetched again"
    assert files.origin["corrected"] == text
    assert text in caplog.text


def test_a_whole_ensemble_that_is_corrected_is_fetched_again_for_every_country(
    make: Make,
    server: Server,
) -> None:
    before = make("AAA").fetch(ISSUE)
    for number in range(MEMBERS):
        change(folder(server) / member(number), 2)
    make("BBB").fetch(ISSUE)
    assert versions(make("AAA").fetch(ISSUE)) == [2000, 2002, 2004, 2006, 2008, 2010]
    assert set(server.served.values()) == {2}, "once more, for both countries together"
    assert versions(before) == [1000, 1001, 1002, 1003, 1004, 1005], "a run that reads meanwhile reads what it fetched"


def test_while_a_correction_is_being_put_there_the_version_of_before_is_used(
    make: Make,
    server: Server,
) -> None:
    now = [time.time()]
    make(now=lambda: now[0]).fetch(ISSUE)
    for number in (0, 1):
        change(folder(server) / member(number), 2)
    files = make(now=lambda: now[0]).fetch(ISSUE)
    assert versions(files) == [1000, 1001, 1002, 1003, 1004, 1005]
    text = "2 of 6 files of 2026-02-15 were replaced on the server: a correction may be under way"
    assert files.origin["corrected"] == f"{text}; those of before are used"
    now[0] += SETTLING_SECONDS - 1
    assert versions(make(now=lambda: now[0]).fetch(ISSUE)) == [1000, 1001, 1002, 1003, 1004, 1005]
    now[0] += 1  # the other four did not follow: these two are what was corrected
    assert versions(make(now=lambda: now[0]).fetch(ISSUE)) == [2000, 2002, 1002, 1003, 1004, 1005]
    assert set(server.served.values()) == {2}, "fetched again whole"


@pytest.mark.parametrize("arrive", [0, 4])
def test_a_whole_ensemble_is_used_until_its_correction_is_there_as_fully(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture, arrive: int
) -> None:
    make().fetch(ISSUE)
    for number in range(MEMBERS):
        change(folder(server) / member(number), 2)
    for number in range(arrive, MEMBERS):
        server.cut_after[member(number)] = 100
    once = dataclasses.replace(make(), retry_policy=RetryPolicy(attempts=1, sleep=lambda seconds: None))
    files = once.fetch(ISSUE)
    assert versions(files) == [1000, 1001, 1002, 1003, 1004, 1005]
    note = files.origin["corrected"]
    assert note.startswith("files of 2026-02-15 were replaced; the 6 of before are used: ")
    assert (f": {arrive} of the new ones are there" in note) == (arrive > 0)
    assert note in caplog.text
    assert versions(make().fetch(ISSUE)) == [2000, 2002, 2004, 2006, 2008, 2010]


def test_a_correction_that_is_put_there_member_by_member(make: Make, server: Server, tmp_path: Path) -> None:
    """The service deletes the day and begins anew: 6 of before, then 4 and 6 new ones on the server."""
    make().fetch(ISSUE)
    (tmp_path / "later").mkdir()
    for number in range(MEMBERS):
        change(folder(server) / member(number), 2)
    for number in (4, 5):
        shutil.move(folder(server) / member(number), tmp_path / "later")
    files = make().fetch(ISSUE)
    assert versions(files) == [1000, 1001, 1002, 1003, 1004, 1005]
    assert files.origin["corrected"] == (
        "files of 2026-02-15 were replaced; the 6 of before are used: 4 of the new ones are there"
    )
    for number in (4, 5):
        shutil.move(tmp_path / "later" / member(number), folder(server))
    assert versions(make().fetch(ISSUE)) == [2000, 2002, 2004, 2006, 2008, 2010]


def test_a_day_that_a_person_fetches_anew_is_used_as_it_was_where_the_server_breaks(make: Make, server: Server) -> None:
    make().fetch(ISSUE)
    make().forget(ISSUE)
    for number in range(MEMBERS):
        server.cut_after[member(number)] = 100
    files = dataclasses.replace(make(), retry_policy=RetryPolicy(attempts=1, sleep=lambda seconds: None)).fetch(ISSUE)
    assert versions(files) == [1000, 1001, 1002, 1003, 1004, 1005]
    assert "the 6 of before are used" in files.origin["corrected"]
    (folder(server) / member(5)).unlink()
    assert versions(make().fetch(ISSUE)) == [1000, 1001, 1002, 1003, 1004], "what the server has now, as was asked for"


def test_a_correction_while_the_first_members_are_fetched_mixes_nothing(make: Make, server: Server) -> None:
    """With 30 GB that takes hours: the members of before the correction are fetched once more."""
    source = make(parallel=1)
    read = source.remote.read

    def corrected_after_two(issue_date, name, start):  # type: ignore[no-untyped-def]
        if name == member(2) and sum(server.served.values()) == 2:
            for number in range(MEMBERS):
                change(folder(server) / member(number), 2)
        yield from read(issue_date, name, start)

    source.remote.read = corrected_after_two  # type: ignore[method-assign]
    assert versions(source.fetch(ISSUE)) == [2000, 2002, 2004, 2006, 2008, 2010]


def test_a_day_that_never_stays_the_same_is_not_used(make: Make, server: Server) -> None:
    source = make()
    read = source.remote.read

    def always_replaced(issue_date, name, start):  # type: ignore[no-untyped-def]
        yield from read(issue_date, name, start)
        if name == member(1):
            change(folder(server) / member(0), 1, 60 * server.served[member(1)])

    source.remote.read = always_replaced  # type: ignore[method-assign]
    with pytest.raises(InputMissing, match="replaced again and again"):
        dataclasses.replace(source, parallel=1).fetch(ISSUE)


def test_kept_global_files_of_before_a_correction_are_not_cut_again(make: Make, server: Server) -> None:
    make(keep_raw=True).fetch(ISSUE)
    for number in range(MEMBERS):
        change(folder(server) / member(number), 2)
    assert versions(make(keep_raw=True).fetch(ISSUE)) == [2000, 2002, 2004, 2006, 2008, 2010]


@pytest.mark.parametrize("kind", ["unit", "value", "grid", "negative"])
def test_one_bad_member_is_left_out_and_fetched_when_it_was_fixed(make: Make, server: Server, kind: str) -> None:
    file = folder(server) / member(2)
    good = file.read_bytes()
    with netCDF4.Dataset(file, "a") as data:
        if kind == "unit":
            data["dis"].units = "mm"
        elif kind == "value":
            data["dis"][:] = 1e9
        elif kind == "negative":
            data["dis"][:] = -5
        else:
            data["lat"][:] = np.linspace(6, -2, data["lat"].size)
    require_whole(make().fetch(ISSUE), "AAA", [0, 1, 3, 4, 5])
    file.write_bytes(good)
    os.utime(file, (time.time() + 600,) * 2)
    require_whole(make().fetch(ISSUE), "AAA")
    assert server.served[member(0)] == 1, "the member that comes late is no correction"


@pytest.fixture
def grib(tmp_path: Path) -> Path:
    """A GRIB2 file in an archive."""
    return write_grib(tmp_path / "archive" / DAY / "glofas.grib2")


def put(file: Path, content: bytes, seconds: float) -> None:
    file.write_bytes(content)
    os.utime(file, (time.time() + seconds,) * 2)


@pytest.mark.parametrize("begin", ["half", "web page", "other day", "twice"])
def test_a_grib_file_that_is_not_whole_yet_is_fetched_again_when_it_is(
    make_archive: Make,
    grib: Path,
    tmp_path: Path,
    begin: str,
) -> None:
    whole = grib.read_bytes()
    other = write_grib(tmp_path / "other.grib2", ISSUE.replace(day=14)).read_bytes()
    contents = {"half": whole[: len(whole) // 2 + 17], "web page": b"<html>", "other day": other, "twice": whole * 2}
    put(grib, contents[begin], 0)
    url = f"file://{tmp_path}/archive"
    for _ in range(2):
        with pytest.raises(InputInvalid):
            make_archive(url).fetch(ISSUE)
    assert not list((tmp_path / "cache").rglob("*.grib2")), "it appears under its name when it is whole"
    put(grib, whole, 600)
    require_whole(make_archive(url).fetch(ISSUE), "AAA")


def test_a_grib_file_that_grows_by_members(make_archive: Make, grib: Path, tmp_path: Path) -> None:
    def write(members: Iterable[int], seconds: float) -> None:
        put(grib, write_grib(tmp_path / "made.grib2", members=members).read_bytes(), seconds)

    url = f"file://{tmp_path}/archive"
    write(range(4), 0)
    require_whole(make_archive(url).fetch(ISSUE), "AAA", range(4))
    write(range(MEMBERS), 600)
    require_whole(make_archive(url).fetch(ISSUE), "AAA")
    shutil.rmtree(tmp_path / "archive")
    require_whole(make_archive(url).fetch(ISSUE), "AAA")


def test_grib_and_netcdf_of_one_day_are_not_chosen_from(make_archive: Make, grib: Path, tmp_path: Path) -> None:
    write_members(tmp_path / "archive")
    with pytest.raises(InputInvalid, match="1 GRIB and 6 netCDF files of 2026-02-15 lie together"):
        make_archive(f"file://{tmp_path}/archive").fetch(ISSUE)
