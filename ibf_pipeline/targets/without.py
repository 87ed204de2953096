"""A day without events that a person takes back: from then on no call is made that would show or mail them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, unfinished
from ibf_pipeline.runs.rasters import make_rasters
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.unconfirmed import give_up_replaced
from ibf_pipeline.targets.open_target import OpenTarget
from ibf_pipeline.targets.problems import Consent


def taken_back(revision: Revision) -> list[str]:
    """Events that a person took back from a revision which still has them, so that it is not gone on with."""
    withdraws = set(revision.about().withdraws)
    return sorted(withdraws & {event.name for event in revision.found().events}) if withdraws else []


def take_back(run: RunFolder, target: str, names: Collection[str], by: str, now: Clock) -> None:
    """Record who took events back with the unfinished revision of a day, before the target is asked: it may be away."""
    revision = unfinished(run, target)
    own = sorted({event.name for event in revision.found().events} & set(names)) if revision is not None else []
    if revision is not None and own:
        about = revision.about()
        revision.decided(f"withdraw {', '.join(own)}", by, now)
        revision.keep(replace(about, withdraws=tuple(sorted({*about.withdraws, *own}))))


def require_nothing_taken_back(revision: Revision) -> None:
    """ForbiddenByRule where going on would show or mail what a person took back."""
    names = taken_back(revision)
    if names:
        raise ForbiddenByRule(
            f"{', '.join(names)} was withdrawn from revision {revision.number}, which is unfinished",
            where=revision.folder,
            expected="a day that goes on without it",
            remedy=f"`ibf-pipeline resume {revision.run.iso3}/{revision.issue_time}` goes on without it where nothing "
            "is held or unconfirmed; else withdraw it once more, with --notify or --no-notify",
        )


def revise_without(
    run: RunFolder,
    prepared: Path,
    base: Revision,
    names: Collection[str],
    target: OpenTarget,
    consent: Consent,
    now: Clock,
) -> Revision:
    """Allot a revision that has what `base` has but these events; the unfinished ones before it are given up.

    `prepared`: the country's prepared layers.
    """
    remaining = base.found().without(names)
    withdraws = tuple(sorted({*names, *base.about().withdraws}))
    extents = partial(_extents, run, prepared, remaining)
    revision = target.revise(remaining, run, consent, extents=extents, withdraws=withdraws)
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
        bodies[extent.lead_time] = run.attach(staging, folder / extent.file_name, extent.file_name)
        (folder / extent.file_name).unlink()
    folder.rmdir()
    return bodies
