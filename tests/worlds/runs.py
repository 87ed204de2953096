"""Run folders of flood days, named by country and issue date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.run_index import runs_of
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.notice_ledger import notices_of


def flood_run(runs: Path, iso3: str, issue_date: date, storage: Storage | None = None) -> RunFolder:
    return RunFolder(runs, RunId(iso3, "floods", IssueTime(issue_date)), storage)


def flood_runs_of(runs: Path, iso3: str) -> list[RunFolder]:
    return runs_of(runs, iso3, "floods")


def kept_notices(run: RunFolder, target: str) -> list[Notice]:
    """Of the newest revision of a run."""
    return [notice for revision in run.revisions(target)[-1:] for notice in notices_of(revision)]
