"""How many members exceed, from which hour on, and what that share of them exceeds (rule 7)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ibf_pipeline.domain.rule import members_needed
from ibf_pipeline.hazards.flash_floods.sums import Flags


def first_reached(exceeds: Flags, share: float) -> int | None:
    """The first hour by which at least the share of the members has exceeded; None where it never has.

    `exceeds`: (member, hour). Members need not exceed in the same hour: one that has is counted from then on.
    """
    begun = np.logical_or.accumulate(exceeds, axis=1).sum(axis=0)
    reached = begun >= members_needed(share, len(exceeds))
    return int(reached.argmax()) if reached.any() else None


def members_within(exceeds: Flags, hours: Flags) -> int:
    """How many members exceed in any of some hours. `exceeds`: (member, hour); `hours`: (hour,)."""
    return int(exceeds[:, hours].any(axis=1).sum())


def member_of_share(exceeds: Flags, totals: npt.NDArray[np.integer], share: float) -> int:
    """The member that stands for the share of members: at least so many have its total or more.

    `exceeds`, `totals`: (member,). Those that exceed come first, then the larger total: the k-th of them, k the share
    in whole members, exceeds wherever at least that share does.
    """
    order = np.lexsort((-totals, ~exceeds))
    return int(order[members_needed(share, len(totals)) - 1])


def value_of_share(values: npt.NDArray[np.integer], share: float) -> npt.NDArray[np.integer]:
    """The value that the share of members reaches: the k-th largest. `values`: (member, ...); without its first dim."""
    return -np.sort(-values, axis=0)[members_needed(share, len(values)) - 1]
