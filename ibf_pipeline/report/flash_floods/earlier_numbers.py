"""Whether the numbers of an area are those of an earlier block: the larger ones of then and now are sent (pure)."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent, FlashFloodFindings

_ALIKE_MM: Final = 0.11
"""amounts are kept in tenths"""


def has_earlier_numbers(
    event: FlashFloodEvent, cause: Cause, rain: xr.DataArray | None, before: FlashFloodFindings | None
) -> bool:
    """Whether this block's rain is another than the sum that decided.

    `rain`: as `domain/flash_flood_layers.py` says, None if none was kept. If it cannot tell (a catchment decided, or
    the area is not in it), the last block does: it had the same sum, or the alert is one that it left.
    """
    if rain is None or cause.of_catchment or cause.place_code not in rain["area"].values:
        return event.state != "forecast" or _numbers(cause) in _numbers_before(event, before)
    first, last = (np.datetime64(m.replace(tzinfo=None), "ns") for m in (cause.rains_from, cause.peaks))
    times = rain["time"].values
    here = rain.sel(area=cause.place_code).transpose("member", "time", ...).values[:, (times > first) & (times <= last)]
    return not bool(np.any(np.abs(np.nansum(here, axis=1) - cause.amount_mm) < _ALIKE_MM))


def areas_with_earlier_numbers(
    event: FlashFloodEvent, rain: xr.DataArray | None, before: FlashFloodFindings | None
) -> tuple[str, ...]:
    """Names of the areas with such numbers, most people first."""
    return tuple(c.name or c.place_code for c in event.causes if has_earlier_numbers(event, c, rain, before))


def _numbers(cause: Cause) -> tuple[object, ...]:
    return cause.place_code, cause.peaks, cause.duration_h, cause.amount_mm, cause.scenario


def _numbers_before(event: FlashFloodEvent, before: FlashFloodFindings | None) -> set[tuple[object, ...]]:
    events = before.events if before is not None else ()
    return {_numbers(cause) for each in events if each.key == event.key for cause in each.causes}
