"""What a check found, in the words of those who have to act on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from ibf_pipeline.errors import IbfError

Level = Literal["error", "warning", "fine", "not checked"]
Subject = Literal[
    "configuration", "static data", "boundaries", "stations", "mapping", "thresholds", "rasters", "portal", "schedule"
]
SHOWN = 4
"""items of a list that a finding names"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    level: Level
    subject: Subject
    found: str
    meaning: str = ""
    """what follows from it for alerts"""
    remedy: str = ""


def fine(subject: Subject, found: str) -> Finding:
    """Something that is as it should be."""
    return Finding("fine", subject, found)


def warning(subject: Subject, found: str, meaning: str, remedy: str = "") -> Finding:
    """Something that a person should look at; runs go on."""
    return Finding("warning", subject, found, meaning, remedy)


def fault(subject: Subject, found: str, meaning: str, remedy: str = "") -> Finding:
    """Something that stands in the way of alerts, or makes them wrong."""
    return Finding("error", subject, found, meaning, remedy)


def not_checked(subject: Subject, found: str, meaning: str, remedy: str = "") -> Finding:
    """Something that could not be looked at."""
    return Finding("not checked", subject, found, meaning, remedy)


def of_error(subject: Subject, error: IbfError, meaning: str) -> Finding:
    """What a reader refused."""
    where = f"{error.where}: " if error.where else ""
    expected = f" (expected: {error.expected})" if error.expected else ""
    return Finding("error", subject, f"{where}{error.found}{expected}", meaning, error.remedy)


def listed(items: Iterable[object]) -> str:
    """The first few of a list, and how many more there are."""
    texts = [str(item) for item in items]
    rest = len(texts) - SHOWN
    return ", ".join(texts[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Errors, warnings, what was not checked, and last what is fine; otherwise in the order of the checks."""
    order: tuple[Level, ...] = ("error", "warning", "not checked", "fine")
    return sorted(findings, key=lambda finding: order.index(finding.level))


def as_rows(findings: Sequence[Finding]) -> Iterator[dict[str, str]]:
    """For programs."""
    yield from map(asdict, findings)
