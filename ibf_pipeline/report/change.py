"""What became of an alert between two runs, and the sentence that says so, for any hazard (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Literal, TypeVar, get_args

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.wording import alert_text, people_text
from ibf_pipeline.report.times import cycle_word, event_moment, issued
from ibf_pipeline.report.words import subject_text

ChangeKind = Literal[
    "new", "escalated", "larger", "blind", "lapsed", "withdrawn", "downgraded", "smaller", "ended", "moved"
]

CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
"""new: no alert before, or one whose days are over and a gap since; escalated: higher class, or a warning that became
a trigger; larger, smaller: the same class and first day, another size of the event; blind: alerted before, no usable
forecast now; lapsed: a trigger before, now as high only beyond the trigger lead time limit; withdrawn: an operator took
it back; downgraded: lower class; ended: no class on any lead time now; moved: the same class, another first day. For
hourly hazards a day is the time (UTC) of a lead time."""

FindingsT = TypeVar("FindingsT", bound=Findings)
EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An event as one of the two runs has it."""

    trigger: bool
    alert_class: str
    lead_time: int
    """in the hazard's unit"""
    day: datetime | date
    """of the event's lead time: a day, or a timestamp (UTC) of hourly hazards"""
    flags: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one alert since an earlier run."""

    kind: ChangeKind
    event: str
    """its name today, or in the earlier run if there is none today"""
    key: str
    """of the event, whatever it is called"""
    name: str
    """of what it is about, for people"""
    since: datetime | date | None
    """issue time of the earlier run; None if there is none"""
    before: Alert | None
    after: Alert | None
    moved: int
    """by how much the beginning is later (+) or earlier (-) than forecast before, in the hazard's unit; else 0"""
    why: str
    """a sentence for people"""

    @property
    def is_trigger(self) -> bool:
        """Whether today's run has a trigger here."""
        return self.after is not None and self.after.trigger


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of a day's alerts since it was published with other findings before."""

    target: str
    revision: int
    date: str
    """of the earlier calls (UTC)"""
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertComparison(Generic[FindingsT, EventT]):
    """One alert in two runs, and what became of it."""

    kind: ChangeKind
    profile: HazardProfile
    old: EventT | None
    new: EventT | None
    gone: EventT | None = None
    """what an operator took back"""
    before: FindingsT | None
    today: FindingsT
    moved: int = 0
    """as of a change; also if the old one is over"""
    is_over: bool = False
    """whether the old alert's days are gone by and there is a gap between it and the new one"""
    ahead: tuple[date, ...] = ()
    """of the old alert's own days those that are not over today"""

    @property
    def event(self) -> EventT:
        """Today's, also if it is taken back; else the old one."""
        event = self.new or self.gone or self.old
        assert event is not None  # noqa: S101  one of the two runs has it
        return event

    @property
    def name(self) -> str:
        """Of what the event is about; `station G1` if that has no name, the event's own if there are no lists."""
        key = self.event.key
        named = self.today.named(key) or (self.before.named(key) if self.before else "")
        return named or (self.event.name if self.profile.subject_list is None else subject_text(self.today, key))


def plain_change(compared: AlertComparison[FindingsT, EventT]) -> Change:
    """A change as findings of any hazard tell it."""
    return Change(
        kind=compared.kind,
        event=compared.event.name,
        key=compared.event.key,
        name=compared.name,
        since=issued(compared.before) if compared.before else None,
        before=plain_alert(compared.profile, compared.before, compared.old),
        after=plain_alert(compared.profile, compared.today, compared.new),
        moved=0 if compared.is_over else compared.moved,
        why=sentences([change_words(compared), _people(compared)]),
    )


def plain_alert(profile: HazardProfile, findings: Findings | None, event: Event | None) -> Alert | None:
    """An event of a run; None if there is none."""
    if findings is None or event is None:
        return None
    return Alert(
        trigger=event.trigger,
        alert_class=event.alert_class,
        lead_time=event.lead_time,
        day=event_moment(findings, event),
        flags=event.flags,
        people=event.people,
    )


def sentences(parts: Sequence[str]) -> str:
    """Parts that are not empty as sentences."""
    return " ".join(part[0].upper() + part[1:] + "." for part in parts if part)


def change_words(compared: AlertComparison[FindingsT, EventT]) -> str:
    """What happened."""
    old, new, profile = compared.old, compared.new, compared.profile
    if compared.kind == "withdrawn":
        taken = alert_text(compared.event.alert_class, trigger=compared.event.trigger)
        return (
            f"an operator took back the {taken} of this {cycle_word(profile)} after it was published. The forecast "
            "itself has not changed"
        )
    if compared.kind == "new":
        return _new(compared)
    if compared.kind == "blind":
        why = blind_reason(compared.today, compared.event.key)
        why = why or f"it is no longer among the country's {profile.subject}s"
        return f"{_class(old)} before; now the {profile.subject} has no usable forecast: {why}. That is no all clear"
    if compared.kind == "lapsed":
        left = _class(new) if new else "no alert, because the country's rule has no warnings"
        limit = f" of {profile.lead_time_words(compared.today.trigger_limit or 0)}"
        return f"trigger before; as high now only beyond the trigger lead time limit{limit}: {left}"
    if compared.kind == "ended":
        return f"{_class(old)} before; now no alert"
    if compared.kind == "moved":
        word = "later" if compared.moved > 0 else "earlier"
        return f"{_class(new)} as before, {profile.lead_time_words(abs(compared.moved))} {word}"
    if compared.kind in ("larger", "smaller"):
        return f"{_class(new)} as before, {compared.kind}"
    return f"{_class(old)} before, {_class(new)} now"


def earlier_run(compared: AlertComparison[FindingsT, EventT]) -> str:
    """`the run of Sun 2026-02-15`."""
    if compared.before is None or compared.before.issue_time == compared.today.issue_time:
        return f"the earlier run of this {cycle_word(compared.profile)}"
    return f"the run of {compared.today.moment_words(issued(compared.before))}"


def blind_reason(findings: Findings | None, key: str) -> str:
    """Why a run says nothing of it; empty if it does."""
    unseen = findings.unseen if findings else ()
    return next((each.reason for each in unseen if each.key == key and each.condition == "blind"), "")


def people_of_both(old: Event | None, new: Event | None) -> str:
    """Numbers of people if both were estimated and they differ."""
    if old is None or new is None or not (old.is_estimated and new.is_estimated) or old.people == new.people:
        return ""
    now, before = (people_text(event.people, known=event.people_known) for event in (new, old))
    return f"{now} people affected, {before} before"


def _people(compared: AlertComparison[FindingsT, EventT]) -> str:
    return "" if compared.kind == "new" else people_of_both(compared.old, compared.new)


def _new(compared: AlertComparison[FindingsT, EventT]) -> str:
    if compared.before is None:
        return "there is no earlier run to compare with"
    run, key = earlier_run(compared), compared.event.key
    if blind := blind_reason(compared.before, key):
        return f"{run} could not see this {compared.profile.subject}: {blind}"
    if key in {event.key for event in compared.before.withdrawn}:
        return f"an operator took back the alert of {run}; the forecast has one again"
    if compared.old is not None:
        return f"a {_class(compared.old)} in {run} is over; this one is for later {compared.profile.unit}s"
    return f"no alert in {run}"


def _class(event: Event | None) -> str:
    return "no alert" if event is None else alert_text(event.alert_class, trigger=event.trigger)
