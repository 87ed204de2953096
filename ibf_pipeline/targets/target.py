"""What every kind of target can do, so that flows and commands need not know which one it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.publisher import NotificationMode, PublishOutcome
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import attach_file
from ibf_pipeline.runs.verification import Verification
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.problems import Overrides

MakeExtents = Callable[[Path], Mapping[int, FileBody]]
"""Puts the rasters of all lead times into the folder of a revision; lead time -> file"""


@dataclass(frozen=True, slots=True)
class RevisionDraft:
    """A plan and what it was made with, not yet a revision."""

    calls: tuple[Call, ...]
    about: RevisionMetadata


@dataclass(frozen=True, slots=True)
class Publication:
    """What carrying out a revision came to."""

    outcome: PublishOutcome
    notices: tuple[Notice, ...]
    number: int
    """of the revision"""
    published: Findings
    """what it says; a resumed revision may say less or more than the forecast of today's run"""
    notified: bool
    """the call that notifies was made just now"""
    unmailed: bool = False
    """it was to notify, and the target mails nobody about this country"""
    verified: Verification | None = None
    """what the target shows afterwards; None if it has no portal to look at"""


class OpenTarget(Protocol):
    """A target that is open for one country. What it has to keep to stands in docs/design/targets.md."""

    @property
    def name(self) -> str:
        """As in the settings."""
        ...

    def draft(self, findings: Findings, run: RunFolder, staging: Path) -> RevisionDraft:
        """The plan of a day as it would be published now; its files are put into `staging`, no revision is allotted."""
        ...

    def revise(
        self,
        findings: Findings,
        run: RunFolder,
        overrides: Overrides,
        *,
        extents: MakeExtents | None = None,
        withdraws: tuple[str, ...] = (),
    ) -> Revision | None:
        """Allot a new revision of a day: its plan and files, before any call.

        Parameters
        ----------
        findings : Findings
            Of the day.
        run : RunFolder
            The day.
        overrides : Overrides
            What the operator accepts.
        extents : MakeExtents, optional
            Makes the rasters if they are not those of the run.
        withdraws : tuple of str
            Events that the revision takes back.

        Returns
        -------
        Revision or None
            None if the target already has this content.

        Raises
        ------
        ServerRefused
            With every problem that blocks, in one message.
        ForbiddenByRule
            If a rule forbids it, such as time that would go backwards.
        """
        ...

    def require_allowed(self, findings: Findings, run: RunFolder, overrides: Overrides) -> None:
        """Raise what `revise` would raise, before the findings take the place of those that were published."""
        ...

    def require_resumable(
        self, revision: Revision, overrides: Overrides, *, end: NotificationMode | None = None
    ) -> None:
        """Check that a revision may be gone on with.

        Parameters
        ----------
        revision : Revision
            Unfinished.
        overrides : Overrides
            What the operator accepts.
        end : NotificationMode, optional
            What an operator decided about its notification.

        Raises
        ------
        ForbiddenByRule
            If its calls would rewrite what came after it.
        ServerRefused
            If its calls would delete what people decided meanwhile.
        """
        ...

    def carry_out(self, revision: Revision, *, end: NotificationMode | None = None) -> Publication:
        """Make the calls of a revision that are not done yet; `end`: an operator's decision on the notification."""
        ...

    def look_back(self, revision: Revision) -> Verification | None:
        """What the portal shows now beside what it must show of a revision, kept with it. It raises nothing.

        None for a target that has no portal to look at.
        """
        ...


def attach_extents(findings: Findings, run: RunFolder, staging: Path) -> dict[int, FileBody]:
    """The rasters of all lead times of a run, kept with the revision."""
    files = run.extents([extent.file_name for extent in findings.extents])
    return {
        extent.lead_time: attach_file(staging, file, extent.file_name)
        for extent, file in zip(findings.extents, files, strict=True)
    }
