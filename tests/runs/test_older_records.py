"""Records that were brought back from a back-up know less than the journals beside them: nothing is sent then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import delete

from ibf_pipeline.errors import ForbiddenByRule, InputInvalid
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.journal import CallState
from ibf_pipeline.records.schema import ENTRY
from ibf_pipeline.runs import legacy_journals
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from tests.worlds.countries.flood_findings import found
from tests.worlds.runs import flood_run

DAY = date(2026, 2, 15)
MOMENTS = count()


def clock() -> datetime:
    """Each moment is another one."""
    return datetime(2026, 2, 15, tzinfo=UTC) + timedelta(seconds=next(MOMENTS))


def published(runs: Path, day: date, *states: CallState) -> Revision:
    """A revision whose one call notifies, and what happened to it."""
    run = flood_run(runs, "XTY", day)
    about = RevisionMetadata(f"{day}T00:00:01Z", "portal", "http://portal", "current", "forced", True, "hash")
    call = Call(1, "notify", "POST", "/end", body={"date": about.date}, kind="end")
    revision = keep_revision(run, "portal", 1, begin_revision(run, "portal", 1), found([], [], day), [call], about)
    with revision.journal(clock).open("test"):
        for state in states:
            revision.journal(clock).append(1, state)
    return revision


def bring_back(revision: Revision, *, words: int) -> None:
    """The records as they were after so many words about the revision."""
    entries = revision.state().progress.entries
    later = [entry.at for entry in entries[words:]]
    with revision.run.records.transaction() as connection:
        connection.execute(delete(ENTRY).where(ENTRY.c.revision == revision.row, ENTRY.c.at.in_(later)))
    assert len(revision.state().progress.entries) == words
    legacy_journals._known.clear()  # as in a new process


@pytest.fixture(autouse=True)
def known_as_before() -> Iterator[None]:
    yield
    legacy_journals._known.clear()


def test_it_is_noticed_however_many_exercises_there_were_since(tmp_path: Path) -> None:
    real = published(tmp_path, DAY, "sending", "done")
    for number in range(1, 32):
        published(tmp_path / "exercises", DAY + timedelta(days=number), "sending", "done")
    assert flood_run(tmp_path, "XTY", DAY).records
    bring_back(real, words=0)
    with pytest.raises(ForbiddenByRule, match="1 of the journals here are not in the records"):
        assert flood_run(tmp_path, "XTY", DAY + timedelta(days=1)).records


def test_a_second_mark_is_not_taken_for_the_first(tmp_path: Path) -> None:
    revision = published(tmp_path, DAY, "sending", "failed", "sending")
    bring_back(revision, words=2)
    assert revision.state().unconfirmed_call is None
    with pytest.raises(ForbiddenByRule, match="not in the records"):
        assert flood_run(tmp_path, "XTY", DAY).records


def test_a_revision_whose_folder_cannot_be_read_is_no_revision_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = published(tmp_path, DAY, "sending", "done")
    iterdir = Path.iterdir

    def refuse(self: Path) -> Iterator[Path]:
        if self == revision.folder:
            raise PermissionError(13, "Permission denied")
        return iterdir(self)

    legacy_journals._known.clear()
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputInvalid, match="the run folders cannot be looked through"):
        assert flood_run(tmp_path, "XTY", DAY).records
