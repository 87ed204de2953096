"""What every kind of target can do, so that flows and commands need not know which one it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.publisher import End, Outcome
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionAbout
from ibf_pipeline.runs.verified import Verified
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.problems import Consent

MakeExtents = Callable[[Path], Mapping[int, FileBody]]
"""Puts the rasters of all lead times into the folder of a revision; lead time -> file"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan and what it was made with, not yet a revision."""

    calls: tuple[Call, ...]
    about: RevisionAbout


@dataclass(frozen=True, slots=True)
class Publication:
    """What carrying out a revision came to."""

    outcome: Outcome
    notices: tuple[Notice, ...]
    number: int
    """of the revision"""
    published: Findings
    """what it says; a resumed revision may say less or more than the forecast of today's run"""
    notified: bool
    """the call that notifies was made just now"""
    unmailed: bool = False
    """it was to notify, and the target mails nobody about this country"""
    verified: Verified | None = None
    """what the target shows afterwards; None where it has no portal to look at"""


class OpenTarget(Protocol):
    """A target that is open for one country."""

    @property
    def name(self) -> str:
        """As in the settings."""
        ...

    def draft(self, found: Findings, run: RunFolder, staging: Path) -> Draft:
        """The plan of a day as it would be published now; its files are put into `staging`."""
        ...

    def revise(
        self,
        found: Findings,
        run: RunFolder,
        consent: Consent,
        *,
        extents: MakeExtents | None = None,
        withdraws: tuple[str, ...] = (),
    ) -> Revision | None:
        """Allot a new revision of a day; None where its content is what the target already has.

        `extents`: where the rasters are not those of the run; `withdraws`: events that the revision takes back.
        Raises ServerRefused listing everything that blocks, ForbiddenByRule where a rule does.
        """
        ...

    def require_allowed(self, found: Findings, run: RunFolder, consent: Consent) -> None:
        """What `revise` would refuse of a day, before its findings take the place of those that were published."""
        ...

    def require_resumable(self, revision: Revision, consent: Consent, *, end: End | None = None) -> None:
        """ForbiddenByRule where going on with a revision would rewrite what came after it; ServerRefused where it would
        delete what people decided meanwhile.
        """
        ...

    def carry_out(self, revision: Revision, *, end: End | None = None) -> Publication:
        """Make the calls of a revision that are not done yet; `end`: what a person decided of the notification."""
        ...

    def look_back(self, revision: Revision) -> Verified | None:
        """What the portal shows now beside what it must show of a revision, kept with it. It raises nothing.

        None for a target that has no portal to look at.
        """
        ...


def attach_extents(found: Findings, run: RunFolder, staging: Path) -> dict[int, FileBody]:
    """The rasters of all lead times of a run, kept with the revision."""
    files = run.extents([extent.file_name for extent in found.extents])
    return {
        extent.lead_time: run.attach(staging, file, extent.file_name)
        for extent, file in zip(found.extents, files, strict=True)
    }
