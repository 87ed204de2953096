"""What maps say beside names, days and classes: each hazard has its own words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MapMarks:
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
    """behind the number of people, or in its place if they are not estimated"""
    extent: str
    """what the extent is; empty if it is not drawn"""
    subject: str
    """what the marked place is"""
    footer: tuple[str, ...]
    """where the numbers come from, sentence by sentence"""
    begins: str = ""
    """when it begins, in place of the time of the lead time"""
    blind: frozenset[str] = frozenset()
    """place codes of areas of which nothing is known"""
    title: str = ""
    """what it is about, if that has no code for people"""


@dataclass(frozen=True, slots=True)
class CountryWords:
    """Of the map of the country."""

    extent: str
    source: str
    """where the forecast comes from"""
    districts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """name of what events are about, if that is several areas -> their place codes"""
    blind: frozenset[str] = frozenset()
    """place codes of areas of which nothing is known"""
    marks: tuple[MapMarks, ...] = ()
    """what else is on it, such as tracks"""
