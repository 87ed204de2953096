"""Runs of several machines with the same records and store: their folders are caches that vanish at any moment."""

from __future__ import annotations

import contextvars
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from ibf_pipeline.errors import InputInvalid, InputMissing, StoreUnavailable
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.publish.call import Call
from ibf_pipeline.records import lease
from ibf_pipeline.records.schema import KEPT_FILES
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.local_runs import store_local_runs
from ibf_pipeline.runs.observations import event_folder, fetch_observations
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import attach_file, begin_revision, keep_revision
from ibf_pipeline.runs.run_index import countries_with_runs, runs_of, sibling_runs
from ibf_pipeline.storage.storage import Storage
from tests.worlds.countries.flood_findings import found
from tests.worlds.runs import flood_run

DAY = date(2026, 11, 10)
"""of `made_found`"""
ABOUT = RevisionMetadata("2026-11-10T00:00:00Z", "portal", "http://portal", "current", "asked", True, "hash")
Machine = Callable[[str], RunFolder]


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(f"file://{tmp_path}/store", RetryPolicy(attempts=1))


@pytest.fixture
def machine(tmp_path: Path, store: FileStore, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A day of one country on a machine of some name; all have the same records and store."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    storage = Storage(f"sqlite:///{tmp_path / 'records.sqlite'}", store)
    return lambda name: flood_run(tmp_path / name, "XTS", DAY, storage)


def find(run: RunFolder, extent: str = "flood", *further: str) -> None:
    """A day with two rasters of the same content, and one of another."""
    partial = begin_findings(run)
    write_findings_json(found([], []), partial / "events.json")
    for name in ("0.tif", "1.tif"):
        (partial / "extents" / name).write_text("dry")
    (partial / "extents" / "2.tif").write_text(extent)
    for name in further:
        (partial / name).write_text(name)
    keep_findings(run, partial, {"source": "made up"})


def publish(run: RunFolder) -> Revision:
    """A revision that uploads a raster of the run and a table of its own, and not a call made."""
    number = run.next_number("portal")
    staging = begin_revision(run, "portal", number)
    body = attach_file(staging, run.extent("2.tif"), "2.tif")
    (staging / "files" / "table.csv").write_text("a\n1\n")
    calls = [Call(1, "raster", "POST", "/raster", file=body)]
    return keep_revision(run, "portal", number, staging, found([], []), calls, ABOUT)


def stored(tmp_path: Path) -> list[str]:
    """Names of the files in the store, sorted, without those of the folders that tell two puts apart."""
    root = tmp_path / "store"
    return sorted(file.name for file in root.rglob("*") if file.is_file())


def forget(run: RunFolder) -> None:
    """The machine's disk is gone."""
    shutil.rmtree(run.runs)


def test_a_run_is_whole_on_every_machine_and_after_its_disk_is_gone(machine: Machine, tmp_path: Path) -> None:
    one, other = machine("one"), machine("other")
    assert not one.is_whole
    find(one)
    assert stored(tmp_path) == ["0.tif", "2.tif", "events.json", "manifest.json"], "the same content is put once"
    assert other.is_whole
    assert (other.findings(), other.manifest()["source"]) == (one.findings(), "made up")
    assert [other.extent(name).read_text() for name in ("0.tif", "1.tif", "2.tif")] == ["dry", "dry", "flood"]
    forget(one)
    assert one.is_whole
    assert one.extent("2.tif").read_text() == "flood"
    assert [str(run.issue_time) for run in runs_of(tmp_path / "third", "XTS", "floods", one.storage)] == ["2026-11-10"]
    assert countries_with_runs(tmp_path / "third", "floods", one.storage) == ["XTS"]
    assert countries_with_runs(tmp_path / "third", "typhoon", one.storage) == []


def test_a_folder_of_an_earlier_run_of_the_day_follows_the_newest(machine: Machine, tmp_path: Path) -> None:
    one, other = machine("one"), machine("other")
    find(one, "flood", "tracks.nc")
    assert other.kept.fetch_all().joinpath("tracks.nc").read_text() == "tracks.nc"
    find(other, "drought")
    assert len("flood") != len("drought"), "and of another content"
    assert one.extent("2.tif").read_text() == "drought"
    assert not one.kept.has("tracks.nc")
    assert not (one.path / "tracks.nc").exists(), "it is of the run before"
    find(one, "storms")
    assert other.extent("2.tif").read_text() == "storms", "of the same length as what is there"
    assert other.extent("2.tif").read_text() != "drought"
    assert stored(tmp_path).count("0.tif") == 1, "what has not changed is not put again"


def test_before_the_first_call_all_that_is_uploaded_is_in_the_store(machine: Machine, tmp_path: Path) -> None:
    one, other = machine("one"), machine("other")
    find(one)
    revision = publish(one)
    (kept,) = one.records.rows(select(KEPT_FILES).where(KEPT_FILES.c.kind == "revision"))
    assert (kept.place, kept.revision) == ("XTS/floods/2026-11-10/targets/portal/r1", revision.row)
    names = {each["name"]: each["key"] for each in json.loads(kept.files)}
    assert sorted(names) == ["events.json", "files/2.tif", "files/table.csv", "plan.jsonl", "revision.json"]
    assert names["files/2.tif"].startswith("XTS/floods/2026-11-10/2"), "the run's own, and not put twice"
    assert "/targets/" not in names["files/2.tif"]
    forget(one)
    (there,) = other.revisions("portal")
    for each in (revision, there):
        assert each.file("files/2.tif").read_text() == "flood"
        assert each.file("files/table.csv").read_text() == "a\n1\n"
        assert each.findings() == found([], [])
    forget(other)
    assert there.file("files/2.tif").read_text() == "flood", "between two calls, too"


def test_a_revision_keeps_its_files_when_the_day_is_run_again(machine: Machine) -> None:
    one = machine("one")
    find(one)
    revision = publish(one)
    find(one, "drought")
    forget(one)
    assert (revision.file("files/2.tif").read_text(), one.extent("2.tif").read_text()) == ("flood", "drought")


def test_a_file_that_the_store_has_lost_is_put_again_by_the_day_run_again(machine: Machine, tmp_path: Path) -> None:
    """Else its old key, of nothing, would stand in the records before the first call."""
    find(machine("one"))
    (lost,) = (tmp_path / "store").rglob("2.tif")
    lost.unlink()
    find(machine("two"))
    assert machine("three").extent("2.tif").read_text() == "flood"


def test_the_records_are_asked_once_for_the_files_of_a_revision_and_for_several_of_a_day(machine: Machine) -> None:
    """Each question is a way to a server and back, in the middle of publishing."""
    one, asked = machine("one"), list[str]()
    revision = publish_after_finding(one)
    forget(one)
    event.listen(one.records._engine, "before_cursor_execute", lambda _, __, text, *___: asked.append(text))
    names = ("files/2.tif", "events.json", "files/2.tif")
    assert [revision.file(name).is_file() for name in names] == [True, True, True]
    assert len([text for text in asked if "FROM kept" in text]) == 1
    asked.clear()
    assert [file.read_text() for file in one.extents(["2.tif", "0.tif"])] == ["flood", "dry"]
    assert len([text for text in asked if "FROM kept" in text]) == 1


def test_nothing_is_recorded_of_what_could_not_be_put(
    machine: Machine, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away ends a run before it is whole, and a revision before it is one; later it is run again."""
    one = machine("one")

    def away(*_: object, **__: object) -> None:
        raise OSError("nobody answers")

    with monkeypatch.context() as patch:
        patch.setattr(store._files, "put_file", away)
        with pytest.raises(StoreUnavailable, match="nobody answers"):
            find(one)
    assert not one.is_whole
    find(one)
    with monkeypatch.context() as patch:
        patch.setattr(store._files, "put_file", away)
        with pytest.raises(StoreUnavailable, match="nobody answers"):
            publish(one)
    assert one.revisions("portal") == []
    assert publish(one).number == 1


def test_short_texts_are_read_on_any_machine_and_those_of_earlier_versions_from_their_files(machine: Machine) -> None:
    one, other = machine("one"), machine("other")
    revision = publish_after_finding(one)
    (there,) = other.revisions("portal")
    assert there.kept.note("notices.json") is None
    revision.kept.keep_note("notices.json", '{"notices": []}')
    assert (revision.folder / "notices.json").read_text() == '{"notices": []}', "for people"
    forget(one)
    assert there.kept.note("notices.json") == revision.kept.note("notices.json") == '{"notices": []}'
    (there.folder).mkdir(parents=True, exist_ok=True)
    (there.folder / "preview.json").write_text("of an earlier version")
    assert there.kept.note("preview.json") == "of an earlier version"


def publish_after_finding(run: RunFolder) -> Revision:
    find(run)
    return publish(run)


def test_the_report_is_that_of_the_newest_findings_on_every_machine(machine: Machine) -> None:
    one, other = machine("one"), machine("other")
    find(one)
    one.report.folder.mkdir()
    (one.report.folder / "report.html").write_text("first")
    files = one.report.put(one.report.folder)
    with one.records.transaction() as connection:
        one.report.record(connection, files)
    assert other.report.file("report.html").read_text() == "first"
    find(one, "drought")
    assert not other.report.has("report.html"), "that was of other findings"


def test_without_a_store_the_files_of_another_machine_are_asked_for_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records that machines share, and no store: what is not here is no damage and no quiet day."""
    storage = Storage(f"sqlite:///{tmp_path / 'records.sqlite'}")
    one, other = (flood_run(tmp_path / name, "XTS", DAY, storage) for name in ("one", "other"))
    find(one)
    publish(one)
    assert [str(run.issue_time) for run in sibling_runs(other)] == ["2026-11-10"]
    monkeypatch.setattr(one.records, "is_file", False)
    monkeypatch.setattr(one.records, "_opened", None)
    with pytest.raises(InputMissing, match=r"on the disk of another machine.*store\.url in settings\.yaml"):
        other.findings()
    (there,) = other.revisions("portal")
    with pytest.raises(InputMissing, match=r"on the disk of another machine.*store\.url in settings\.yaml"):
        there.findings()
    assert one.revisions("portal")[0].findings() == found([], [])


def test_what_one_machine_had_before_there_was_a_store_is_put_there(machine: Machine, tmp_path: Path) -> None:
    one, other = machine("one"), machine("other")
    before = flood_run(tmp_path / "one", "XTS", DAY, Storage(one.storage.records))
    revision = publish_after_finding(before)
    for file in (revision.folder / "preview.json", before.path / "comparisons/portal.json"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{file.stem} of an earlier version")
    seen = event_folder(before.path, "G1")
    seen.mkdir(parents=True)
    (seen / "observation.json").write_text("seen from above")
    (there,) = other.revisions("portal")
    assert there.kept.note("preview.json") is None
    assert (other.is_whole, one.is_whole) == (False, True)
    with pytest.raises(InputMissing, match="ibf-pipeline records take-over"):
        there.findings()
    assert store_local_runs(tmp_path / "one", "XTS", one.storage) == 2, "the run and its revision"
    assert (other.findings(), there.findings()) == (found([], []), found([], []))
    assert (there.file("files/2.tif").read_text(), other.extent("2.tif").read_text()) == ("flood", "flood")
    assert there.kept.note("preview.json") == "preview of an earlier version"
    assert other.kept.note("comparisons/portal.json") == "portal of an earlier version"
    assert there.kept.note("revision.json") is None, "it is a file of the set"
    fetch_observations(other)
    assert (event_folder(other.path, "G1") / "observation.json").read_text() == "seen from above"
    for name in ("one", "other"):
        assert store_local_runs(tmp_path / name, "XTS", one.storage) == 0, "it can be repeated, on each machine"


def test_pruned_files_are_said_to_be_and_the_findings_stay(machine: Machine) -> None:
    one = machine("one")
    find(one)
    with one.records.transaction() as connection:
        connection.execute(update(KEPT_FILES).values(pruned="2027-03-01T00:00:00+00:00"))
    forget(one)
    assert one.is_whole
    assert one.findings() == found([], []), "later days look back at it"
    with pytest.raises(InputMissing, match="were deleted from the store on 2027-03-01"):
        one.extent("2.tif")


def test_without_a_store_nothing_is_copied(tmp_path: Path) -> None:
    run = flood_run(tmp_path / "runs", "XTS", DAY)
    find(run)
    publish(run)
    assert run.records.rows(select(KEPT_FILES)) == []
    assert not [file.name for file in tmp_path.rglob(".*") if file.is_file()], "no mark and no lock"


def test_a_machine_that_was_overtaken_does_not_take_its_own_files_for_the_newest(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Suspended after it has recorded its findings, until another machine has run the day again."""
    one, other = machine("one"), machine("other")
    newest = one.records.write

    def suspended(*arguments: Any, **options: Any) -> Any:
        result = newest(*arguments, **options)
        if arguments[0].__qualname__.endswith("keep_findings.<locals>.add"):
            with monkeypatch.context() as awake:
                awake.setattr(one.records, "write", newest)
                contextvars.Context().run(find, other, "storm")
        return result

    monkeypatch.setattr("ibf_pipeline.runs.folder._RUN_WAIT_SECONDS", 0)
    monkeypatch.setattr(RunFolder.exclusive, "__defaults__", (0,))
    monkeypatch.setattr(one.records, "write", suspended)
    monkeypatch.setattr(lease, "_is_over", lambda *_: True)
    find(one, "flood")
    assert len("flood") == len("storm")
    assert one.extent("2.tif").read_text() == "storm"


def test_words_of_later_do_not_make_a_revision_of_another_machine_damaged(tmp_path: Path) -> None:
    """An abort writes the journal down on any machine: what was published is then still on the other one."""
    storage = Storage(f"sqlite:///{tmp_path / 'records.sqlite'}", FileStore(f"file://{tmp_path}/store", RetryPolicy(1)))
    alone = flood_run(tmp_path / "one", "XTS", DAY, Storage(storage.records))
    other = flood_run(tmp_path / "other", "XTS", DAY, storage)
    publish_after_finding(alone)
    (there,) = other.revisions("portal")
    with pytest.raises(InputMissing, match="on the disk of another machine"):
        there.findings()
    there.journal(lambda: datetime(2026, 11, 10, tzinfo=UTC)).append(0, "begun")
    there.kept.keep_note("verified.json", "{}")
    there.keep(ABOUT)
    assert sorted(file.name for file in there.folder.iterdir()) == ["journal.jsonl", "revision.json", "verified.json"]
    with pytest.raises(InputMissing, match="on the disk of another machine"):
        there.findings()
    assert store_local_runs(tmp_path / "other", "XTS", storage) == 0, "only the machine that made it has its files"
    shutil.rmtree(there.folder)
    there.folder.mkdir()
    with pytest.raises(InputInvalid):
        there.findings()  # a person says that its files are lost
    assert store_local_runs(tmp_path / "one", "XTS", storage) == 2
    assert there.findings() == found([], [])
