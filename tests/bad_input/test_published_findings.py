"""What was published of a day is not overwritten by a later run of it that the server or a rule refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from tests.worlds.countries import tiny_country
from tests.worlds.countries.flood_days import open_sandbox
from tests.worlds.countries.tiny_day import TinyDay
from tests.worlds.lookback_words import said

NEXT = date(2026, 2, 16)


def test_a_late_run_that_is_refused_leaves_the_findings_that_were_published(
    day: TinyDay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Day 15 alerts, day 16 is published, then a corrected forecast of day 15 arrives: its alert stays explained."""
    monkeypatch.setenv("IBF_EMAIL", "pipeline@sandbox.example")
    monkeypatch.setenv("IBF_PASSWORD", SANDBOX_PASSWORD)
    with open_sandbox(tmp_path / "sandbox", day.static, [tiny_country.country()]) as sandbox:
        settings = yaml.safe_load((day.config / "settings.yaml").read_text())
        settings["targets"]["portal"]["url"] = sandbox.url
        (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
        assert said(day.flow()) == "1 trigger"
        published = day.files_of_run()
        day.write_forecast("G1=-TTT----", issue_date=NEXT)
        assert said(day.flow(issue_date=NEXT)) == "1 trigger"
        day.write_forecast("")
        state = day.flow()
    assert type(state.result(raise_on_failure=False)) is ForbiddenByRule, state
    assert "later than the issue date 2026-02-15" in str(state.message)
    assert day.files_of_run() == published
    assert [event.name for event in day.run_folder.findings().events] == ["G1"]
