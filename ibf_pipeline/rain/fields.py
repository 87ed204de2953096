"""Fields as files hold them, and the spans of time that their amounts fell in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.rain.declaration import Amounts, RainDeclaration, Unit, contradiction
from ibf_pipeline.rain.grid import RainGrid

Floats32 = npt.NDArray[np.float32]
Moment = np.datetime64
"""UTC, in minutes"""
Span = tuple[Moment, Moment]
"""after the first, up to and with the second"""
HOUR = np.timedelta64(60, "m")


@dataclass(frozen=True, slots=True)
class RainField:
    """One field of a file."""

    member: int
    stamp: Moment
    span: Span | None
    """what the file says itself"""
    values: Floats32
    """(row, column) mm, or mm per hour of a rate; NaN where missing"""
    is_rate: bool
    file: Path


@dataclass(frozen=True, slots=True)
class FileFields:
    """The fields of one file."""

    fields: Sequence[RainField]
    grid: RainGrid
    cycle: Moment | None
    """when the run began that they are of; None of observations, and where the file does not say it"""


@dataclass(frozen=True, slots=True)
class Amount:
    """What fell in a span."""

    member: int
    span: Span
    mm: Floats32
    """(row, column); NaN where missing"""
    file: Path


def millimetres(values: npt.NDArray[Any], unit: Unit, reads: RainDeclaration) -> Floats32:
    """Values of a file, NaN or masked where missing, in mm or mm per hour."""
    plain = np.ma.filled(np.ma.asarray(values, dtype=np.float32), np.nan)
    if reads.missing_above is not None:
        plain = np.where(plain > reads.missing_above, np.float32(np.nan), plain)
    return np.where(np.isfinite(plain), plain * np.float32(unit.mm), np.float32(np.nan))


def amounts_of(fields: Sequence[RainField], reads: RainDeclaration, cycle: Moment | None) -> list[Amount]:
    """Every field as the amount of a span: that of the file, else what the source declares.

    What has no length (a sum at the start of the run) is left out, and so is the field of 0 that many models write for
    their start as a step or bucket of its own: a run does not know that it was dry before.
    Raises InputInvalid if neither says it, or file and source contradict each other.
    """
    _require_declared_kind(fields, reads)
    bare = [field for field in fields if field.span is None]
    step = _step(bare, reads) if bare and _kind(bare[0], reads) in ("step", "rate") else HOUR
    spans = [field.span or _declared_span(field, reads, cycle, step) for field in fields]
    _require_declared_spans(fields, spans, reads)
    found = []
    begin = min((field.stamp for field in bare), default=None)
    for field, (start, end) in zip(fields, spans, strict=True):
        is_begin = field.span is None and field.stamp == begin and end == cycle
        if end > start and not is_begin:
            mm = field.values * np.float32((end - start) / HOUR) if field.is_rate else field.values
            found.append(Amount(field.member, (start, end), mm, field.file))
    return found


def _kind(field: RainField, reads: RainDeclaration) -> Amounts:
    if field.is_rate:
        return "rate"
    if reads.amounts is None:
        raise InputInvalid(
            f"nothing says which time the amount stamped {field.stamp} fell in",
            where=field.file,
            expected="bounds of its times (CF), or a declaration",
            remedy="declare `amounts` for the source: from-start, buckets or step",
        )
    return reads.amounts


def _require_declared_kind(fields: Sequence[RainField], reads: RainDeclaration) -> None:
    for field in fields:
        if reads.amounts is not None and field.is_rate != (reads.amounts == "rate"):
            unit = "a rate, in a unit of depth per time" if field.is_rate else "an amount, in a unit of depth"
            raise contradiction(f"the file holds {unit}, and the source declares {reads.amounts}", field.file)


def _step(fields: Sequence[RainField], reads: RainDeclaration) -> np.timedelta64:
    """Length of the steps of fields without spans: as declared, else the distance of their stamps."""
    if reads.step_minutes is not None:
        return np.timedelta64(reads.step_minutes, "m")
    distances = np.unique(np.diff(np.unique([field.stamp for field in fields])))
    if len(distances) != 1:
        raise InputInvalid(
            "nothing says how long a step is: "
            + ("there is only one" if not len(distances) else f"stamps are {_listed(distances)} minutes apart"),
            where=fields[0].file,
            expected="bounds of the times (CF), or stamps at even distances",
            remedy="declare `step_minutes` for the source: a step that is missing must not make another one longer",
        )
    step: np.timedelta64 = distances[0]
    return step


def _declared_span(field: RainField, reads: RainDeclaration, cycle: Moment | None, step: np.timedelta64) -> Span:
    kind = _kind(field, reads)
    if kind in ("from-start", "buckets"):
        if cycle is None:
            raise InputInvalid(
                "nothing says when the run began that its amounts are counted from",
                where=field.file,
                expected="forecast_reference_time, or the cycle from the file's name",
                remedy="take the file as the service delivers it",
            )
        return (cycle if kind == "from-start" else _bucket(field, reads, cycle), field.stamp)
    if reads.stamp is None:
        raise InputInvalid(
            f"nothing says whether {field.stamp} is the start, the middle or the end of a step",
            where=field.file,
            expected="bounds of the times (CF), or a declaration",
            remedy="declare `stamp` for the source: start, middle or end",
        )
    start = field.stamp - {"start": 0 * step, "middle": step // 2, "end": step}[reads.stamp]
    return start, start + step


def _bucket(field: RainField, reads: RainDeclaration, cycle: Moment) -> Moment:
    if reads.bucket_hours is None:
        raise InputInvalid(
            "nothing says how long a bucket is",
            where=field.file,
            expected="hours after which amounts restart from 0",
            remedy="declare `bucket_hours` for the source, 6 for GFS",
        )
    bucket = reads.bucket_hours * HOUR
    start: Moment = cycle + (field.stamp - cycle - np.timedelta64(1, "m")) // bucket * bucket
    return start


def _require_declared_spans(fields: Sequence[RainField], spans: Sequence[Span], reads: RainDeclaration) -> None:
    """InputInvalid if spans of the files are not of the kind, or stamped otherwise, than the source declares."""
    starts = {start for field, (start, _) in zip(fields, spans, strict=True) if field.span}
    if reads.amounts == "from-start" and len(starts) > 1:
        raise contradiction("amounts restart, and the source declares from-start", fields[0].file)
    for field, (start, end) in zip(fields, spans, strict=True):
        if reads.amounts == "step" and any(start < other < end for other in starts):
            raise contradiction(f"the amount of {start} to {end} goes over several steps", field.file)
        at = {None: field.stamp, "start": start, "middle": start + (end - start) // 2, "end": end}[reads.stamp]
        if field.span and field.stamp != at:
            raise contradiction(
                f"the step {start} to {end} is stamped {field.stamp}, and the source declares {reads.stamp}", field.file
            )


def _listed(distances: npt.NDArray[Any]) -> str:
    return ", ".join(str(int(each / np.timedelta64(1, "m"))) for each in distances)
