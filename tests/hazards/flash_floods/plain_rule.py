"""The rules once more for a single run, hour by hour in plain loops: to hold the arrays against."""

from __future__ import annotations

from collections.abc import Mapping

from tests.worlds.countries.two_valleys import DISTRICTS, TABLE, Wet

SHOWN = (*range(13), 15, 18, 21, 24, 48)
LIMIT = 20
SHARE = {"A1": 1.0, "A2": 0.5, "B1": 1.0}


def scenario(mm: float, duration: int) -> str | None:
    """The nearest of a duration, half a step up; none below the first."""
    steps = sorted((amount, name) for name, (hours, amount, _, _) in TABLE.items() if hours == duration)
    if mm < steps[0][0]:
        return None
    return min(steps, key=lambda step: (abs(step[0] - mm), -step[0]))[1]


def worst(wet: Wet, sizes: Mapping[str, Mapping[str, float]], area: str, hour: int) -> str | None:
    """The highest-ranked scenario of an area and hour, of its own rain and its catchment's."""
    names = []
    for duration in (1, 4, 24):
        hours = range(hour - duration + 1, hour + 1)
        own = sum(wet.get(area, {}).get(each, 0) for each in hours)
        parts = sizes.get(area, {area: 1.0})
        mean = sum(size * sum(wet.get(part, {}).get(each, 0) for each in hours) for part, size in parts.items())
        names.append(scenario(round(max(own, mean / sum(parts.values())), 3), duration))
    return max((name for name in names if name), key=lambda name: TABLE[name][2], default=None)


def people(area: str, name: str | None) -> int:
    return round(TABLE[name][3] * SHARE[area]) if name else 0


def alerts(wet: Wet, sizes: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[int, bool, int]]:
    """District -> (lead time as it is sent, trigger, people)."""
    made = {}
    for district, areas in DISTRICTS.items():
        over = {
            hour: [area for area in areas if people(area, worst(wet, sizes, area, hour)) > LIMIT]
            for hour in range(-5, 49)
        }
        first = next((hour for hour, exceeding in over.items() if exceeding), None)
        if first is None:
            continue
        sent = max(lead for lead in SHOWN if lead <= max(first, 0))
        counted = [hour for hour in over if sent >= 15 or hour < 15]
        total = 0
        for area in areas:
            names = [str(worst(wet, sizes, area, hour)) for hour in counted if area in over[hour]]
            total += people(area, max(names, key=lambda name: TABLE[name][2], default=None))
        made[district] = sent, sent < 15, total
    return made
