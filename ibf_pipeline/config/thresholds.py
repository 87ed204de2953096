"""Which thresholds judge a day: those of a country may change with the GloFAS version, from an issue date on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from pydantic import Field

from ibf_pipeline.config.section import GlofasVersion, Section


class LaterThresholds(Section):
    """A further set of thresholds, beside `thresholds.json` in the static data."""

    version: GlofasVersion = Field(
        description="GloFAS version that they were made with; they are read from `thresholds_v<version>.json`"
    )
    valid_from: date = Field(description="first issue date that they judge, e.g. 2026-12-01")

    @property
    def file(self) -> str:
        """Its name below the static data."""
        return file_of(self.version)


def file_of(version: str) -> str:
    """Where the thresholds of a further GloFAS version lie below the static data, whether or not they judge any day."""
    return f"thresholds_v{version}.json"


def thresholds_on(sets: Iterable[LaterThresholds], issue_date: date) -> LaterThresholds | None:
    """The set that judges an issue date: the one that began last by then; None before the first one begins."""
    begun = [each for each in sets if each.valid_from <= issue_date]
    return max(begun, key=lambda each: each.valid_from, default=None)


def require_one_a_day(first: str, sets: Sequence[LaterThresholds]) -> None:
    """ValueError if two sets are of one version, or do not follow each other. `first`: version of the earliest."""
    versions = [first, *(each.version for each in sets)]
    twice = [version for number, version in enumerate(versions) if version in versions[:number]]
    if twice:
        raise ValueError(f"later_thresholds: version {twice[0]!r} stands twice: one set a version")
    days = [each.valid_from for each in sets]
    if days != sorted(set(days)):
        raise ValueError("later_thresholds: list the sets by valid_from, earliest first, each on a day of its own")
