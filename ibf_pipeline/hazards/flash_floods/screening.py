"""What a block cannot see: missing rain is never dry (rule 1), short sums of long steps are never low (rule 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import xarray as xr

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.flash_floods.assessment import BlockAssessment
from ibf_pipeline.hazards.flash_floods.districts import District
from ibf_pipeline.hazards.flash_floods.findings import DistrictFound, FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.window import BLOCK_HOURS


def rain_cycle_of(rain: xr.DataArray) -> datetime:
    """Start of the forecast's cycle, UTC.

    Parameters
    ----------
    rain
        Its attribute `cycle` is an ISO timestamp; one without a time zone is UTC.
    """
    cycle = datetime.fromisoformat(str(rain.attrs["cycle"]))
    return cycle.replace(tzinfo=UTC) if cycle.tzinfo is None else cycle.astimezone(UTC)


def require_recent(cycle: datetime, issued: datetime, oldest_h: int, before: FlashFloodFindings | None) -> None:
    """Refuse a forecast whose cycle is too old (rule 2).

    Nothing is published then, and the error says what people see meanwhile.

    Parameters
    ----------
    cycle, issued
        Start of the forecast's cycle and of the block, UTC.
    oldest_h
        Hours that the cycle may be before the block.
    before
        The findings that were published last; None if there are none.

    Raises
    ------
    InputMissing
        If the cycle is more than `oldest_h` hours before the block.
    """
    if issued - cycle <= timedelta(hours=oldest_h):
        return
    shown = f"; the portal shows the state of {before.issue_time.words}" if before is not None else ""
    raise InputMissing(
        f"the newest forecast of rain is of {cycle:%Y-%m-%d %H} UTC{shown}",
        expected=f"a cycle at most {oldest_h} hours before {issued:%Y-%m-%d %H} UTC",
        remedy="wait for the next cycle and run again; tell people that nothing newer is known",
    )


def may_clear(cycle: datetime, issued: datetime, before: FlashFloodFindings | None) -> bool:
    """Whether a forecast can take an earlier alert back (rule 15).

    That of this block's own cycle can; or of a cycle one block older that began after the one published last, as that
    of a model which is always complete so late.

    Parameters
    ----------
    cycle, issued
        Start of the forecast's cycle and of the block, UTC.
    before
        The findings that were published last; None if there are none.

    Examples
    --------
    >>> issued = datetime(2026, 2, 15, 6, tzinfo=UTC)
    >>> may_clear(issued, issued, None), may_clear(issued - timedelta(hours=6), issued, None)
    (True, False)
    """
    newer = before is not None and before.cycle < cycle
    return cycle >= issued or (newer and issued - cycle <= timedelta(hours=BLOCK_HOURS))


def blind_areas(district: District) -> dict[str, str]:
    """Place code -> why no sum of the hours ahead can be relied on; areas that have one are left out."""
    assessed, seen = district.assessed, district.assessed.window_slice
    ahead = assessed.window.hours > 0
    blind = {}
    for area, column in zip(district.areas, district.columns, strict=True):
        counted_sums = [sums for hours, sums in assessed.sums.items() if assessed.counted_areas[hours][column]]
        if any(sums.sure[seen, column][ahead].any() for sums in counted_sums):
            continue
        if any(sums.whole[seen, column][ahead].any() for sums in counted_sums):
            blind[area.place_code] = "the rain comes in longer steps than any sum that counts there"
        else:
            blind[area.place_code] = "no sum of the hours ahead is whole, as rain is missing"
    return blind


def doubtful_areas(district: District, blind: Collection[str]) -> dict[str, str]:
    """Place code -> which hours ahead are missing, of areas that are not blind."""
    assessed, ahead = district.assessed, district.assessed.window.hours > 0
    doubtful = {}
    for area, column in zip(district.areas, district.columns, strict=True):
        missing = np.logical_or(*(series.missing[:, assessed.window_slice, column] for series in assessed.series))
        hours = int(np.logical_or.reduce(missing, axis=0)[ahead].sum())
        if hours and area.place_code not in blind:
            doubtful[area.place_code] = f"rain is missing in {counted(hours, 'hour')} of the 48 ahead"
    return doubtful


def require_seen(
    districts: Iterable[DistrictFound], before: FlashFloodFindings | None, accepted: Collection[str], areas: int
) -> None:
    """Refuse a block in which nothing can be seen, or not all of a district with an open event (rule 1).

    Parameters
    ----------
    districts
        With their blind areas.
    before
        The findings that were published last; None if there are none.
    accepted
        Names of events that may be closed although something there is blind.
    areas
        How many areas there are.

    Raises
    ------
    InputInvalid
        If every area is blind, or one of a district with an open event.
    """
    districts = tuple(districts)
    if sum(len(each.blind) for each in districts) == areas:
        raise InputInvalid(
            "no area has a usable sum of rain ahead",
            expected="rain of at least one area; none would read as an all clear",
            remedy="look at the sources of rain, and run again",
        )
    open_districts = {event.district for event in before.events} if before is not None else set()
    for each in districts:
        if each.blind and each.name in open_districts and not {each.name, each.event_name} & set(accepted):
            code, reason = next(iter(each.blind.items()))
            raise InputInvalid(
                f"{each.event_name} is alerted, and its area {code} is blind: {reason}",
                expected="rain of every area of an alerted district, so that none is closed unseen",
                remedy=f"wait for the rain, or accept that it may be closed with --accept-blind {each.event_name}",
            )


def unresolved_durations(assessed: BlockAssessment) -> Mapping[int, float]:
    """Duration -> the longest step (hours) ahead that is longer than it, for durations that count (rule 2)."""
    ahead = np.arange(assessed.scenario_number.shape[1]) + assessed.first > 0
    longest = {
        duration: max(
            float(series.step[ahead][:, assessed.counted_areas[duration]].max(initial=0)) for series in assessed.series
        )
        for duration in assessed.sums
    }
    return {duration: step for duration, step in longest.items() if step > duration}
