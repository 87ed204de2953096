"""What changed between two runs of a country, and why: pure, for the report and for notices.

Alerts are compared by station, on calendar days: a trigger for Thursday is the same trigger tomorrow, one lead time
nearer. A station that cannot be seen today is never called "ended".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.wording import alert_text
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.evidence import Evidence, evidence, high_beyond_limit, limit_of
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound
from ibf_pipeline.report.changes_why import Compared, reason

Kind = Literal["new", "escalated", "larger", "blind", "lapsed", "withdrawn", "downgraded", "smaller", "ended", "moved"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""new: no alert before, or one whose days are over and a gap since; escalated: higher class, or a warning that became
a trigger; larger, smaller: the same class and first day, another return period or number of people; blind: alerted
before, no usable forecast now; lapsed: a trigger before, now as high only beyond the trigger lead time limit;
withdrawn: a person took it back; downgraded: lower class; ended: no class on any lead time now; moved: the same class,
another first day"""


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
    return_period: float
    """years, of extent and people; 0 where there is none"""
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
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
    evidence_before: Evidence | None = None
    """the earlier run's members at the deciding day, where it reached that far"""
    evidence_after: Evidence | None = None
    """today's members there; None where the day is over or the station is blind"""
    other_before: Evidence | None = None
    """the same for a second day where there is one: the first day before of what moved, the day beyond the limit of
    what lapsed"""
    other_after: Evidence | None = None
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


def compare(before: FloodFindings | None, today: FloodFindings) -> tuple[Change, ...]:
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
    gone = {event.station_code: event for event in today.withdrawn}
    known = {event.station_code for event in before.withdrawn} if before else set()
    changes = [_change(before, today, old.get(code), new.get(code)) for code in {**old, **new} if code not in gone]
    changes += [
        _withdrawn(before, today, old.get(code), gone[code]) for code in gone if code in old or code not in known
    ]
    return tuple(sorted((change for change in changes if change is not None), key=_order))


_LOST = ("ended", "lapsed", "downgraded", "blind")
"""explained by the limit that was reached before; the others by the one that is reached now"""

Measure = tuple[str, float | None]
"""what members are counted against: the limit of an alert class, with another return period (years) where one is given
"""


def _order(change: Change) -> tuple[bool, int, date, str]:
    alert = change.after or change.before
    return (not change.is_trigger, KINDS.index(change.kind), alert.day if alert else date.max, change.event)


def _change(
    before: FloodFindings | None, today: FloodFindings, old: FloodEvent | None, new: FloodEvent | None
) -> Change | None:
    event = new or old
    if event is None:
        return None
    was, now = _station(before, event.station_code), _station(today, event.station_code)
    moved = _moved(before, today, old, new)
    over = moved > 1 and not _days_ahead(before, today, old)  # the old wave has passed, with a day between them
    kind = "new" if over else _kind(today, old, new, now, moved)
    if kind is None:
        return None
    compared = Compared(kind, old, new, was, now, before, today, moved)
    deciding, measure = _decider(before, today, old, new, now, kind)
    then, here = _at(before, was, deciding, measure), _at(today, now, deciding, measure)
    station = now or was
    second = _second(before, today, old, now, kind)
    measure = event.alert_class if kind == "moved" else "max", None
    other = _at(before, was, second, measure), _at(today, now, second, measure)
    return Change(
        kind=kind,
        event=event.name,
        station_code=event.station_code,
        station_name=(station.name if station else "") or event.station_code,
        since=before.issue_date if before else None,
        before=_alert(before, old),
        after=_alert(today, new),
        moved_days=0 if over else moved,
        evidence_before=then,
        evidence_after=here,
        other_before=other[0],
        other_after=other[1],
        why=reason(compared, deciding, then, here, *other),
    )


def _withdrawn(before: FloodFindings | None, today: FloodFindings, old: FloodEvent | None, gone: FloodEvent) -> Change:
    station = today.station(gone.station_code)
    return Change(
        kind="withdrawn",
        event=gone.name,
        station_code=gone.station_code,
        station_name=station.name or station.code,
        since=before.issue_date if before else None,
        before=_alert(before, old),
        after=None,
        moved_days=0,
        why=f"A person took back the {alert_text(gone.alert_class, trigger=gone.trigger)} of this day after it was "
        "published. The forecast itself has not changed.",
    )


def _kind(
    today: FloodFindings, old: FloodEvent | None, new: FloodEvent | None, now: StationFound | None, moved: int
) -> Kind | None:
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
    if moved:
        return "moved"
    sizes = [(event.return_period, event.people) for event in (old, new)]
    return None if sizes[0] == sizes[1] else "larger" if sizes[1] > sizes[0] else "smaller"


def _moved(before: FloodFindings | None, today: FloodFindings, old: FloodEvent | None, new: FloodEvent | None) -> int:
    """Days by which the first day moved, between two triggers or two warnings; days gone by are no move."""
    if before is None or old is None or new is None or old.trigger != new.trigger:
        return 0
    ahead = _days_ahead(before, today, old)
    first = today.issue_date + timedelta(days=new.lead_time)
    return (first - (ahead[0] if ahead else _days(before, old)[-1])).days


def _days(found: FloodFindings, event: FloodEvent) -> list[date]:
    """The days of an event's own kind: trigger days of a trigger, else warning days."""
    wanted = "T" if event.trigger else "w"
    return [found.issue_date + timedelta(days=lead) for lead, flag in enumerate(event.flags) if flag == wanted]


def _days_ahead(before: FloodFindings | None, today: FloodFindings, old: FloodEvent | None) -> list[date]:
    """Those of the earlier run's days that are not over today."""
    return [] if before is None or old is None else [day for day in _days(before, old) if day >= today.issue_date]


def _decider(
    before: FloodFindings | None,
    today: FloodFindings,
    old: FloodEvent | None,
    new: FloodEvent | None,
    now: StationFound | None,
    kind: Kind,
) -> tuple[date | None, Measure]:
    """The calendar day at which both runs are compared, and by what; no day where every day before is over."""
    run, event = (before, old) if kind in (*_LOST, "smaller") else (today, new)
    if run is None or event is None:
        return None, ("max", None)
    measure: Measure = event.alert_class, None
    if kind in ("larger", "smaller") and event.return_period:
        measure = event.alert_class, event.return_period
        return _first_reached(run, event, measure), measure
    classes = run.station(event.station_code).classes
    if kind in _LOST:
        days = (run.issue_date + timedelta(days=lead) for lead, name in enumerate(classes) if name == event.alert_class)
        return next((day for day in days if day >= today.issue_date), None), measure
    lead = event.lead_time if event.trigger else classes.index(event.alert_class)
    return run.issue_date + timedelta(days=lead), measure


def _first_reached(found: FloodFindings, event: FloodEvent, measure: Measure) -> date | None:
    """The first of an event's days that reaches a return period."""
    station, limit = found.station(event.station_code), _limit(found, measure)
    days = _days(found, event) if f"{limit[0]:g}" in station.above else []
    at = (evidence(found, station, (day - found.issue_date).days, limit) for day in days)
    return next((item.day for item in at if item.met), None)


def _second(
    before: FloodFindings | None, today: FloodFindings, old: FloodEvent | None, now: StationFound | None, kind: Kind
) -> date | None:
    """A second day that has to be explained: where the alert was before it moved, where it is as high now."""
    if kind == "lapsed" and now is not None:
        return high_beyond_limit(today, now)[0].day
    ahead = _days_ahead(before, today, old) if kind == "moved" else []
    return ahead[0] if ahead else None


def _limit(found: FloodFindings, measure: Measure) -> tuple[float, float]:
    """Return period (years) and probability in a run's own rule."""
    return_period, probability = limit_of(found.rule, measure[0])
    return measure[1] or return_period, probability


def _at(
    found: FloodFindings | None, station: StationFound | None, day: date | None, measure: Measure
) -> Evidence | None:
    if found is None or station is None or station.condition == "blind" or day is None:
        return None
    limit, lead_time = _limit(found, measure), (day - found.issue_date).days
    if f"{limit[0]:g}" not in station.above or not 0 <= lead_time < len(station.members):
        return None
    return evidence(found, station, lead_time, limit)


def _station(found: FloodFindings | None, code: str) -> StationFound | None:
    stations = found.stations if found else ()
    return next((station for station in stations if station.code == code), None)


def _alert(found: FloodFindings | None, event: FloodEvent | None) -> Alert | None:
    if found is None or event is None:
        return None
    day = found.issue_date + timedelta(days=event.lead_time)
    return Alert(event.trigger, event.alert_class, event.lead_time, day, event.flags, event.return_period, event.people)
