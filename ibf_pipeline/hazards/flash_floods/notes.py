"""Notes of a block: what a reader must know, in words, with clock times of the country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

import numpy as np
import xarray as xr

from ibf_pipeline.domain.local_time import clock_text, local_text
from ibf_pipeline.domain.wording import amount_text, counted, number_text, people_words, percent_text
from ibf_pipeline.hazards.flash_floods.assessment import BlockAssessment
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.flash_floods.screening import unresolved_durations


def cause_text(cause: Cause, published: datetime, zone: tzinfo) -> str:
    """`82 mm in 4 hours from 14:00 CAT, nearest scenario 80mm_4hr, rank 31; 212 people in MW10203; limit 20`.

    With the date if it is another day than that of publication there.

    Parameters
    ----------
    cause
        The rain, its scenario and the people reached.
    published
        When it is published, with a time zone.
    zone
        Of the time in the text.
    """
    same_day = cause.rains_from.astimezone(zone).date() == published.astimezone(zone).date()
    begins = (clock_text if same_day else local_text)(cause.rains_from, zone)
    at_least = "at least " if cause.lower_bound else ""
    rain = f"{at_least}{cause.amount_mm:.0f} mm in {counted(cause.duration_h, 'hour')}"
    where = " on its catchment" if cause.of_catchment else ""
    which = "the library's largest" if cause.beyond_library else "nearest"
    return (
        f"{rain}{where} from {begins}, {which} scenario {cause.scenario}, rank {cause.rank}; "
        f"{number_text(cause.people)} people in {cause.place_code}; limit {amount_text(cause.limit)}"
    )


def _event_text(event: FlashFloodEvent, published: datetime, zone: tzinfo, *, one_run: bool) -> str:
    """When it starts and peaks, for how many, how sure."""
    kind = "trigger" if event.trigger else "warning"
    sure = "one run, no probability" if one_run else f"{percent_text(event.probability)} of the members"
    peak = f"; worst {local_text(event.causes[0].peaks, zone)}" if event.causes else ""
    areas = sum(area.alerted for area in event.areas)
    return (
        f"{event.name}: {kind} at {FLASH_FLOODS.lead_time_name(event.lead_time)}, "
        f"{begins_text(event, published, zone)}{peak}; "
        f"{people_words(event.people, known=event.people_known)} in {counted(areas, 'area')}; {sure}"
    )


def begins_text(event: FlashFloodEvent, published: datetime, zone: tzinfo) -> str:
    """`starts Sun 2026-02-15 17:00 CAT, in 9 hours`, rounded down; `started ...` if it has begun."""
    at, left = local_text(event.starts, zone), (event.starts - published).total_seconds() / 3600
    if left <= 0:
        return f"started {at}"
    return f"starts {at}, in {counted(int(left), 'hour')}" if left >= 1 else f"starts {at}, within the hour"


def event_notes(
    events: Iterable[FlashFloodEvent], published: datetime, zone: tzinfo, *, one_run: bool
) -> Iterator[str]:
    """Each event, why, why it goes on, and what comes later."""
    for event in events:
        yield _event_text(event, published, zone, one_run=one_run)
        for cause in event.causes:
            by_now = "have fallen" if cause.observed else "are due by now, none of it was measured"
            fallen = f"; {cause.fallen_mm:.0f} mm of it {by_now}" if cause.fallen_mm >= 0.5 else ""
            yield f"{event.name}, {cause.name or cause.place_code}: {cause_text(cause, published, zone)}{fallen}"
        if event.state == "kept":
            yield f"{event.name}: an earlier block's alert that nothing takes back yet; its numbers are those of then"
        if event.until is not None:
            refuted = "" if event.measured else " or measurements say that nothing fell"
            yield (
                f"{event.name}: it stays at 0-hour until {local_text(event.until, zone)}, with the larger numbers of "
                f"then and now, unless it exceeds again{refuted}"
            )
        for later in event.later:
            yield (
                f"{event.name}: {'trigger' if later.trigger else 'warning'} further ahead, at "
                f"{FLASH_FLOODS.lead_time_name(later.lead_time)} from {local_text(later.starts, zone)}: "
                f"{number_text(later.people)} people"
            )


def rain_notes(rain: xr.DataArray, assessed: BlockAssessment, zone: tzinfo) -> Iterator[str]:
    """Where the rain comes from, how many members it has, and which sums it cannot resolve."""
    yield f"rain: {'; '.join(_origins(rain, assessed, zone))}"
    if rain.attrs.get("members") == "one run":
        yield "one run, no probability"
    else:
        yield f"{counted(assessed.members, 'member')}; the shares that make triggers and warnings are uncalibrated"
    if assessed.own.left_out:
        yield f"{counted(assessed.own.left_out, 'member')} left out: not there, or without hours that most have"
    yield from unresolved_notes(assessed)


def unresolved_notes(assessed: BlockAssessment) -> Iterator[str]:
    """Sums that are too short for the steps of the source."""
    for duration, step in unresolved_durations(assessed).items():
        yield (
            f"sums of {counted(duration, 'hour')} are not resolved: rain ahead comes in steps of {step:g} hours; they "
            "may alert, and low ones mean nothing"
        )


def shown_notes(still_shown: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Lines that the portal goes on showing (rule 13)."""
    for category, lead_time in still_shown:
        yield (
            f"no {category} are exposed at {FLASH_FLOODS.lead_time_name(lead_time)} any more; the portal may go on "
            "showing the earlier ones there"
        )


def blind_notes(blind: Mapping[str, str], what: str) -> Iterator[str]:
    """Areas that are `blind` or `doubtful`, and why."""
    for code, reason in blind.items():
        yield f"area {code} is {what}: {reason}"


def _origins(rain: xr.DataArray, assessed: BlockAssessment, zone: tzinfo) -> Iterator[str]:
    """`IMERG Late to Sun 2026-02-15 06:00 CAT`, in the order of time; of the districts' areas."""
    origins = rain["origin"].transpose("time", "area").sel(area=list(assessed.areas)).values[assessed.window_slice]
    recent = assessed.window.hours > assessed.window.looked_at_to
    origins, hours = origins[recent], assessed.window.hours[recent].tolist()
    used = []
    for number, name in enumerate(rain.attrs["origins"]):
        rows = np.flatnonzero((origins == number).any(axis=1))
        if len(rows):
            used.append((int(rows[-1]), name))
    for last, name in sorted(used):
        yield f"{name} to {local_text(assessed.window.time_of_hour(hours[last]), zone)}"
