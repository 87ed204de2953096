"""What a check found, in the words of those who have to act on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from ibf_pipeline.domain.wording import some
from ibf_pipeline.errors import IbfError

Level = Literal["error", "warning", "fine", "not checked", "accepted"]
Subject = Literal[
    "configuration",
    "static data",
    "boundaries",
    "stations",
    "mapping",
    "thresholds",
    "library",
    "assets",
    "rasters",
    "portal",
    "schedule",
    "storage",
]
_CATALOGUE = Path(__file__).with_name("findings.yaml")
MOST_ITEMS = 4
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
    doubts: tuple[str, ...] = ()
    """the same as runs say it, if they doubt their numbers for it"""

    def doubted(self, *words: str) -> Finding:
        """The same, which runs say in other `words`."""
        return replace(self, doubts=words)


def fine(subject: Subject, found: str) -> Finding:
    """Something that is as it should be."""
    return Finding("fine", subject, found)


def finding(name: str, /, **facts: object) -> Finding:
    """A finding of `findings.yaml`, its braces filled with the facts of the case; a fact `doubt` is as runs say it."""
    said = Finding(**{part: words.format(**facts) for part, words in _catalogue()[name].items()})
    return said.doubted(str(facts["doubt"])) if "doubt" in facts else said


def not_checked(subject: Subject, found: str, meaning: str, remedy: str = "") -> Finding:
    """Something that could not be looked at."""
    return Finding("not checked", subject, found, meaning, remedy)


def error_finding(
    subject: Subject, error: IbfError, meaning: str = "`prepare` refuses it, so there are no alerts at all"
) -> Finding:
    """What a reader refused."""
    where = f"{error.where}: " if error.where else ""
    expected = f" (expected: {error.expected})" if error.expected else ""
    return Finding("error", subject, f"{where}{error.found}{expected}", meaning, error.remedy)


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    catalogue: dict[str, dict[str, Any]] = yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))
    return catalogue


def first_few(items: Iterable[object], shown: int = MOST_ITEMS) -> str:
    """The first few of a list, and how many more there are."""
    return some([str(item) for item in items], shown)


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Errors, warnings, what was not checked, and last what is fine; in each what the portal does first, since people
    are mailed by it, otherwise in the order of the checks.
    """
    order: tuple[Level, ...] = ("error", "warning", "not checked", "accepted", "fine")
    return sorted(findings, key=lambda finding: (order.index(finding.level), finding.subject != "portal"))


def as_rows(findings: Sequence[Finding]) -> Iterator[dict[str, str]]:
    """For programs."""
    for one in findings:
        yield {name: getattr(one, name) for name in ("level", "subject", "found", "meaning", "remedy")}
