"""The sentence that says why an alert changed (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ibf_pipeline.evidence import Evidence
from ibf_pipeline.found import Event, Found, StationFound
from ibf_pipeline.wording import alert_text, day_text, days_text, discharge_text


@dataclass(frozen=True, slots=True)
class Compared:
    """One station in two runs."""

    kind: str
    old: Event | None
    new: Event | None
    was: StationFound | None
    now: StationFound | None
    before: Found | None
    today: Found
    moved: int
    """days"""


def reason(compared: Compared, deciding: date | None, then: Evidence | None, here: Evidence | None) -> str:
    """What happened in a sentence, with members and thresholds, and what else changed between the runs."""
    parts = [_what(compared), *_members(compared, deciding, then, here), *_settings(compared)]
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
    return f"{_class(old)} before, {_class(new)} now"


def _new(compared: Compared) -> str:
    if compared.before is None:
        return "there is no earlier run to compare with"
    run, was = f"the run of {day_text(compared.before.issue_date)}", compared.was
    if was is not None and was.condition == "blind":
        return f"{run} could not see this station: {was.reason}"
    return f"no alert in {run}"


def _members(compared: Compared, deciding: date | None, then: Evidence | None, here: Evidence | None) -> list[str]:
    if compared.kind in ("ended", "downgraded") and deciding is None:
        return ["the days that it was for are over"]
    if here is None:
        return [f"before: {then.text}"] if then else []
    if then is None:
        return [here.text]
    if compared.kind == "ended" and here.met:  # the class itself still stands: a setting must have changed
        return [here.text]
    parts = [f"{here.text}; the run of {day_text(then.issue_date)} had {then.count_text} there"]
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


def _class(event: Event | None) -> str:
    return "no alert" if event is None else alert_text(event.alert_class, trigger=event.trigger)
