"""How many members must lie above each threshold so that a day gets exactly the wanted class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.rule import ClassLimit, FloodRule, members_needed
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.wishes import TRIGGER, WARNING, Wish


def wanted_class(wish: Wish, lead_time: int, rule: FloodRule) -> str:
    """The class that the discharge of this day shall reach under the rule, before the lead time limit.

    Raises InputInvalid if the rule cannot give it.
    """
    day = wish.days[lead_time]
    where = f"wish of station {wish.station}, lead time {lead_time}"
    if day == TRIGGER:
        return "max"
    if day != WARNING:
        return "no"
    if rule.class_rule == "disable":
        raise InputInvalid(
            "a warning is wanted", where=where, expected="- or T, because the class rule `disable` knows no warnings"
        )
    below_max = [name for name in ALERT_CLASSES[1:-1] if name in rule.classes]
    name = wish.warning_class or (below_max[-1] if below_max else "max")
    if name == "max" and wish.warning_class and lead_time > rule.trigger_lead_time_limit:
        return "max"
    if name == "max":
        raise InputInvalid(
            "a warning of class max is wanted, but max within the trigger lead time limit is a trigger",
            where=where,
            expected=f"T, or a warning of class {' or '.join(below_max) or '(the rule has none)'}",
        )
    if name not in rule.classes:
        raise InputInvalid(
            f"a warning of class {name} is wanted",
            where=where,
            expected=f"a class of the country's rule: {', '.join(rule.classes)}",
        )
    return name


def counts_above(
    wanted: str,
    return_periods: NDArray[np.float64],
    rule: FloodRule,
    members: int,
    *,
    reach: float | None = None,
    where: str = "",
) -> NDArray[np.int64]:
    """Members above the threshold of each return period, (return_period,), never growing with it.

    Half-way rule, so that it can be checked by hand: if at least `need = ceil(p * n)` members are asked for,
    the count is half-way between `need` and all but one of the members (51 members and p = 0.60: need 31,
    count 40); if the class must not be met, half of what is still allowed (15). The largest return period
    reached is that of the wanted class (for a trigger its own, or `reach`, in years): above it, too few
    members stay for the next one.
    Raises InputInvalid if the rule makes the class impossible.
    """
    lower = np.zeros(len(return_periods), dtype=np.int64)
    upper = np.full(len(return_periods), members, dtype=np.int64)

    def at(limit: ClassLimit) -> tuple[int, int]:
        return _position(limit.return_period, return_periods, where), members_needed(limit.probability, members)

    def require(limit: ClassLimit) -> None:
        position, need = at(limit)
        lower[position] = max(lower[position], need)

    def forbid(limit: ClassLimit) -> None:
        position, need = at(limit)
        upper[position] = min(upper[position], need - 1)

    if wanted == "no":
        return lower
    if wanted == "max":
        require(rule.trigger)
        if "max" in rule.classes:
            require(rule.classes["max"])
        if reach is not None:
            require(ClassLimit(reach, rule.trigger.probability))
    else:
        require(rule.classes[wanted])
        for higher in ALERT_CLASSES[ALERT_CLASSES.index(wanted) + 1 :]:
            if higher in rule.classes:
                forbid(rule.classes[higher])
        forbid(rule.trigger)
    reached = int(np.flatnonzero(lower)[-1])
    if reached + 1 < len(return_periods):
        forbid(ClassLimit(float(return_periods[reached + 1]), rule.trigger.probability))
    lower = np.maximum.accumulate(lower[::-1])[::-1]
    upper = np.minimum.accumulate(upper)
    if (lower > upper).any():
        raise InputInvalid(
            f"no ensemble of {members} members can be of class {wanted} here",
            where=where,
            expected="a rule in which the higher class asks for more than the lower one",
        )
    return _half_way(lower, upper, reached, members)


def _half_way(lower: NDArray[np.int64], upper: NDArray[np.int64], reached: int, members: int) -> NDArray[np.int64]:
    counts = np.zeros_like(lower)
    most = max(int(lower[reached]), min(int(upper[reached]), members - 1))
    counts[reached] = (int(lower[reached]) + most) // 2
    for position in range(reached - 1, -1, -1):
        more = counts[position + 1] + (members - counts[position + 1]) // 3
        counts[position] = min(max(more, lower[position]), upper[position])
    for position in range(reached + 1, len(counts)):
        fewer = upper[position] // 2 if position == reached + 1 else counts[position - 1] // 4
        counts[position] = min(fewer, upper[position], counts[position - 1])
    return counts


def _position(return_period: float, return_periods: NDArray[np.float64], where: str) -> int:
    found = np.flatnonzero(np.isclose(return_periods, return_period))
    if not len(found):
        raise InputInvalid(
            f"there is no {return_period:g}-year threshold",
            where=where or "thresholds",
            expected=", ".join(f"{value:g}" for value in return_periods),
        )
    return int(found[0])
