"""What the pipeline itself says of storms: where the portal mails nobody, and where it or its mail is wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ibf_pipeline.hazards.typhoon.findings import Landfall, TriggerJudged, TyphoonEvent, TyphoonFindings
from ibf_pipeline.targets.ibf.notices import notices
from ibf_pipeline.targets.notice import Notice
from tests.worlds.typhoon_findings import AREAS, FIRST, cycle, issue, province, sharing, spread, start, storm

SECOND = issue(1)
BEGINS = start(FIRST)


def told(
    result: TyphoonFindings,
    earlier: TyphoonFindings | None = None,
    mailed: Collection[str] | None = (),
    before: Mapping[str, str] | None = None,
    last_told: TyphoonFindings | None = None,
    **more: Any,
) -> dict[str, Notice]:
    """Kind -> notice; the portal has what `earlier` says, unless `before` says otherwise."""
    shown = {e.name: "trigger" if e.trigger else "warning" for e in (earlier.publishable_events if earlier else ())}
    keys = {e.name: e.key for e in (earlier.publishable_events if earlier else ())}
    shown = shown if before is None else before
    made = notices(result, shown, mailed, keys, earlier=lambda: earlier, told=lambda: last_told, **more)
    assert len({notice.kind for notice in made}) == len(made), "nothing is said twice"
    return {notice.kind: notice for notice in made}


def test_a_trigger_of_a_tropical_storm_is_told_once_as_of_any_hazard() -> None:
    """Also where the server has no preview: none of its points is mailed."""
    for mailed in ((), None):
        assert list(told(cycle(storm(category="TS")), mailed=mailed)) == ["trigger without mail"]
    assert list(told(cycle(storm(category="STS")), mailed=None)) == ["wrong times in the mail"]


def test_a_warning_that_nobody_is_mailed_about() -> None:
    notice = told(cycle(storm(category="TS", trigger=False)))["warning without mail"]
    assert notice.event == "ALPHA"
    assert notice.text == (
        "Philippines, typhoon forecast of 2026-11-24 00 UTC (wind only: no storm surge, flood or landslide): warning "
        "for "
        "ALPHA: direct hit or close pass: landfall Thu 2026-11-26 08:00 PST, in 40 hours. The portal shows it and "
        "mails nobody about it, as no point of its track has 89 km/h (STS) or more: tell the recipients yourself."
    )


def test_the_right_time_of_a_trigger_goes_with_the_mail() -> None:
    """The server prints the landfall one lead time too late: Saturday in place of Thursday."""
    text = told(cycle(storm()), mailed=["ALPHA"])["wrong times in the mail"].text
    assert "prints the time of ALPHA too late" in text
    assert "The right one: direct hit or close pass: landfall Thu 2026-11-26 08:00 PST, in 40 hours" in text
    assert "its lead time is 48 hours. Work outdoors ends with gale" in text
    assert "first in North, from Wed 2026-11-25 18:00 PST, in 26 hours, 14 hours before the centre is at land." in text
    assert text.endswith(" Pass this on with the mail.")


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([storm(trigger=False)], []),
        ([storm(lead=0)], []),
        ([storm(approach="not-yet")], []),
        ([storm("ONE", trigger=False, lead=24), storm("TWO", AREAS[4:], trigger=False)], ["TWO"]),
        ([storm("ONE", trigger=False, lead=24), storm("TWO", AREAS[4:])], ["TWO"]),
    ],
)
def test_which_times_of_a_mail_are_wrong(events: list[TyphoonEvent], wrong: list[str]) -> None:
    """All of a trigger, and all after the first one; where none is printed there is nothing to put right."""
    made = notices(cycle(*events), {}, [event.name for event in events])
    assert [notice.event for notice in made if notice.kind == "wrong times in the mail"] == wrong


def test_a_cycle_that_notifies_nobody_has_no_mail_to_put_right() -> None:
    assert "wrong times in the mail" not in told(cycle(storm()), mailed=["ALPHA"], mails=False)


def test_a_storm_that_goes_on_at_0_hour() -> None:
    """Told when it begins, and then only what changes."""
    first = cycle(storm(lead=4))
    second = cycle(storm(lead=0, at=SECOND), at=SECOND)
    third = cycle(storm(lead=0, at=issue(2), people=400), at=issue(2))
    notice = told(second, first)["storm at 0-hour"]
    assert "ALPHA is at 0-hour: direct hit or close pass: landfall Tue 2026-11-24 14:00 PST, 8 hours ago" in notice.text
    assert "from now on the portal mails nobody about it" in notice.text
    changed = told(third, second)
    assert list(changed) == ["alert changed without mail"]
    assert "has changed: people 200 to 400; direct hit" in changed["alert changed without mail"].text
    assert "as it is at 0-hour and was issued before" in changed["alert changed without mail"].text
    assert told(replace(third, events=second.events), second) == {}, "nothing is new"


def test_rule_11_a_province_that_is_reached_after_the_first_landfall() -> None:
    """Odette hit Siargao 25.7 hours before Palawan."""
    gale = start(SECOND) + timedelta(hours=20)
    north, south = province("North", None, passed=True), province("Palawan", gale)
    first = cycle(storm(lead=0, provinces=(north,)))
    second = cycle(storm(lead=0, at=SECOND, provinces=(north, south)), at=SECOND)
    text = told(second, first)["storm reaches further provinces"].text
    assert "reaches further provinces: Palawan: gale from Wed 2026-11-25 04:00 PST to Wed 2026-11-25 16:00 PST" in text
    assert "150 km/h (10-minute mean), wind damage worth 120 to 900 houses. The portal mails nobody" in text
    assert "storm reaches further provinces" not in told(second, second)


def test_rule_11_a_province_that_becomes_a_trigger_after_the_first_landfall() -> None:
    gale = start(SECOND)
    first = cycle(storm(lead=0))
    second = cycle(storm(lead=0, at=SECOND, provinces=(province("North", gale, trigger=True),)), at=SECOND)
    assert "North (trigger): gale from" in told(second, first)["storm reaches further provinces"].text


def test_a_trigger_that_became_a_warning() -> None:
    result = told(cycle(storm(trigger=False, at=SECOND, lead=42), at=SECOND), cycle(storm()), mailed=["ALPHA"])
    assert list(result) == ["trigger lowered to a warning"]
    assert "what was a trigger for ALPHA is a warning now; direct hit or close pass: landfall" in (
        result["trigger lowered to a warning"].text
    )


def test_a_storm_that_has_ended_is_told_once() -> None:
    assert list(told(cycle(at=SECOND, storms=cycle(storm()).storms), cycle(storm()))) == ["alert ended"]


def test_a_renamed_storm_is_told_with_both_names() -> None:
    """By the machinery, as of any event that goes on under another name."""
    named = storm("Kiko (CHANTHU)", at=SECOND, storm="2026-70W", renamed_from="70W", trigger=False)
    first = cycle(storm("70W", storm="2026-70W", trigger=False))
    result = told(cycle(named, at=SECOND), first, mailed=["Kiko (CHANTHU)"])
    assert list(result) == ["alert goes on under another name"]
    text = result["alert goes on under another name"].text
    assert "the alert for 70W goes on as Kiko (CHANTHU). The portal shows it as a new one." in text


def corrected(at: str = FIRST) -> TyphoonEvent:
    """Chanthu: 0.9 km off an island, 29 % of the ensemble cross land."""
    moment = start(at) + timedelta(hours=21)
    landfall = Landfall("passes", 0.29, spread(moment, share=0.29), moment, 16.2, corrected=True)
    return storm(trigger=False, lead=21, approach="passes", at=at, landfall=landfall)


def test_rule_9_the_portal_says_not_predicted_to_make_landfall() -> None:
    text = told(cycle(corrected()), mailed=["ALPHA"])["landfall not ruled out"].text
    assert text == (
        "Philippines, typhoon forecast of 2026-11-24 00 UTC (wind only: no storm surge, flood or landslide): the "
        "portal "
        "and its mail say of ALPHA that it is not predicted to make landfall. That is so of the one track which is "
        "shown "
        "(high-resolution run) and no all clear: 29 % of the ensemble cross land, and it passes within 50 km of a "
        "municipality with up to 50 %; passes by: nearest Wed 2026-11-25 05:00 PST, in 13 hours, 16 km from land."
    )
    second = cycle(corrected(SECOND), at=SECOND)
    assert "landfall not ruled out" in told(second, cycle(corrected()), mailed=["ALPHA"]), "with each mail"
    assert "landfall not ruled out" not in told(second, cycle(corrected()), mailed=["ALPHA"], mails=False)


def test_rule_7_damage_without_calibration_is_told_with_its_range() -> None:
    judged = TriggerJudged("houses", met=True, counts=False, wanted="500 houses damaged", reached="900 houses damaged")
    result = cycle(storm(trigger=False, triggers=(judged,)))
    text = told(result, mailed=["ALPHA"])["damage without calibration"].text
    assert "(500 houses damaged, and it has 900 houses damaged), and none is made of it" in text
    assert "They say wind damage worth 120 to 900 houses: the share of value that wind takes" in text
    assert "damage without calibration" not in told(result, result, mailed=["ALPHA"])


def test_rule_12_the_maps_of_two_storms_that_share_areas() -> None:
    """Told once, and again when one of them becomes a trigger."""

    def both(at: str, *, triggers: bool) -> TyphoonFindings:
        one = storm("NIKA", AREAS[:3], trigger=triggers, at=at)
        return cycle(*sharing(one, storm("OFEL", AREAS[1:5], lead=96, at=at)), at=at)

    first = told(both(FIRST, triggers=False), mailed=["NIKA", "OFEL"])["maps of shared areas"]
    assert "OFEL and NIKA have 2 areas in common" in first.text
    assert "drawn as a trigger in the map of NIKA too, which is a warning" in first.text
    later = both(SECOND, triggers=True)
    assert "maps of shared areas" not in told(later, later, mailed=[])
    second = told_of(later, both(FIRST, triggers=False))
    assert "a shared area is drawn twice in the map of either, and four times in the national one" in second


def told_of(result: TyphoonFindings, earlier: TyphoonFindings) -> str:
    made = notices(result, {}, [], earlier=lambda: earlier)
    return next(notice.text for notice in made if notice.kind == "maps of shared areas")


def test_a_second_landfall_ahead() -> None:
    flags = "".join({0: "T", 26: "T"}.get(hour, "-") for hour in range(169))
    first, second = cycle(storm(lead=0)), cycle(storm(lead=0, at=SECOND, flags=flags), at=SECOND)
    text = told(second, first)["further alert ahead"].text
    assert (
        "beside the alert for ALPHA, shown at 0-hour, a trigger is ahead at 26-hour, Wed 2026-11-25 16:00 PST." in text
    )
    assert "further alert ahead" not in told(second, second)
