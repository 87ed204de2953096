"""What a short cycle cannot see, from the last long one (rule 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.typhoon.considered import HORIZON_H
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.hazards.typhoon.identity import Identity

OLDEST_LONG: Final = timedelta(hours=18)
"""a long cycle before that is of another forecast"""
CARRIED: Final = "carried"
"""of a dataset: the moment from which the last long cycle speaks, ISO; not there where all is of one cycle"""


def is_short(tracks: xr.Dataset) -> bool:
    """Whether a cycle ends before the last lead time of the portal: at 06 and 18 UTC members reach 144 h."""
    return int(tracks.attrs["last_step_h"]) < HORIZON_H


def last_moment(tracks: xr.Dataset) -> datetime:
    """The last that a cycle speaks of, UTC."""
    return cycle_of(tracks) + timedelta(hours=int(tracks.attrs["last_step_h"]))


def require_long(tracks: xr.Dataset, long: xr.Dataset | None, found: TyphoonFindings | None) -> None:
    """Refuse a short cycle alone where an open event lies beyond it (rule 4; C8 4): it would close, and open again.

    Raises InputMissing.
    """
    beyond = [e.name for e in (found.events if found else ()) if e.landfall.reference_at > last_moment(tracks)]
    if is_short(tracks) and beyond and not _fits(tracks, long):
        raise InputMissing(
            f"this cycle ends {last_moment(tracks):%Y-%m-%d %H} UTC, before {', '.join(beyond)} arrives",
            where=f"tracks of {cycle_of(tracks):%Y-%m-%d %H} UTC",
            expected="the last cycle of 00 or 12 UTC beside it, which reaches 240 hours",
            remedy="fetch that cycle, or wait for the next one of 00 or 12 UTC",
        )


def with_long(
    tracks: xr.Dataset, long: xr.Dataset | None, here: Mapping[str, Identity], there: Mapping[str, Identity]
) -> xr.Dataset:
    """A short cycle, and after its last step what the last long cycle has (rule 4; C8 4).

    A member that still has the storm at the last step moves on from its own place as that member of the long cycle
    does, with its winds: put side by side as they are, the path would jump, and cross land that no forecast crosses.
    One that the long cycle has only later is taken as it is, and so is a disturbance that only the long cycle can see;
    a storm that was seen then and is missing now is rule 2's. `here`, `there`: who the storms of each cycle are.
    """
    if not is_short(tracks) or long is None or not _fits(tracks, long):
        return tracks
    end = np.datetime64(last_moment(tracks).replace(tzinfo=None), "ns")
    later = long.isel(time=np.flatnonzero(long["time"].values >= end)).transpose("storm", "member", "time", ...)
    beyond = later["time"].values[later["time"].values > end]
    keys = {identity.key: storm for storm, identity in here.items()}
    parts = []
    for storm in map(str, later["storm"].values):
        own = later.sel(storm=storm, drop=False).reindex(member=tracks["member"].values)
        name = keys.get(there[storm].key)
        if name is not None:
            parts.append(_moved_on(tracks.sel(storm=name), own, end).assign_coords(storm=name))
        elif np.isnan(float(own["observed_lat"])) and bool(own["lat"].sel(time=beyond).notnull().any()):
            free = storm if storm not in keys.values() else f"{storm} of the last cycle"
            parts.append(own.sel(time=beyond).assign_coords(storm=free))
    if not parts or not len(beyond):
        return tracks
    carried = xr.concat(parts, "storm", coords="minimal", compat="override", join="outer")
    joined = _joined(tracks, carried.sel(time=beyond))
    return joined.assign_attrs(tracks.attrs | {CARRIED: last_moment(tracks).isoformat()})


def carried_from(tracks: xr.Dataset) -> datetime | None:
    """After which moment the last long cycle speaks, UTC; None where this cycle speaks alone."""
    text = tracks.attrs.get(CARRIED)
    return None if text is None else datetime.fromisoformat(text)


def _fits(tracks: xr.Dataset, long: xr.Dataset | None) -> bool:
    if long is None or is_short(long):
        return False
    return timedelta(0) < cycle_of(tracks) - cycle_of(long) <= OLDEST_LONG


def _moved_on(storm: xr.Dataset, later: xr.Dataset, end: np.datetime64) -> xr.Dataset:
    """(member, time) after `end`: places of the long cycle, each member shifted to where it is in this cycle then."""
    at_end = storm.sel(time=end) if end in storm["time"].values else storm.isel(time=-1).where(False)
    then = later.sel(time=end)
    alive, was = at_end["lat"].notnull(), then["lat"].notnull()
    north = (at_end["lat"] - then["lat"]).where(alive & was, 0)
    east = (at_end["lon"] - then["lon"]).where(alive & was, 0)
    moved = later.assign(
        lat=later["lat"] + north,
        lon=(later["lon"] + east + 180) % 360 - 180,
        wind_lat=later["wind_lat"] + north,
        wind_lon=(later["wind_lon"] + east + 180) % 360 - 180,
    )
    return moved.where(alive == was)


def _joined(tracks: xr.Dataset, carried: xr.Dataset) -> xr.Dataset:
    """Both in time; storms of either. What belongs to a storm alone is this cycle's where it has it."""
    storms = sorted({*map(str, tracks["storm"].values), *map(str, carried["storm"].values)})
    moving = [name for name in tracks.data_vars if "time" in tracks[name].dims]
    early, late = (each[moving].drop_vars(["name", "step", "kind"], errors="ignore") for each in (tracks, carried))
    joined = xr.concat([early.reindex(storm=storms), late.reindex(storm=storms)], "time", join="outer")
    names = carried["name"].reindex(storm=storms, fill_value="").values.tolist()
    own = tracks["name"].reindex(storm=storms, fill_value="").values.tolist()
    hours = (joined["time"].values - tracks["time"].values[0]) // np.timedelta64(1, "h") + int(tracks["step"].values[0])
    still = {name: tracks[name].reindex(storm=storms) for name in tracks.data_vars if name not in moving}
    return joined.assign(still).assign_coords(
        name=("storm", [mine or other for mine, other in zip(own, names, strict=True)]),
        step=("time", hours),
        kind=tracks["kind"],
    )
