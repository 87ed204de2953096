"""Old runs that are damaged: said in the log, and no later day stops because of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.runs.folder import Revision, RevisionAbout, RunFolder, runs_of
from ibf_pipeline.runs.ledger import close_older, published_dates, untold_triggers
from tests.worlds.countries.made_found import event, found

TODAY = date(2026, 2, 16)
DATE = "2026-02-15T00:00:01.000Z"


def clock() -> datetime:
    return datetime(2026, 2, 16, 7, tzinfo=UTC)


def published(runs: Path) -> Revision:
    """The first revision of yesterday, its one call made."""
    run = RunFolder(runs, "XTY", date(2026, 2, 15))
    call = Call(1, "exposure", "POST", "/exposure", body={"date": DATE})
    day = found([event("G1", "--TTT---", "max", {"01A": 5})], [], run.issue_date)
    about = RevisionAbout(DATE, "portal", "http://portal", "current", "forced", True, "hash")
    revision = run.allot("portal", 1, run.stage("portal", 1), day, [call], about)
    Journal(revision.journal_file, clock).append(1, "done", status=201)
    return revision


def test_a_damaged_revision_is_known_by_its_plan(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    revision = published(tmp_path)
    assert published_dates(tmp_path, "XTY", "portal") == {DATE}
    (revision.folder / "revision.json").write_text('{"date": "20')
    assert published_dates(tmp_path, "XTY", "portal") == {DATE}
    assert "revision.json" in caplog.text
    with pytest.raises(InputInvalid, match="cannot be read"):
        revision.about()
    (revision.folder / "plan.jsonl").write_text("{")
    assert published_dates(tmp_path, "XTY", "portal") == set()
    assert "left out" in caplog.text


def test_triggers_of_a_damaged_revision_count_as_untold(tmp_path: Path) -> None:
    revision = published(tmp_path)
    today = RunFolder(tmp_path, "XTY", TODAY)
    assert untold_triggers({"G1"}, today, "portal", clock) == set(), "the revision notified"
    (revision.folder / "revision.json").unlink()
    assert untold_triggers({"G1"}, today, "portal", clock) == {"G1"}


def test_a_damaged_plan_of_an_older_day_is_closed_and_stops_nothing(tmp_path: Path) -> None:
    revision = published(tmp_path)
    today = RunFolder(tmp_path, "XTY", TODAY)
    assert close_older(tmp_path, today, "portal", clock) == []
    (revision.folder / "plan.jsonl").write_text("{")
    assert close_older(tmp_path, today, "portal", clock) == [revision]
    assert close_older(tmp_path, today, "portal", clock) == [], "closed once"


def test_a_folder_that_is_no_day_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("2026-02-30", "2026-02-15", "20ab-cd-ef"):
        (tmp_path / "XTY" / name).mkdir(parents=True)
    assert [run.issue_date for run in runs_of(tmp_path, "XTY")] == [date(2026, 2, 15)]
    assert "2026-02-30 is the folder of no day" in caplog.text
