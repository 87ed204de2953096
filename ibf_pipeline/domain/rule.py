"""What a country's flood rule says: which return period, at which probability, makes which alert class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:  # the configuration is read without it
    import xarray as xr

Count = TypeVar("Count", int, "xr.DataArray")
ClassRule = Literal["return-period", "probability", "disable"]


@dataclass(frozen=True, slots=True)
class ClassLimit:
    """A class is met if P(discharge > threshold of `return_period`) >= `probability`."""

    return_period: float
    """years"""
    probability: Fraction
    """0..1, exact, so that 0.56 of 50 members is 28 and not 29: as floats it is 28.000000000000004"""


def members_needed(probability: float | str | Fraction, members: Count) -> Count:
    """The smallest number of members that is at least a share of all of them: ceil(p * n), computed in whole numbers.

    Parameters
    ----------
    probability
        Share of the members, 0..1; a float is taken as it was written (0.6 is 3/5).
    members
        Number of members, one number or an array of them.

    Returns
    -------
    int or xarray.DataArray
        As `members`; 0 if there are no members.

    Notes
    -----
    Floats would ask for one member too many: `0.07 * 100` is 7.000000000000001, whose ceiling is 8.
    Source: docs/design/floods.md, rule 1; the same count decides triggers of flash floods and typhoon.

    Examples
    --------
    >>> members_needed(0.6, 50), members_needed(0.6, 51), members_needed(0.07, 100)
    (30, 31, 7)
    """
    share = exact(probability)
    return -((-share.numerator * members) // share.denominator)


@dataclass(frozen=True, slots=True)
class FloodRule:
    """Alert classes and trigger of one country (docs/design/floods.md, rule 1)."""

    class_rule: ClassRule
    classes: Mapping[str, ClassLimit]
    """by class name out of min, med, max; empty if the class rule is `disable`"""
    trigger: ClassLimit
    trigger_lead_time_limit: int
    """days; a trigger can only stand on a lead time up to and including this one"""


def exact(probability: float | str | Fraction) -> Fraction:
    """A probability as it was written: 0.6 becomes 3/5 and not 0.59999999999999997780.

    >>> exact(0.6), exact("0.35")
    (Fraction(3, 5), Fraction(7, 20))
    """
    return probability if isinstance(probability, Fraction) else Fraction(str(probability))
