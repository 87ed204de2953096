"""What may be deleted from the store: by age and kind, and never what the records still need.

A set of files is kept for the days of its kind (`store.keep_days`), counted from when it was put there; prepared layers
from when newer ones replaced them. These are never deleted, however old they are:

* `events.json` and `manifest.json` of every run and revision: small, and read by whatever looks back;
* the newest set of a place of a run that the records need (`Needs`, with the reason): one with a revision that is
  unfinished, held or unconfirmed, what a target shows and everything since, and the newest runs of a country;
* the newest prepared layers of a country;
* forecasts of a day with such a revision, and those of the last two days, which may still be tried;
* a file that a set which is kept has under the same key.

What a newer set of the same place has replaced is read by nobody: it goes a day later, whatever its kind but prepared
layers. So does a file in the store that no set names, which is what a process leaves that dies between putting and
recording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.store import StoredObject
from ibf_pipeline.storage.kept import ALWAYS, KeptFile

EXERCISES: Final = "exercises"
"""what places of exercises begin with"""
LEASE: Final = "prune"
"""of whoever deletes from the store: one at a time"""
_OURS: Final = r"/\d{{8}}T\d{{6}}-{owner}-[0-9a-f]{{6}}/"
"""in the keys that `put_files` makes: other files below the same address are somebody else's"""
_FEW: Final = 100
_GRACE: Final = timedelta(days=1)
"""for whoever is at work with what was replaced, or has put what is not recorded yet"""
_TRIED: Final = timedelta(days=2)
"""that a forecast stays at least"""


@dataclass(frozen=True, slots=True)
class Row:
    """A set of files, as the records list it."""

    number: int
    place: str
    kind: str
    country: str
    """empty for what several share"""
    at: datetime
    files: tuple[KeptFile, ...]
    is_pruned: bool

    @property
    def run(self) -> str:
        """The run that it is of, such as `UGA/floods/2026-02-15`; empty for prepared layers and forecasts."""
        if self.kind in ("prepared", "forecast"):
            return ""
        parts = self.place.split("/")
        return "/".join(parts[: 4 if parts[0] == EXERCISES else 3])

    @property
    def lease_name(self) -> str:
        """Of whoever may change what it is of: a run of the country and hazard, or the one that deletes."""
        if self.kind == "prepared":
            match self.place.split("/"):
                case ["prepared", hazard, iso3, *_]:
                    return f"{iso3}/{hazard}"
            return LEASE  # a copy of static data: nobody holds the country for it
        return "/".join(self.run.removeprefix(f"{EXERCISES}/").split("/")[:2]) or LEASE

    @property
    def keys(self) -> set[str]:
        """Of its files that must be in the store."""
        return {each.key for each in self.files if not self.is_pruned or each.name in ALWAYS}


@dataclass(frozen=True, slots=True)
class Needs:
    """What the records still need, each with the reason."""

    runs: Mapping[str, str] = field(default_factory=dict)
    """`UGA/floods/2026-02-15` -> why"""
    days: Mapping[str, str] = field(default_factory=dict)
    """issue dates whose forecasts are needed, `20260215` -> why"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a set of files."""

    row: Row
    deletes: bool
    why: str
    is_old: bool
    """whether its days are over: kept all the same where it is not deleted"""


def row_of(found: Any) -> Row:
    """A row of the table of kept files."""
    files = tuple(KeptFile(**each) for each in json.loads(found.files))
    at = datetime.fromisoformat(found.at)
    return Row(found.id, found.place, found.kind, found.country, at, files, found.pruned is not None)


def decide(rows: Sequence[Row], needs: Needs, days: Mapping[str, int | None], now: datetime) -> list[Decision]:
    """What becomes of each set that is there, in the order of the rows. `days`: kind -> for how many it is kept."""
    replaced, newest = dict[int, datetime](), dict[str, Row]()
    for row in sorted(rows, key=lambda each: each.number):
        if row.place in newest:
            replaced[newest[row.place].number] = row.at
        newest[row.place] = row
    return [_decided(row, replaced.get(row.number), needs, days, now) for row in rows if not row.is_pruned]


def _decided(
    row: Row, replaced: datetime | None, needs: Needs, days: Mapping[str, int | None], now: datetime
) -> Decision:
    kept_for = days.get(row.kind)
    if replaced is not None and row.kind != "prepared":
        is_over = now - replaced > _GRACE
        return Decision(row, is_over, "a newer set has replaced it", is_over)
    if row.kind == "prepared" and replaced is None:
        return Decision(row, False, "the newest prepared layers", False)
    if kept_for is None:
        return Decision(row, False, "kept for ever", False)
    since = row.at if replaced is None else replaced
    least = timedelta(days=kept_for) if row.kind != "forecast" else max(timedelta(days=kept_for), _TRIED)
    if now - since <= least:
        return Decision(row, False, f"kept for {least.days} days", False)
    needed = needs.runs.get(row.run) if row.run else _needed_day(row, needs)
    if needed:
        return Decision(row, False, needed, True)
    return Decision(row, True, f"older than {least.days} days", True)


def _needed_day(row: Row, needs: Needs) -> str | None:
    if row.kind != "forecast":
        return None
    return next((why for day, why in needs.days.items() if day in row.place), None)


def freed(rows: Iterable[Row], pruned: Iterable[Row]) -> dict[str, int]:
    """Keys, with their bytes, that nothing names any more once these of the rows are pruned."""
    gone = {row.number: row for row in pruned}
    named = {each for row in rows if row.number not in gone for each in row.keys}
    return {
        file.key: file.size
        for row in gone.values()
        for file in row.files
        if file.name not in ALWAYS and file.key not in named
    }


def left_over(objects: Iterable[StoredObject], rows: Sequence[Row], now: datetime, owner: str) -> list[StoredObject]:
    """What was put there as `put_files` does for this owner and is needed by nothing: of pruned sets, and what no set
    ever named and is a day old.

    ForbiddenByRule where so much is named by no set that these will be old records.
    """
    named = {key for row in rows for key in row.keys}
    pruned = {each.key for row in rows if row.is_pruned for each in row.files}
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
