"""What the page of the morning says, as data: both of its forms, Markdown and HTML, are made from it (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ibf_pipeline.domain.wording import counted, day_text, people_words
from ibf_pipeline.report.words import isolated, listed

ItemKind = Literal["needs", "decision", "waits", "done"]
"""`needs`: somebody has to do something; `decision`: a notification is held; `waits`: it goes on by itself"""

_UNSHOWN_REMEDY = "tell people another way, and give the stations areas in the mapping"
_UNSHOWN_NAMED = 6


@dataclass(frozen=True, slots=True, order=True)
class PageSubject:
    """A country with one of its hazards."""

    code: str
    name: str = ""
    """of the country; empty if its file cannot be read"""
    hazard: str = ""
    """in words; empty if the country has no other"""

    @property
    def words(self) -> str:
        """`Uganda (UGA)`, `Malawi (MWI), flash floods`."""
        country = f"{isolated(self.name)} ({self.code})" if self.name and self.name != self.code else self.code
        return f"{country}, {self.hazard}" if self.hazard else country


@dataclass(frozen=True, slots=True)
class Link:
    """Where more is said."""

    words: str
    address: str
    """an URL, or the path of a report below the folder of the runs"""


@dataclass(frozen=True, slots=True)
class Item:
    """A run, or one that is not there: of a country, a hazard and an issue time."""

    subject: PageSubject
    kind: ItemKind
    state: str
    """in one or two words"""
    said: str = ""
    """why"""
    remedy: str = ""
    """what to do; empty for nothing"""
    when: str = ""
    """issue time, if that does not go without saying"""
    links: tuple[Link, ...] = ()

    @property
    def title(self) -> str:
        """`Malawi (MWI), flash floods, 2026-02-15 06 UTC`."""
        return f"{self.subject.words}, {self.when}" if self.when else self.subject.words


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """The alerts of a country and hazard that begin on one day, all triggers or all warnings."""

    subject: PageSubject
    day: date
    number: int
    people: int
    """that may be affected, as far as they were estimated"""
    people_known: bool
    """false if not everybody was"""
    begins: str = ""
    """the clock time of hourly hazards"""
    notes: tuple[str, ...] = ()
    """what must be known with it: of which forecast it is, that nobody was notified"""
    links: tuple[Link, ...] = ()

    @property
    def people_words(self) -> str:
        """`12,345 people`."""
        return people_words(self.people, known=self.people_known)


@dataclass(frozen=True, slots=True)
class Unshown:
    """An alert that no portal can show, since its station has no areas."""

    subject: PageSubject
    name: str
    trigger: bool


@dataclass(frozen=True, slots=True)
class TriggerDay:
    """The triggers that begin on one day."""

    day: date
    ahead: str
    """`in 3 days`"""
    alerts: tuple[AlertGroup, ...]
    """most people first"""

    @property
    def words(self) -> str:
        """`5 triggers, 33,000 people`."""
        return _total(self.alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """The page of a day."""

    day: date
    title: str
    """`Flood forecasts`"""
    written: datetime
    """UTC"""
    items: tuple[Item, ...]
    """the newest run of each country and hazard"""
    further: tuple[Item, ...] = ()
    """of earlier hours, if no later run has made good what is wrong with them"""
    resolved: tuple[Item, ...] = ()
    """those of earlier hours that went wrong and have a later run that did not"""
    elsewhere: tuple[Item, ...] = ()
    """runs that were not to publish to the country's own target"""
    triggers: tuple[AlertGroup, ...] = ()
    warnings: tuple[AlertGroup, ...] = ()
    unshown: tuple[Unshown, ...] = ()
    without: tuple[PageSubject, ...] = ()
    """of which there is no forecast of the day: silence about them is no all clear"""
    portals: tuple[str, ...] = ()
    """what portals show of days that are half made: above everything"""
    cautions: tuple[str, ...] = ()
    """what else must be known before the rest is read"""
    address: str | None = None
    """of the newest page in the UI of Prefect"""

    def of(self, *kinds: ItemKind) -> list[Item]:
        """The items of these kinds, by country."""
        return sorted((item for item in (*self.items, *self.further) if item.kind in kinds), key=_by_country)

    @property
    def heading(self) -> str:
        """`Flood forecasts of Sun 2026-02-15`."""
        return f"{self.title} of {day_text(self.day)}"

    @property
    def done(self) -> str:
        """`7 of 9 countries done.`"""
        done, countries = len(self.of("done")), {item.subject.code for item in self.items}
        if len(countries) == len(self.items):
            return f"{done} of {_countries(len(countries))} done."
        return f"{done} of {len(self.items)} forecasts of {_countries(len(countries))} done."

    @property
    def rest(self) -> str:
        """`1 needs somebody, 2 wait for a decision, 1 is not there yet.`; nothing if all is done."""
        needs, decisions, waits = (len(self.of(kind)) for kind in ("needs", "decision", "waits"))
        parts = [
            f"{needs} {'needs' if needs == 1 else 'need'} somebody" if needs else "",
            f"{decisions} {'waits' if decisions == 1 else 'wait'} for a decision" if decisions else "",
            f"{waits} {'is' if waits == 1 else 'are'} not there yet" if waits else "",
        ]
        said = ", ".join(part for part in parts if part)
        return f"{said}." if said else "Nothing needs anybody." if self.items else ""

    @property
    def trigger_title(self) -> str:
        """`Triggers: 5 in 3 countries, 33,000 people`; never "no trigger" of what was not forecast."""
        if not self.triggers:
            return "No trigger" if len(self.without) < len(self.items) else "Nothing is known yet"
        number = sum(alert.number for alert in self.triggers)
        where = _countries(len({alert.subject.code for alert in self.triggers}))
        return f"Triggers: {number} in {where}, {_people(self.triggers)}"

    @property
    def unknown(self) -> str:
        """Of what nothing is known yet; empty if every forecast is there."""
        if not self.without:
            return ""
        if len(self.without) == len(self.items):
            return "No forecast of this day is there yet, which is no all clear."
        names = listed([subject.words for subject in sorted(self.without)], 8)
        return f"Without a forecast of this day, which is no all clear: {names}."

    @property
    def days(self) -> list[TriggerDay]:
        """The triggers by the day on which they begin, the first first."""
        found: dict[date, list[AlertGroup]] = {}
        for alert in sorted(self.triggers, key=lambda each: (each.day, -each.people, each.subject)):
            found.setdefault(alert.day, []).append(alert)
        return [TriggerDay(day, days_ahead(self.day, day), tuple(alerts)) for day, alerts in found.items()]

    @property
    def unshown_words(self) -> str:
        """One line over all alerts that no portal can show; empty if there is none."""
        if not self.unshown:
            return ""
        triggers = sum(each.trigger for each in self.unshown)
        number = counted(len(self.unshown), "alert") + (
            f", {counted(triggers, 'trigger')} among them" if triggers else ""
        )
        order = sorted(self.unshown, key=lambda each: (not each.trigger, each.subject, each.name))
        names = listed([f"{each.subject.words} {isolated(each.name)}" for each in order], _UNSHOWN_NAMED)
        return f"No portal can show {number}, at stations without areas: {names}. What to do: {_UNSHOWN_REMEDY}."


def days_ahead(day: date, of: date) -> str:
    """How far a day lies ahead of another one, in words."""
    days = (of - day).days
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days" if days > 0 else "begun")


def _countries(number: int) -> str:
    return "1 country" if number == 1 else f"{number} countries"


def _by_country(item: Item) -> tuple[str, PageSubject, str]:
    return item.subject.code, item.subject, item.when


def _total(alerts: Sequence[AlertGroup]) -> str:
    return f"{counted(sum(alert.number for alert in alerts), 'trigger')}, {_people(alerts)}"


def _people(alerts: Sequence[AlertGroup]) -> str:
    return people_words(sum(alert.people for alert in alerts), known=all(alert.people_known for alert in alerts))
