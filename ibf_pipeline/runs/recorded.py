"""The runs that were recorded, on whatever machine they ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import func, select

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.records.open import beside, open_records
from ibf_pipeline.records.schema import RUN
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.taken_over import EXERCISES
from ibf_pipeline.storage.storage import Storage


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """The newest run of a country, hazard and issue time."""

    run: RunFolder
    source: str
    """that its forecast arrived from"""
    arrived: str
    """when the last of its forecast files was there; UTC, ISO 8601, empty where that is not kept"""
    finished: str
    """when its findings were whole; UTC, ISO 8601"""
    headline: str
    """what it found"""


def recorded_runs(
    runs: Path,
    storage: Storage,
    iso3: str | None,
    most: int | None = None,
    *,
    hazard: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[RecordedRun]:
    """At most so many runs of a country, or of all, the newest issue time first; `until` is the last day.

    `runs`: the folder of the real days; `storage`: of the installation.
    """
    key = (RUN.c.country, RUN.c.hazard, RUN.c.issue_time, RUN.c.exercise)
    newest = select(func.max(RUN.c.id)).group_by(*key)
    wanted = (
        select(RUN)
        .where(RUN.c.id.in_(newest))
        .order_by(RUN.c.issue_time.desc(), RUN.c.country, RUN.c.hazard, RUN.c.exercise)
    )
    if iso3 is not None:
        wanted = wanted.where(RUN.c.country == iso3)
    if hazard is not None:
        wanted = wanted.where(RUN.c.hazard == hazard)
    if since is not None:
        wanted = wanted.where(RUN.c.issue_time >= since.isoformat())
    if until is not None:
        wanted = wanted.where(RUN.c.issue_time < (until + timedelta(days=1)).isoformat())
    return [
        RecordedRun(
            RunFolder(
                runs / EXERCISES if row.exercise else runs,
                RunId(row.country, row.hazard, IssueTime.parse(row.issue_time)),
                storage,
            ),
            row.source,
            row.arrived,
            row.finished,
            row.headline,
        )
        for row in open_records(storage.records or beside(runs)).rows(wanted.limit(most))
    ]
