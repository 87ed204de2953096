"""Tables of a country for typhoon: houses by area, and local names of storms."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import Row, read_rows
from ibf_pipeline.prepare.boundaries import lost_zeros

_NAMED: Final = 5
_WHOLE: Final = re.compile(r"[0-9]+(\.0)?")
"""1234, and 1234.0 as tools write whole numbers; 1.234 may be a thousand"""
_LINE: Final = "correct that line, or remove it"


def read_houses(file: Path, place_codes: Collection[str]) -> dict[str, float]:
    """`place_code,houses`: place code -> houses; InputInvalid with every line that is wrong, as `housing_faults`."""
    rows = _rows(file, ("place_code", "houses"))
    faults = list(housing_faults(rows, place_codes))
    if faults:
        raise InputInvalid(
            _together(faults),
            where=file,
            expected="place_code as the boundaries have it, once each, and houses as a whole number above 0",
            remedy=_LINE + "; an area whose houses are not known has no line",
        )
    return {row["place_code"]: float(row["houses"]) for row in rows}


def housing_faults(rows: Collection[Row], place_codes: Collection[str]) -> Iterator[str]:
    """What is wrong with lines, in words: codes unknown or twice, houses that are not a whole number above 0."""
    known, seen = frozenset(place_codes), set[str]()
    for row in rows:
        code, houses = row["place_code"], row["houses"]
        if code not in known:
            yield f"line {row.line}: area {code!r} is not in the boundaries{lost_zeros(code, known)}"
        if code in seen:
            yield f"line {row.line}: area {code} stands twice"
        seen.add(code)
        if not _WHOLE.fullmatch(houses) or float(houses) <= 0:
            yield f"line {row.line}: {code} has {houses or 'no number of'} houses{_comma(houses)}"


def without_houses(houses: Collection[str], place_codes: Collection[str]) -> list[str]:
    """The areas whose houses are not known, if those of others are."""
    return [code for code in place_codes if code not in houses]


def houses_doubt(codes: Collection[str], file: Path) -> str:
    """What runs say of them."""
    return (
        f"{file.name} has no houses for {counted(len(codes), 'area')} ({some(list(codes), _NAMED)}): damaged houses "
        "are not counted there"
    )


def read_names(file: Path) -> dict[str, str]:
    """`name,local_name`: international name in capitals -> local one; InputInvalid as `name_faults`."""
    rows = _rows(file, ("name", "local_name"))
    faults = list(name_faults(rows))
    if faults:
        raise InputInvalid(
            _together(faults),
            where=file,
            expected="every international name once, with its local name, neither with an underscore",
            remedy=_LINE + "; a name that is used again stands with its newest local name",
        )
    return {row["name"].upper(): row["local_name"] for row in rows}


def name_faults(rows: Collection[Row]) -> Iterator[str]:
    """What is wrong with lines, in words: names that are empty or twice, or that no event may have."""
    seen = set[str]()
    for row in rows:
        name, local = row["name"].upper(), row["local_name"]
        if not name or not local:
            yield f"line {row.line}: no {'local_name' if name else 'name'}"
        if name in seen:
            yield f"line {row.line}: {name} stands twice"
        if "_" in name + local:
            yield f"line {row.line}: {name} or {local} has an underscore, which parts names and numbers on the server"
        seen.add(name)


def _comma(houses: str) -> str:
    """What to add if a number was written as other languages write it."""
    return ": write whole numbers without commas, points or blanks" if set(houses) & set(",. '") else ""


def _rows(file: Path, columns: tuple[str, ...]) -> list[Row]:
    rows = read_rows(file, columns)
    if not rows:
        raise InputInvalid(
            "there is no line below its header",
            where=file,
            expected=f"lines of {', '.join(columns)}",
            remedy="fill it, or remove the key that names it from the country's file",
        )
    return rows


def _together(faults: list[str]) -> str:
    more = len(faults) - _NAMED
    return "; ".join(faults[:_NAMED]) + (f"; and {counted(more, 'further fault')}" if more > 0 else "")
