"""A file of ours is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid, WriteFailed
from ibf_pipeline.io.atomic_files import ABANDONED_SECONDS, RESUME, atomic_path, write_bytes, write_errors, write_text
from tests.io.children import in_child


def half_written(file: Path, error: Exception) -> None:
    """What happens where a writer fails in the middle."""
    with atomic_path(file) as partial:
        partial.write_bytes(b"half")
        raise error


def test_it_appears_whole_and_alone(tmp_path: Path) -> None:
    """In a folder that is made for it; nothing else lies there."""
    file = tmp_path / "new" / "a.json"
    with atomic_path(file) as partial:
        partial.write_bytes(b"12345")
        assert not file.exists()
    assert file.read_bytes() == b"12345"
    assert [path.name for path in file.parent.iterdir()] == ["a.json"]


def test_text_is_utf_8_with_its_own_line_ends(tmp_path: Path) -> None:
    """Nothing is translated on any machine."""
    write_text(tmp_path / "a.csv", "é\r\n1\n")
    assert (tmp_path / "a.csv").read_bytes() == b"\xc3\xa9\r\n1\n"


def test_a_block_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    """The operating system's errors are WriteFailed, ours pass as they are."""
    file = tmp_path / "a.json"
    file.write_bytes(b"old")
    with pytest.raises(InputInvalid, match="no river"):
        half_written(file, InputInvalid("no river"))
    with pytest.raises(WriteFailed, match=r"a\.json: the file could not be written \(No space left on device\)"):
        half_written(file, OSError(28, "No space left on device"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.json": b"old"}


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    """A library that says nothing where it fails is found out."""
    (tmp_path / "a.json").write_bytes(b"old")
    with pytest.raises(WriteFailed, match="No such file"), atomic_path(tmp_path / "a.json"):
        pass
    assert (tmp_path / "a.json").read_bytes() == b"old"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """No file may be longer than 1,000 bytes: one of 1,001 is an error, and one of 1,000 is written."""
    file = tmp_path / "a.bin"
    file.write_bytes(b"old")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        with pytest.raises(WriteFailed, match=r"a\.bin: the file could not be written.*make free disk space"):
            write_bytes(file, b"x" * 1001)
        assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
        assert file.read_bytes() == b"old"
        write_bytes(file, b"x" * 1000)

    assert in_child(fill) == 0
    assert file.read_bytes() == b"x" * 1000


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    """What it began is removed by whoever writes into the folder a day later, not while its writer may be alive."""
    file = tmp_path / "a.json"
    file.write_bytes(b"old")

    def die() -> None:
        with atomic_path(file) as partial:
            partial.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.WTERMSIG(in_child(die)) == signal.SIGKILL
    assert file.read_bytes() == b"old"
    (left,) = tmp_path.glob(".a.json.*.part")
    (tmp_path / ".2026-02-15.part").mkdir()  # somebody else's
    write_bytes(file, b"new")
    assert left.exists()
    then = left.stat().st_mtime - ABANDONED_SECONDS - 60
    os.utime(left, (then, then))
    write_bytes(tmp_path / "b.json", b"other")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".2026-02-15.part", "a.json", "b.json"]
    assert file.read_bytes() == b"new"


def test_two_writers_at_once_end_with_one_whole_file(tmp_path: Path) -> None:
    """Each writes to a path of its own; the last one wins."""
    file = tmp_path / "a.bin"
    with atomic_path(file) as first:
        first.write_bytes(b"1" * 100)
        with atomic_path(file) as second:
            second.write_bytes(b"2" * 200)
        assert file.read_bytes() == b"2" * 200
    assert file.read_bytes() == b"1" * 100
    writers = [threading.Thread(target=write_bytes, args=(file, bytes([n]) * 50_000)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    content = file.read_bytes()
    assert (len(content), len(set(content))) == (50_000, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_the_remedy_is_that_of_the_wall_around(tmp_path: Path) -> None:
    """Whoever knows what to do next says it once, around everything that it writes."""
    (tmp_path / "in the way").write_bytes(b"")
    file = tmp_path / "in the way" / "a.json"
    with pytest.raises(WriteFailed) as found, write_errors(tmp_path, RESUME):
        write_text(file, "{}")
    assert (found.value.where, found.value.remedy) == (str(file), RESUME)
