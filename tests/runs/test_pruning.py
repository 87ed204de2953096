"""Files are pruned from a store under the lease of their country, and never what the records need."""

from __future__ import annotations

import contextvars
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ibf_pipeline.errors import InputMissing, UsageError
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.publish.call import Call
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.records.lease import lease
from ibf_pipeline.records.schema import KEPT_FILES, RUN
from ibf_pipeline.runs import pruning
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.pruning import PruneRequest, PruneResult, Pruning
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.storage.store_location import SharedStorage, StoreLocation
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.runs import flood_run

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FIRST = date(2026, 2, 1)
ABOUT = RevisionMetadata("2026-02-15T00:00:01Z", "portal", "http://portal", "current", "asked", True, "hash")
ALL = PruneRequest(dict.fromkeys(("run", "revision", "report", "prepared", "forecast", "observation"), 30))
CALLS = [Call(1, "exposure", "POST", "/exposure"), Call(2, "notify", "POST", "/send", kind="end")]


def clock() -> datetime:
    return NOW


@dataclass
class World:
    """An installation whose days are four months old."""

    folder: Path

    @property
    def storage(self) -> Storage:
        return Storage(records_url(self.folder), FileStore(f"file://{self.folder}/store", RetryPolicy(1, 1)))

    @property
    def pruning(self) -> Pruning:
        return Pruning(self.folder / "runs", self.storage, clock)

    def run(self, days: int) -> RunFolder:
        run = flood_run(self.folder / "runs", "XTY", FIRST + timedelta(days=days))
        return RunFolder(run.runs, run.id, self.storage)

    def day(self, days: int, *states: tuple[int, str], about: RevisionMetadata = ABOUT) -> Revision:
        """A run with a revision of which these words are in the journal."""
        run = self.run(days)
        part = begin_findings(run)
        (part / "forecast.nc").write_text(f"forecast {days}" * 100)
        (part / "events.json").write_text(f"events {days}")
        keep_findings(run, part, {"headline": "1 trigger"})
        day = found([event("G1", "--TTT---", "max", {"01A": 5})], [], run.issue_date)
        staging = begin_revision(run, "portal", 1)
        (staging / "files").mkdir()
        (staging / "files/extent.tif").write_text(f"extent {days}" * 100)
        revision = keep_revision(run, "portal", 1, staging, day, CALLS, about)
        journal = revision.journal(clock)
        journal.begin()
        for call, state in states:
            journal.append(call, state)  # type: ignore[arg-type]
        return revision

    def age(self) -> None:
        """Everything was put there four months ago."""
        with open_records(records_url(self.folder)).transaction() as connection:
            connection.execute(update(KEPT_FILES).values(at="2026-02-01T00:00:00+00:00"))

    def pruned(self) -> set[str]:
        """Places whose files were deleted, as the records have it."""
        rows = open_records(records_url(self.folder)).rows(
            select(KEPT_FILES.c.place).where(KEPT_FILES.c.pruned.is_not(None))
        )
        return {row.place for row in rows}

    def prune(self, asked: PruneRequest = ALL) -> PruneResult:
        return self.pruning.prune(asked)

    def in_store(self) -> set[str]:
        return {each.key.rpartition("/")[2] + " of " + each.key.split("/")[2] for each in self.pruning.store.objects()}


DONE = ((1, "done"), (2, "done"))
HELD = ((1, "done"), (2, "held"))
UNKNOWN = ((1, "done"), (2, "unknown"), (0, "closed"))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(pruning, "NEWEST_RUNS", 1)
    monkeypatch.setattr(pruning, "PRUNE_WAIT_SECONDS", 0.0)
    return World(tmp_path)


def places(*days: int, parts: Sequence[str] = ("", "/targets/portal/r1")) -> set[str]:
    return {f"XTY/floods/{FIRST + timedelta(days=each)}{part}" for each in days for part in parts}


def test_what_the_records_need_is_never_pruned(world: World) -> None:
    """Kept: what is held or unconfirmed, what the portal shows and everything since, the newest run."""
    world.day(0, *DONE)
    world.day(1, *HELD)
    world.day(2, *UNKNOWN)
    world.day(3, *DONE)
    world.day(4, *DONE)  # the newest that the portal shows
    world.day(5, (1, "failed"), (0, "closed"))  # given up in the middle: the portal may have some of it
    world.age()
    said = {each.kept.place: each.why for each in world.pruning.decisions(ALL) if not each.deletes}
    assert {place.split("/")[2]: why for place, why in said.items()} == {
        "2026-02-02": "it is not finished",
        "2026-02-03": "its notification is unconfirmed",
        "2026-02-05": "portal shows it, or it came since",
        "2026-02-06": "one of the newest 1 runs",
    }
    done = world.prune()
    assert (len(done.sets), done.passed_over) == (4, ())
    assert world.pruned() == places(0, 3)


def test_look_backs_still_read_what_was_pruned_and_other_files_say_that_they_are_gone(world: World) -> None:
    first = world.day(0, *DONE)
    world.day(1, *DONE)
    world.age()
    size = world.prune().size
    assert size > 2000  # forecast.nc and the extent, and a few small texts
    assert {each for each in world.in_store() if each.endswith("2026-02-01")} == {
        "events.json of 2026-02-01", "manifest.json of 2026-02-01",
    }  # fmt: skip
    elsewhere = Revision(RunFolder(world.folder / "other machine", first.run.id, world.storage), "portal", 1, first.row)
    assert elsewhere.run.is_whole
    assert [each.name for each in elsewhere.findings().events] == ["G1"]
    with pytest.raises(InputMissing, match="were deleted from the store on 2026-06-01"):
        elsewhere.run.file("forecast.nc")
    with pytest.raises(InputMissing, match="were deleted from the store on 2026-06-01"):
        elsewhere.file("files/extent.tif")


def test_a_pruned_day_can_be_run_again(world: World) -> None:
    world.day(0, *DONE)
    world.day(1, *DONE)
    world.age()
    world.prune()
    run = world.run(0)
    part = begin_findings(run)
    (part / "forecast.nc").write_text("forecast 0" * 100)
    keep_findings(run, part, {"headline": "1 trigger"})
    again = RunFolder(world.folder / "other machine", run.id, world.storage)
    assert again.file("forecast.nc").read_text() == "forecast 0" * 100


def test_nothing_is_pruned_while_a_run_of_the_country_is_at_work(world: World) -> None:
    world.day(0, *DONE)
    world.day(1, *DONE)
    world.age()
    with lease(open_records(records_url(world.folder)), "XTY/floods", "run XTY"):
        done = contextvars.Context().run(world.prune)
    assert done.sets == ()
    assert done.passed_over[0].startswith("XTY/floods: another process is at work there: run XTY")
    assert len(world.prune().sets) == 2


def test_what_ends_between_mark_and_deletion_is_finished_by_the_next_prune(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.day(0, *DONE)
    world.day(1, *DONE)
    world.age()

    def killed(store: FileStore, keys: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            world.prune()
    assert world.pruned() == places(0)
    assert "forecast.nc of 2026-02-01" in world.in_store()
    done = world.prune()
    assert (done.sets, done.orphans > 1) == ((), True)
    assert "forecast.nc of 2026-02-01" not in world.in_store()
    assert "forecast.nc of 2026-02-02" in world.in_store()


def test_a_kind_and_a_country_by_itself(world: World) -> None:
    world.day(0, *DONE)
    world.day(1, *DONE)
    world.age()
    assert world.prune(PruneRequest(ALL.days, country="XTZ")).sets == ()
    assert {each.kind for each in world.prune(PruneRequest(ALL.days, kind="revision")).sets} == {"revision"}
    assert world.pruned() == places(0, parts=["/targets/portal/r1"])


def test_copies_of_static_data_go_when_newer_ones_have_replaced_them(world: World) -> None:
    file, store = world.folder / "here/stations.csv", world.pruning.store
    records = open_records(records_url(world.folder))
    copy = StoreLocation(SharedStorage(records, store), "static/XTY", "prepared", "XTY")
    file.parent.mkdir()
    for content in ("first", "second"):
        file.write_text(content)
        files = copy.put(file.parent, [file.name])
        with records.transaction() as connection:
            copy.record(connection, files)
    world.age()
    done = world.prune()
    assert (len(done.sets), done.passed_over, world.pruned()) == (1, (), {"static/XTY"})
    assert [each.size for each in store.objects()] == [len("second")]


def test_without_a_store_there_is_nothing_to_prune(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no store"):
        Pruning(tmp_path / "runs", Storage(), clock).prune(ALL)


def test_runs_are_counted_by_issue_time_not_by_attempt(world: World) -> None:
    """A day that was run three times is one of the newest runs, not three."""
    world.day(0, *DONE)
    with open_records(records_url(world.folder)).transaction() as connection:
        (row,) = connection.execute(select(RUN)).all()
        again = {name: value for name, value in row._mapping.items() if name != "id"}
        connection.execute(RUN.insert(), [again, again])
    assert list(world.pruning._newest_runs()) == ["XTY/floods/2026-02-01"]
