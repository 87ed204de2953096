"""The sentence that says why an alert changed (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ibf_pipeline.domain.wording import alert_text, day_text, days_text, discharge_text, number_text
from ibf_pipeline.hazards.floods.evidence import Evidence
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound


@dataclass(frozen=True, slots=True)
class Compared:
    """One station in two runs."""

    kind: str
    old: FloodEvent | None
    new: FloodEvent | None
    was: StationFound | None
    now: StationFound | None
    before: FloodFindings | None
    today: FloodFindings
    moved: int
    """days"""


def reason(
    compared: Compared,
    deciding: date | None,
    then: Evidence | None,
    here: Evidence | None,
    other_then: Evidence | None = None,
    other_here: Evidence | None = None,
) -> str:
    """What happened in a sentence, with members and thresholds, and what else changed between the runs.

    `then`, `here`: the deciding day in the earlier and in today's run; `other_then`, `other_here`: a second day.
    """
    parts = [_what(compared), *_size(compared), *_members(compared, deciding, then, here)]
    if compared.kind == "lapsed" and other_here is not None:
        parts.append(f"as high now: {other_here.text}")
    elif other_here is not None:
        parts += _members(compared, deciding, other_then, other_here)
    parts += _settings(compared)
    return " ".join(part[0].upper() + part[1:] + "." for part in parts if part)


def _what(compared: Compared) -> str:
    old, new, now, limit = compared.old, compared.new, compared.now, compared.today.rule.trigger_lead_time_limit
    if compared.kind == "new":
        return _new(compared)
    if compared.kind == "blind":
        why = now.reason if now else "it is no longer among the country's stations"
        return f"{_class(old)} before; now the station has no usable forecast: {why}. That is no all clear"
    if compared.kind == "lapsed":
        left = _class(new) if new else "no alert, because the country's rule has no warnings"
        return f"trigger before; as high now only beyond the trigger lead time limit of {days_text(limit)}: {left}"
    if compared.kind == "ended":
        return f"{_class(old)} before; now no lead time has a class"
    if compared.kind == "moved":
        word = "later" if compared.moved > 0 else "earlier"
        return f"{_class(new)} as before, {days_text(abs(compared.moved))} {word}"
    if compared.kind in ("larger", "smaller"):
        return f"{_class(new)} as before, {compared.kind}"
    return f"{_class(old)} before, {_class(new)} now"


def _size(compared: Compared) -> list[str]:
    """Return period and people of the alert in both runs, where they were estimated and differ."""
    old, new = compared.old, compared.new
    if old is None or new is None or compared.kind == "new":
        return []
    parts = []
    if old.trigger == new.trigger and old.return_period != new.return_period:
        parts.append(f"return period reached {old.return_period:g} years before, {new.return_period:g} years now")
    if old.flood_map is not None and new.flood_map is not None and old.people != new.people:
        parts.append(f"{number_text(new.people)} people affected, {number_text(old.people)} before")
    elif parts and compared.kind in ("larger", "smaller") and new.flood_map is not None:
        parts.append(f"people affected as before, {number_text(new.people)}: the same flood map")
    return ["; ".join(parts)] if parts else []


def _new(compared: Compared) -> str:
    if compared.before is None:
        return "there is no earlier run to compare with"
    run, was = _earlier(compared), compared.was
    if was is not None and was.condition == "blind":
        return f"{run} could not see this station: {was.reason}"
    code = compared.new.station_code if compared.new else None
    if code in {event.station_code for event in compared.before.withdrawn}:
        return f"a person took back the alert of {run}; the forecast has one again"
    if compared.old is not None:
        return f"a {_class(compared.old)} in {run} is over; this one is for later days"
    return f"no alert in {run}"


def _earlier(compared: Compared) -> str:
    if compared.before is None or compared.before.issue_date == compared.today.issue_date:
        return "the earlier run of this day"
    return f"the run of {day_text(compared.before.issue_date)}"


def _members(compared: Compared, deciding: date | None, then: Evidence | None, here: Evidence | None) -> list[str]:
    if compared.kind in ("ended", "downgraded", "lapsed") and deciding is None:
        return ["the days that it was for are over"]
    if here is None:
        return [f"before: {then.text}"] if then else []
    if then is None:
        return [here.text]
    if compared.kind == "ended" and here.met:  # the class itself still stands: a setting must have changed
        return [here.text]
    parts = [f"{here.text}; {_earlier(compared)} had {then.count_text} there"]
    limit = compared.today.rule.trigger_lead_time_limit
    if compared.kind == "escalated" and then.met and then.lead_time > limit >= here.lead_time:
        parts.append(f"that day is now within the trigger lead time limit of {days_text(limit)}")
    return parts


def _settings(compared: Compared) -> list[str]:
    """Differences that have nothing to do with the weather."""
    if compared.before is None:
        return []
    parts = []
    rule_before, rule_now = compared.before.rule, compared.today.rule
    if rule_before != rule_now:
        parts.append("the country's rule was changed between the two runs")
    was, now = compared.was, compared.now
    if was is not None and now is not None:
        key = f"{rule_now.trigger_return_period:g}"
        old, new = was.thresholds.get(key), now.thresholds.get(key)
        if old is not None and new is not None and old != new:
            parts.append(f"the {key}-year threshold was {discharge_text(old)} m³/s and is {discharge_text(new)} m³/s")
    if compared.before.glofas_version != compared.today.glofas_version:
        parts.append(f"GloFAS version {compared.before.glofas_version} before, {compared.today.glofas_version} now")
    return parts


def _class(event: FloodEvent | None) -> str:
    return "no alert" if event is None else alert_text(event.alert_class, trigger=event.trigger)
