"""The library of floods: what so much rain in so many hours does, as `scenarios.csv` lists it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.domain.wording import some
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import Row, decimal_number, read_rows

_COLUMNS: Final = ("scenario", "duration_h", "amount_mm", "rank")
_GAP: Final = 3.0
"""times the usual step between the amounts of a duration, from which on a step is doubted: floods between two amounts
are those of the nearest one, so a long step makes them wrong by half of it"""
_NAME: Final = re.compile(r"\w[\w.-]*", re.ASCII)
_SAID: Final = re.compile(r"(\d+(?:\.\d+)?)mm_(\d+)hr?", re.ASCII)
"""`80mm_4hr`: a name that says what it stands for has to say what the columns do"""
_NAMED: Final = 5


def read_scenarios(file: Path, durations: Sequence[int]) -> tuple[Scenario, ...]:
    """Those of the durations (hours) that rain is summed over, as the file lists them.

    Raises InputInvalid if lines are not scenarios, which says so of them all, if one stands twice, has no rank, is
    named after another amount or duration than its own, and where a duration has none: in the heaviest rain no run may
    stop over a name.
    """
    rows = read_rows(file, _COLUMNS)
    scenarios = _all_scenarios(rows, file)
    for words, keys in (
        ("scenario {} stands twice", [each.name for each in scenarios]),
        ("the flood of {} stands twice", [f"{each.amount_mm:g} mm in {each.duration_h} hours" for each in scenarios]),
    ):
        twice = [key for key, times in Counter(keys).items() if times > 1]
        if twice:
            raise _no_library(words.format(some(twice, _NAMED)), file, "every flood once", "remove what is there twice")
    unranked = [each.name for each in scenarios if each.rank is None]
    if unranked:
        expected = "a rank for every scenario, whole numbers, the worst flood last"
        raise _no_library(f"scenarios without a rank: {some(unranked, _NAMED)}", file, expected, "rank them all")
    lacking = sorted(set(durations) - {each.duration_h for each in scenarios})
    if lacking:
        hours = ", ".join(map(str, lacking))
        remedy = "add floods of that duration, or take it out of durations_h"
        raise _no_library(f"no scenario of {hours} hours", file, "one or more for each of durations_h", remedy)
    return tuple(each for each in scenarios if each.duration_h in durations)


def unused_durations(file: Path, durations: Sequence[int]) -> list[int]:
    """Hours that the library has floods of, and no rain is summed over."""
    found = {decimal_number(row["duration_h"]) for row in read_rows(file, _COLUMNS)}
    return sorted(int(hours) for hours in found if hours is not None and hours not in durations)


def scenario_doubts(scenarios: Sequence[Scenario]) -> list[str]:
    """What cannot be right of a whole library: ranks against amounts, steps, and where durations end."""
    by_duration = {
        hours: sorted((each for each in scenarios if each.duration_h == hours), key=lambda each: each.amount_mm)
        for hours in sorted({each.duration_h for each in scenarios})
    }
    twice = [rank for rank, times in Counter(each.rank for each in scenarios).items() if times > 1]
    shared = (
        [f"scenarios.csv: more than one scenario has rank {some(sorted(map(str, twice)), _NAMED)}"] if twice else []
    )
    return [
        *shared,
        *(words for own in by_duration.values() for words in (*_ranks(own), *_steps(own))),
        *_ends([own[-1] for own in by_duration.values()]),
    ]


def _all_scenarios(rows: Sequence[Row], file: Path) -> tuple[Scenario, ...]:
    """One a line; InputInvalid that says of how many lines that cannot be, and what is wrong with the first of them."""
    scenarios, wrong = [], list[InputInvalid]()
    for row in rows:
        try:
            scenarios.append(_scenario(row, file))
        except InputInvalid as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        expected = "; ".join(dict.fromkeys(each.expected for each in wrong[:_NAMED]))
        remedy = "; ".join(dict.fromkeys(each.remedy for each in wrong[:_NAMED]))
        found = f"{len(wrong)} lines are not scenarios: {some([each.found for each in wrong], _NAMED)}"
        raise _no_library(found, file, expected, remedy)
    return tuple(scenarios)


def _scenario(row: Row, file: Path) -> Scenario:
    name, where = row["scenario"], f"line {row.line}"
    hours, amount, rank = (decimal_number(row[column]) for column in _COLUMNS[1:])
    if not _NAME.fullmatch(name):
        expected = "a name of letters, digits, `_`, `-` and `.`, as its raster has it"
        raise _no_library(f"{where}: scenario {name!r}", file, expected, "name it e.g. 80mm_4hr, its raster too")
    if hours is None or hours < 1 or hours % 1 or amount is None or amount <= 0:
        found = f"{where}: {name} has {row['duration_h'] or 'no'} hours and {row['amount_mm'] or 'no'} mm"
        raise _no_library(found, file, "duration_h in whole hours, amount_mm above 0", "write both as plain numbers")
    if row["rank"] and (rank is None or rank % 1):
        expected = "a whole number, the worst flood last"
        raise _no_library(f"{where}: {name} has rank {row['rank']!r}", file, expected, "correct it")
    said = _SAID.fullmatch(name)
    if said is not None and (float(said[1]), int(said[2])) != (amount, hours):
        found = f"{where}: {name} has {amount:g} mm in {hours:g} hours"
        raise _no_library(found, file, "a name that says what its columns do", "correct the name or the columns")
    return Scenario(name, int(hours), amount, None if rank is None else int(rank))


def _no_library(found: str, file: Path, expected: str, remedy: str) -> InputInvalid:
    return InputInvalid(found, where=file, expected=expected, remedy=remedy)


def _ranks(own: Sequence[Scenario]) -> Iterator[str]:
    wrong = [f"{less.name} and {more.name}" for less, more in pairwise(own) if (less.rank or 0) > (more.rank or 0)]
    if wrong:
        yield f"scenarios.csv: more rain in the same hours has the lower rank: {some(wrong, _NAMED)}"


def _steps(own: Sequence[Scenario]) -> Iterator[str]:
    steps = np.diff([each.amount_mm for each in own])
    if len(steps) < 2:
        return
    for step, (less, more) in zip(steps, pairwise(own), strict=True):
        if step > _GAP * np.median(steps):
            yield f"scenarios.csv: there is nothing between {less.name} and {more.name}: is a scenario missing?"


def _ends(largest: Sequence[Scenario]) -> Iterator[str]:
    """As much rain as falls in few hours falls in more: a longer duration that ends earlier stands for too little."""
    for number, each in enumerate(largest[1:], 1):
        shorter = max(largest[:number], key=lambda other: other.amount_mm)
        if each.amount_mm < shorter.amount_mm:
            yield (
                f"scenarios.csv: {each.duration_h} hours end with {each.amount_mm:g} mm, {shorter.duration_h} with "
                f"{shorter.amount_mm:g}: is a scenario missing?"
            )
