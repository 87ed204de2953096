"""What was observed enters the report of a run only while no run of the country is at work."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ibf_pipeline.domain.observation import EventObservation, Look, Verdict
from ibf_pipeline.runs.observations import event_folder, read_observations
from tasks.observation import keep_observed
from tests.worlds.countries.square_run import make_square_country

MONDAY = date(2026, 2, 16)


def now() -> datetime:
    return datetime(2026, 2, 18, 6, tzinfo=UTC)


def test_the_report_waits_for_the_run_that_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.observation.create_markdown_artifact", lambda *_, **__: None)
    squares = make_square_country(tmp_path, 1)
    _, run = squares.run(MONDAY, {"S01": {3: (38, 350.0)}})
    page = run.path / "report" / "report.html"
    verdict = Verdict("undecided", "little was seen")
    look = Look(
        source="open water", first_day=MONDAY, last_day=MONDAY, passes=(now(),), products=("S1A_PASS",),
        method="Open water.", verdict=verdict, areas=(),
    )  # fmt: skip
    observed = EventObservation(
        country=run.iso3, issue_date=MONDAY, event="S01", verdict=verdict, default_admin_level=1, areas=(),
        looks=(look,),
    )  # fmt: skip
    keeping = threading.Thread(
        target=keep_observed.fn, args=(observed, event_folder(run.path, "S01"), run, squares.prepared)
    )
    with run.exclusive("run"):
        keeping.start()
        keeping.join(3)
        assert keeping.is_alive()
        assert [each.event for each in read_observations(run.path)] == ["S01"], "it is kept all the same"
        assert "little was seen" not in page.read_text(encoding="utf-8")
    keeping.join(60)
    assert "little was seen" in page.read_text(encoding="utf-8")
