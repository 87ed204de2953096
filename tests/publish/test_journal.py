"""Records that are locked, full or gone: nothing is lost and nobody is notified twice."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ibf_pipeline.errors import (
    ForbiddenByRule,
    IbfError,
    InputInvalid,
    OutcomeUnknown,
    ServerRefused,
    ServerUnreachable,
    WriteFailed,
)
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.publish.call import Call, calls_of, plan_lines
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.publisher import Answer, NotificationMode, publish, require_decidable
from ibf_pipeline.records.database import open_records, records_url
from tests.worlds.journals import Counting, journal_in

PLAN = [
    Call(1, "exposure", "POST", "/a", body={"n": 1}),
    Call(2, "station", "POST", "/b", body={"n": 2}),
    Call(3, "notify", "POST", "/end", body={"n": 3}, kind="end"),
]


def clock() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


def settle(folder: Path, target: Counting) -> None:
    """Resume as a person would, who looks whether the mail went out."""
    try:
        publish(PLAN, target, journal_in(folder, clock))
    except OutcomeUnknown:
        end: NotificationMode = "assume" if target.sent[3] else "again"
        publish(PLAN, target, journal_in(folder, clock), end=end)


def states(journal: Journal) -> list[tuple[int, str]]:
    return [(entry.call, entry.state) for entry in journal.progress().entries]


WALK = [(0, "begun"), (1, "done"), (2, "done"), (3, "sending"), (3, "done")]


def test_what_is_recorded_of_a_walk_and_written_down_for_people(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, clock)
    publish(PLAN, Counting(), journal)
    assert states(journal) == WALK
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [(line["call"], line["state"]) for line in lines] == WALK
    assert (lines[1]["at"], lines[1]["status"]) == ("2026-11-22T00:00:00.000+00:00", 201)
    (tmp_path / "journal.jsonl").write_text("torn")
    target = Counting()
    publish(PLAN, target, journal_in(tmp_path, clock))
    assert not target.sent, "nobody reads it back"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def gone(file: Path) -> Iterator[None]:
    file.rename(file.with_suffix(".away"))
    try:
        yield
    finally:
        file.with_suffix(".away").rename(file)


@contextmanager
def replaced(file: Path) -> Iterator[None]:
    file.rename(file.with_suffix(".away"))
    file.touch()
    try:
        yield
    finally:
        file.with_suffix(".away").replace(file)


@pytest.mark.parametrize("trouble", [locked, gone, replaced])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_records_that_fail_at_any_call(
    trouble: Callable[[Path], AbstractContextManager[None]], at: int, tmp_path: Path
) -> None:
    """`at` 0: before the first call. What must not be repeated is not sent without its mark, and when the records are
    back everything is made, and people are notified once.
    """
    journal_in(tmp_path, clock)
    impatient = Journal(
        open_records(f"{records_url(tmp_path)}?timeout=0.05"), 1, "XTY/floods/portal", tmp_path / "journal.jsonl", clock
    )
    impatient.progress()
    with ExitStack() as until_fixed:

        def spoil(number: int) -> None:
            if number == at:
                until_fixed.enter_context(trouble(tmp_path / "records.sqlite"))

        target = Counting(spoil)
        spoil(0)
        with pytest.raises(OutcomeUnknown if at == 3 else WriteFailed, match="records cannot be used"):
            publish(PLAN, target, impatient)
        assert target.sent[3] == (at == 3), "exit code 4 if and only if the mail went out"
        assert at > 0 or not target.sent
    target.on_call = lambda number: None
    settle(tmp_path, target)
    assert target.sent[3] == 1
    assert journal_in(tmp_path, clock).progress().done == {1, 2, 3}


def test_a_disk_that_is_full_at_any_page_of_the_records(tmp_path: Path) -> None:
    """A child process may write no file longer than so many bytes, as on a full disk; then there is space again."""
    endings: Counter[str] = Counter()
    for number, room in enumerate((-1_000_000, *range(0, 60_000, 3_000)), 1):
        folder = tmp_path / str(number)
        journal_in(folder, clock)
        limit = max(0, (folder / "records.sqlite-wal").stat().st_size + room)
        sent, ending = publish_under(folder, limit)
        endings[ending] += 1
        assert (sent[3] == 1) == (ending in ("none", "OutcomeUnknown")), "exit code 4 if and only if the mail went out"
        target = Counting()
        target.sent.update({3: sent[3]})
        settle(folder, target)
        assert target.sent[3] == 1
        assert journal_in(folder, clock).progress().done == {1, 2, 3}
    assert endings["WriteFailed"] > 5, endings
    assert endings["none"] >= 1, endings


def publish_under(folder: Path, limit: int) -> tuple[Counter[int], str]:
    """Calls that a child process made, and the error that it ended with."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        ending = "none"
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            counting = Counting(lambda number: os.write(writing, b"%d " % number) and None)
            publish(PLAN, counting, journal_in(folder, clock))
        except Exception as error:
            ending = type(error).__name__
        os.write(writing, ending.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        *calls, ending = stream.read().decode().split()
    os.waitpid(child, 0)
    return Counter(int(call) for call in calls), ending


def test_records_that_fail_do_not_hide_why_a_call_failed(tmp_path: Path) -> None:
    class Down:
        def send(self, call: Call) -> Answer:
            until_fixed.enter_context(locked(tmp_path / "records.sqlite"))
            raise ServerUnreachable("no answer in time")

    journal_in(tmp_path, clock)
    database = open_records(f"{records_url(tmp_path)}?timeout=0.05")
    journal = Journal(database, 1, "XTY/floods/portal", tmp_path / "journal.jsonl", clock)
    with ExitStack() as until_fixed, pytest.raises(ServerUnreachable, match="no answer in time"):
        publish(PLAN, Down(), journal)


class Failing:
    """A target that fails at the notification."""

    def __init__(self, error: IbfError) -> None:
        self.error, self.sent = error, Counting()

    def send(self, call: Call) -> Answer:
        if call.kind == "end":
            raise self.error
        return self.sent.send(call)


def in_doubt(folder: Path) -> Journal:
    """The journal of a plan whose notification got no answer."""
    journal = journal_in(folder, clock)
    with pytest.raises(OutcomeUnknown):
        publish(PLAN, Failing(OutcomeUnknown("no answer")), journal)
    return journal


def test_a_second_try_that_is_refused_leaves_the_first_in_doubt(tmp_path: Path) -> None:
    journal = in_doubt(tmp_path)
    with pytest.raises(ServerRefused):
        publish(PLAN, Failing(ServerRefused("no such event")), journal, end="again")
    assert states(journal)[-2:] == [(3, "sending"), (3, "unknown")]
    target = Counting()
    with pytest.raises(OutcomeUnknown):
        publish(PLAN, target, journal)
    assert target.sent == {}, "not sent without a person's word"


@pytest.mark.parametrize("doubtful", [True, False])
def test_a_mark_that_cannot_be_written_down_is_taken_back(
    doubtful: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent after it; what was in doubt before stays so."""
    journal = in_doubt(tmp_path) if doubtful else journal_in(tmp_path, clock)
    target, kept = Counting(), write_text

    def full(file: Path, text: str) -> None:
        if text.endswith('"sending", "at": "2026-11-22T00:00:00.000+00:00"}\n'):
            raise WriteFailed("no space left on device", where=file)
        kept(file, text)

    monkeypatch.setattr("ibf_pipeline.publish.journal.write_text", full)
    with pytest.raises(WriteFailed):
        publish(PLAN, target, journal, end="again" if doubtful else "send")
    assert target.sent[3] == 0
    assert states(journal)[-1] == (3, "unknown" if doubtful else "failed")


def test_half_a_character_of_a_server_does_not_hide_its_refusal(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, clock)
    with pytest.raises(ServerRefused, match="unknown"):
        publish(PLAN, Failing(ServerRefused("area \ud83c unknown")), journal)
    assert states(journal)[-1] == (3, "failed")
    assert journal.progress().entries[-1].error == "area ? unknown"


@pytest.mark.parametrize("end", ["again", "assume"])
def test_a_person_decides_only_about_what_is_unknown(end: NotificationMode, tmp_path: Path) -> None:
    journal = journal_in(tmp_path, clock)
    with pytest.raises(ForbiddenByRule, match="nothing is unknown about the notification"):
        require_decidable(PLAN[-1:], journal, end)
    journal.append(3, "held")
    with pytest.raises(ForbiddenByRule):
        require_decidable(PLAN[-1:], journal, end)
    journal.append(3, "sending")
    require_decidable(PLAN[-1:], journal, end)
    journal.append(3, "failed")
    with pytest.raises(ForbiddenByRule):
        require_decidable(PLAN[-1:], journal, end)


def test_a_name_that_holds_a_line_separator() -> None:
    plan = [Call(1, "exposure", "POST", "/a", body={"eventName": "Sio\u2028Wé\x85Q"}, event="Sio\u2028Wé\x85Q")]
    assert calls_of(plan_lines(plan).encode(), "here") == plan


@pytest.mark.parametrize("content", ["{", '{"number": 1}', json.dumps({"number": 1, "file": {}}), "\x00\x00"])
def test_a_damaged_plan_is_said(content: str) -> None:
    with pytest.raises(InputInvalid, match="here: the plan cannot be read"):
        calls_of(content.encode(), "here")


def on_file(file: Path) -> list[tuple[int, str]]:
    """What another process reads."""
    with closing(sqlite3.connect(file)) as other:
        return list(other.execute("SELECT call, state FROM entry ORDER BY id"))


def test_the_mark_is_durable_before_the_notification_is_sent(tmp_path: Path) -> None:
    """What may be repeated needs no waiting for the disk; the beginning, the notification's mark and its end do."""
    journal = journal_in(tmp_path, clock)
    synced: list[tuple[str, list[tuple[int, str]]]] = []
    real = journal._database.transaction

    @contextmanager
    def watched(*, durable: bool = True, **how: bool) -> Iterator[Connection]:
        with real(durable=durable, **how) as connection:
            yield connection
        synced.append(("durable" if durable else "lazy", on_file(tmp_path / "records.sqlite")))

    on_disk: dict[int, list[tuple[int, str]]] = {}

    def keep(number: int) -> None:
        on_disk[number] = next((states for how, states in reversed(synced) if how == "durable"), [])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal._database, "transaction", watched)
        publish(PLAN, Counting(keep), journal)
    assert on_disk == {1: WALK[:1], 2: WALK[:1], 3: WALK[:4]}
    assert [states for how, states in synced if how == "durable"][-1] == WALK
