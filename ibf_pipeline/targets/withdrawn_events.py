"""A day without events that an operator takes back: from then on no call is made that would show or mail them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.runs.confirmation import give_up_replaced
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, unfinished
from ibf_pipeline.runs.rasters import make_rasters
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.revision_staging import attach_file
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import OpenTarget


def taken_back(revision: Revision) -> list[str]:
    """Events that an operator took back from a revision which still has them, so that it is not gone on with."""
    withdraws = set(revision.about().withdraws)
    return sorted(withdraws & {event.name for event in revision.findings().events}) if withdraws else []


def take_back(run: RunFolder, target: str, names: Collection[str], by: str, now: Clock) -> None:
    """Record who took events back from the unfinished revision of a day.

    That is done before the (perhaps unreachable) target is asked. Without such a revision, or if it has none of these
    events, nothing is recorded.

    Parameters
    ----------
    run, target
        The day, and the target's name.
    names : collection of str
        Names of the events.
    by : str
        Who decides it.
    now : Clock
        Dates what is recorded.
    """
    revision = unfinished(run, target)
    own = sorted({event.name for event in revision.findings().events} & set(names)) if revision is not None else []
    if revision is not None and own:
        about = revision.about()
        revision.decided(f"withdraw {', '.join(own)}", by, now)
        revision.keep(replace(about, withdraws=tuple(sorted({*about.withdraws, *own}))))


def require_nothing_taken_back(revision: Revision) -> None:
    """Require that going on with a revision shows and mails nothing that an operator took back.

    Raises
    ------
    ForbiddenByRule
        If a withdrawn event is still among its findings.
    """
    names = taken_back(revision)
    if names:
        raise ForbiddenByRule(
            f"{', '.join(names)} was withdrawn from revision {revision.number}, which is unfinished",
            where=revision.folder,
            expected="a day that goes on without it",
            remedy=f"`ibf-pipeline resume {revision.run.iso3}/{revision.issue_time}` goes on without it if nothing "
            "is held or unconfirmed; else withdraw it once more, with --notify or --no-notify",
        )


def revise_without(
    run: RunFolder,
    prepared: Path,
    base: Revision,
    names: Collection[str],
    target: OpenTarget,
    overrides: Overrides,
    now: Clock,
) -> Revision:
    """Allot a revision with the content of `base` without these events; unfinished ones before it are given up.

    Parameters
    ----------
    run : RunFolder
        The day.
    prepared : Path
        The country's prepared layers, from which the rasters are made anew.
    base : Revision
        The revision whose content is kept.
    names : collection of str
        Names of the events that go.
    target : OpenTarget
        Where the day is published.
    overrides : Overrides
        What the operator accepts.
    now : Clock
        Dates what is recorded.

    Raises
    ------
    ForbiddenByRule
        If the target already is without these events.
    """
    remaining = base.findings().without(names)
    withdraws = tuple(sorted({*names, *base.about().withdraws}))
    extents = partial(_extents, run, prepared, remaining)
    revision = target.revise(remaining, run, overrides, extents=extents, withdraws=withdraws)
    if revision is None:
        raise ForbiddenByRule("the target already is without these events", where=base.folder)
    give_up_replaced(run, target.name, revision, now)
    return revision


def _extents(run: RunFolder, prepared: Path, remaining: Findings, staging: Path) -> Mapping[int, FileBody]:
    """The extents of what is left, kept with the revision."""
    folder = staging / "made"
    folder.mkdir()
    make_rasters(remaining, prepared, folder)
    bodies = {}
    for extent in remaining.extents:
        bodies[extent.lead_time] = attach_file(staging, folder / extent.file_name, extent.file_name)
        (folder / extent.file_name).unlink()
    folder.rmdir()
    return bodies
