"""What a short cycle cannot see, from the last long one (rule 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.domain.tracks import cycle_of, datetime64_of
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.hazards.typhoon.identity import Identity
from ibf_pipeline.hazards.typhoon.selection import HORIZON_H

_OLDEST_LONG: Final = timedelta(hours=18)
"""a long cycle before that is of another forecast"""
_SINGLE_RUN_H: Final = 90
"""last step of the high-resolution run at 06 and 18 UTC, before cycle 50r1 of the model"""
MOVED_ON: Final = "moved_on"
"""of a dataset: the step in hours after which its high-resolution run moves as the control run does"""
_CARRIED: Final = "carried"
"""of a dataset: the time from which the last long cycle speaks, ISO; not there if all is of one cycle"""


def is_short(tracks: xr.Dataset) -> bool:
    """Whether a cycle ends before the last lead time of the portal: at 06 and 18 UTC members reach 144 h."""
    return int(tracks.attrs["last_step_h"]) < HORIZON_H


def last_moment(tracks: xr.Dataset) -> datetime:
    """The last time that a cycle speaks about, UTC."""
    return cycle_of(tracks) + timedelta(hours=int(tracks.attrs["last_step_h"]))


def require_long(tracks: xr.Dataset, long: xr.Dataset | None, findings: TyphoonFindings | None) -> None:
    """Refuse a short cycle alone if an open event lies beyond it: it would close, and open again (rule 4).

    Parameters
    ----------
    tracks
        The cycle.
    long
        The last long cycle; None if there is none.
    findings
        The findings with the open events; None if there are none.

    Raises
    ------
    InputMissing
        If an event is due after the last step and no long cycle of the last 18 hours is there.
    """
    beyond = [e.name for e in (findings.events if findings else ()) if e.landfall.reference_at > last_moment(tracks)]
    if is_short(tracks) and beyond and not _fits(tracks, long):
        raise InputMissing(
            f"this cycle ends {last_moment(tracks):%Y-%m-%d %H} UTC, before {', '.join(beyond)} arrives",
            where=f"tracks of {cycle_of(tracks):%Y-%m-%d %H} UTC",
            expected="the last cycle of 00 or 12 UTC beside it, which reaches 240 hours",
            remedy="fetch that cycle, or wait for the next one of 00 or 12 UTC",
        )


def due_within(tracks: xr.Dataset, findings: TyphoonFindings | None) -> frozenset[str]:
    """Storms with an open event that reaches its place before the last step of a cycle: the cycle has to show them.

    Parameters
    ----------
    tracks
        The cycle.
    findings
        The findings with the open events; None if there are none.

    Returns
    -------
    frozenset
        Identities of the storms.
    """
    events = findings.events if findings is not None else ()
    return frozenset(event.storm for event in events if event.landfall.reference_at <= last_moment(tracks))


def with_whole_run(tracks: xr.Dataset) -> xr.Dataset:
    """The cycle with a high-resolution run that reaches as far as the members (rules 4 and 8).

    At 06 and 18 UTC it ends at 90 h, and the others at 144: as it stands for a storm, landfall at +100 h would be "not
    yet", at +90 h, twice a day. If it has the storm at its end, it moves on from there as the control run does, with
    that run's winds.

    Parameters
    ----------
    tracks
        Without a doubled run.
    """
    high, control = (np.flatnonzero(tracks["kind"].values == kind) for kind in ("high-resolution", "control"))
    steps = tracks["step"].values
    later, end = steps > _SINGLE_RUN_H, np.flatnonzero(steps == _SINGLE_RUN_H)
    if not is_short(tracks) or not (len(high) and len(control) and len(end) and later.any()):
        return tracks
    own, other = (tracks.isel(member=int(each[0]), drop=True) for each in (high, control))
    if bool(own["lat"].isel(time=later).notnull().any()):
        return tracks
    north, east = ((own[name] - other[name]).isel(time=int(end[0]), drop=True) for name in ("lat", "lon"))
    moved = other.assign(
        {name: other[name] + north for name in ("lat", "wind_lat")}
        | {name: (other[name] + east + 180) % 360 - 180 for name in ("lon", "wind_lon")}
    )
    beyond = xr.DataArray(later, dims="time") & north.notnull() & (tracks["member"] == tracks["member"][high[0]])
    moving = [name for name in tracks.data_vars if "time" in tracks[name].dims]
    longer = {name: tracks[name].where(~beyond, moved[name]).transpose(*tracks[name].dims) for name in moving}
    return tracks.assign(longer).assign_attrs({MOVED_ON: _SINGLE_RUN_H}) if bool(north.notnull().any()) else tracks


def with_long(
    tracks: xr.Dataset,
    long: xr.Dataset | None,
    here: Mapping[str, Identity],
    there: Mapping[str, Identity],
    due: Collection[str] = (),
) -> xr.Dataset:
    """A short cycle, and after its last step what the last long cycle has (rule 4).

    A member that still has the storm at the last step moves on from its own place as that member of the long cycle
    does, with its winds: put side by side as they are, the path would jump, and cross land that no forecast crosses.
    One that the long cycle has only later is taken as it is, and so is a disturbance that only the long cycle can see;
    a storm that was seen then and is missing now is rule 2's. So is one of those `due` within this cycle, seen or not:
    what the long cycle has of it later would hide that it is missing.

    Parameters
    ----------
    tracks
        The short cycle.
    long
        The last long cycle; None if there is none.
    here, there
        Who the storms of each are, by identifier.
    due
        Identities of the storms that this cycle has to show itself.
    """
    if not is_short(tracks) or long is None or not _fits(tracks, long):
        return tracks
    end = datetime64_of(last_moment(tracks))
    later = long.isel(time=np.flatnonzero(long["time"].values >= end)).reindex(member=tracks["member"].values)
    beyond = later["time"].values[later["time"].values > end]
    ours = {identity.key: storm for storm, identity in here.items()}
    parts: dict[str, xr.Dataset] = {}
    names: dict[str, str] = {}
    for storm in map(str, later["storm"].values):
        own = later.sel(storm=storm)
        known = ours.get(there[storm].key)
        if known is not None:
            parts[known] = _moved_on(tracks.sel(storm=known), own, end)
        elif np.isnan(float(own["observed_lat"])) and there[storm].key not in due:
            parts[storm if storm not in ours.values() else f"{storm} of the last cycle"] = own
            names[storm] = str(own["name"].item())
    there_then = {storm: part.sel(time=beyond) for storm, part in parts.items()}
    carried = {storm: part for storm, part in there_then.items() if bool(part["lat"].notnull().any())}
    return _joined(tracks, carried, names) if carried else tracks


def carried_from(tracks: xr.Dataset) -> datetime | None:
    """The time after which the last long cycle speaks, UTC; None if this cycle speaks alone."""
    text = tracks.attrs.get(_CARRIED)
    return None if text is None else datetime.fromisoformat(text)


def _fits(tracks: xr.Dataset, long: xr.Dataset | None) -> bool:
    if long is None or is_short(long):
        return False
    return timedelta(0) < cycle_of(tracks) - cycle_of(long) <= _OLDEST_LONG


def _moved_on(storm: xr.Dataset, later: xr.Dataset, end: np.datetime64) -> xr.Dataset:
    """(member, time) after `end`: places of the long cycle, each member shifted to where it is in this cycle then."""
    at_end = storm.sel(time=end) if end in storm["time"].values else storm.isel(time=-1).where(False)
    then = later.reindex(time=[end]).isel(time=0)
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


def _joined(tracks: xr.Dataset, carried: Mapping[str, xr.Dataset], names: Mapping[str, str]) -> xr.Dataset:
    """This cycle and after it what is carried, storm by storm. `names`: of storms that only the long cycle has."""
    storms = sorted({*map(str, tracks["storm"].values), *carried})
    moving = [name for name in tracks.data_vars if "time" in tracks[name].dims]
    later = xr.concat(
        [part[moving].drop_vars(["storm", "name"]).expand_dims(storm=[storm]) for storm, part in carried.items()],
        "storm",
    )
    early = tracks[moving].drop_vars("name")
    joined = xr.concat(
        [each.drop_vars(["step", "kind"]).reindex(storm=storms) for each in (early, later)], "time", join="outer"
    )
    own = dict(zip(map(str, tracks["storm"].values), map(str, tracks["name"].values), strict=True))
    hours = (joined["time"].values - datetime64_of(cycle_of(tracks))) // np.timedelta64(1, "h")
    still = {name: tracks[name].drop_vars("name", errors="ignore") for name in tracks.data_vars if name not in moving}
    return (
        joined.assign({name: values.reindex(storm=storms) for name, values in still.items()})
        .assign_coords(
            name=("storm", [own.get(storm) or names.get(storm, storm) for storm in storms]),
            step=("time", hours),
            kind=tracks["kind"],
        )
        .assign_attrs(tracks.attrs | {_CARRIED: last_moment(tracks).isoformat()})
    )
