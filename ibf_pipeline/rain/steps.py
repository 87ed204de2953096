"""Amounts of spans that overlap, from the start of a run or of a bucket, to the rain of steps one behind the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.rain.fields import HOUR, Amount, Floats32, Moment, Span
from ibf_pipeline.rain.grid import RainGrid

NOISE: Final = 0.1
"""mm that a later sum may be below an earlier one: both are rounded when they are packed, of ECMWF to 0.03 mm and of
GFS to 0.0625 mm; so much less is 0, more is an error"""
MOST_IN_AN_HOUR: Final = 500.0
"""mm; 401 is the most ever measured (WMO archive of extremes)"""
_MOST: Final = 6500.0
"""mm in a span of any length; 6,083 in 15 days is the most ever measured. So no undeclared fill value passes"""


@dataclass(frozen=True, slots=True)
class GriddedRain:
    """Rain of one source, and of one cycle if it is a forecast."""

    grid: RainGrid
    members: tuple[int, ...]
    """one of a single run and of observations"""
    starts: npt.NDArray[np.datetime64]
    """(step,) UTC; steps do not overlap, and there may be holes between them"""
    ends: npt.NDArray[np.datetime64]
    amount: Floats32
    """(member, step, row, column) mm that fell from start to end; NaN where missing"""
    cycle: Moment | None = None
    """when the run began; None of observations"""


def in_steps(amounts: Sequence[Amount], grid: RainGrid, cycle: Moment | None) -> GriddedRain:
    """Steps as short as the amounts tell them, a difference of two sums if no amount is of the step alone.

    Sums from the same start are subtracted from each other. A member without the amount of a span is missing there.
    InputInvalid if two amounts of a span contradict each other, one is beyond what can fall, or a sum decreases by more
    than NOISE.
    """
    members = tuple(sorted({amount.member for amount in amounts}))
    stacks, files = _stacked(amounts, members)
    for span, stack in stacks.items():
        _require_possible(stack, span, files[span])
    chosen: dict[Span, Floats32] = {}
    for span, _, mm in sorted(_candidates(stacks, files), key=lambda each: (each[0][1] - each[0][0], *each[1::-1])):
        if all(span[1] <= start or end <= span[0] for start, end in chosen):
            chosen[span] = mm
    order = sorted(chosen)
    starts, ends = (np.array([span[side] for span in order], dtype="datetime64[m]") for side in (0, 1))
    return GriddedRain(grid, members, starts, ends, np.stack([chosen[span] for span in order], axis=1), cycle)


def _stacked(amounts: Sequence[Amount], members: Sequence[int]) -> tuple[dict[Span, Floats32], dict[Span, Path]]:
    """(member, row, column) of every span, and a file that it is from."""
    stacks: dict[Span, Floats32] = {}
    files: dict[Span, Path] = {}
    known: set[tuple[int, Span]] = set()
    for amount in amounts:
        span, row = amount.span, members.index(amount.member)
        if span not in stacks:
            stacks[span] = np.full((len(members), *amount.mm.shape), np.nan, dtype=np.float32)
            files[span] = amount.file
        if (amount.member, span) in known and not _same(stacks[span][row], amount.mm):
            raise InputInvalid(
                f"two different amounts for {_words(span)}, member {amount.member}",
                where=amount.file,
                expected="one amount a step",
                remedy="remove the files of the other edition or run, or declare which `variable` is meant",
            )
        known.add((amount.member, span))
        stacks[span][row] = amount.mm
    return stacks, files


def _same(one: Floats32, other: Floats32) -> bool:
    """GFS writes the sum of its first 6 hours twice: as the bucket and as the sum of the run."""
    return bool(np.allclose(one, other, rtol=0, atol=NOISE, equal_nan=True))


def contradicting(rain: Mapping[Path, GriddedRain]) -> set[Path]:
    """Of files that were each read by itself, on one grid: those that say different amounts of the same span."""
    told: dict[Span, dict[Path, Floats32]] = {}
    for file, each in rain.items():
        for step, span in enumerate(zip(each.starts, each.ends, strict=True)):
            told.setdefault(span, {})[file] = each.amount[:, step]
    return {
        file
        for amounts in told.values()
        for (one, mm), (other, others) in combinations(amounts.items(), 2)
        if mm.shape != others.shape or not _same(mm, others)
        for file in (one, other)
    }


def _candidates(
    stacks: dict[Span, Floats32], files: dict[Span, Path]
) -> Iterator[tuple[Span, np.timedelta64, Floats32]]:
    """Every amount by itself, and differences of sums that begin together where the step has no amount of its own.

    Beside it the length of the sum that it is from: shorter ones are rounded less.
    """
    earlier: tuple[Span, Floats32] | None = None
    for span in sorted(stacks):
        length = span[1] - span[0]
        yield span, length, np.maximum(stacks[span], np.float32(0))
        if earlier is not None and earlier[0][0] == span[0]:
            between = (earlier[0][1], span[1])
            if between not in stacks:
                difference = stacks[span] - earlier[1]
                _require_possible(difference, between, files[span])
                yield between, length, np.maximum(difference, np.float32(0))
        earlier = (span, stacks[span])


def _require_possible(mm: Floats32, span: Span, file: Path) -> None:
    hours = float((span[1] - span[0]) / HOUR)
    least, most = np.fmin.reduce(mm, axis=None), np.fmax.reduce(mm, axis=None)
    if least < -NOISE:
        raise InputInvalid(
            f"{least:g} mm of rain in {_words(span)}",
            where=file,
            expected=f"sums that never decrease, but for {NOISE:g} mm of rounding",
            remedy="where amounts restart declare `amounts: buckets`, where this stands for missing ones it is not a "
            "fill value that the file declares; else fetch it again",
        )
    if most > min(MOST_IN_AN_HOUR * max(hours, 1.0), _MOST):
        raise InputInvalid(
            f"{most:g} mm of rain in {_words(span)}",
            where=file,
            expected=f"at most {MOST_IN_AN_HOUR:g} mm an hour and {_MOST:g} mm in all",
            remedy="declare `missing_above` where large numbers stand for missing ones, or the right `unit`",
        )


def _words(span: Span) -> str:
    return f"{span[0]} to {span[1]} UTC"
