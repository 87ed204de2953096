"""What a block cannot see: missing rain is never dry (rule 1), short sums of long steps are never low (rule 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import xarray as xr

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.flash_floods.districts import District
from ibf_pipeline.hazards.flash_floods.findings import DistrictFound, FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.judged import Judged
from ibf_pipeline.hazards.flash_floods.window import BLOCK


def cycle_of(rain: xr.DataArray) -> datetime:
    """The moment of the forecast's cycle, UTC."""
    cycle = datetime.fromisoformat(str(rain.attrs["cycle"]))
    return cycle.replace(tzinfo=UTC) if cycle.tzinfo is None else cycle.astimezone(UTC)


def require_recent(cycle: datetime, issued: datetime, oldest_h: int, before: FlashFloodFindings | None) -> None:
    """InputMissing where the forecast's cycle is more than `oldest_h` hours before the block (rule 2).

    Nothing is published then, and the error says what people see meanwhile.
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
    """Whether a forecast can take an earlier alert back (rule 15): that of this block's own cycle, or of a cycle one
    block older which began after the one that was published last, as that of a model which is always whole so late.
    """
    newer = before is not None and before.cycle < cycle
    return cycle >= issued or (newer and issued - cycle <= timedelta(hours=BLOCK))


def blind_areas(district: District) -> dict[str, str]:
    """Place code -> why no sum of the hours ahead can be relied on; areas that have one are left out."""
    judged, seen = district.judged, district.judged.seen
    ahead = judged.window.hours > 0
    blind = {}
    for area, column in zip(district.areas, district.columns, strict=True):
        counted_sums = [sums for hours, sums in judged.sums.items() if judged.counted[hours][column]]
        if any(sums.sure[seen, column][ahead].any() for sums in counted_sums):
            continue
        if any(sums.whole[seen, column][ahead].any() for sums in counted_sums):
            blind[area.place_code] = "the rain comes in longer steps than any sum that counts there"
        else:
            blind[area.place_code] = "no sum of the hours ahead is whole, as rain is missing"
    return blind


def doubtful_areas(district: District, blind: Collection[str]) -> dict[str, str]:
    """Place code -> which hours ahead are missing, of areas that are not blind."""
    judged, ahead = district.judged, district.judged.window.hours > 0
    doubtful = {}
    for area, column in zip(district.areas, district.columns, strict=True):
        missing = np.logical_or(*(series.missing[:, judged.seen, column] for series in judged.series))
        hours = int(np.logical_or.reduce(missing, axis=0)[ahead].sum())
        if hours and area.place_code not in blind:
            doubtful[area.place_code] = f"rain is missing in {counted(hours, 'hour')} of the 48 ahead"
    return doubtful


def require_seen(
    districts: Iterable[DistrictFound], before: FlashFloodFindings | None, accepted: Collection[str], areas: int
) -> None:
    """InputInvalid where every area is blind, or one of a district with an open event (rule 1).

    `accepted`: names of events that may be closed although something there is blind; `areas`: how many there are.
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


def unresolved(judged: Judged) -> Mapping[int, float]:
    """Duration -> the longest step (hours) ahead that is longer than it, where the duration counts."""
    ahead = np.arange(judged.number.shape[1]) + judged.first > 0
    longest = {
        duration: max(float(series.step[ahead][:, judged.counted[duration]].max(initial=0)) for series in judged.series)
        for duration in judged.sums
    }
    return {duration: step for duration, step in longest.items() if step > duration}
