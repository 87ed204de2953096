"""A journal that a crash tore or a full disk cut off: nothing is lost and nobody is notified twice."""

from __future__ import annotations

import json
import os
import resource
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, OutcomeUnknown, ServerUnreachable, WriteFailed
from ibf_pipeline.publish.call import Call, read_plan, write_plan
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.publisher import Answer, End, publish, require_decidable

PLAN = [
    Call(1, "exposure", "POST", "/a", body={"n": 1}),
    Call(2, "station", "POST", "/b", body={"n": 2}),
    Call(3, "notify", "POST", "/end", body={"n": 3}, kind="end"),
]


def clock() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


class Counting:
    """A target that carries everything out and counts it."""

    def __init__(self, on_call: Callable[[int], None] = lambda number: None) -> None:
        self.sent: Counter[int] = Counter()
        self.on_call = on_call

    def send(self, call: Call) -> Answer:
        self.sent[call.number] += 1
        self.on_call(call.number)
        return Answer(201, "")


def settle(file: Path, target: Counting) -> None:
    """Resume as a person would, who looks whether the mail went out."""
    try:
        publish(PLAN, target, Journal(file, clock))
    except OutcomeUnknown:
        end: End = "assume" if target.sent[3] else "again"
        publish(PLAN, target, Journal(file, clock), end=end)


def test_a_journal_torn_at_any_byte(tmp_path: Path) -> None:
    """What stands on whole lines counts, what was torn does not, and the next entry is readable."""
    file = tmp_path / "journal.jsonl"
    journal = Journal(file, clock)
    publish(PLAN, Counting(), journal)
    content, entries = file.read_bytes(), journal.entries()
    assert [(entry.call, entry.state) for entry in entries] == [(1, "done"), (2, "done"), (3, "sending"), (3, "done")]
    for size in range(len(content)):
        file.write_bytes(content[:size])
        whole = content[:size].count(b"\n") + (content[size : size + 1] == b"\n")
        assert journal.entries() == entries[:whole], f"torn after {size} bytes"
        journal.append(9, "failed", error="next")
        assert [entry.call for entry in journal.entries()] == [entry.call for entry in entries[:whole]] + [9]


def test_after_a_torn_line_everything_is_made_and_people_are_notified_once(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    publish(PLAN, Counting(), Journal(file, clock))
    content = file.read_bytes()
    marked = content.index(b"}", content.index(b"sending"))
    for size in range(len(content) + 1):
        file.write_bytes(content[:size])
        target = Counting()
        target.sent[3] = int(size > marked)  # it is sent once its mark is on disk, all of it
        settle(file, target)
        assert target.sent[3] == 1
        assert Journal(file, clock).done() == {1, 2, 3}


def test_a_disk_that_fills_up_at_any_byte_of_the_journal(tmp_path: Path) -> None:
    """A child process may write no file longer than so many bytes, as on a full disk; then there is space again."""
    whole = tmp_path / "whole.jsonl"
    publish(PLAN, Counting(), Journal(whole, clock))
    endings: Counter[str] = Counter()
    for limit in range(0, whole.stat().st_size, 5):
        file = tmp_path / f"{limit}.jsonl"
        sent, ending = publish_under(file, limit)
        endings[ending] += 1
        assert (ending == "OutcomeUnknown") == (sent[3] == 1), "exit code 4 if and only if the mail went out"
        target = Counting()
        target.sent.update({3: sent[3]})
        settle(file, target)
        assert target.sent[3] == 1
        assert Journal(file, clock).done() == {1, 2, 3}
    assert set(endings) == {"WriteFailed", "OutcomeUnknown"}


def publish_under(file: Path, limit: int) -> tuple[Counter[int], str]:
    """Calls that a child process made, and the error that it ended with."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        ending = "none"
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            publish(PLAN, Counting(lambda number: os.write(writing, b"%d " % number) and None), Journal(file, clock))
        except Exception as error:
            ending = type(error).__name__
        os.write(writing, ending.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        *calls, ending = stream.read().decode().split()
    os.waitpid(child, 0)
    return Counter(int(call) for call in calls), ending


def test_a_full_disk_does_not_hide_why_a_call_failed() -> None:
    class Down:
        def send(self, call: Call) -> Answer:
            raise ServerUnreachable("no answer in time")

    with pytest.raises(ServerUnreachable, match="no answer in time"):
        publish(PLAN, Down(), Journal(Path("/dev/full"), clock))
    with pytest.raises(WriteFailed, match=r"No space left on device.*then resume"):
        publish(PLAN, Counting(), Journal(Path("/dev/full"), clock))


@pytest.mark.parametrize("end", ["again", "assume"])
def test_a_person_decides_only_about_what_is_unknown(end: End, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", clock)
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


def test_a_name_that_holds_a_line_separator(tmp_path: Path) -> None:
    plan = [Call(1, "exposure", "POST", "/a", body={"eventName": "Sio\u2028Wé\x85Q"}, event="Sio\u2028Wé\x85Q")]
    write_plan(plan, tmp_path / "plan.jsonl")
    assert read_plan(tmp_path / "plan.jsonl") == plan


@pytest.mark.parametrize("content", ["{", '{"number": 1}', json.dumps({"number": 1, "file": {}}), "\x00\x00"])
def test_a_damaged_plan_is_said(content: str, tmp_path: Path) -> None:
    (tmp_path / "plan.jsonl").write_text(content)
    with pytest.raises(InputInvalid, match="the plan cannot be read"):
        read_plan(tmp_path / "plan.jsonl")


def test_the_mark_is_on_disk_before_the_notification_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be repeated needs no waiting for the disk; the notification's mark does, and its end as well."""
    file, synced = tmp_path / "journal.jsonl", [b""]
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(file.read_bytes())

    monkeypatch.setattr(os, "fsync", fsync)
    on_disk: dict[int, bytes] = {}
    publish(PLAN, Counting(lambda number: on_disk.update({number: synced[-1]})), Journal(file, clock))
    assert on_disk[1] == on_disk[2] == b""
    assert [json.loads(line)["state"] for line in on_disk[3].splitlines()] == ["done", "done", "sending"]
    assert synced[-1] == file.read_bytes()
