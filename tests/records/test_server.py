"""The records on a database server that goes away, comes back, forgets to answer and is in two minds."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text, update

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, WriteFailed
from ibf_pipeline.io.outage import Outage
from ibf_pipeline.io.sql import Database, DatabaseAway
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.publisher import publish
from ibf_pipeline.records import lease as leases
from ibf_pipeline.records.database import HEAD, open_records
from ibf_pipeline.records.lease import LeaseLost, lease
from ibf_pipeline.records.schema import LEASE, REVISION
from ibf_pipeline.storage.storage import Storage
from tests.worlds.journals import Counting
from tests.worlds.services.postgres import PASSWORD, PostgresServer
from tests.worlds.services.wire import Wire

VERSION = text("SELECT version_num FROM records_version")
NAME = "XTY/floods/portal"
PLAN = [
    Call(1, "exposure", "POST", "/a", body={"n": 1}),
    Call(2, "station", "POST", "/b", body={"n": 2}),
    Call(3, "notify", "POST", "/end", body={"n": 3}, kind="end"),
]
WALK = [(0, "begun"), (1, "done"), (2, "done"), (3, "sending"), (3, "done")]


@pytest.fixture
def wire(postgres: PostgresServer) -> Iterator[Wire]:
    with Wire(postgres.port) as line:
        yield line


@pytest.fixture
def name(postgres: PostgresServer) -> str:
    """A database with tables."""
    return postgres.records()


@pytest.fixture
def database(postgres: PostgresServer, wire: Wire, name: str) -> Iterator[Database]:
    """The same behind a line, and patient for as long as a test may take."""
    opened = open_records(postgres.url(name, wire.port))
    opened.rows(VERSION)
    yield opened
    opened.close()


def test_the_tables_are_made_on_a_server(postgres: PostgresServer) -> None:
    assert open_records(postgres.url(postgres.empty())).rows(VERSION) == [(HEAD,)]


def test_a_query_by_itself_begins_no_transaction_and_several_see_one_state(database: Database) -> None:
    """In a transaction `now` is when it began: a way to the server earlier than its first query."""
    alone, see = text("SELECT now() = statement_timestamp()"), select(LEASE.c.name)
    assert database.rows(alone) == [(True,)]

    def read(connection: Connection) -> list[int]:
        first = len(list(connection.execute(see)))
        add(database, NAME)
        return [first, len(list(connection.execute(see)))]

    assert database.read(read) == [0, 0]
    assert (database.rows(see), database.rows(alone)) == ([(NAME,)], [(True,)])


def add(database: Database, name: str) -> None:
    row = LEASE.insert().values(name=name, fence=1, purpose="", since="", expires=0.0)
    database.write(lambda connection, again: connection.execute(row))


def names(database: Database) -> list[str]:
    return [row.name for row in database.rows(select(LEASE.c.name).order_by(LEASE.c.name))]


def once(word: bytes) -> Callable[[bytes], bool]:
    """True for the first of what is sent that holds a word."""
    left = [True]
    return lambda sent: word in sent and bool(left) and left.pop()


@pytest.mark.parametrize("word", [b"BEGIN", b"INSERT", b"COMMIT"])
def test_work_that_a_cut_has_undone_is_done_again(word: bytes, database: Database, wire: Wire) -> None:
    wire.cut_before = once(word)
    add(database, "a")
    assert names(database) == ["a"]


def test_work_whose_answer_is_lost_is_told_so_and_looks(database: Database, wire: Wire) -> None:
    told: list[bool] = []

    def work(connection: Connection, again: bool) -> None:
        told.append(again)
        connection.execute(VERSION)

    wire.cut_after = once(b"COMMIT")
    database.write(work)
    assert told == [False, True]


def test_a_server_that_is_restarted_is_waited_for(database: Database, postgres: PostgresServer) -> None:
    add(database, "a")
    postgres.stop()
    later = threading.Timer(0.5, postgres.start)
    later.start()
    try:
        add(database, "b")
    finally:
        later.join()
    assert names(database) == ["a", "b"]


def test_one_that_stays_away_is_one_clear_error_and_is_waited_for_once(
    database: Database, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """Two minutes pass at each pause here: of five minutes that it is waited for, three are enough."""
    seconds, slept = [0.0], list[float]()

    def sleep(pause: float) -> None:
        slept.append(pause)
        seconds[0] += 120

    database._outage = Outage(300, lambda: seconds[0], sleep)
    wire.refuse()
    with pytest.raises(DatabaseAway, match=r"records cannot be used .*refused") as away:
        add(database, "a")
    assert len(slept) == 3
    with pytest.raises(DatabaseAway):
        names(database)
    assert len(slept) == 3, "what comes next does not wait another five minutes"
    assert PASSWORD not in f"{away.value!r} {away.value} {away.value.__cause__} {caplog.text}"
    assert len([record for record in caplog.records if "it is tried again for 300 s" in record.getMessage()]) == 1
    wire.listen()
    add(database, "a")
    wire.refuse()
    with suppress(DatabaseAway):
        add(database, "b")
    assert len(slept) == 6, "a new outage is waited for anew"


def test_an_answer_that_does_not_come_is_given_up(postgres: PostgresServer, wire: Wire, name: str) -> None:
    database = open_records(postgres.url(name, wire.port) + "?timeout=0.4")
    names(database)
    wire.fall_silent()
    with pytest.raises(DatabaseAway, match="connection timeout expired"):
        names(database)
    wire.listen()
    assert names(database) == []


def test_work_that_is_in_anothers_way_is_done_again(database: Database) -> None:
    """Two that want each other's rows: the server ends one of them, which does its work again."""
    add(database, "a")
    add(database, "b")
    both, told = threading.Barrier(2), list[bool]()

    def work(first: str, second: str) -> Callable[[Connection, bool], None]:
        def both_rows(connection: Connection, again: bool) -> None:
            told.append(again)
            for number, row in enumerate((first, second)):
                if number and not again:
                    both.wait(20)
                more = update(LEASE).where(LEASE.c.name == row).values(fence=LEASE.c.fence + 1)
                connection.execute(more)

        return both_rows

    threads = [threading.Thread(target=database.write, args=(work(*rows),)) for rows in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == [False, False, True]
    assert [row.fence for row in database.rows(select(LEASE.c.fence))] == [3, 3]


def test_too_many_connections_and_a_server_that_only_reads_are_waited_for(
    database: Database, postgres: PostgresServer, name: str
) -> None:
    with postgres.admin() as admin:
        for spoil, fix in (
            (f"ALTER DATABASE {name} CONNECTION LIMIT 0", f"ALTER DATABASE {name} CONNECTION LIMIT -1"),
            (f"ALTER DATABASE {name} SET default_transaction_read_only TO on",
             f"ALTER DATABASE {name} RESET default_transaction_read_only"),
        ):  # fmt: skip
            admin.execute(spoil.encode())
            postgres.cut(name)
            later = threading.Timer(0.5, admin.execute, (fix.encode(),))
            later.start()
            try:
                add(database, spoil)
            finally:
                later.join()
    assert len(names(database)) == 2


# What is recorded of calls -------------------------------------------------------------------------------------------


def clock() -> datetime:
    return datetime(2026, 2, 15, tzinfo=UTC)


def journal_of(database: Database, folder: Path) -> Journal:
    key = {"country": "XTY", "hazard": "floods", "issue_time": "2026-02-15", "exercise": False, "target": "portal"}
    if not database.rows(select(REVISION.c.id)):
        with database.transaction() as connection:
            connection.execute(REVISION.insert().values(id=1, number=1, **key))
    return Journal(database, 1, NAME, folder / "journal.jsonl", clock)


def states(journal: Journal) -> list[tuple[int, str]]:
    return [(entry.call, entry.state) for entry in journal.progress().entries]


def nth(number: int, word: bytes = b"") -> Callable[[bytes], bool]:
    """True for the n-th of what is sent that holds a word."""
    met = iter(range(1, 1_000_000))
    return lambda sent: word in sent and next(met) == number


@pytest.mark.parametrize("how", ["cut_before", "cut_after"])
def test_the_end_of_every_transaction_of_a_walk_is_cut(
    how: str, database: Database, wire: Wire, tmp_path: Path
) -> None:
    """Seven: the lease, the beginning, its reading, the mark, its reading, the end, and the lease given back."""
    journal = journal_of(database, tmp_path)
    for number in range(1, 8):
        with database.transaction() as connection:
            connection.execute(text("DELETE FROM entry"))
        setattr(wire, how, nth(number, b"COMMIT"))
        target = Counting()
        publish(PLAN, target, journal)
        assert target.sent == {1: 1, 2: 1, 3: 1}
        assert states(journal) == WALK


def another_takes_it(database: Database) -> None:
    """A process on another machine, after nobody had renewed it."""
    row = {"holder": "elsewhere x/pid:[1] 77 123", "purpose": "run XTY 2026-02-15"}
    with database.transaction() as connection:
        expires = database.now() + 60
        connection.execute(update(LEASE).values(fence=LEASE.c.fence + 1, expires=expires, **row))


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_publisher_whose_lease_lapsed_while_the_database_was_away(
    at: int, taken: bool, postgres: PostgresServer, wire: Wire, name: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It makes no further call where another one has taken it, and goes on where nobody has."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.0)
    monkeypatch.setattr(leases.Lease, "_keep", lambda self: None)
    database, direct = open_records(postgres.url(name, wire.port)), open_records(postgres.url(name))

    def outage(number: int) -> None:
        if number == at:
            wire.refuse()
            if taken:
                another_takes_it(direct)
            back = threading.Timer(0.2, wire.listen)
            back.daemon = True
            back.start()

    target, journal = Counting(outage), journal_of(database, tmp_path)
    if taken:
        with pytest.raises(OutcomeUnknown if at == 3 else LeaseLost, match="another process has taken over"):
            publish(PLAN, target, journal)
    else:
        publish(PLAN, target, journal)
        assert states(journal) == WALK
    assert target.sent == dict.fromkeys(range(1, at + 1 if taken else 4), 1)


def test_a_lease_ends_by_the_clock_of_the_server(
    postgres: PostgresServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is an hour ahead takes over from nobody, and its own lease is not an hour longer."""
    database = open_records(postgres.url(name))
    today = leases.time.time()
    monkeypatch.setattr(leases.time, "time", lambda: today + 3600)
    with lease(database, NAME, "first"):
        (row,) = database.rows(select(LEASE, database.now().label("now")))
        assert 100 < row.expires - row.now <= 120
        another_takes_it(database)
        with pytest.raises(ForbiddenByRule, match="process 77 on elsewhere"):
            leases._take(database, NAME, "second")
        with database.transaction() as connection:
            connection.execute(update(LEASE).values(expires=database.now() - 1))
        assert leases._take(database, NAME, "second").fence == 3


def test_a_container_of_the_same_name_and_numbers_on_another_machine_is_alive(
    postgres: PostgresServer, name: str
) -> None:
    """Both are process 1 of a container called `worker`; only the machines differ."""
    database = open_records(postgres.url(name))
    with lease(database, NAME, "first"):
        pass
    host, space, process, began = leases._own_name().split()
    holder = " ".join([host, f"another-{space}", process, f"{began}1"])
    with database.transaction() as connection:
        connection.execute(update(LEASE).values(holder=holder, expires=database.now() + 60))
    with pytest.raises(ForbiddenByRule, match="another process is at work there"):
        leases._take(database, NAME, "second")


# The password ---------------------------------------------------------------------------------------------------------


def configured(url: str, tmp_path: Path, **more: str) -> Configuration:
    settings = Settings.model_validate({"sources": {}, "targets": {}, "records": url, **more})
    return Configuration(tmp_path / "config", settings)


def test_the_password_comes_from_the_environment(
    postgres: PostgresServer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every character that an address gives a meaning, and under another name, too."""
    for variable, more in (
        ("IBF_RECORDS_PASSWORD", {}), ("OURS", {"records_password_variable": "OURS"}),
    ):  # fmt: skip
        configuration = configured(f"postgresql://ibf@127.0.0.1:{postgres.port}/{name}", tmp_path, **more)
        with monkeypatch.context() as patch:
            patch.setenv(variable, PASSWORD)
            database = open_records(str(configuration.records))
            assert database.rows(VERSION) == [(HEAD,)]
        assert database.place == f"postgresql+psycopg://ibf:***@127.0.0.1:{postgres.port}/{name}"
        assert "ss@" not in repr(Storage(str(configuration.records)))


def test_one_that_is_wanted_and_missing_is_named_at_once(
    postgres: PostgresServer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IBF_RECORDS_PASSWORD", raising=False)
    records = configured(f"postgresql+psycopg://ibf@127.0.0.1:{postgres.port}/{name}", tmp_path).records
    with pytest.raises(WriteFailed, match=r"password.*IBF_RECORDS_PASSWORD") as missing:
        open_records(str(records)).rows(VERSION)
    assert not isinstance(missing.value, DatabaseAway)


def test_a_wrong_one_is_said_at_once_and_not_told(
    postgres: PostgresServer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IBF_RECORDS_PASSWORD", "s3cret@/x")
    records = configured(f"postgresql://ibf@127.0.0.1:{postgres.port}/{name}", tmp_path).records
    with pytest.raises(WriteFailed, match="password authentication failed") as wrong:
        open_records(str(records)).rows(VERSION)
    assert "s3cret" not in "".join(traceback.format_exception(wrong.value))


def test_a_database_that_is_not_there_is_said_at_once(postgres: PostgresServer) -> None:
    records = open_records(postgres.url("no_such_one"))
    with pytest.raises(WriteFailed, match=r'"no_such_one" does not exist') as missing:
        records.rows(VERSION)
    assert missing.value.remedy == "create the database for this user, or correct `records` in settings.yaml"


def test_one_that_stands_in_the_address_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBF_RECORDS_PASSWORD", "other")
    for url in ("postgresql://ibf:first@db/ibf", "postgresql://ibf@db/ibf?password=first"):
        assert configured(url, tmp_path).records == url
