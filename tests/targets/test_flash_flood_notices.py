"""What the pipeline itself says of flash floods: where the portal mails nobody, and what its map goes on showing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.targets.ibf.notices import notices
from ibf_pipeline.targets.notice import Notice
from tests.worlds.countries.flash_days import EXPOSED
from tests.worlds.countries.two_valleys import block, found, rain

BURST = {"A1": {-1: 20}}
"""30 people in A1, begun: a trigger at 0-hour"""
AHEAD = {"A1": dict.fromkeys((9, 10, 11, 12), 20.5)}
"""212 people from hour 9 on"""


def told(
    result: FlashFloodFindings,
    earlier: FlashFloodFindings | None,
    mailed: Collection[str] | None = None,
    before: Mapping[str, str] | None = None,
    last_told: FlashFloodFindings | None = None,
) -> dict[str, Notice]:
    """Kind -> notice; the portal has what `earlier` says, unless `before` says otherwise."""
    shown = {e.name: "trigger" if e.trigger else "warning" for e in (earlier.publishable_events if earlier else ())}
    shown = shown if before is None else before
    made = notices(result, shown, mailed, earlier=lambda: earlier, told=lambda: last_told)
    return {notice.kind: notice for notice in made}


def sequence(*blocks: Any, **changes: Any) -> list[FlashFloodFindings]:
    results: list[FlashFloodFindings] = []
    for number, wet in enumerate(blocks):
        results.append(found(rain(wet, block(number)), results[-1] if results else None, **changes))
    return results


def test_a_new_alert_behind_a_tail_is_told_with_its_areas_and_local_time() -> None:
    first, second = sequence(BURST, AHEAD)
    notice = told(second, first)["further alert ahead"]
    assert notice.event == "Alpha"
    assert notice.text == (
        "Two Valleys, flash flood forecast of 2026-02-15 12 UTC: beside the alert at district Alpha, shown at 0-hour, "
        "more is ahead: a trigger at 9-hour, from Sun 2026-02-15 23:00 CAT, for 212 people in Area A1. The portal has "
        "it among the event's lead times alone and mails nobody about it: tell the recipients yourself."
    )


def test_the_same_alert_ahead_is_told_once() -> None:
    first, second, third = sequence(BURST, AHEAD, {"A1": dict.fromkeys((3, 4, 5, 6), 20.5)})
    assert "further alert ahead" in told(second, first)
    assert third.events[0].later
    assert "further alert ahead" not in told(third, second)


def test_more_people_after_a_triggers_limit_are_told() -> None:
    """A trigger for 30 people, and 212 in 20 hours."""
    (result,) = sequence({"A1": {2: 20} | dict.fromkeys((19, 20, 21, 22), 20.5)})
    notice = told(result, None, mailed=["Alpha"])["further alert ahead"]
    assert "a warning at 18-hour, from Mon 2026-02-16 03:00 CAT, for 212 people in Area A1" in notice.text


def test_an_alert_that_has_begun_and_grown_is_told_where_the_portal_mails_nobody() -> None:
    first, second = sequence(BURST, {"A1": {-1: 60}})
    notice = told(second, first)["alert changed without mail"]
    assert "the alert at district Alpha goes on and has changed: people 30 to 212. It has begun" in notice.text
    assert "alert changed without mail" not in told(second, first, mailed=["Alpha"]), "the server's preview names it"


def test_a_change_is_counted_from_what_people_were_told_last() -> None:
    """100, 120, 140: a quarter more than two blocks ago, and less than that than in the block before."""

    def with_people(number: int, people: int) -> FlashFloodFindings:
        result = found(rain({"A1": {-1: 60}}, block(number)))
        return replace(result, events=(replace(result.events[0], people=people),))

    first, second, third = (with_people(number, people) for number, people in enumerate((100, 120, 140)))
    assert "alert changed without mail" not in told(third, second)
    notice = told(third, second, last_told=first)["alert changed without mail"]
    assert "has changed: people 100 to 140" in notice.text


def test_an_alert_that_goes_on_unchanged_is_told_by_nobody() -> None:
    first, second = sequence(BURST, {})
    assert [event.state for event in second.events] == ["tail"]
    assert told(second, first, mailed=[]) == {}


def test_a_raised_trigger_without_a_mail_has_one_notice() -> None:
    """A warning yesterday, at 0-hour now."""
    first, second = sequence({"A1": {20: 60}}, {"A1": {0: 60}})
    assert (first.events[0].trigger, second.events[0].trigger) == (False, True)
    assert list(told(second, first)) == ["trigger without mail", "lines still shown"]


def test_a_trigger_that_became_a_warning_is_told() -> None:
    first, second = sequence({"A1": {10: 60}}, {"A1": {24: 60}})
    result = told(second, first, mailed=["Alpha"])
    assert [event.trigger for event in second.events] == [False]
    assert [kind for kind in result if "trigger" in kind] == ["trigger lapsed beyond the limit"]
    members = [{"A1": {24: 60}}, *([{}] * 2)]
    lowered = found(rain(members, block(1)), first)
    assert [event.trigger for event in lowered.events] == [False]
    notice = told(lowered, first, mailed=["Alpha"])["trigger lowered to a warning"]
    assert "what was a trigger at district Alpha is a warning now, first on 24-hour, for 212 people" in notice.text


def test_lines_that_the_map_goes_on_showing_are_told_once() -> None:
    first, second, third = sequence(EXPOSED, {}, {})
    assert second.still_shown == third.still_shown == (("roads", 3),)
    notice = told(second, first)["lines still shown"]
    assert notice.event == "the portal"
    assert "the portal's map goes on showing roads at 3-hour as exposed, though none are there any more" in notice.text
    assert "lines still shown" not in told(third, second)


@pytest.mark.parametrize("earlier", [None, found(rain({}))])
def test_a_first_alert_has_no_notice_of_change(earlier: FlashFloodFindings | None) -> None:
    assert told(found(rain({"A1": {5: 60}}, block(1))), earlier, mailed=["Alpha"]) == {}
