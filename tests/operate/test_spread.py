"""Default schedules do not all begin at once."""

from __future__ import annotations

from collections import Counter

import pytest

from flows.deployment.schedule_offset import offset_schedule

COUNTRIES = ("ETH", "KEN", "MOZ", "MWI", "SSD", "UGA", "XDM", "XDN", "ZMB")


def test_nine_countries_begin_within_a_quarter_of_an_hour_and_seldom_together() -> None:
    minutes = [int(offset_schedule("0 15 * * *", "floods", each).split()[0]) for each in COUNTRIES]
    assert minutes == [1, 5, 7, 3, 13, 12, 10, 0, 0], "by the name alone: the same on every machine, at all times"
    assert max(Counter(minutes).values()) == 2


def test_hours_and_days_stay_and_so_do_the_hazards_of_a_country_apart() -> None:
    assert offset_schedule("45 4,10,16,22 * * *", "flash-floods", "XTV") == "53 4,10,16,22 * * *"
    assert offset_schedule("45 2,8,14,20 * * 1", "typhoon", "XTI") == "54 2,8,14,20 * * 1"


@pytest.mark.parametrize(
    ("cron", "wanted"), [("59 23 * * *", "59 23 * * *"), ("*/5 * * * *", "*/5 * * * *"), ("61 9 * * *", "61 9 * * *")]
)
def test_no_run_is_moved_into_the_next_hour_and_what_is_no_minute_stays(cron: str, wanted: str) -> None:
    assert offset_schedule(cron, "floods", "XDM") == wanted
