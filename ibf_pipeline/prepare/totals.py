"""Known totals of a country's people, which its population raster is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import number_of, read_rows

TOTALS: Final = "population_totals.csv"
"""optional static file: adminLevel, placeCode, value (people)"""
INDICATOR: Final = "populationTotal"
"""of the rows that count where the file has a column `indicator`"""
DIFFERENT: Final = 0.02
"""share by which the raster's people may differ from the known total"""
WRONG: Final = 0.25
"""share from which on the raster is another country's, another year's or another unit's"""


def read_totals(static: Path, admin_levels: Sequence[int]) -> dict[str, float]:
    """People by place code on the highest level that `population_totals.csv` lists of the country's; {} without any.

    Where the file has a column `indicator`, rows of others than `populationTotal` are left out. Raises InputInvalid
    where a value is no number of people, a place has two, or nobody lives anywhere.
    """
    file = static / TOTALS
    if not file.is_file():
        return {}
    levels: dict[str, dict[str, float]] = {}
    for row in read_rows(file, ("adminLevel", "placeCode", "value")):
        if row.get("indicator", INDICATOR) != INDICATOR:
            continue
        level, place, value = row["adminLevel"], row["placeCode"], number_of(row["value"])
        if not (level.isascii() and level.isdigit()):
            raise _no_totals(f"line {row.line}: adminLevel is {level!r}", file)
        if value is None or value < 0:
            raise _no_totals(f"line {row.line}: {place} has {row['value'] or 'no number of'} people", file)
        known = levels.setdefault(level, {}).setdefault(place, value)
        if known != value:
            raise _no_totals(f"line {row.line}: {place} has {known:g} and {value:g} people", file)
    ours = sorted({level for level in levels if int(level) in admin_levels}, key=int)
    if not ours:
        return {}
    totals = levels[ours[0]]
    if not sum(totals.values()):
        raise _no_totals(f"nobody on level {ours[0]}", file)
    return totals


def _no_totals(why: str, file: Path) -> InputInvalid:
    return InputInvalid(
        why,
        where=file,
        expected="adminLevel a whole number, every placeCode once, value a number of people; with a column indicator, "
        f"rows of {INDICATOR}",
        remedy="correct it, or remove it",
    )


def total_doubt(file: Path, total: float, totals: Mapping[str, float]) -> str:
    """How a raster's people differ from the known total by more than DIFFERENT; "" where they do not.

    InputInvalid from WRONG on: people a hectare or a square kilometre, thousands, another country.
    """
    known = sum(totals.values())
    differs = total / known - 1
    words = f"{file.name} adds up to {total:,.0f}, {TOTALS} to {known:,.0f} ({differs:+.1%})"
    if abs(differs) > WRONG:
        raise InputInvalid(
            words,
            where=file,
            expected=f"people a cell that differ from the known total by at most {WRONG:.0%}",
            remedy="convert it to people a cell (people a hectare are none), take the raster of the year of the "
            "totals, or totals of the raster's year",
        )
    return words if abs(differs) > DIFFERENT else ""
