"""Which area of the level above an area belongs to, if the boundaries do not say so: derived once, and kept.

The rule: where every code of the level begins with exactly one code of the level above (AO01001 in AO01), with that
one; else with the area that covers most of it, or the nearest where none covers any. People read and correct what was
found in `admin_parents.csv` beside the boundaries: a line of it is what counts, whatever codes or outlines say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import csv_text, read_rows

PARENTS: Final = "admin_parents.csv"
How = Literal["given", "file", "prefix", "overlap"]
"""named by the boundaries; a line of the file; derived"""


_WITH_PARENTS: Final = ("2", "3", "4", "5")
"""admin levels that have one above"""


@dataclass(frozen=True, slots=True)
class ParentRow:
    """What the file says of an area."""

    number: int
    parent: str


@dataclass(frozen=True, slots=True)
class ParentFile:
    """`admin_parents.csv`; `lines`: admin level -> place code -> what is said of it."""

    file: Path
    lines: Mapping[int, Mapping[str, ParentRow]]

    def of_level(self, level: int, codes: Collection[str], above: Collection[str]) -> dict[str, str]:
        """Place code -> parent, as the file has them; InputInvalid on codes that are not on their level."""
        lines = self.lines.get(level, {})
        for code, line in lines.items():
            for unknown, known, what in ((code, codes, "placeCode"), (line.parent, above, "parent")):
                if unknown not in known:
                    raise InputInvalid(
                        f"line {line.number}: {what} {unknown!r} is not an area of "
                        + (f"level {level}" if what == "placeCode" else "the level above"),
                        where=self.file,
                        expected=f"a code of the boundaries, such as {min(known)!r}",
                        remedy="correct the line, or remove it: the parent is then derived again",
                    )
        return {code: line.parent for code, line in lines.items()}


def read_parents(file: Path, admin_levels: Sequence[int]) -> ParentFile:
    """The file, empty if it is not there; InputInvalid for an unknown level, and for an area that stands twice.

    Hazards of a country have one file and not the same levels: lines of a level that is not asked for are passed over.
    """
    lines: dict[int, dict[str, ParentRow]] = {}
    rows = read_rows(file, ("placeCode", "adminLevel", "parent")) if file.is_file() else []
    below = {str(level): level for level in admin_levels[1:]}
    for row in rows:
        level = below.get(row["adminLevel"])
        if level is None and row["adminLevel"] in _WITH_PARENTS:
            continue
        if level is None or row["placeCode"] in lines.get(level, {}):
            raise InputInvalid(
                f"line {row.line}: "
                + (f"adminLevel {row['adminLevel']!r}" if level is None else f"{row['placeCode']} stands twice"),
                where=file,
                expected=f"every area once, with its level out of {', '.join(below) or 'none'}",
                remedy="correct or remove the line",
            )
        lines.setdefault(level, {})[row["placeCode"]] = ParentRow(row.line, row["parent"])
    return ParentFile(file, lines)


def derived_parents(
    codes: Sequence[str], areas: Sequence[BaseGeometry], above: Sequence[str], around: Sequence[BaseGeometry]
) -> tuple[list[str], How]:
    """The parent of every area of a level, and by which rule; `above`, `around`: codes and outlines above."""
    found = [[parent for parent in above if code.startswith(parent)] for code in codes]
    if all(len(parents) == 1 for parents in found):
        return [parents[0] for parents in found], "prefix"
    shapes, outlines = np.array(areas), np.array(around)
    tree = shapely.STRtree(outlines)
    best = tree.nearest(shapes)
    area, parent = tree.query(shapes, predicate="intersects")
    covered = shapely.area(shapely.intersection(shapes[area], outlines[parent]))
    for pair in np.argsort(covered, kind="stable"):
        if covered[pair] > 0:
            best[area[pair]] = parent[pair]
    return [above[place] for place in best], "overlap"


def parents_csv(rows: Sequence[tuple[str, int, str, How, float]]) -> str:
    """The text of the file: place code, level, parent, how it was found, share of the area inside it."""
    header = ("placeCode", "adminLevel", "parent", "how", "share")
    return csv_text([header, *((*row[:-1], f"{row[-1]:.3f}") for row in rows)])
