"""Dates, numbers and classes as people read them: one way of writing for report, pictures and notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

NOT_SHOWN: Final = "alert could not be published"
"""of alerts whose station has no areas, which no portal can show"""

BEYOND_SHOWN: Final = "beyond what the portal shows"
"""of lead times that the forecast looks at and no portal can show yet"""
BEYOND_PORTAL: Final = f"alert {BEYOND_SHOWN}"
"""of alerts all of whose lead times are"""


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

TRIGGER_WORDS = "trigger detected by the forecast"
"""never "activation": whether anything is activated is decided by people"""

_CLASS_WORDS = {"no": "no alert", "min": "low warning", "med": "medium warning", "max": "trigger"}


def day_text(day: date) -> str:
    """`Wed 2026-02-18`, whatever the machine's language."""
    return f"{WEEKDAYS[day.weekday()]} {day.isoformat()}"


def moment_text(moment: date) -> str:
    """`Wed 2026-02-18` for a day, `Wed 2026-02-18 18:00 UTC` for a datetime (UTC)."""
    if isinstance(moment, datetime):
        return f"{day_text(moment.date())} {moment:%H:%M} UTC"
    return day_text(moment)


def utc_text(moment: datetime | str) -> str:
    """`2026-02-18 18:00 UTC` for a datetime (UTC) or an ISO 8601 text of one; any other text as it is."""
    if isinstance(moment, str):
        try:
            return utc_text(datetime.fromisoformat(moment))
        except ValueError:
            return moment
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def number_text(number: float) -> str:
    """Whole number with thousands separators: `12,345`."""
    return f"{number:,.0f}"


def people_text(people: int, *, known: bool = True) -> str:
    """`12,345`; if not everybody is `known`, `at least 12,345`, or `unknown` if nobody is."""
    return number_text(people) if known else f"at least {number_text(people)}" if people else "unknown"


def people_words(people: int, *, known: bool = True) -> str:
    """People in words, also if not everybody is `known`.

    >>> people_words(12345), people_words(1, known=False), people_words(0, known=False)
    ('12,345 people', 'at least 1 person', 'an unknown number of people')
    """
    if not (known or people):
        return "an unknown number of people"
    return f"{people_text(people, known=known)} {'person' if people == 1 else 'people'}"


def amount_text(number: float) -> str:
    """An amount that may be a fraction: `12,345`, `3.5`, `0.04`."""
    return number_text(number) if number == int(number) or abs(number) >= 100 else f"{number:.2g}"


def discharge_text(value: float) -> str:
    """Discharge in m3/s: whole from 100 on, one decimal from 10 on, else two.

    >>> discharge_text(1234.6), discharge_text(45.26), discharge_text(3.817)
    ('1,235', '45.3', '3.82')
    """
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def percent_text(share: float) -> str:
    """A share 0..1 as per cent; a tiny share is `< 0.1 %`, never 0.

    >>> percent_text(0.6), percent_text(0.004), percent_text(0.0004), percent_text(0)
    ('60 %', '0.4 %', '< 0.1 %', '0 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    text = f"{share * 100:.1f}"
    return f"{text.removesuffix('.0')} %"


def class_text(alert_class: str) -> str:
    """An alert class in words: `med` is a medium warning."""
    return _CLASS_WORDS.get(alert_class, alert_class)


def alert_text(alert_class: str, *, trigger: bool) -> str:
    """An event's class in words; the highest one without a trigger is a warning."""
    return "trigger" if trigger else "warning" if alert_class == "max" else class_text(alert_class)


def days_text(days: int) -> str:
    """`1 day`, `3 days`."""
    return f"{days} day{'' if abs(days) == 1 else 's'}"


def counted(number: int, word: str) -> str:
    """`1 trigger`, `1,200 areas`; for words whose plural takes an s."""
    return f"{number_text(number)} {word}{'' if number == 1 else 's'}"


def some(items: Sequence[str], most: int) -> str:
    """`a, b and 3 more`: `most` of them by name."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")
