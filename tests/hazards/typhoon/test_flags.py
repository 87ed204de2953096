"""Rules 9 and 11: which lead times are marked, by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ibf_pipeline.hazards.typhoon.flags import flags_of
from ibf_pipeline.hazards.typhoon.landfall import Visit
from tests.worlds.countries.three_islands import FIRST


@pytest.mark.parametrize(
    ("lead_time", "trigger", "areas_at", "expected"),
    [
        (20, False, [], {20: "w", 50: "w"}),
        (20, True, [22], {20: "T", 50: "w"}),  # only the first island's areas are triggers
        (20, True, [22, 51], {20: "T", 50: "T"}),
        (0, True, [49], {0: "T", 20: "w", 50: "T"}),  # at 0-hour by what has passed; the next one has no trigger areas
        (0, True, [], {0: "T", 20: "w", 50: "w"}),
    ],
)
def test_marks(lead_time: int, trigger: bool, areas_at: list[int], expected: dict[int, str]) -> None:
    stops = [Visit(FIRST + timedelta(hours=at), 0, FIRST + timedelta(hours=at + 5)) for at in (2, 20.5, 50)]
    ahead = {f"A{at}": FIRST + timedelta(hours=at) for at in areas_at}
    flags = flags_of(lead_time, stops, ahead, FIRST, FIRST + timedelta(hours=6), trigger=trigger)
    assert len(flags) == 169
    assert {at: flag for at, flag in enumerate(flags) if flag != "-"} == expected
