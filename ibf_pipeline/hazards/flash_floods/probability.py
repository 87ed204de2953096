"""How many members exceed, from which hour on, and which numbers that share of them reaches (rule 7)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ibf_pipeline.domain.rule import members_needed
from ibf_pipeline.hazards.flash_floods.sums import Flags


def first_reached(exceeds: Flags, share: float) -> int | None:
    """The first hour by which at least the share of the members has exceeded; None if there is none.

    Members need not exceed in the same hour: one that has is counted from then on (rule 7).

    Parameters
    ----------
    exceeds
        (member, hour) bool.
    share
        0..1, of the members.

    Returns
    -------
    int or None
        Place of the hour in the array.

    Examples
    --------
    Of four members one exceeds in the first hour and another one in the third:

    >>> exceeds = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], bool)
    >>> first_reached(exceeds, 0.25), first_reached(exceeds, 0.5), first_reached(exceeds, 0.75)
    (0, 2, None)
    """
    begun = np.logical_or.accumulate(exceeds, axis=1).sum(axis=0)
    reached = begun >= members_needed(share, len(exceeds))
    return int(reached.argmax()) if reached.any() else None


def members_within(exceeds: Flags, hours: Flags) -> int:
    """Number of members that exceed in any of some hours.

    Parameters
    ----------
    exceeds
        (member, hour) bool.
    hours
        (hour,) bool.
    """
    return int(exceeds[:, hours].any(axis=1).sum())


def member_of_share(exceeds: Flags, totals: npt.NDArray[np.integer], share: float) -> int:
    """The member that stands for the share of members: at least so many have its total or more.

    Parameters
    ----------
    exceeds
        (member,) bool; members that exceed come first.
    totals
        (member,) people; the larger total comes first.
    share
        0..1, of the members.

    Returns
    -------
    int
        Place of the k-th member in that order, k the share in whole members; it exceeds if at least that share does.

    Examples
    --------
    >>> int(member_of_share(np.array([True, True, False, True]), np.array([100, 300, 0, 200]), 0.5))
    3
    """
    order = np.lexsort((-totals, ~exceeds))
    return int(order[members_needed(share, len(totals)) - 1])


def value_of_share(values: npt.NDArray[np.integer], share: float) -> npt.NDArray[np.integer]:
    """The value that the share of members reaches: the k-th largest, k the share in whole members.

    Parameters
    ----------
    values
        (member, ...).
    share
        0..1, of the members.

    Returns
    -------
    numpy.ndarray
        (...): the dims of `values` without the member.

    Examples
    --------
    >>> int(value_of_share(np.array([5, 1, 4, 2]), 0.5))
    4
    """
    reached: npt.NDArray[np.integer] = -np.sort(-values, axis=0)[members_needed(share, len(values)) - 1]
    return reached
