"""What became of an alert of a district since the last block: class, hours left, people, areas and rain (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.report.change import AlertComparison, Change
from ibf_pipeline.report.hourly_report import came_and_went, explained, hours_text
from ibf_pipeline.report.words import isolated

FlashFloodComparison = AlertComparison[FlashFloodFindings, FlashFloodEvent]
_AREAS = 4


def flash_change(compared: FlashFloodComparison) -> Change:
    """A change with what explains it."""
    return explained(compared, _differences, _ended)


def _differences(compared: FlashFloodComparison) -> Iterator[str]:
    old, new = compared.old, compared.new
    if old is None or new is None:
        return
    yield hours_left(compared.before, compared.today, old, new)
    yield _areas(old, new)
    yield _rain(old.causes, new.causes)
    if new.state == "tail" and old.state != "tail":
        yield "it has begun and stays at 0-hour"


def hours_left(
    before: FlashFloodFindings | None, today: FlashFloodFindings, old: FlashFloodEvent, new: FlashFloodEvent
) -> str:
    """`9 hours are left, 15 before`; empty if it had begun before."""
    return hours_text(new.starts - today.published, None if before is None else old.starts - before.published)


def _areas(old: FlashFloodEvent, new: FlashFloodEvent) -> str:
    then, now = (
        {area.place_code: area.name or area.place_code for area in e.areas if area.alerted} for e in (old, new)
    )
    return came_and_went("areas", then, now, _AREAS)


def _rain(old: tuple[Cause, ...], new: tuple[Cause, ...]) -> str:
    """The rain of the worst area now, and what it had before."""
    if not new:
        return ""
    now = new[0]
    then = next((cause for cause in old if cause.place_code == now.place_code), None)
    if then is None or _amount(then) == _amount(now):
        return ""
    return f"{isolated(now.name or now.place_code)}: {_amount(now)}, {_amount(then)} before"


def _amount(cause: Cause) -> str:
    return f"{cause.amount_mm:.0f} mm in {counted(cause.duration_h, 'hour')}"


def _ended(compared: FlashFloodComparison) -> Iterator[str]:
    """What the alert was for."""
    old, before = compared.old, compared.before
    if old is not None and before is not None and old.until is not None:
        until = compared.today.moment_words(old.until)
        yield f"its time at 0-hour, until {until}, is over" if old.until <= compared.today.issue_time.start else ""
    elif old is not None and old.causes:
        yield f"before: {_amount(old.causes[0])} in {old.causes[0].name or old.causes[0].place_code}"
