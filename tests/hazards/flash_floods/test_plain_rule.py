"""Arrays against plain loops, with any rain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.hazards.flash_floods.plain_rule import alerts
from tests.worlds.countries.two_valleys import found, layers, rain

hours = st.dictionaries(st.integers(-30, 48), st.integers(0, 60).map(float), max_size=6)
wet = st.dictionaries(st.sampled_from(("A1", "A2", "B1", "U1")), hours, max_size=4)
CATCHMENTS = {"A1": {"U1": 3.0, "A1": 1.0}, "A2": {"A1": 1.0, "A2": 1.0}}


@given(wet=wet, downstream=st.booleans())
def test_every_district_is_alerted_as_plain_loops_say(wet: dict[str, dict[int, float]], downstream: bool) -> None:
    sizes = CATCHMENTS if downstream else {}
    result = found(rain(wet), static=layers(catchments=sizes))
    assert {event.name: (event.lead_time, event.trigger, event.people) for event in result.events} == alerts(wet, sizes)
