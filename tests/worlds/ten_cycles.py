"""Ten cycles of two storms over two islands, five days long: genesis to the second storm in the same valley."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.worlds.storms import Storm
from tests.worlds.typhoon_project import Portal, TyphoonProject, issued, moment

LANDFALL: Final = 96
"""hours after the day began at which Chanthu's centre is at the eastern coast, 124.5 E; 22.5 hours later at 120 E"""
CHANTHU: Final = Storm("21W", "CHANTHU", lat=15.4, lon=124.5, at=moment(LANDFALL), wind=50)
GENESIS: Final = CHANTHU.seen(identifier="70W", name="70W", members=16)
CONSON: Final = Storm("22W", "CONSON", lat=15.6, lon=124.5, at=moment(186), wind=50, lasts_h=6)
"""it dies behind the valley, too far from the western island for any wind there"""
ELSEWHERE: Final = Storm("10L", "GERT", lat=20, lon=-40, at=moment(0), wind=30)
"""an Atlantic storm: whoever has it has a whole file, without the others"""

CYCLES: Final[dict[str, tuple[int, tuple[Storm, ...]]]] = {
    "genesis": (0, (GENESIS,)),
    "named": (6, (CHANTHU,)),
    "warning": (12, (CHANTHU, ELSEWHERE)),
    "missing": (18, (ELSEWHERE,)),
    "trigger": (24, (CHANTHU, ELSEWHERE)),
    "landfall": (96, (CHANTHU,)),
    "second landfall ahead": (102, (CHANTHU,)),
    "after": (126, (CHANTHU,)),
    "gone": (132, ()),
    "second storm": (138, (CONSON,)),
}
"""hours after the day began, and the storms of the file; () is the file that says that there is none"""


@dataclass(frozen=True, slots=True)
class Seen:
    """How a cycle ended, and what was there afterwards."""

    state: str
    message: str
    portal: Portal
    notices: tuple[tuple[str, str], ...]
    """kind and event; empty where nothing was published"""
    new_mails: int


def ten_cycles(project: TyphoonProject) -> Iterator[tuple[str, Seen]]:
    """Run them one after the other."""
    mails = 0
    for name, (hour, storms) in CYCLES.items():
        state = project.run(issued(hour), storms)
        portal = project.portal()
        notices = tuple(project.notices(issued(hour))) if project.revisions(issued(hour)) else ()
        yield name, Seen(str(state.name), str(state.message), portal, notices, len(portal.mails) - mails)
        mails = len(portal.mails)
