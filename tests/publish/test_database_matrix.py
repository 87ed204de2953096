"""A publisher's calls with records on a database server that is cut off, restarted or crashes at each of them, and with
the process killed: afterwards a resume ends in exactly one mail.

A long story; what stands for it in the daily tests is in tests/records/test_server.py.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from ibf_pipeline.errors import OutcomeUnknown
from ibf_pipeline.io.sql import Database
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.publisher import Answer, NotificationMode, publish
from ibf_pipeline.records.database import open_records
from ibf_pipeline.records.schema import ENTRY, REVISION
from tests.worlds.services.postgres import PostgresServer
from tests.worlds.services.wire import Wire

pytestmark = pytest.mark.story
WRITES = 6
PLAN = [
    *(Call(number, f"exposure {number}", "POST", "/exposure", body={"n": number}) for number in range(1, WRITES + 1)),
    Call(WRITES + 1, "notify", "POST", "/notification/send", body={}, kind="end"),
]
END = WRITES + 1
WALK = [(0, "begun"), *((n, "done") for n in range(1, END)), (END, "sending"), (END, "done")]


def clock() -> datetime:
    return datetime.now(UTC)


class Portal:
    """Counts what it carries out in a file, which outlives the process that sends."""

    def __init__(self, file: Path, before: Callable[[int], None] = lambda n: None, after: Callable[[int], None] = lambda n: None) -> None:  # fmt: skip  # noqa: E501
        self.file, self.before, self.after = file, before, after

    def send(self, call: Call) -> Answer:
        self.before(call.number)
        with self.file.open("a") as stream:
            stream.write(f"{call.number}\n")
        self.after(call.number)
        return Answer(201, "")

    @property
    def sent(self) -> Counter[int]:
        return Counter(map(int, self.file.read_text().split())) if self.file.exists() else Counter()


@pytest.fixture(scope="module")
def name(postgres: PostgresServer) -> str:
    return postgres.records()


@pytest.fixture
def wire(postgres: PostgresServer) -> Iterator[Wire]:
    with Wire(postgres.port) as line:
        yield line


@pytest.fixture
def database(postgres: PostgresServer, wire: Wire, name: str) -> Iterator[Database]:
    opened = open_records(postgres.url(name, wire.port))
    yield opened
    opened.close()


def fresh(database: Database, folder: Path) -> Journal:
    """The journal of a revision of which nothing is recorded."""
    key = {"country": "XTY", "hazard": "floods", "issue_time": "2026-02-15", "exercise": False, "target": "portal"}
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM entry"))
        connection.execute(text("DELETE FROM lease"))
        if connection.execute(select(REVISION.c.id)).first() is None:
            connection.execute(REVISION.insert().values(id=1, number=1, **key))
    return journal_of(database, folder)


def journal_of(database: Database, folder: Path) -> Journal:
    return Journal(database, 1, "XTY/floods/portal", folder / "journal.jsonl", clock)


def states(database: Database) -> list[tuple[int, str]]:
    rows = database.rows(select(ENTRY.c.call, ENTRY.c.state).order_by(ENTRY.c.id))
    return [(row.call, row.state) for row in rows]


def nth(number: int, met: list[int]) -> Callable[[bytes], bool]:
    """True for the n-th of what is sent, which it notes."""
    count = iter(range(1, 1_000_000))

    def is_it(_: bytes) -> bool:
        if next(count) != number:
            return False
        met.append(number)
        return True

    return is_it


@pytest.mark.parametrize("how", ["cut_before", "cut_after"])
def test_the_line_is_cut_at_every_message(
    how: str, database: Database, wire: Wire, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever was on its way to the database or back: each call is made once, and each word is recorded once."""
    cuts, number = 0, 0
    while True:
        number += 1
        journal, met = fresh(database, tmp_path), list[int]()
        portal = Portal(tmp_path / f"{how}-{number}")
        setattr(wire, how, nth(number, met))
        publish(PLAN, portal, journal)
        setattr(wire, how, lambda sent: False)
        assert portal.sent == dict.fromkeys(range(1, END + 1), 1)
        assert states(database) == WALK
        if not met:
            break
        cuts += 1
    assert cuts > 30
    with capsys.disabled():
        print(f"\ndatabase matrix: {how}: the line cut at {cuts} of {cuts} messages of {END} calls", end=" ")


@pytest.mark.parametrize("how", ["cut", "restart", "crash"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_database_goes_away_at_every_call(
    how: str, when: str, database: Database, postgres: PostgresServer, wire: Wire, name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Connections ended by the server, the server restarted, the server fallen over and started again."""

    def crash() -> None:
        postgres.crash()
        postgres.start()

    spoil: dict[str, Callable[[], object]] = {
        "cut": lambda: postgres.cut(name), "restart": postgres.restart, "crash": crash,
    }  # fmt: skip
    for at in range(1, END + 1):
        journal = fresh(database, tmp_path)
        portal = Portal(tmp_path / str(at), **{when: lambda number, at=at: number == at and spoil[how]()})
        publish(PLAN, portal, journal)
        assert portal.sent == dict.fromkeys(range(1, END + 1), 1)
        assert states(database) == WALK
    with capsys.disabled():
        print(f"\ndatabase matrix: {how} {when} the call: {END} of {END} calls", end=" ")


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_process_is_killed_at_every_call(
    when: str, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL; no call is known as done that was not made, and a person decides about the mail alone."""
    for at in range(1, END + 1):
        fresh(database, tmp_path)
        portal = Portal(tmp_path / str(at), **{when: lambda n, at=at: n == at and os.kill(os.getpid(), signal.SIGKILL)})
        in_child(lambda portal=portal: publish(PLAN, portal, journal_of(database, tmp_path)))
        known = {call for call, state in states(database) if state == "done"}
        assert known <= set(portal.sent)
        settled(database, tmp_path, tmp_path / str(at), is_in_doubt=at == END)
    with capsys.disabled():
        print(f"\ndatabase matrix: kill -9 {when} the call: {END} of {END} calls", end=" ")


@pytest.mark.parametrize("how", ["cut_before", "cut_after"])
def test_the_process_is_killed_at_every_message(
    how: str, postgres: PostgresServer, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL while a message is on its way to the database, or its answer on the way back."""
    direct = open_records(postgres.url(name))
    number, killed = 0, 0
    while True:
        number += 1
        fresh(direct, tmp_path)
        with Wire(postgres.port) as wire:
            child = Child(lambda wire=wire, n=number: publish(
                PLAN, Portal(tmp_path / f"{how}-{n}"), journal_of(open_records(postgres.url(name, wire.port)), tmp_path)
            ))  # fmt: skip
            met: list[int] = []
            is_it = nth(number, met)
            setattr(wire, how, lambda sent, is_it=is_it, child=child: is_it(sent) and child.kill())
            child.go()
            child.wait()
        if not met:
            break
        killed += 1
        sent = Portal(tmp_path / f"{how}-{number}").sent
        known = {call for call, state in states(direct) if state == "done"}
        assert known <= set(sent), "no call is known as done that was not made"
        doubt = (END, "sending") in states(direct) and END not in known
        assert doubt or (END in sent) == (END in known)
        settled(direct, tmp_path, tmp_path / f"{how}-{number}", is_in_doubt=doubt)
    assert killed > 30
    with capsys.disabled():
        print(f"\ndatabase matrix: kill -9, {how}: at {killed} of {killed} messages of {END} calls", end=" ")


def test_two_minutes_without_a_database(
    database: Database, wire: Wire, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In real time: the day goes on where it was, its lease is nobody else's, and the mail goes out once."""
    journal = fresh(database, tmp_path)

    def away(number: int) -> None:
        if number == 3:
            wire.refuse()
            threading.Timer(120, wire.listen).start()

    portal, began = Portal(tmp_path / "calls", before=away), time.monotonic()
    publish(PLAN, portal, journal)
    assert time.monotonic() - began > 119
    assert portal.sent == dict.fromkeys(range(1, END + 1), 1)
    assert states(database) == WALK
    with capsys.disabled():
        print(f"\ndatabase away for 120 s: {END} calls made once in {time.monotonic() - began:.0f} s", end=" ")


def settled(database: Database, folder: Path, calls: Path, *, is_in_doubt: bool) -> None:
    """Resumed as a person would, who looks whether the mail went out: then it went out once."""
    portal = Portal(calls)
    if is_in_doubt:
        with pytest.raises(OutcomeUnknown):
            publish(PLAN, portal, journal_of(database, folder))
    end: NotificationMode = "send" if not is_in_doubt else "assume" if portal.sent[END] else "again"
    publish(PLAN, portal, journal_of(database, folder), end=end)
    assert portal.sent[END] == 1
    assert set(portal.sent) == set(range(1, END + 1))
    assert journal_of(database, folder).progress().done == set(range(1, END + 1))


class Child:
    """A process that does something once it is told to, and can be killed by a thread here."""

    def __init__(self, work: Callable[[], object]) -> None:
        reading, self._writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.read(reading, 1)
                work()
                code = 0
            finally:
                os._exit(code)
        os.close(reading)

    def go(self) -> None:
        os.write(self._writing, b"g")
        os.close(self._writing)

    def kill(self) -> bool:
        os.kill(self.pid, signal.SIGKILL)
        return True

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def in_child(work: Callable[[], object]) -> None:
    """In a process of its own, which is killed."""
    child = Child(work)
    child.go()
    assert child.wait() == -signal.SIGKILL
