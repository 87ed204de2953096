"""What Malawi's districts are, and how many people the made-up floods reach: those of the portal's mock scenarios.

Source: scenarios `trigger`, `trigger-blantyre` and `warning-karonga` of IBF-system v0.335: districts, number of areas,
the largest numbers and those that an upload of them was seen with. The other numbers are chosen. The district Karonga
has further areas of its own beside those that the production pipeline judges, as the mock's warning is of seven.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DISTRICTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Karonga": ("MW10106", "MW10104", "MW10203", "MW10220", "MW10201", "MW10202", "MW10204", "MW10205"),
    "Rumphi": ("MW10420", "MW10403", "MW10404", "MW10407", "MW10401", "MW10402", "MW10511", "MW10411"),
    "Blantyre City": tuple(f"MW315{number}" for number in range(31, 54)),
}
STEPS: Final[Mapping[int, tuple[int, ...]]] = {
    1: (20, 40, 60), 2: (30, 50, 70), 4: (30, 50, 70), 12: (50, 80, 100), 24: (50, 100, 150, 175, 200), 48: (100, 200),
}  # fmt: skip
"""of the library: duration (hours) -> some of the amounts (mm) that the production library has"""
FLOODS: Final[Mapping[str, str]] = {"Karonga": "150mm_24hr", "Rumphi": "100mm_12hr", "Blantyre City": "60mm_1hr"}
"""the flood of each district's scenario"""
WISHES: Final[Mapping[str, str]] = {
    "Karonga": "Karonga=@30h:150mm/24h",
    "Rumphi": "Rumphi=@0h:100mm/12h",
    "Blantyre City": "Blantyre City=@6h:60mm/1h",
}
"""rain for the mock scenarios"""
PEOPLE: Final[Mapping[str, int]] = {
    "MW10203": 122, "MW10220": 47, "MW10104": 38, "MW10201": 64, "MW10202": 31, "MW10204": 29, "MW10205": 55,
    "MW10106": 9,
    "MW10401": 151, "MW10420": 69, "MW10407": 96, "MW10404": 33, "MW10403": 12,
    "MW31535": 1953, "MW31548": 671, "MW31541": 174, "MW31536": 420, "MW31537": 310, "MW31534": 88, "MW31542": 265,
    "MW31543": 57, "MW31540": 15,
}  # fmt: skip
"""place code -> people that its district's flood reaches; nobody in the areas that are not here"""
THRESHOLDS: Final[Mapping[str, int]] = {"MW31535": 500, "MW31541": 60}
"""place code -> people above which it is alerted; 20 elsewhere"""
SMALL_LAG: Final = (*DISTRICTS["Blantyre City"], "MW10220", "MW10420")
UPSTREAM: Final[Mapping[str, tuple[str, ...]]] = {
    "MW10203": ("MW10203", "MW10104", "MW10106"),
    "MW10401": ("MW10401", "MW10411"),
    "MW10402": ("MW10402", "MW10404", "MW10403"),
}


def alerted(district: str) -> Mapping[str, int]:
    """Place code -> people of the areas that its flood alerts."""
    return {code: PEOPLE[code] for code in DISTRICTS[district] if PEOPLE.get(code, 0) > THRESHOLDS.get(code, 20)}
