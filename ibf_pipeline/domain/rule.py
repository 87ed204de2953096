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
    """A class is met where P(discharge > threshold of `return_period`) >= `probability`."""

    return_period: float
    """years"""
    probability: Fraction
    """0..1, exact, so that 0.6 of 50 members is 30 and not 31"""


def members_needed(probability: float | str | Fraction, members: Count) -> Count:
    """The smallest count that is at least the share `probability` of the members, one number or an array of them:
    ceil(p * n), in whole numbers, so exactly.
    """
    share = exact(probability)
    return -((-share.numerator * members) // share.denominator)


@dataclass(frozen=True, slots=True)
class FloodRule:
    """Alert classes and trigger of one country (design section 5, rule 1)."""

    class_rule: ClassRule
    classes: Mapping[str, ClassLimit]
    """by class name out of min, med, max; empty where the class rule is `disable`"""
    trigger: ClassLimit
    trigger_lead_time_limit: int
    """days; a trigger can only stand on a lead time up to and including this one"""


def exact(probability: float | str | Fraction) -> Fraction:
    """The probability as a person wrote it: 0.6 becomes 3/5 and not 0.59999999999999997780."""
    return probability if isinstance(probability, Fraction) else Fraction(str(probability))
