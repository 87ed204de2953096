"""Known totals of a country's people, which its population raster is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import decimal_number, read_rows
from ibf_pipeline.io.decimal_comma import require_no_decimal_comma

TOTALS: Final = "population_totals.csv"
"""optional static file: adminLevel, placeCode, value (people)"""
_INDICATOR: Final = "populationTotal"
"""of the rows that count if the file has a column `indicator`"""
_DIFFERENT: Final = 0.02
"""share by which the raster's people may differ from the known total"""
_WRONG: Final = 2.0
"""times, more or fewer, from which on the raster is another country's or another unit's: a country needs 25 years for
that"""
_NAMED: Final = 5
"""areas"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Known people of areas."""

    admin_level: int
    people: Mapping[str, float]
    """by place code; not of every area of the level"""


def read_totals(static: Path, admin_levels: Sequence[int]) -> Totals | None:
    """Those of the highest level that `population_totals.csv` lists of the country's; None without any.

    Where the file has a column `indicator`, rows of others than `populationTotal` are left out. Raises InputInvalid
    if a value is not a number of people, a place has two, or nobody lives anywhere.
    """
    file = static / TOTALS
    if not file.is_file():
        return None
    levels: dict[str, dict[str, float]] = {}
    rows = read_rows(file, ("adminLevel", "placeCode", "value"))
    require_no_decimal_comma(rows, "placeCode", ("value",), file)
    for row in rows:
        indicator = row.get("indicator", _INDICATOR)
        if decimal_number(indicator) is not None:
            raise _no_totals(f"line {row.line}: value {row['value']} and indicator {indicator!r}", file)
        if indicator != _INDICATOR:
            continue
        level, place, value = row["adminLevel"], row["placeCode"], decimal_number(row["value"])
        if not (level.isascii() and level.isdigit()):
            raise _no_totals(f"line {row.line}: adminLevel is {level!r}", file)
        if value is None or value < 0:
            raise _no_totals(f"line {row.line}: {place} has {row['value'] or 'no number of'} people", file)
        known = levels.setdefault(level, {}).setdefault(place, value)
        if known != value:
            raise _no_totals(f"line {row.line}: {place} has {known:g} and {value:g} people", file)
    ours = sorted({level for level in levels if int(level) in admin_levels}, key=int)
    if not ours:
        return None
    totals = levels[ours[0]]
    if not sum(totals.values()):
        raise _no_totals(f"nobody on level {ours[0]}", file)
    return Totals(int(ours[0]), totals)


def _no_totals(why: str, file: Path) -> InputInvalid:
    return InputInvalid(
        why,
        where=file,
        expected="adminLevel a whole number, every placeCode once, value a number of people; with a column indicator, "
        f"rows of {_INDICATOR}",
        remedy="correct it, or remove it",
    )


def compared(areas: Iterable[Area], totals: Totals) -> tuple[list[Area], float]:
    """The areas that have a total and whose people are all known, and their totals together.

    Rule: like is compared with like; other areas count on neither side.
    """
    of_level = (area for area in areas if area.admin_level == totals.admin_level)
    common = [area for area in of_level if area.place_code in totals.people and area.people_known]
    return common, sum(totals.people[area.place_code] for area in common)


def total_doubts(file: Path, areas: Sequence[Area], totals: Totals) -> list[str]:
    """How a raster's people differ from known totals.

    `areas`: with their people by the raster `file`. Rule: from DIFFERENT on the sum of the areas `compared` is
    doubtful, and from WRONG times on, more or fewer, InputInvalid: people a hectare or a square kilometre, thousands,
    another country.
    """
    of_level = {area.place_code for area in areas if area.admin_level == totals.admin_level}
    doubts = unknown_places(file, areas, totals)
    common, known = compared(areas, totals)
    total = sum(area.population for area in common)
    if not common or not max(total, known):
        return doubts
    of_some = f" in the {len(common)} of {len(of_level)} areas compared" if len(common) < len(of_level) else ""
    differs = total / known - 1 if known else float("inf")
    words = f"{file.name} adds up to {total:,.0f}{of_some}, {TOTALS} to {known:,.0f} ({differs:+.1%})"
    if not known / _WRONG <= total <= known * _WRONG:
        raise InputInvalid(
            words,
            where=file,
            expected=f"people a cell that add up to {1 / _WRONG:g} to {_WRONG:g} times the known total",
            remedy="convert it to people a cell (people a hectare are none), take the raster of the year of the "
            "totals, or totals of the raster's year",
        )
    doubts += [words] if abs(differs) > _DIFFERENT else []
    return [*doubts, *_of_areas(file, common, totals.people)]


def unknown_places(file: Path, areas: Iterable[Area], totals: Totals) -> list[str]:
    """The doubt about totals of places that the country has not; empty without any."""
    of_level = {area.place_code for area in areas if area.admin_level == totals.admin_level}
    strange = [code for code in totals.people if code not in of_level]
    return (
        [f"{file.name}: {TOTALS} names {_some(strange)}, which level {totals.admin_level} has not"] if strange else []
    )


def _of_areas(file: Path, areas: Iterable[Area], totals: Mapping[str, float]) -> list[str]:
    """Areas whose own people cannot be those of their totals, whatever all have together."""
    apart = [
        f"{area.place_code}: {area.population:,.0f} and {totals[area.place_code]:,.0f}"
        for area in areas
        if not totals[area.place_code] / _WRONG <= area.population <= totals[area.place_code] * _WRONG
    ]
    return [f"{file.name} and {TOTALS} differ by more than {_WRONG:g} times in {_some(apart)}"] if apart else []


def _some(items: Sequence[str]) -> str:
    return f"{counted(len(items), 'area')} ({some(items, _NAMED)})"
