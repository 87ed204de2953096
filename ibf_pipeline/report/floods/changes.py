"""What became of an alert of a station, with the members of both runs against the thresholds (pure)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta

from ibf_pipeline.domain.wording import days_text, discharge_text, people_text
from ibf_pipeline.hazards.floods.evidence import Evidence, evidence, high_beyond_limit, limit_of
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound
from ibf_pipeline.report.change import (
    Alert,
    AlertComparison,
    Change,
    change_words,
    earlier_run,
    people_of_both,
    plain_alert,
    plain_change,
    sentences,
)

FloodComparison = AlertComparison[FloodFindings, FloodEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodAlert(Alert):
    """An alerted station as one of the two runs has it."""

    return_period: float
    """years, of extent and people; 0 if there is none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodChange(Change):
    """What became of the alert of one station."""

    station_code: str
    """the key"""
    station_name: str
    """the name"""
    moved_days: int
    """by how much it moved"""
    before: FloodAlert | None
    after: FloodAlert | None
    evidence_before: Evidence | None = None
    """the earlier run's members at the deciding day, if it reached that far"""
    evidence_after: Evidence | None = None
    """today's members there; None if the day is over or the station is blind"""
    other_before: Evidence | None = None
    """the same for a second day if there is one: the first day before of what moved, the day beyond the limit of
    what lapsed"""
    other_after: Evidence | None = None


_LOST = ("ended", "lapsed", "downgraded", "blind")
"""explained by the limit that was reached before; the others by the one that is reached now"""

Measure = tuple[str, float | None]
"""what members are counted against: the limit of an alert class, with another return period (years) if one is given
"""


@dataclass(frozen=True, slots=True)
class _Members:
    """Of both runs on one day."""

    then: Evidence | None
    now: Evidence | None


def flood_change(compared: FloodComparison) -> FloodChange:
    """A change with the members that explain it."""
    if compared.kind == "withdrawn":
        return _of(compared, sentences([change_words(compared)]), _Members(None, None), _Members(None, None))
    deciding, measure = _decider(compared)
    members = _members_at(compared, deciding, measure)
    other_measure = compared.event.alert_class if compared.kind == "moved" else "max", None
    other = _members_at(compared, _second(compared), other_measure)
    return _of(compared, _why(compared, deciding, members, other), members, other)


def _of(compared: FloodComparison, why: str, members: _Members, other: _Members) -> FloodChange:
    plain = plain_change(compared)
    of_all = {each.name: getattr(plain, each.name) for each in fields(plain)} | {
        "before": _alert(compared, compared.before, compared.old),
        "after": _alert(compared, compared.today, compared.new),
        "why": why,
    }
    return FloodChange(
        **of_all,
        station_code=plain.key,
        station_name=plain.name,
        moved_days=plain.moved,
        evidence_before=members.then,
        evidence_after=members.now,
        other_before=other.then,
        other_after=other.now,
    )


def _alert(compared: FloodComparison, findings: FloodFindings | None, event: FloodEvent | None) -> FloodAlert | None:
    plain = plain_alert(compared.profile, findings, event)
    if plain is None or event is None:
        return None
    of_all = {each.name: getattr(plain, each.name) for each in fields(plain)}
    return FloodAlert(**of_all, return_period=event.return_period)


def _decider(compared: FloodComparison) -> tuple[date | None, Measure]:
    """The calendar day at which both runs are compared, and by what; no day if every day before is over."""
    kind, today = compared.kind, compared.today
    lost = kind in (*_LOST, "smaller")
    run, event = (compared.before, compared.old) if lost else (today, compared.new)
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


def _first_reached(findings: FloodFindings, event: FloodEvent, measure: Measure) -> date | None:
    """The first of an event's days that reaches a return period."""
    station, limit = findings.station(event.station_code), _limit(findings, measure)
    if f"{limit[0]:g}" not in station.above:
        return None
    wanted = "T" if event.trigger else "w"
    at = (evidence(findings, station, lead, limit) for lead, flag in enumerate(event.flags) if flag == wanted)
    return next((item.day for item in at if item.met), None)


def _second(compared: FloodComparison) -> date | None:
    """A second day that has to be explained: where the alert was before it moved, where it is as high now."""
    if compared.kind == "lapsed":
        now = _station(compared.today, compared.event.station_code)
        return high_beyond_limit(compared.today, now)[0].day if now is not None else None
    return compared.ahead[0] if compared.kind == "moved" and compared.ahead else None


def _limit(findings: FloodFindings, measure: Measure) -> tuple[float, float]:
    """Return period (years) and probability in a run's own rule."""
    return_period, probability = limit_of(findings.rule, measure[0])
    return measure[1] or return_period, probability


def _members_at(compared: FloodComparison, day: date | None, measure: Measure) -> _Members:
    code = compared.event.station_code
    return _Members(*(_at(found, code, day, measure) for found in (compared.before, compared.today)))


def _at(findings: FloodFindings | None, code: str, day: date | None, measure: Measure) -> Evidence | None:
    station = _station(findings, code)
    if findings is None or station is None or station.condition == "blind" or day is None:
        return None
    limit, lead_time = _limit(findings, measure), (day - findings.issue_date).days
    if f"{limit[0]:g}" not in station.above or not 0 <= lead_time < len(station.members):
        return None
    return evidence(findings, station, lead_time, limit)


def _station(findings: FloodFindings | None, code: str) -> StationFound | None:
    stations = findings.stations if findings else ()
    return next((station for station in stations if station.code == code), None)


def _why(compared: FloodComparison, deciding: date | None, members: _Members, other: _Members) -> str:
    """What happened in sentences, with members and thresholds, and what else changed between the runs."""
    parts = [change_words(compared), _size(compared), *_explained(compared, deciding, members)]
    if compared.kind == "lapsed" and other.now is not None:
        parts.append(f"as high now: {other.now.text}")
    elif other.now is not None:
        parts += _explained(compared, deciding, other)
    return sentences([*parts, *_settings(compared)])


def _size(compared: FloodComparison) -> str:
    """Return period and people of the alert in both runs, if they were estimated and differ."""
    old, new = compared.old, compared.new
    if old is None or new is None or compared.kind == "new":
        return ""
    parts = []
    if old.trigger == new.trigger and old.return_period != new.return_period:
        parts.append(f"return period reached {old.return_period:g} years before, {new.return_period:g} years now")
    if people := people_of_both(old, new):
        parts.append(people)
    elif parts and compared.kind in ("larger", "smaller") and new.flood_map is not None:
        now = people_text(new.people, known=new.people_known)
        parts.append(f"people affected as before, {now}: the same flood map")
    return "; ".join(parts)


def _explained(compared: FloodComparison, deciding: date | None, members: _Members) -> list[str]:
    then, here = members.then, members.now
    if compared.kind in ("ended", "downgraded", "lapsed") and deciding is None:
        return ["the days that it was for are over"]
    if here is None:
        return [f"before: {then.text}"] if then else []
    if then is None:
        return [here.text]
    if compared.kind == "ended" and here.met:  # the class itself still stands: a setting must have changed
        return [here.text]
    parts = [f"{here.text}; {earlier_run(compared)} had {then.count_text} there"]
    limit = compared.today.rule.trigger_lead_time_limit
    if compared.kind == "escalated" and then.met and then.lead_time > limit >= here.lead_time:
        parts.append(f"that day is now within the trigger lead time limit of {days_text(limit)}")
    return parts


def _settings(compared: FloodComparison) -> list[str]:
    """Differences that have nothing to do with the weather."""
    if compared.before is None:
        return []
    parts = []
    rule_before, rule_now = compared.before.rule, compared.today.rule
    if rule_before != rule_now:
        parts.append("the country's rule was changed between the two runs")
    code = compared.event.station_code
    was, now = _station(compared.before, code), _station(compared.today, code)
    if was is not None and now is not None:
        key = f"{rule_now.trigger_return_period:g}"
        old, new = was.thresholds.get(key), now.thresholds.get(key)
        if old is not None and new is not None and old != new:
            parts.append(f"the {key}-year threshold was {discharge_text(old)} m³/s and is {discharge_text(new)} m³/s")
    if compared.before.glofas_version != compared.today.glofas_version:
        parts.append(f"GloFAS version {compared.before.glofas_version} before, {compared.today.glofas_version} now")
    return parts
