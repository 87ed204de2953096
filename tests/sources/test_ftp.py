"""The FTP product: global members cut to the countries, fetched once for all, whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import netCDF4
import pytest

from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ftp import FtpAccount, FtpFolder
from ibf_pipeline.sources.members import MemberSource
from tests.conftest import ROOT
from tests.worlds.countries.damage import make_classic, truncate
from tests.worlds.countries.forecast_files import GRID, ISSUE, MEMBERS, STATIONS, areas, require_whole, write_members
from tests.worlds.services.ftp import PASSWORD, USER, Server, running

Make = Callable[..., MemberSource]
LAST = f"dis_05_{ISSUE:%Y%m%d}00.nc"


def member(number: int) -> str:
    return f"dis_{number:02d}_{ISSUE:%Y%m%d}00.nc"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_members(tmp_path_factory.mktemp("made"))


@pytest.fixture
def server(tmp_path: Path, day: Path) -> Iterator[Server]:
    shutil.copytree(day, tmp_path / "served" / "glofas" / day.name)
    with running(tmp_path / "served") as about:
        yield about


@pytest.fixture
def make(server: Server, tmp_path: Path) -> Make:
    def source(country: str = "AAA", **more: object) -> MemberSource:
        account = FtpAccount(USER, str(more.pop("password", PASSWORD)))
        folder = FtpFolder(
            "127.0.0.1",
            int(str(more.pop("port", server.port))),
            "/glofas",
            lambda: account,
            tls=False,
            timeout_seconds=5,
        )
        options = {"parallel": 3, "retry_policy": RetryPolicy(attempts=4, sleep=lambda seconds: None), **more}
        return MemberSource("ftp", folder, InputCache(tmp_path / "cache"), country, areas(), MEMBERS, "4", **options)  # type: ignore[arg-type]

    return source


def test_members_are_cut_to_every_country_and_fetched_once(make: Make, server: Server, tmp_path: Path) -> None:
    files = make("AAA").fetch(ISSUE)
    require_whole(files, "AAA")
    require_whole(make("BBB").fetch(ISSUE), "BBB")
    assert server.served == {member(number): 1 for number in range(MEMBERS)}
    assert server.most_open <= 2 + 2 * 3, "no more than `parallel` control and data connections, and the listeners"
    with netCDF4.Dataset(files.files[0]) as data:
        # two stations, 4 rows and 10 columns apart, and 2 cells of margin on each side; 8 of 10 days
        assert data["dis"].shape == (8, 4 + 1 + 2 * 2, 10 + 1 + 2 * 2)
        assert data["dis"].units == "m3/s"
    assert not list((tmp_path / "cache").rglob("raw/*")), "global files are not kept unless asked"


def test_what_is_there_is_compared_with_the_server_and_not_fetched_again(make: Make, server: Server) -> None:
    make().fetch(ISSUE)
    server.commands.clear()
    require_whole(make().fetch(ISSUE), "AAA")
    assert {command: server.commands[command] for command in ("NLST", "SIZE", "MDTM", "RETR")} == {
        "NLST": 1, "SIZE": MEMBERS, "MDTM": MEMBERS, "RETR": 0,
    }  # fmt: skip


def test_the_origin_tells_size_and_hash_of_what_was_delivered(make: Make, server: Server) -> None:
    import hashlib

    record = make().fetch(ISSUE).origin["delivered"][LAST]
    content = (server.root / "glofas" / f"{ISSUE:%Y%m%d}" / LAST).read_bytes()
    assert (record["bytes"], record["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert record["origin"] == f"ftp://127.0.0.1:{server.port}/glofas/20260215/{LAST}"
    assert PASSWORD not in str(record)


def test_a_cut_connection_is_resumed_where_it_broke(make: Make, server: Server) -> None:
    server.cut_after[LAST] = 5000
    require_whole(make().fetch(ISSUE), "AAA")
    assert server.served[LAST] == 2
    assert server.resumed == [5000]


def test_a_transfer_that_ends_early_and_says_so_not_is_no_whole_file(make: Make, server: Server) -> None:
    server.short[LAST] = 4000
    require_whole(make().fetch(ISSUE), "AAA")
    assert server.served[LAST] == 2


def test_a_run_that_died_is_continued_by_the_next_one(make: Make, server: Server) -> None:
    server.cut_after[LAST] = 5000
    files = make(retry_policy=RetryPolicy(attempts=1)).fetch(ISSUE)
    require_whole(files, "AAA", range(MEMBERS - 1))
    server.served.clear()
    require_whole(make().fetch(ISSUE), "AAA")
    assert server.served == {LAST: 1}
    assert server.resumed == [5000]


def test_a_part_of_another_file_is_not_continued(make: Make, server: Server, tmp_path: Path) -> None:
    server.cut_after[LAST] = 5000
    make(retry_policy=RetryPolicy(attempts=1)).fetch(ISSUE)
    served = server.root / "glofas" / f"{ISSUE:%Y%m%d}" / LAST
    served.write_bytes(served.read_bytes() + b" ")  # the producer replaced it
    require_whole(make().fetch(ISSUE), "AAA")
    assert server.resumed == []


def test_a_server_without_modification_times_serves_whole_files_from_their_beginning(
    make: Make, server: Server
) -> None:
    """Nobody could say that what is there is a part of the same file."""
    server.unknown.add("MDTM")
    server.cut_after[LAST] = 5000
    require_whole(make().fetch(ISSUE), "AAA")
    assert (server.served[LAST], server.resumed) == (2, [])


def test_a_file_that_grows_while_it_is_fetched_is_not_whole(make: Make, server: Server) -> None:
    """The producer is still writing: size before and after differ."""
    source = make(retry_policy=RetryPolicy(attempts=1))
    describe = source.remote.describe
    served = server.root / "glofas" / f"{ISSUE:%Y%m%d}" / LAST
    whole = served.read_bytes()
    served.write_bytes(whole[:6000])

    def growing(issue_date, name):  # type: ignore[no-untyped-def]
        found = describe(issue_date, name)
        if name == LAST:
            served.write_bytes(whole)
        return found

    source.remote.describe = growing  # type: ignore[method-assign]
    require_whole(source.fetch(ISSUE), "AAA", range(MEMBERS - 1))
    require_whole(make().fetch(ISSUE), "AAA")


def test_a_file_that_is_replaced_while_it_is_fetched_is_fetched_again(make: Make, server: Server) -> None:
    """Of the same size, and whole: only the time of its last change tells."""
    served = server.root / "glofas" / f"{ISSUE:%Y%m%d}" / LAST
    source = make(retry_policy=RetryPolicy(attempts=2, sleep=lambda seconds: None))
    read = source.remote.read

    def replaced_meanwhile(issue_date, name, start):  # type: ignore[no-untyped-def]
        yield from read(issue_date, name, start)
        if name == LAST and server.served[LAST] == 1:
            os.utime(served, (time.time() + 600,) * 2)

    source.remote.read = replaced_meanwhile  # type: ignore[method-assign]
    require_whole(source.fetch(ISSUE), "AAA")
    assert server.served[LAST] == 2
    assert set(server.served.values()) == {1, 2}


def test_a_truncated_or_corrupt_member_on_the_server_is_left_out(make: Make, server: Server) -> None:
    folder = server.root / "glofas" / f"{ISSUE:%Y%m%d}"
    (folder / member(1)).write_bytes((folder / member(1)).read_bytes()[:7000])
    (folder / member(2)).write_bytes(b"<html>503 Service Unavailable</html>")
    (folder / member(3)).write_bytes(b"")
    require_whole(make().fetch(ISSUE), "AAA", [0, 4, 5])
    assert server.served[member(1)] == 2, "once more, in case the damage happened on the way"
    server.served.clear()
    require_whole(make().fetch(ISSUE), "AAA", [0, 4, 5])
    assert not server.served, "600 MB are not fetched again at every look while they are the same"
    whole = write_members(server.root / "again", members=[1])
    shutil.copy(next(whole.iterdir()), folder / member(1))
    require_whole(make().fetch(ISSUE), "AAA", [0, 1, 4, 5])


def test_what_a_thread_says_belongs_to_the_run_that_fetches(make: Make, server: Server) -> None:
    import logging
    from contextvars import ContextVar

    run: ContextVar[str] = ContextVar("run", default="nobody's")
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "left out" in record.getMessage():
                heard.append(run.get())

    (server.root / "glofas" / f"{ISSUE:%Y%m%d}" / member(2)).write_bytes(b"<html>")
    listener, logger = Listener(), logging.getLogger("ibf_pipeline.sources.members")
    logger.addHandler(listener)
    run.set("this run's")
    make().fetch(ISSUE)
    logger.removeHandler(listener)
    assert heard == ["this run's"]


def test_a_member_of_another_run_is_left_out(make: Make, server: Server, tmp_path: Path) -> None:
    from datetime import timedelta

    other = write_members(tmp_path / "other", ISSUE - timedelta(days=1), [0])
    shutil.copy(next(other.iterdir()), server.root / "glofas" / f"{ISSUE:%Y%m%d}" / member(0))
    require_whole(make().fetch(ISSUE), "AAA", [1, 2, 3, 4, 5])


def test_missing_members_are_fetched_when_they_appear(make: Make, server: Server) -> None:
    folder = server.root / "glofas" / f"{ISSUE:%Y%m%d}"
    late = {number: (folder / member(number)).read_bytes() for number in (1, 4)}
    for number in late:
        (folder / member(number)).unlink()
    require_whole(make().fetch(ISSUE), "AAA", [0, 2, 3, 5])
    for number, content in late.items():
        (folder / member(number)).write_bytes(content)
    server.served.clear()
    require_whole(make().fetch(ISSUE), "AAA")
    assert server.served == {member(1): 1, member(4): 1}


def test_a_day_that_is_not_there_yet_and_appears(make: Make, server: Server) -> None:
    folder = server.root / "glofas" / f"{ISSUE:%Y%m%d}"
    folder.rename(server.root / "hidden")
    with pytest.raises(InputMissing, match="20260215 is not there"):
        make().fetch(ISSUE)
    folder.mkdir()
    with pytest.raises(InputMissing):
        make().fetch(ISSUE)
    folder.rmdir()
    (server.root / "hidden").rename(folder)
    require_whole(make().fetch(ISSUE), "AAA")


def test_names_in_upper_case_are_read_and_other_names_are_named(make: Make, server: Server) -> None:
    folder = server.root / "glofas" / f"{ISSUE:%Y%m%d}"
    (folder / member(3)).rename(folder / member(3).upper())
    for name in ("readme.txt", "control.bin", f"{member(4)}.gz"):
        (folder / name).write_bytes(b"GRIB")
    files = make().fetch(ISSUE)
    require_whole(files, "AAA")
    assert files.origin["not_used"] == ["control.bin", f"{member(4)}.gz", "readme.txt"]
    for file in folder.glob("*.[nN][cC]"):
        file.unlink()
    shutil.rmtree(files.files[0].parents[1])
    with pytest.raises(InputMissing, match=r"among 3 files: control\.bin, dis_04_2026021500\.nc\.gz, readme\.txt"):
        make().fetch(ISSUE)


def test_what_is_left_out_is_named_with_its_reason(make: Make, server: Server) -> None:
    truncate(server.root / "glofas" / f"{ISSUE:%Y%m%d}" / member(2), 1000)
    for _ in range(2):
        (unused,) = make().fetch(ISSUE).origin["not_used"]
        assert unused.startswith(f"{member(2)}: ")


def test_only_damaged_members_are_an_invalid_input(make: Make, server: Server) -> None:
    for file in (server.root / "glofas" / f"{ISSUE:%Y%m%d}").iterdir():
        file.write_bytes(b"not a netCDF file")
    with pytest.raises(InputInvalid, match="cannot be read"):
        make().fetch(ISSUE)


def test_a_classic_member_that_was_cut_off_is_left_out(make: Make, server: Server) -> None:
    """Its missing end would be cut out as 0 m3/s."""
    file = server.root / "glofas" / f"{ISSUE:%Y%m%d}" / member(2)
    make_classic(file)
    truncate(file, file.stat().st_size // 2)
    files = make().fetch(ISSUE)
    assert member(2) not in {path.name for path in files.files}
    assert len(files.files) == MEMBERS - 1


def test_a_wrong_password_is_said_and_shown_nowhere(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ServerRefused, match="login was refused") as refused:
        make(password="wr0ng-word").fetch(ISSUE)
    assert "wr0ng-word" not in str(refused.value) + caplog.text + repr(refused.value.__context__)


def test_an_account_that_may_have_two_connections_serves_four_threads(make: Make, server: Server) -> None:
    server.most_logins = 2
    server.slow = True
    require_whole(make(parallel=4, retry_policy=RetryPolicy(attempts=1)).fetch(ISSUE), "AAA")


def test_what_the_server_says_to_a_login_that_it_refuses(make: Make, server: Server) -> None:
    server.most_logins = 0
    with pytest.raises(ServerRefused, match="maximum number of clients for this user"):
        make().fetch(ISSUE)


def test_an_account_that_may_not_list_the_folder(make: Make, server: Server) -> None:
    server.permissions["perm"] = "e"
    with pytest.raises(ServerRefused, match=r"may not be read \(550 Not enough privileges"):
        make().fetch(ISSUE)


def test_a_server_that_is_down(make: Make, server: Server) -> None:
    with pytest.raises(ServerUnreachable, match="could not be listed"):
        make(port=1).fetch(ISSUE)
    make().fetch(ISSUE)
    (server.root / "glofas" / f"{ISSUE:%Y%m%d}" / LAST).unlink()
    require_whole(make(port=1).fetch(ISSUE), "AAA")


CHILD = """
import sys
from pathlib import Path
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ftp import FtpAccount, FtpFolder
from ibf_pipeline.sources.members import MemberSource
from tests.worlds.countries.forecast_files import ISSUE, MEMBERS, areas

port, cache, user, password = sys.argv[1:]
folder = FtpFolder("127.0.0.1", int(port), "/glofas", lambda: FtpAccount(user, password), tls=False, timeout_seconds=9)
MemberSource("ftp", folder, InputCache(Path(cache)), "AAA", areas(), MEMBERS, "4", 2).fetch(ISSUE)
"""


def test_a_killed_process_leaves_nothing_that_looks_whole_and_no_lock(
    make: Make, server: Server, tmp_path: Path
) -> None:
    server.slow = True
    cache = tmp_path / "cache"
    command = [sys.executable, "-c", CHILD, str(server.port), str(cache), USER, PASSWORD]
    with subprocess.Popen(command, cwd=ROOT) as child:
        deadline = time.monotonic() + 60
        while not any(file.stat().st_size > 4000 for file in cache.rglob("*.nc.part")):
            assert time.monotonic() < deadline
            assert child.poll() is None, "it should be in the middle of a file"
            time.sleep(0.01)
        child.kill()
    server.slow = False
    require_whole(make().fetch(ISSUE), "AAA")
    assert server.resumed
    assert min(server.resumed) > 0


def test_two_countries_at_the_same_time_fetch_once(make: Make, server: Server) -> None:
    results: dict[str, object] = {}

    def run(country: str) -> None:
        results[country] = make(country).fetch(ISSUE)

    threads = [threading.Thread(target=run, args=(country,)) for country in STATIONS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for country, files in results.items():
        require_whole(files, country)  # type: ignore[arg-type]
    assert set(results) == set(STATIONS)
    assert set(server.served.values()) == {1}


def test_kept_global_files_serve_a_country_that_is_added_later(make: Make, server: Server, tmp_path: Path) -> None:
    import dataclasses

    first = dataclasses.replace(make("AAA", keep_raw=True), areas={"AAA": areas()["AAA"]})
    first.fetch(ISSUE)
    assert len(list((tmp_path / "cache/ftp/20260215/raw").glob("*.nc"))) == MEMBERS
    require_whole(make("BBB", keep_raw=True).fetch(ISSUE), "BBB")
    assert set(server.served.values()) == {1}


def test_a_cut_that_has_become_too_small_is_made_again(make: Make, server: Server) -> None:
    import dataclasses

    make("AAA").fetch(ISSUE)
    wider = dataclasses.replace(make("AAA"), areas={**areas(), "AAA": areas(0.3)["AAA"]})
    with netCDF4.Dataset(wider.fetch(ISSUE).files[0]) as data:
        assert data["dis"].shape == (8, 4 + 1 + 2 * 6, 10 + 1 + 2 * 6)
    assert set(server.served.values()) == {2}


def test_the_small_globe_is_larger_than_what_is_kept() -> None:
    assert areas()["AAA"].cells * 10 < GRID.width * GRID.height
