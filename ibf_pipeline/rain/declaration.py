"""What a source declares of its rain files where these do not say it themselves, and the units that rain comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ibf_pipeline.errors import InputInvalid

Amounts = Literal["from-start", "buckets", "step", "rate"]
"""since the start of the run; since the start of a bucket that restarts; in each step; per time"""
_Stamp = Literal["start", "middle", "end"]
"""where in its step a time stamp lies"""


@dataclass(frozen=True, slots=True)
class RainDeclaration:
    """How a source's files are to be read. None: the file says it; if both do, they must agree."""

    variable: str | None = None
    """name in netCDF, shortName in GRIB; needed where a file has several that may be meant"""
    unit: str | None = None
    amounts: Amounts | None = None
    stamp: _Stamp | None = None
    """of amounts per step and rates; amounts from the start and in buckets are stamped at their end"""
    step_minutes: int | None = None
    """length of a step; needed where a file holds a single one without bounds, or steps may be missing"""
    bucket_hours: int | None = None
    missing_above: float | None = None
    """in the file's own unit: larger values are the product's way to say that there is none"""
    north_pole: tuple[float, float] | None = None
    """lat, lon of a rotated grid's pole where the file keeps it to itself; (90, 180) is a grid that is not rotated"""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of precipitation."""

    mm: float
    """millimetres that one of it is; of rates in an hour"""
    is_rate: bool


_UNITS: Final = {
    **dict.fromkeys(("mm", "kgm-2", "kg/m2", "kgperm2", "l/m2", "lm-2"), Unit(1.0, is_rate=False)),
    **dict.fromkeys(("m", "mofwaterequivalent"), Unit(1000.0, is_rate=False)),
    **dict.fromkeys(("mm/h", "mm/hr", "mm/hour", "mmh-1", "mmhr-1", "kgm-2h-1", "kg/m2/h"), Unit(1.0, is_rate=True)),
    **dict.fromkeys(("kgm-2s-1", "kg/m2/s", "mm/s", "mms-1"), Unit(3600.0, is_rate=True)),
    **dict.fromkeys(("m/s", "ms-1"), Unit(3_600_000.0, is_rate=True)),
    **dict.fromkeys(("m/h", "mh-1", "m/hr", "mhr-1"), Unit(1000.0, is_rate=True)),
}


def unit_of(stated: object, reads: RainDeclaration, where: object) -> Unit:
    """The unit of a file's rain; InputInvalid if it is none, or another one than the source declares."""
    told = None if stated is None or not str(stated).strip() else _known(str(stated), where)
    declared = None if reads.unit is None else _known(reads.unit, where)
    if told is not None and declared is not None and told != declared:
        raise contradiction(f"the file says {stated!r} and the source declares {reads.unit!r} as unit", where)
    unit = told or declared
    if unit is None:
        raise InputInvalid(
            "precipitation has no unit",
            where=where,
            expected="millimetres, or what they can be made of",
            remedy="declare `unit` for the source, from its documentation",
        )
    return unit


def _known(text: str, where: object) -> Unit:
    plain = text.lower().replace("**", "").translate({ord(mark): None for mark in " ^._*"})
    if plain not in _UNITS:
        raise InputInvalid(
            f"precipitation in {text!r}",
            where=where,
            expected="mm, m, kg m-2, mm/h, m h-1, m s-1 or kg m-2 s-1",
            remedy="choose the variable of the total precipitation",
        )
    return _UNITS[plain]


def contradiction(found: str, where: object) -> InputInvalid:
    """The error for a file that says something else than its source declares."""
    return InputInvalid(
        found,
        where=where,
        expected="files that are what their source declares",
        remedy="correct what the source declares, or find out why its files have changed",
    )
