"""The right to publish: one holder, taken over from the dead, and of no use to who was taken for dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from flows.wiring.day import open_day
from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer, publish
from ibf_pipeline.records import lease as leases
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.records.lease import LeaseLost, holders, lease
from ibf_pipeline.records.schema import LEASE
from tests.conftest import ROOT
from tests.worlds.journals import journal_in

NAME = "XTY/floods/portal"
HOLDER = """
import sys, time
from ibf_pipeline.records.lease import lease
from ibf_pipeline.records.database import open_records
with lease(open_records(sys.argv[1]), sys.argv[2], "run XTY 2026-02-15"):
    print("held", flush=True)
    time.sleep(60)
"""
PLAN = [
    Call(1, "exposure", "POST", "/a", body={"n": 1}),
    Call(2, "station", "POST", "/b", body={"n": 2}),
    Call(3, "notify", "POST", "/end", body={"n": 3}, kind="end"),
]


def clock() -> datetime:
    return datetime(2026, 2, 15, 7, tzinfo=UTC)


def another_machine_takes_it(database: Database) -> None:
    """As if nobody had renewed it for long, and a process elsewhere had come."""
    row = {"holder": "elsewhere pid:[1] 77 123", "purpose": "run XTY 2026-02-15", "expires": time.time() + 60}
    with database.transaction() as connection:
        connection.execute(update(LEASE).values(fence=LEASE.c.fence + 1, **row))


def test_the_second_one_is_told_who_holds_it_until_the_holder_is_killed(tmp_path: Path) -> None:
    url = records_url(tmp_path)
    command = [sys.executable, "-c", HOLDER, url, NAME]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        about = rf"run XTY 2026-02-15, process {holder.pid} on .* since 20"
        refused = pytest.raises(ForbiddenByRule, match=f"another process is at work there: {about}")
        with refused, lease(open_records(url), NAME, "resume XTY 2026-02-15"):
            pytest.fail("two at once")
        for other in ("KEN/floods/portal", "XTY/floods/shadow", "XTY/typhoon/portal"):
            with lease(open_records(url), other, "run"):
                pass
        (line,) = holders(open_records(url))
        assert line.startswith(f"{NAME}: run XTY 2026-02-15, process {holder.pid} on ")
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    with lease(open_records(url), NAME, "resume XTY 2026-02-15") as taken:
        assert taken.fence == 2, "at once: a process that is dead on this machine is known to be"
    assert holders(open_records(url)) == []


def test_who_needs_it_further_down_has_it_already_and_another_thread_has_not(tmp_path: Path) -> None:
    database = open_records(records_url(tmp_path))
    said: list[str] = []

    def elsewhere() -> None:
        try:
            with lease(database, NAME, "second"):
                said.append("held")
        except ForbiddenByRule as error:
            said.append(error.found)

    with lease(database, NAME, "first") as outer:
        with lease(database, NAME, "inner") as inner:
            assert inner is outer
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert said[0].startswith("another process is at work there: first, process ")


def test_one_of_another_machine_is_taken_over_when_it_has_expired(tmp_path: Path) -> None:
    database = open_records(records_url(tmp_path))
    with lease(database, NAME, "first"):
        pass
    another_machine_takes_it(database)
    with pytest.raises(ForbiddenByRule, match="process 77 on elsewhere"), lease(database, NAME, "second"):
        pytest.fail("two at once")
    with database.transaction() as connection:
        connection.execute(update(LEASE).values(expires=time.time() - 1))
    with lease(database, NAME, "second") as taken:
        assert taken.fence == 3


@pytest.mark.parametrize("at", [1, 2, 3])
def test_who_loses_it_makes_no_further_call(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asleep while it made a call, for longer than a lease is good."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.0)
    journal, made = journal_in(tmp_path, clock), list[int]()

    class Slow:
        def send(self, call: Call) -> Answer:
            made.append(call.number)
            if call.number == at:
                another_machine_takes_it(open_records(records_url(tmp_path)))
            return Answer(201, "")

    monkeypatch.setattr(leases.Lease, "_keep", lambda self: None)
    with pytest.raises(
        OutcomeUnknown if at == 3 else LeaseLost,
        match="another process has taken over XTY/floods/portal: run XTY",
    ):
        publish(PLAN, Slow(), journal)
    assert made == list(range(1, at + 1))


def test_nothing_is_recorded_by_who_lost_it(tmp_path: Path) -> None:
    database = open_records(records_url(tmp_path))
    journal = journal_in(tmp_path, clock)
    journal.begin()
    with journal.open("publish"):
        another_machine_takes_it(database)
        with pytest.raises(LeaseLost):
            journal.append(1, "failed")
    assert [entry.state for entry in journal.progress().entries] == ["begun"]


def test_a_machine_that_slept_asks_whether_the_lease_is_still_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its monotonic clock stood still, the calendar did not."""
    database = open_records(records_url(tmp_path))
    with lease(database, NAME, "first") as held:
        another_machine_takes_it(database)
        held.require()  # it is sure of it for two minutes
        today = time.time()
        monkeypatch.setattr(leases.time, "time", lambda: today + 3600)
        with pytest.raises(LeaseLost):
            held.require()


def test_it_is_renewed_while_its_holder_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.15)
    database = open_records(records_url(tmp_path))
    renewed = threading.Event()
    real = leases.Lease.renew

    def renew(self: leases.Lease, *, wait: bool = True) -> None:
        real(self, wait=wait)
        renewed.set()

    monkeypatch.setattr(leases.Lease, "renew", renew)
    with lease(database, NAME, "first"):
        (before,) = database.rows(LEASE.select())
        assert renewed.wait(20)
        (after,) = database.rows(LEASE.select())
        assert after.expires > before.expires
        assert after.fence == before.fence


def test_one_that_could_not_be_given_back_is_nobody_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_records(records_url(tmp_path))
    with monkeypatch.context() as patch, lease(database, NAME, "first"):
        patch.setattr(leases, "_give_back", lambda held: None)
    with lease(database, NAME, "second") as taken:
        assert taken.fence == 2


def test_who_has_patience_waits_and_says_once_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=leases.__name__)
    database, looks, fences = open_records(records_url(tmp_path)), threading.Semaphore(0), list[int]()
    monkeypatch.setattr(leases, "_POLL_SECONDS", 0.01)
    real = leases._take

    def take(*arguments: str) -> leases.Lease:
        looks.release()
        return real(database, *arguments[1:])

    monkeypatch.setattr(leases, "_take", take)

    def wait() -> None:
        with lease(database, NAME, "second", wait_seconds=60) as taken:
            fences.append(taken.fence)

    with lease(database, NAME, "first"):
        thread = threading.Thread(target=wait)
        thread.start()
        for _ in range(4):
            assert looks.acquire(timeout=20)
        assert not fences
        with pytest.raises(ForbiddenByRule, match="first, process"):
            threaded(lambda: lease(database, NAME, "third", wait_seconds=0.05).__enter__())
    thread.join(20)
    assert fences == [2]
    said = [record.getMessage() for record in caplog.records if "waiting" in record.getMessage()]
    assert len(said) == 2
    assert said[0].startswith(f"waiting for {NAME}: another process is at work there: first, process ")


def test_a_lost_machine_is_waited_for_where_a_neighbour_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, looks = open_records(records_url(tmp_path)), list[str]()
    monkeypatch.setattr(leases, "_POLL_SECONDS", 0.01)
    real = leases._take

    def take(_: Database, *arguments: str) -> leases.Lease:
        looks.append(arguments[1])
        if looks.count("second") == 3:
            with database.transaction() as connection:
                connection.execute(update(LEASE).values(expires=time.time() - 1))
        return real(database, *arguments)

    monkeypatch.setattr(leases, "_take", take)
    with lease(database, NAME, "first"), pytest.raises(ForbiddenByRule, match="first, process"):
        threaded(lambda: lease(database, NAME, "neighbour", elsewhere_seconds=60).__enter__())
    assert looks == ["first", "neighbour"], "one that lives here is not waited for"
    another_machine_takes_it(database)
    with pytest.raises(leases.HeldElsewhere, match="if its machine was lost, that is so in 150 s at most"):
        lease(database, NAME, "person").__enter__()
    with lease(database, NAME, "second", elsewhere_seconds=60) as taken:
        assert (taken.fence, looks[3:]) == (3, ["second"] * 3)


def threaded(work: Callable[[], object]) -> object:
    """What a thread of its own returns or raises."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(30)


def test_one_whose_taking_was_recorded_without_an_answer_is_nobody_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_records(records_url(tmp_path))
    real = database.transaction

    @contextmanager
    def answer_lost(**how: bool) -> Iterator[Connection]:
        with real(**how) as connection:
            yield connection
        raise WriteFailed("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(database, "transaction", answer_lost)
        with pytest.raises(WriteFailed, match="no answer"), lease(database, NAME, "first"):
            pytest.fail("not held")
    with lease(database, NAME, "second") as taken:
        assert taken.fence == 2


def test_a_child_that_was_forked_has_no_lease_of_its_parent(tmp_path: Path) -> None:
    database = open_records(records_url(tmp_path))
    with lease(database, NAME, "first"):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with lease(database, NAME, "second"):
                    pass
            except ForbiddenByRule:
                code = 7
            os._exit(code)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7


def test_a_dead_holder_is_not_told_as_at_work(tmp_path: Path) -> None:
    database = open_records(records_url(tmp_path))
    with lease(database, NAME, "first"):
        with database.transaction() as connection:
            mine = database.rows(LEASE.select())[0].holder.split()
            connection.execute(update(LEASE).values(holder=" ".join([*mine[:2], "999999999", "1"])))
        assert holders(database) == []


def test_records_that_cannot_be_written_are_no_other_run(tmp_path: Path) -> None:
    (tmp_path / "UGA").write_text("a file in the way")
    held = lease(open_records(records_url(tmp_path / "UGA" / "runs")), NAME, "run")
    with pytest.raises(WriteFailed, match="records cannot be used"), held:
        pytest.fail("not held")


def test_an_exercise_and_a_real_day_keep_each_other_out(tmp_path: Path) -> None:
    """Their runs lie apart, and their target may be one."""
    real, exercise = (
        open_day(str(ROOT / "config"), "XDM", date(2026, 2, 15), None, workspace=str(tmp_path), exercise=made_up).run
        for made_up in (False, True)
    )
    held = real.right_to_publish("sandbox", "run XDM 2026-02-15")
    with held as first, exercise.right_to_publish("sandbox", "scenario XDM 2026-02-15") as second:
        assert first is second
    with exercise.exclusive("scenario XDM 2026-02-15") as first, real.exclusive("run XDM 2026-02-15") as second:
        assert first is second
