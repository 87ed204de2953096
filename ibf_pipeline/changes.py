"""What changed between two runs of a country, and why: pure, for the report and for notices.

Alerts are compared by station, on calendar days: a trigger for Thursday is the same trigger tomorrow, one lead time
nearer. A station that cannot be seen today is never called "ended".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import TypeAdapter

from ibf_pipeline.changes_why import Compared, reason
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.evidence import Evidence, evidence, high_beyond_limit, limit_of
from ibf_pipeline.forecast.rule import ALERT_CLASSES
from ibf_pipeline.found import Event, Found, StationFound

Kind = Literal["new", "escalated", "blind", "lapsed", "downgraded", "ended", "moved"]

KINDS: tuple[Kind, ...] = ("new", "escalated", "blind", "lapsed", "downgraded", "ended", "moved")
"""new: no alert before; escalated: higher class, or a warning that became a trigger; blind: alerted before, no usable
forecast now; lapsed: a trigger before, now as high only beyond the trigger lead time limit; downgraded: lower class;
ended: no class on any lead time now; moved: the same class, another first day"""


@dataclass(frozen=True, slots=True)
class Alert:
    """An event as one of the two runs has it."""

    trigger: bool
    alert_class: str
    lead_time: int
    """days"""
    day: date
    """of the event's lead time"""
    flags: str
    people: int


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the alert of one station since an earlier run."""

    kind: Kind
    event: str
    """its name today, or in the earlier run where there is none today"""
    station_code: str
    station_name: str
    since: date | None
    """issue date of the earlier run; None where there is none"""
    before: Alert | None
    after: Alert | None
    moved_days: int
    """how many days the first day of the same kind is later (+) or earlier (-) than forecast before; else 0"""
    evidence_before: Evidence | None
    """the earlier run's members at the deciding day, where it reached that far"""
    evidence_after: Evidence | None
    """today's members there; None where the day is over or the station is blind"""
    why: str
    """a sentence for people"""

    @property
    def was_trigger(self) -> bool:
        """Whether the earlier run had a trigger here."""
        return self.before is not None and self.before.trigger

    @property
    def is_trigger(self) -> bool:
        """Whether today's run has a trigger here."""
        return self.after is not None and self.after.trigger


def compare(before: Found | None, today: Found) -> tuple[Change, ...]:
    """The changes of every alert, today's triggers first.

    Alerts that go on as they were are in none. Raises InputInvalid where the runs are of two countries or `before` is
    of a later issue date.
    """
    if before is not None and (before.country != today.country or before.issue_date > today.issue_date):
        raise InputInvalid(
            f"{before.country} of {before.issue_date} is no earlier run of {today.country} of {today.issue_date}",
            expected="two runs of one country, the earlier one first",
        )
    old = {event.station_code: event for event in before.events} if before else {}
    new = {event.station_code: event for event in today.events}
    changes = [_change(before, today, old.get(code), new.get(code)) for code in {**old, **new}]
    return tuple(sorted((change for change in changes if change is not None), key=_order))


def changes_as_data(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    """The same as plain data, dates in ISO form."""
    data: list[dict[str, Any]] = _ADAPTER.dump_python(changes, mode="json")
    return data


_LOST = ("ended", "lapsed", "downgraded", "blind")
"""explained by the limit that was reached before; the others by the one that is reached now"""

_ADAPTER = TypeAdapter(tuple[Change, ...])


def _order(change: Change) -> tuple[bool, int, date, str]:
    alert = change.after or change.before
    return (not change.is_trigger, KINDS.index(change.kind), alert.day if alert else date.max, change.event)


def _change(before: Found | None, today: Found, old: Event | None, new: Event | None) -> Change | None:
    event = new or old
    if event is None:
        return None
    was, now = _station(before, event.station_code), _station(today, event.station_code)
    moved = _moved(before, today, old, new)
    kind = _kind(today, old, new, now, moved)
    if kind is None:
        return None
    compared = Compared(kind, old, new, was, now, before, today, moved)
    deciding = _deciding_day(before, today, old, new, now, kind)
    decider = old if old is not None and kind in _LOST else event
    then = None if before is None else _at(before, was, deciding, limit_of(before.rule, decider.alert_class))
    here = _at(today, now, deciding, limit_of(today.rule, decider.alert_class))
    station = now or was
    return Change(
        kind=kind,
        event=event.name,
        station_code=event.station_code,
        station_name=station.name if station else event.station_code,
        since=before.issue_date if before else None,
        before=_alert(before, old),
        after=_alert(today, new),
        moved_days=moved,
        evidence_before=then,
        evidence_after=here,
        why=reason(compared, deciding, then, here),
    )


def _kind(today: Found, old: Event | None, new: Event | None, now: StationFound | None, moved: int) -> Kind | None:
    if old is None:
        return "new"
    if now is None or now.condition == "blind":
        return "blind"
    if old.trigger and (new is None or not new.trigger) and high_beyond_limit(today, now):
        return "lapsed"
    if new is None:
        return "ended"
    rank_before, rank_now = (ALERT_CLASSES.index(event.alert_class) for event in (old, new))
    if rank_now != rank_before:
        return "escalated" if rank_now > rank_before else "downgraded"
    return "moved" if moved else None


def _moved(before: Found | None, today: Found, old: Event | None, new: Event | None) -> int:
    """Days by which the first day moved, between two triggers or two warnings; days gone by are no move."""
    if before is None or old is None or new is None or old.trigger != new.trigger:
        return 0
    wanted = "T" if old.trigger else "w"
    days = [before.issue_date + timedelta(days=lead) for lead, flag in enumerate(old.flags) if flag == wanted]
    ahead = [day for day in days if day >= today.issue_date]
    first = today.issue_date + timedelta(days=new.lead_time)
    return (first - (ahead[0] if ahead else days[-1])).days


def _deciding_day(
    before: Found | None, today: Found, old: Event | None, new: Event | None, now: StationFound | None, kind: Kind
) -> date | None:
    """The calendar day at which both runs are compared; None where every day of the earlier alert is over."""
    if kind in ("new", "escalated", "moved") and new is not None and now is not None:
        lead = new.lead_time if new.trigger else now.classes.index(new.alert_class)
        return today.issue_date + timedelta(days=lead)
    if kind == "lapsed" and now is not None:
        return high_beyond_limit(today, now)[0].day
    if before is None or old is None:
        return None
    classes = before.station(old.station_code).classes
    days = (before.issue_date + timedelta(days=lead) for lead, name in enumerate(classes) if name == old.alert_class)
    return next((day for day in days if day >= today.issue_date), None)


def _at(found: Found, station: StationFound | None, day: date | None, limit: tuple[float, float]) -> Evidence | None:
    if station is None or station.condition == "blind" or day is None or f"{limit[0]:g}" not in station.above:
        return None
    lead_time = (day - found.issue_date).days
    return evidence(found, station, lead_time, limit) if 0 <= lead_time < len(station.members) else None


def _station(found: Found | None, code: str) -> StationFound | None:
    stations = found.stations if found else ()
    return next((station for station in stations if station.code == code), None)


def _alert(found: Found | None, event: Event | None) -> Alert | None:
    if found is None or event is None:
        return None
    day = found.issue_date + timedelta(days=event.lead_time)
    return Alert(event.trigger, event.alert_class, event.lead_time, day, event.flags, event.people)
