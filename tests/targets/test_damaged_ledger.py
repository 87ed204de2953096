"""Old runs that are damaged: said in the log, and no later day stops because of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.publish.call import Call
from ibf_pipeline.runs.ledger import close_older
from ibf_pipeline.runs.publication_history import publication_history
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from ibf_pipeline.targets.ibf.revision import may_be_shown
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.journals import change_record
from tests.worlds.runs import flood_run, flood_runs_of

TODAY = date(2026, 2, 16)
DATE = "2026-02-15T00:00:01.000Z"


def clock() -> datetime:
    return datetime(2026, 2, 16, 7, tzinfo=UTC)


def published(runs: Path, issue_date: date = date(2026, 2, 15), event_name: str = "G1") -> Revision:
    """The first revision of a day, that of yesterday, its one call made."""
    run = flood_run(runs, "XTY", issue_date)
    call = Call(1, "exposure", "POST", "/exposure", body={"date": DATE})
    day = found([event(event_name, "--TTT---", "max", {"01A": 5})], [], run.issue_date)
    about = RevisionMetadata(DATE, "portal", "http://portal", "current", "forced", True, "hash")
    revision = keep_revision(run, "portal", 1, begin_revision(run, "portal", 1), day, [call], about)
    revision.journal(clock).append(1, "done", status=201)
    return revision


def test_an_upload_of_a_date_that_is_not_known_is_not_ours(tmp_path: Path) -> None:
    revision = published(tmp_path)
    today = flood_run(tmp_path, "XTY", TODAY)
    assert today.dates("portal") == {DATE}
    change_record(revision, date=None)
    assert today.dates("portal") == set()


def test_triggers_of_a_damaged_revision_count_as_untold(tmp_path: Path) -> None:
    revision = published(tmp_path)
    today = flood_run(tmp_path, "XTY", TODAY)
    assert publication_history(today, "portal", may_be_shown).unnotified_triggers({"G1"}) == set(), (
        "the revision notified"
    )
    change_record(revision, about=None)
    with pytest.raises(InputInvalid, match="cannot be read"):
        revision.about()
    assert publication_history(today, "portal", may_be_shown).unnotified_triggers({"G1"}) == {"G1"}


def test_what_is_open_is_told_by_the_newest_revision_that_can_be_read(tmp_path: Path) -> None:
    published(tmp_path)
    newer = published(tmp_path, TODAY, "G2")
    tomorrow = flood_run(tmp_path, "XTY", date(2026, 2, 17))

    def possibly_open_events() -> list[str]:
        return [event.name for event in publication_history(tomorrow, "portal", may_be_shown).possibly_open_events]

    assert possibly_open_events() == ["G2"]
    (newer.folder / "events.json").write_text("{")
    assert possibly_open_events() == ["G1"]


def test_a_damaged_plan_of_an_older_day_is_closed_and_stops_nothing(tmp_path: Path) -> None:
    revision = published(tmp_path)
    today = flood_run(tmp_path, "XTY", TODAY)
    assert close_older(today, "portal", clock) == []
    change_record(revision, plan="{")
    assert close_older(today, "portal", clock) == [revision]
    assert close_older(today, "portal", clock) == [], "closed once"


def test_a_folder_that_is_no_day_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("2026-02-30", "2026-02-15", "20ab-cd-ef"):
        (tmp_path / "XTY" / name).mkdir(parents=True)
    assert [run.issue_date for run in flood_runs_of(tmp_path, "XTY")] == [date(2026, 2, 15)]
    assert "2026-02-30 is not the folder of a day" in caplog.text
