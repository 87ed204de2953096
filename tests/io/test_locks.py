"""One at a time: between processes, between threads, and never held by a process that is dead."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from ibf_pipeline.errors import ForbiddenByRule, WriteFailed
from ibf_pipeline.io.locks import file_lock, lock_file_of
from tests.io.children import begin, in_child

BUSY = ForbiddenByRule("somebody else is at work", remedy="try again later")


def take(lock: Path) -> None:
    """Hold a lock for a moment; the error where somebody else holds it."""
    with file_lock(lock, busy_error=BUSY):
        pass


def held_by_a_child(lock: Path) -> int:
    """The number of a process that holds the lock until it is killed."""
    reading, writing = os.pipe()

    def hold() -> None:
        with file_lock(lock):
            os.write(writing, b"held")
            signal.pause()

    child = begin(hold)
    assert os.read(reading, 4) == b"held"
    os.close(reading)
    os.close(writing)
    return child


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """While it lives nobody else gets it; the operating system frees it with the process."""
    lock = tmp_path / "new folder" / "a.lock"
    child = held_by_a_child(lock)
    with pytest.raises(ForbiddenByRule, match=r"somebody else is at work.*try again later"):
        take(lock)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    take(lock)


def test_whoever_waits_is_told_for_what_and_comes_next(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another process ends while we wait."""
    child = held_by_a_child(tmp_path / "a.lock")
    killer = threading.Timer(0.1, os.kill, (child, signal.SIGKILL))
    killer.start()
    with caplog.at_level(logging.INFO), file_lock(tmp_path / "a.lock", "is preparing KEN"):
        pass
    killer.join()
    os.waitpid(child, 0)
    assert caplog.messages == ["waiting for another process that is preparing KEN"]


def test_nobody_at_work_is_nothing_to_tell(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A free lock is taken without a word."""
    with caplog.at_level(logging.INFO), file_lock(tmp_path / "a.lock", "is preparing KEN"):
        pass
    assert caplog.messages == []


def test_processes_come_one_after_the_other(tmp_path: Path) -> None:
    """Three processes add 1 to a number 20 times each: 60."""
    number, lock = tmp_path / "number", tmp_path / "a.lock"
    number.write_text("0")

    def add() -> None:
        for _ in range(20):
            with file_lock(lock):
                number.write_text(str(int(number.read_text()) + 1))

    children = [begin(add) for _ in range(3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert number.read_text() == "60"


def test_threads_of_a_process_come_one_after_the_other(tmp_path: Path) -> None:
    """The first one is inside until it lets go."""
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(5)
        with file_lock(tmp_path / "a.lock"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with file_lock(tmp_path / "a.lock"):
        inside.set()
        with pytest.raises(ForbiddenByRule):
            take(tmp_path / "a.lock")
        thread.join(0.05)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_an_error_lets_go(tmp_path: Path) -> None:
    """What goes wrong within passes as it is."""
    with pytest.raises(KeyError, match="7"), file_lock(tmp_path / "a.lock"):
        raise KeyError(7)
    take(tmp_path / "a.lock")


def test_a_lock_that_was_deleted_while_one_waited_is_made_anew(tmp_path: Path) -> None:
    """Whoever holds the lock of a folder may delete the folder: the next one never holds a file that is gone."""
    folder = tmp_path / "day"
    waiting = threading.Event()
    seen: list[bool] = []

    def next_one() -> None:
        waiting.set()
        with file_lock(folder / "a.lock"):
            seen.append((folder / "a.lock").is_file())

    thread = threading.Thread(target=next_one)
    with file_lock(folder / "a.lock"):
        thread.start()
        waiting.wait(5)
        time.sleep(0.05)
        shutil.rmtree(folder)
    thread.join(5)
    assert seen == [True]


def test_a_file_in_the_way_of_the_folder_is_told(tmp_path: Path) -> None:
    """So is a link that leads nowhere: nobody tries for ever."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(WriteFailed, match=f"{name}/a.lock: the file could not be written"):
            take(tmp_path / name / "a.lock")


def test_a_child_that_fails_does_not_hold_it(tmp_path: Path) -> None:
    """The place of a folder's lock is beside it."""
    lock = lock_file_of(tmp_path / "KEN")
    assert lock == tmp_path / ".KEN.lock"

    def fail() -> None:
        with file_lock(lock):
            raise ValueError

    assert os.WEXITSTATUS(in_child(fail)) == 1
    take(lock)
