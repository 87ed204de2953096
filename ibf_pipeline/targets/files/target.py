"""A folder as a target: `<folder>/<ISO3>/<issue date>/` with tables and rasters. Nobody is notified by it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import errors_logged
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.report.exports import tables, write_exports
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.pictures.outlines import read_map_layers
from ibf_pipeline.report.table_files import write_records
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, latest_finished, require_not_withdrawn
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from ibf_pipeline.targets.files.planner import day_path, plan_calls
from ibf_pipeline.targets.files.transport import FilesTransport, shown_day
from ibf_pipeline.targets.notice import blind_notices
from ibf_pipeline.targets.problems import (
    Overrides,
    Problem,
    impossible_amounts,
    require_publishable,
    unreadable_extents,
)
from ibf_pipeline.targets.publication import carry_out
from ibf_pipeline.targets.target import MakeExtents, Publication, RevisionDraft, attach_extents

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FilesTarget:
    """One country in a folder. Each day stands for itself: an older one may be published after a newer."""

    name: str
    """as in the settings"""
    folder: Path
    prepared: Path
    """the country's prepared layers, for the outlines of areas"""
    now: Clock

    def draft(self, findings: Findings, run: RunFolder, staging: Path) -> RevisionDraft:
        """The plan of a day as it would be published now."""
        return self._draft(findings, run, staging, None)

    def revise(
        self,
        findings: Findings,
        run: RunFolder,
        overrides: Overrides,
        *,
        extents: MakeExtents | None = None,
        withdraws: tuple[str, ...] = (),
    ) -> Revision | None:
        """Allot a revision if the folder does not show this very content."""
        problems = [*self._problems(findings, run, overrides), *impossible_amounts(findings)]
        if extents is None:
            problems += unreadable_extents(findings, run)
        require_publishable(problems, str(self.folder))
        number = run.next_number(self.name)
        staging = begin_revision(run, self.name, number)
        plan = self._draft(findings, run, staging, extents)
        latest = latest_finished(run, self.name)
        if latest is not None and not withdraws:
            if (
                latest.about().content == plan.about.content
                and shown_day(self._day(findings)) == latest.calls()[-1].body
            ):
                return None
            if not overrides.withdrawn:
                require_not_withdrawn(findings, latest)
        return keep_revision(
            run, self.name, number, staging, findings, plan.calls, replace(plan.about, withdraws=withdraws)
        )

    def require_allowed(self, findings: Findings, run: RunFolder, overrides: Overrides) -> None:
        """What stands in the way of publishing a day there."""
        require_publishable(
            [*self._problems(findings, run, overrides), *impossible_amounts(findings)], str(self.folder)
        )

    def require_resumable(
        self, revision: Revision, overrides: Overrides, *, end: NotificationMode | None = None
    ) -> None:
        """A day of files can always be gone on with: no other day depends on it."""

    def carry_out(self, revision: Revision, *, end: NotificationMode | None = None) -> Publication:
        """Bring the files that are not there yet, then show the day."""
        transport = FilesTransport(self.folder, revision.file)
        return carry_out(revision, transport, self.now, lambda revision, found: blind_notices(found), end=end)

    def look_back(self, revision: Revision) -> None:
        """There is nothing to look at: the files are what was written."""

    def _draft(self, findings: Findings, run: RunFolder, staging: Path, extents: MakeExtents | None) -> RevisionDraft:
        number = run.next_number(self.name)
        at = findings.issue_time.start + timedelta(seconds=number)
        rasters = extents(staging) if extents else attach_extents(findings, run, staging)
        calls = plan_calls(findings, [*self._tables(findings, run, staging), *rasters.values()], at)
        body = calls[-1].body or {}
        about = RevisionMetadata(
            date=body["date"],
            target=self.name,
            url=str(self.folder),
            capabilities="files",
            reason="the target's kind",
            notify=False,
            content=body["content"],
        )
        return RevisionDraft(tuple(calls), about)

    def _tables(self, findings: Findings, run: RunFolder, staging: Path) -> list[FileBody]:
        """Events, areas and what the hazard adds in every format, kept with the revision."""
        levels = read_map_layers(self.prepared, findings.admin_levels).levels.values()
        shapes = {code: shape for level in levels for code, shape in level.shapes.items()}
        folder = staging / "files"
        kept = _kept(findings, run)
        files = write_exports(findings, shapes, folder, kept)
        files += [write_records(table, folder / f"{table.name}.json") for table in tables(findings, shapes, kept)]
        return [FileBody(f"files/{file.name}", file.name, sha256(file)) for file in sorted(files)]

    def _day(self, findings: Findings) -> Path:
        return self.folder / day_path(findings)

    def _problems(self, findings: Findings, run: RunFolder, overrides: Overrides) -> Iterator[Problem]:
        existing = next(place for place in (self.folder, *self.folder.parents) if place.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            yield Problem(f"{existing} is not a folder that may be written to")
        day = self._day(findings)
        if overrides.take_over or not day.exists():
            return
        shown = shown_day(day)
        if not any(revision.calls()[-1].body == shown for revision in run.revisions(self.name)):
            yield Problem(f"{day} is there and is not ours: somebody else publishes there; replace it with --take-over")


def _kept(findings: Findings, run: RunFolder) -> Any:
    """What the hazard keeps beside its findings, if its tables have it; a damaged file costs no more than names."""
    extension = report_extension_of(findings)
    if extension.tables_need_run_data:
        with errors_logged(
            log, "%s: what is kept with the run could not be read, tables are without it", findings.country
        ):
            return extension.read_run_data(findings, run.kept.fetch_all(), run, ())
    return None
