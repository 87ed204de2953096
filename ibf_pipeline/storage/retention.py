"""What may be deleted from the store: by age and kind, and never what the records still need.

A set of files is kept for the days of its kind (`store.keep_days`), counted from when it was put there; prepared layers
from when newer ones replaced them. These are never deleted, however old they are:

* `events.json` and `manifest.json` of every run and revision: small, and read by whatever looks back;
* the newest set of a place of a run that the records need (`PruningNeeds`, with the reason): one with a revision that
  is unfinished, held or unconfirmed, what a target shows and everything since, and the newest runs of a country;
* the newest prepared layers of a country;
* forecasts of a day with such a revision, and those of the last two days, which may still be tried;
* a file that a set which is kept has under the same key.

What a newer set of the same place has replaced is read by nobody: it goes a day later, whatever its kind but prepared
layers. So does a file in the store that no set names, which is what a process leaves that dies between putting and
recording.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.file_store import StoredObject
from ibf_pipeline.storage.file_sets import ALWAYS, FileSet

_OURS: Final = r"/\d{{8}}T\d{{6}}-{owner}-[0-9a-f]{{6}}/"
"""in the keys that `StoreLocation.put` makes: other files below the same address are somebody else's"""
_FEW: Final = 100
_GRACE: Final = timedelta(days=1)
"""for whoever is at work with what was replaced, or has put what is not recorded yet"""
_TRIED: Final = timedelta(days=2)
"""that a forecast stays at least"""


@dataclass(frozen=True, slots=True)
class PruningNeeds:
    """What the records still need, each with the reason."""

    runs: Mapping[str, str] = field(default_factory=dict)
    """`UGA/floods/2026-02-15` -> why"""
    days: Mapping[str, str] = field(default_factory=dict)
    """issue dates whose forecasts are needed, `20260215` -> why"""


@dataclass(frozen=True, slots=True)
class RetentionDecision:
    """What happens to a set of files."""

    kept: FileSet
    deletes: bool
    why: str
    is_old: bool
    """whether its days are over: if it is not deleted, something else keeps it"""


def retention_decisions(
    sets: Sequence[FileSet], needs: PruningNeeds, days: Mapping[str, int | None], now: datetime
) -> list[RetentionDecision]:
    """What happens to each set that was not pruned, in their order. `days`: kind -> days for which it is kept."""
    replaced, newest = dict[int, datetime](), dict[str, FileSet]()
    for each in sorted(sets, key=lambda one: one.row):
        if each.place in newest:
            replaced[newest[each.place].row] = each.at
        newest[each.place] = each
    return [_decided(each, replaced.get(each.row), needs, days, now) for each in sets if each.pruned is None]


def _decided(
    kept: FileSet, replaced: datetime | None, needs: PruningNeeds, days: Mapping[str, int | None], now: datetime
) -> RetentionDecision:
    kept_for = days.get(kept.kind)
    if replaced is not None and kept.kind != "prepared":
        is_over = now - replaced > _GRACE
        return RetentionDecision(kept, is_over, "a newer set has replaced it", is_over)
    if kept.kind == "prepared" and replaced is None:
        return RetentionDecision(kept, False, "the newest prepared layers", False)
    if kept_for is None:
        return RetentionDecision(kept, False, "kept for ever", False)
    since = kept.at if replaced is None else replaced
    least = timedelta(days=kept_for) if kept.kind != "forecast" else max(timedelta(days=kept_for), _TRIED)
    if now - since <= least:
        return RetentionDecision(kept, False, f"kept for {least.days} days", False)
    needed = needs.runs.get(kept.run) if kept.run else _needed_day(kept, needs)
    if needed:
        return RetentionDecision(kept, False, needed, True)
    return RetentionDecision(kept, True, f"older than {least.days} days", True)


def _needed_day(kept: FileSet, needs: PruningNeeds) -> str | None:
    if kept.kind != "forecast":
        return None
    return next((why for day, why in needs.days.items() if day in kept.place), None)


def freed(sets: Iterable[FileSet], pruned: Iterable[FileSet]) -> dict[str, int]:
    """Keys, with their bytes, that no set needs once these sets are pruned."""
    gone = {each.row: each for each in pruned}
    named = {file.key for each in sets if each.row not in gone for file in each.left}
    return {
        file.key: file.size
        for each in gone.values()
        for file in each.files
        if file.name not in ALWAYS and file.key not in named
    }


def orphaned_objects(
    objects: Iterable[StoredObject], sets: Sequence[FileSet], now: datetime, owner: str
) -> list[StoredObject]:
    """What `StoreLocation.put` put there for this owner and nothing needs: files of pruned sets, and those that no set
    ever named and that are a day old.

    ForbiddenByRule if so much is named by no set that these will be old records.
    """
    named = {file.key for each in sets for file in each.left}
    pruned = {file.key for each in sets if each.pruned is not None for file in each.files}
    own = re.compile(_OURS.format(owner=re.escape(owner)))
    ours = [each for each in objects if own.search(each.key) and each.key not in named]
    unknown = [each for each in ours if each.key not in pruned and now - each.modified > _GRACE]
    if len(unknown) > max(_FEW, len(named) // 10):
        raise ForbiddenByRule(
            f"{len(unknown)} files are in the store and in no set of the records",
            expected="a few at most: they are of processes that died while they put them there",
            remedy="if the records are an older copy, keep these files until the newer one is back",
        )
    return [*unknown, *(each for each in ours if each.key in pruned)]
