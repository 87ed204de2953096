"""What became of an alert of a storm since the last cycle: class, hours left, track, wind, houses (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.wording import CATEGORIES, houses_text, wind_text
from ibf_pipeline.report.change import AlertComparison, Change
from ibf_pipeline.report.hourly_report import came_and_went, explained, hours_text
from ibf_pipeline.report.typhoon.track_shift import shift_text
from ibf_pipeline.report.words import isolated

TyphoonComparison = AlertComparison[TyphoonFindings, TyphoonEvent]
_PLACES = 5


def typhoon_change(compared: TyphoonComparison) -> Change:
    """A change with what explains it."""
    return explained(compared, _differences, _ended)


def _differences(compared: TyphoonComparison) -> Iterator[str]:
    old, new = compared.old, compared.new
    if old is None or new is None:
        return
    if new.name != old.name:
        yield f"it was called {isolated(old.name)} before"
    yield hours_left(compared.before, compared.today, old, new)
    yield shift_text(new, old)
    yield _wind(old, new)
    yield _houses(old, new)
    yield _provinces(old, new)
    if new.state == "passed" and old.state != "passed":
        yield "it has passed, and its areas keep what they had"


def hours_left(before: TyphoonFindings | None, today: TyphoonFindings, old: TyphoonEvent, new: TyphoonEvent) -> str:
    """`21 hours are left, 27 before`: to landfall or the closest approach; empty if it was there before."""
    return hours_text(new.exact_start - today.published, None if before is None else old.exact_start - before.published)


def _wind(old: TyphoonEvent, new: TyphoonEvent) -> str:
    if new.category == old.category:
        return ""
    return f"its strongest wind ahead is {_strength(new)}, {_strength(old)} before"


def _strength(event: TyphoonEvent) -> str:
    return f"that of a {CATEGORIES[event.category]}, {wind_text(event.peak_kmh)}"


def _houses(old: TyphoonEvent, new: TyphoonEvent) -> str:
    now, then = (houses_text(event.houses_low, event.houses_high) for event in (new, old))
    return "" if now == then else f"houses damaged, low to high: {now}, {then} before"


def _provinces(old: TyphoonEvent, new: TyphoonEvent) -> str:
    then, now = ({each.code: isolated(each.name) for each in event.provinces} for event in (old, new))
    return came_and_went("provinces", then, now, _PLACES)


def _ended(compared: TyphoonComparison) -> Iterator[str]:
    """Why there is no event any more: the storm passed, is gone, or is considered and not an event."""
    old, today = compared.old, compared.today
    if old is None:
        return
    if old.ends_at is not None and old.ends_at <= today.published:
        yield f"its areas kept their numbers until {today.moment_words(old.ends_at)}"
    reasons = [storm.note for storm in today.storms if storm.storm == old.key and storm.note]
    yield from reasons[:1]
