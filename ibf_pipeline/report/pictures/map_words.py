"""What maps say beside names, days and classes: each hazard has its own words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Marks:
    """Things of one kind on the map of an event."""

    words: str
    """`3 schools` in the legend"""
    marker: str
    """as matplotlib calls it"""
    colour: str
    places: tuple[tuple[float, float], ...] = ()
    """longitude, latitude (degrees) of points"""
    lines: tuple[str, ...] = ()
    """WKT, degrees, of lines and outlines"""
    size: float = 14
    """of a point, as matplotlib counts it"""


@dataclass(frozen=True, slots=True)
class EventWords:
    """Of the map of an event."""

    people: str
    """behind the number of people, or in its place where they are not estimated"""
    extent: str
    """what the extent is; empty where it is not drawn"""
    subject: str
    """what the marked place is"""
    footer: tuple[str, ...]
    """where the numbers come from, sentence by sentence"""
    begins: str = ""
    """when it begins, in place of the lead time's own moment"""
    blind: frozenset[str] = frozenset()
    """place codes of areas of which nothing is known"""
    title: str = ""
    """what it is about, where that has no code for people"""


@dataclass(frozen=True, slots=True)
class CountryWords:
    """Of the map of the country."""

    extent: str
    source: str
    """where the forecast comes from"""
    districts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """name of what events are about, where that is several areas -> their place codes"""
    blind: frozenset[str] = frozenset()
    """place codes of areas of which nothing is known"""
    marks: tuple[Marks, ...] = ()
    """what else is on it, such as tracks"""
