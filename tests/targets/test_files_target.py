"""A day's folder is whole or as it was before, whatever interrupts the writing."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.errors import InputInvalid, ServerRefused, WriteFailed
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.publisher import publish
from ibf_pipeline.targets.files.planner import plan_calls
from ibf_pipeline.targets.files.target import FilesTarget
from ibf_pipeline.targets.files.transport import FilesTransport
from ibf_pipeline.targets.problems import Overrides
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.journals import journal_in
from tests.worlds.runs import flood_run

DAY = found([event("G1", "--TT----", "max", {"A": 3, "A1": 3})], [])
DATE = DAY.issue_date.isoformat()


def revision(folder: Path, second: int, **contents: str) -> tuple[Path, list[Call]]:
    """A revision with these files and its plan."""
    (folder / "files").mkdir(parents=True)
    bodies = []
    for name, content in contents.items():
        file = folder / "files" / f"{name}.csv"
        file.write_text(content)
        bodies.append(FileBody(f"files/{file.name}", file.name, sha256(file)))
    return folder, plan_calls(DAY, bodies, datetime(2026, 11, 10, 0, 0, second, tzinfo=UTC))


def clock() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


def carry_out(root: Path, planned: tuple[Path, list[Call]], calls: int | None = None) -> None:
    folder, plan = planned
    publish(plan[:calls], FilesTransport(root, folder.joinpath), journal_in(folder, clock))


def files(root: Path) -> dict[str, str]:
    """What a reader of the day sees, `day.json` left out."""
    day = root / "XTS" / DATE
    return {file.name: file.read_text() for file in day.iterdir() if file.name != "day.json"}


def test_a_new_revision_replaces_the_whole_day(tmp_path: Path) -> None:
    first = revision(tmp_path / "r1", 1, events="a", gone="b")
    carry_out(tmp_path / "out", first)
    assert files(tmp_path / "out") == {"events.csv": "a", "gone.csv": "b"}
    second = revision(tmp_path / "r2", 2, events="c")
    for number in range(1, len(second[1])):
        carry_out(tmp_path / "out", second, number)
        assert files(tmp_path / "out") == {"events.csv": "a", "gone.csv": "b"}, "until the last call nothing changes"
    carry_out(tmp_path / "out", second)
    assert files(tmp_path / "out") == {"events.csv": "c"}
    assert [entry.name for entry in (tmp_path / "out" / "XTS").iterdir()] == [DATE]


def test_shown_twice_is_shown_once(tmp_path: Path) -> None:
    """The process died after showing the day and before its journal said so."""
    planned = revision(tmp_path / "r1", 1, events="a")
    carry_out(tmp_path / "out", planned)
    answer = FilesTransport(tmp_path / "out", planned[0].joinpath).send(planned[1][-1])
    assert (answer.status, files(tmp_path / "out")) == (208, {"events.csv": "a"})


def test_between_the_two_renames(tmp_path: Path) -> None:
    carry_out(tmp_path / "out", revision(tmp_path / "r1", 1, events="a"))
    second = revision(tmp_path / "r2", 2, events="b")
    carry_out(tmp_path / "out", second, 1)
    day = tmp_path / "out" / "XTS" / DATE
    day.rename(day.with_name(f".{DATE}.part.old"))  # where the process died
    carry_out(tmp_path / "out", second)
    assert files(tmp_path / "out") == {"events.csv": "b"}
    assert [entry.name for entry in day.parent.iterdir()] == [DATE]


def test_a_disk_that_does_not_take_the_new_day_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out(tmp_path / "out", revision(tmp_path / "r1", 1, events="a"))
    second, rename = revision(tmp_path / "r2", 2, events="b"), Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == f".{DATE}.part":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(WriteFailed):
        carry_out(tmp_path / "out", second)
    assert files(tmp_path / "out") == {"events.csv": "a"}


def test_files_that_somebody_cleaned_up_are_brought_again(tmp_path: Path) -> None:
    planned = revision(tmp_path / "r1", 1, events="a", areas="b")
    carry_out(tmp_path / "out", planned, 2)
    hidden = tmp_path / "out" / "XTS" / f".{DATE}.part"
    (hidden / "events.csv").unlink()
    (hidden / "left-over.tif").write_text("of an earlier revision")
    carry_out(tmp_path / "out", planned)
    assert files(tmp_path / "out") == {"events.csv": "a", "areas.csv": "b"}


def test_a_file_that_changed_since_it_was_planned_is_not_shown(tmp_path: Path) -> None:
    planned = revision(tmp_path / "r1", 1, events="a")
    (planned[0] / "files/events.csv").write_text("other")
    with pytest.raises(InputInvalid, match="not the one that was planned"):
        carry_out(tmp_path / "out", planned)
    assert not (tmp_path / "out" / "XTS" / DATE).exists()


def test_a_day_says_what_it_is(tmp_path: Path) -> None:
    planned = revision(tmp_path / "r1", 1, events="a")
    carry_out(tmp_path / "out", planned)
    about: dict[str, Any] = json.loads((tmp_path / "out" / "XTS" / DATE / "day.json").read_text())
    assert (about["country"], about["date"], about["headline"]) == ("XTS", "2026-11-10T00:00:01Z", "1 trigger")
    same = revision(tmp_path / "r2", 2, events="a")[1][-1].body
    assert same is not None
    assert (same["content"] == about["content"], same["date"]) == (True, "2026-11-10T00:00:02Z")


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    target = FilesTarget("shadow", tmp_path / "out", tmp_path / "prepared", clock)
    run = flood_run(tmp_path / "runs", "XTS", DAY.issue_date)
    with pytest.raises(ServerRefused, match="is not a folder that may be written to"):
        target.revise(DAY, run, Overrides())
    with pytest.raises(WriteFailed, match="could not be written"):
        carry_out(tmp_path / "out", revision(tmp_path / "r1", 1, events="a"))
    assert run.revisions("shadow") == []
