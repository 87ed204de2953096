"""What became of one thing on a Prefect server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeployOutcome = Literal["created", "changed", "unchanged", "paused", "removed", "left out"]


@dataclass(frozen=True, slots=True)
class DeployResult:
    """What became of one thing on the server."""

    kind: str
    name: str
    outcome: DeployOutcome
    note: str = ""
