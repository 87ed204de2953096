"""One event an area above the deepest level (F6)."""

from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.hazards.floods.findings import FloodEvent
from ibf_pipeline.hazards.floods.impact.allocation import Allocation, allocate

MAX, MED = "max", "med"


def claim(name: str, alert_class: str, lead_time: int, people: int, codes: tuple[str, ...]) -> FloodEvent:
    """An event with its areas of the deepest level."""
    areas = tuple(EventArea(2, code, code, 0, 0.0, {}) for code in codes)
    return FloodEvent(
        name=name, station_code=name, alert_class=alert_class, trigger=alert_class == "max", lead_time=lead_time,
        first_trigger=None, flags="", return_period=0.0, flood_map=None, people=people, areas=areas,
    )  # fmt: skip


def parent(code: str) -> str:
    return code[0]


def owners(allocation: Allocation) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for share in allocation.shares:
        found.setdefault(share.place_code, []).append(share.event)
    return found


def test_areas_of_one_event_are_its_own() -> None:
    allocation = allocate([claim("E", MAX, 4, 10, ("a1", "a2", "b1"))], parent, keep_at_least_one=True)
    assert owners(allocation) == {"a": ["E"], "b": ["E"]}
    assert allocation.shares[0].counts == (("E", "a1"), ("E", "a2"))


def test_a_shared_area_goes_to_the_higher_class_with_all_its_people() -> None:
    claims = [claim("warning", MED, 1, 0, ("a1", "b1")), claim("trigger", MAX, 4, 50, ("a2",))]
    allocation = allocate(claims, parent, keep_at_least_one=True)
    assert owners(allocation) == {"a": ["trigger"], "b": ["warning"]}
    assert sorted(allocation.shares[0].counts) == [("trigger", "a2"), ("warning", "a1")]
    assert allocation.given == {"warning": (("a", "trigger"),)}


def test_then_the_earlier_lead_time_then_more_people() -> None:
    early, late = claim("early", MAX, 2, 1, ("a1",)), claim("late", MAX, 3, 99, ("a2", "b1"))
    assert owners(allocate([late, early], parent, keep_at_least_one=False))["a"] == ["early"]
    few, many = claim("few", MAX, 2, 1, ("a1",)), claim("many", MAX, 2, 99, ("a2", "b1"))
    assert owners(allocate([few, many], parent, keep_at_least_one=False))["a"] == ["many"]


def test_an_event_that_would_lose_every_area_keeps_them_with_its_own_people() -> None:
    claims = [claim("big", MAX, 1, 50, ("a1", "b1")), claim("small", MAX, 2, 5, ("a2",))]
    allocation = allocate(claims, parent, keep_at_least_one=True)
    assert owners(allocation) == {"a": ["big", "small"], "b": ["big"]}
    assert (allocation.kept, allocation.given) == ({"small": ("a",)}, {})
    counts = [part for share in allocation.shares for part in share.counts]
    assert sorted(counts) == [("big", "a1"), ("big", "b1"), ("small", "a2")]  # nobody twice, nobody lost


def test_off_the_default_level_it_loses_them() -> None:
    claims = [claim("big", MAX, 1, 50, ("a1", "b1")), claim("small", MAX, 2, 5, ("a2",))]
    allocation = allocate(claims, parent, keep_at_least_one=False)
    assert owners(allocation) == {"a": ["big"], "b": ["big"]}
    assert allocation.kept == {}


def test_an_event_without_areas_claims_nothing() -> None:
    assert allocate([claim("unmapped", MAX, 1, 0, ())], parent, keep_at_least_one=True).shares == ()
