"""Run folders of flood days, named by country and issue date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.runs.folder import RunFolder, runs_of
from ibf_pipeline.storage.storage import Storage


def flood_run(runs: Path, iso3: str, issue_date: date, storage: Storage | None = None) -> RunFolder:
    return RunFolder(runs, RunId(iso3, "floods", IssueTime(issue_date)), storage)


def flood_runs_of(runs: Path, iso3: str) -> list[RunFolder]:
    return runs_of(runs, iso3, "floods")
