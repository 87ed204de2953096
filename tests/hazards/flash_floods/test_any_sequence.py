"""What holds of every event, whatever the rain of any blocks one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ibf_pipeline.domain.portal_view import portal_notes
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent, FlashFloodFindings
from tests.worlds.countries.two_valleys import at, block, found, rain

hours = st.dictionaries(st.integers(-12, 48), st.sampled_from((8.0, 15.0, 25.0, 50.0)), max_size=4)
members = st.lists(st.dictionaries(st.sampled_from(("A1", "A2", "B1")), hours, max_size=2), min_size=3, max_size=3)
gaps = st.dictionaries(st.sampled_from(("A1", "A2", "B1")), st.lists(st.integers(-12, 40), max_size=2), max_size=2)
blocks = st.lists(
    st.fixed_dictionaries(
        {"wet": members, "observed_to": st.sampled_from((-20, -6, 0)), "missing": gaps, "step": st.sampled_from((1, 3))}
    ),
    min_size=2,
    max_size=4,
)


@given(blocks=blocks, stale=st.lists(st.booleans(), min_size=4, max_size=4))
def test_every_event_agrees_with_itself(blocks: list[dict[str, object]], stale: list[bool]) -> None:
    before: FlashFloodFindings | None = None
    for number, content in enumerate(blocks):
        issue = block(number)
        cycle = at(-6 if stale[number] else 0, issue).isoformat()
        before = found(rain(issue=issue, cycle=cycle, **content), before, late=1.5)  # type: ignore[arg-type]
        assert portal_notes(before.events, 3) == []
        for event in before.events:
            agrees(event, before)


def agrees(event: FlashFloodEvent, result: FlashFloodFindings) -> None:
    marks = dict(zip(result.lead_times, event.flags, strict=True))
    wanted = "T" if event.trigger else "w"
    assert event.lead_time == min(lead for lead, mark in marks.items() if mark == wanted)
    assert event.trigger is ("T" in event.flags)
    assert not any(mark == "T" for lead, mark in marks.items() if lead >= 15)
    assert event.first_trigger == (event.lead_time if event.trigger else None)
    alerted = {area.place_code: area.people for area in event.areas if area.alerted}
    assert {cause.place_code: cause.people for cause in event.causes} == alerted
    assert alerted
    assert all(people > 20 for people in alerted.values())
    assert event.people == sum(alerted.values())
    assert set(alerted) <= set(event.scenarios)
    hour = (event.starts - result.issue_time.start).total_seconds() / 3600
    assert event.lead_time <= max(hour, 0)
    assert (event.until is None) or (event.trigger and event.lead_time == 0)
    assert event.state != "tail" or event.until is not None
    if event.trigger:
        limit = at(15, str(result.issue_time))
        assert all(cause.peaks < limit for cause in event.causes)
