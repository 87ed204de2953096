"""What maps say beside names, days and classes: each hazard has its own words for it."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class CountryWords:
    """Of the map of the country."""

    extent: str
    source: str
    """where the forecast comes from"""
