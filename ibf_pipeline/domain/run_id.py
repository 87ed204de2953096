"""The identity of a run: country, hazard, issue time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ibf_pipeline.domain.issue_time import IssueTime

EXERCISES: Final = "exercises"
"""what comes before the name of a run whose forecast was made up; also the folder of those, below that of the runs and
below that of the sandbox: exercises leave nothing among real days"""


@dataclass(frozen=True, slots=True)
class RunId:
    """Identity of one run, whatever became of it."""

    country: str
    """ISO3 code"""
    hazard: str
    """name of its profile"""
    issue_time: IssueTime

    def __str__(self) -> str:
        """`UGA/floods/2026-02-15`: folder of the run below that of all runs, and what people name it by."""
        return f"{self.country}/{self.hazard}/{self.issue_time}"
