"""Six blocks of the demo country, one after the other: what is wished of their rain, and what has to come of it.

Warning, trigger, 0-hour, a burst between two runs beside the tail of the first, tails with a new warning, nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it has to be found and published."""

    trigger: bool
    lead_time: int
    """hours, as it is sent"""
    state: str
    areas: int
    """alerted ones"""
    later: tuple[int, ...] = ()
    """lead times of what is further ahead"""


@dataclass(frozen=True, slots=True)
class Block:
    """One of the six."""

    issue: str
    wishes: str
    """for `parse_rain_wishes`; hours up to the issue time are observed"""
    events: Mapping[str, Told] = field(default_factory=dict)
    """by district"""
    mails: bool = False


SIX_BLOCKS: Final = (
    Block("2026-03-01T06", "Kimiri=@30h:150mm/24h", {"Kimiri": Told(False, 24, "forecast", 5)}, mails=True),
    Block("2026-03-01T12", "Kimiri=@9h:70mm/4h", {"Kimiri": Told(True, 9, "forecast", 5)}, mails=True),
    Block("2026-03-01T18", "Kimiri=@0h:70mm/4h", {"Kimiri": Told(True, 0, "forecast", 5)}, mails=True),
    Block(
        "2026-03-02T00",
        "Veo=@-3h:50mm/4h",
        {"Kimiri": Told(True, 0, "tail", 5), "Veo": Told(True, 0, "forecast", 3)},
        mails=True,
    ),
    Block(
        "2026-03-02T06",
        "Kimiri=@30h:100mm/24h",
        {"Kimiri": Told(True, 0, "tail", 5, later=(24,)), "Veo": Told(True, 0, "tail", 3)},
        mails=True,
    ),
    Block("2026-03-08T06", ""),
)
"""the last one is after both tails, of 120 hours"""
