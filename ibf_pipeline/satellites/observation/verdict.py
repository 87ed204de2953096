"""Hit or false alarm: one rule, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ibf_pipeline.domain.observation import DayRange, Verdict
from ibf_pipeline.satellites.hook.settings import ObservationSettings


def verdict_of(
    flooded_km2: float,
    observed_share: float,
    passes: Sequence[datetime],
    days: DayRange,
    rule: ObservationSettings,
    *,
    lakes_among_it: bool = False,
) -> Verdict:
    """A hit if enough flooded land lies in the event's areas, however little of them was seen; a false alarm if
    enough of them was seen and there is less; undecided otherwise, and if no pass lies on the event's days.

    `flooded_km2`: inside the event's areas, permanent water left out. `observed_share`: 0..1 of the event's areas.
    `lakes_among_it`: all open water counts, as the permanent water is unknown. Then much of it is not a hit
    but undecided, and little of it is little flood all the same.
    """
    if not any(days.contain(moment) for moment in passes):
        return Verdict("undecided", f"no pass between {days.first} and {days.last}, the event's days")
    limit = rule.hit_square_kilometres
    if flooded_km2 >= limit and lakes_among_it:
        return Verdict(
            "undecided", f"no permanent-water layer: {flooded_km2:.1f} km2 of water seen, lakes and rivers among it"
        )
    if flooded_km2 >= limit:
        return Verdict("hit", f"{flooded_km2:.1f} km2 flooded, at least {limit:g} km2 make a hit")
    if observed_share >= rule.observed_share:
        return Verdict(
            "false alarm", f"{flooded_km2:.1f} km2 flooded, less than {limit:g} km2, with {observed_share:.0%} seen"
        )
    return Verdict("undecided", f"only {observed_share:.0%} of the event's areas were seen, and little water there")


def judge_together(looks: Sequence[tuple[Verdict, float]], observed_share: float, rule: ObservationSettings) -> Verdict:
    """The event's verdict from all looks at it: one hit stays a hit, whatever other passes saw earlier or later.

    `looks`: verdict and km2 flooded of each look with a pass on the event's days. A hit needs one look that saw enough
    water on its own: small patches of several passes are not added up, or every event would become a hit in time. A
    false alarm needs enough of the areas seen by all looks together (`observed_share`, 0..1), and no look with so much
    water that only lakes and rivers may explain it; undecided otherwise.
    """
    if len(looks) == 1:
        return looks[0][0]
    hits = [look for look in looks if look[0].kind == "hit"]
    if hits:
        best = max(hits, key=lambda look: look[1])
        return Verdict("hit", f"{len(hits)} of {len(looks)} looks say so; the clearest: {best[0].reason}")
    most = max((flooded for _, flooded in looks), default=0.0)
    wet = [look for look in looks if look[1] >= rule.hit_square_kilometres]
    if wet:
        wettest = max(wet, key=lambda look: look[1])[0]
        return Verdict("undecided", f"{len(wet)} of {len(looks)} looks saw water; the most of it: {wettest.reason}")
    if looks and observed_share >= rule.observed_share:
        return Verdict(
            "false alarm",
            f"in each of {len(looks)} looks less than {rule.hit_square_kilometres:g} km2 flooded "
            f"(at most {most:.1f} km2), with {observed_share:.0%} seen by them together",
        )
    return Verdict(
        "undecided",
        f"in {len(looks)} looks together only {observed_share:.0%} of the event's areas were seen, and "
        "little water there",
    )
