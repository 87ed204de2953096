"""The storms that are looked at (rule 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
import xarray as xr

from ibf_pipeline.domain.tracks import cycle_of, datetime64_of
from ibf_pipeline.hazards.typhoon.profile import TYPHOON

HORIZON_H = TYPHOON.lead_times[-1]
"""hours; what portals can show"""


def forecast_storms(tracks: xr.Dataset) -> xr.Dataset:
    """The storms of a cycle that some member has after the cycle time (rule 2).

    A message with the analysis alone says nothing of what is ahead: its storm counts as one that the cycle does not
    have.

    Parameters
    ----------
    tracks
        Dims (storm, member, time), as `domain/tracks.py` describes.
    """
    later = tracks["lat"].isel(time=np.flatnonzero(tracks["step"].values > 0))
    return tracks.isel(storm=np.flatnonzero(later.notnull().any(("member", "time")).values))


def within_horizon(tracks: xr.Dataset) -> xr.Dataset:
    """The cycle from its own time to 168 hours after it: later is beyond every portal (rule 1).

    Parameters
    ----------
    tracks
        Dims (storm, member, time), as `domain/tracks.py` describes.
    """
    hours = (tracks["time"].values - datetime64_of(cycle_of(tracks))) / np.timedelta64(1, "h")
    return tracks.isel(time=np.flatnonzero((hours >= 0) & (hours <= HORIZON_H)))


def enters_monitoring_area(storm: xr.Dataset, monitoring: Sequence[tuple[float, float]]) -> bool:
    """Whether any member of a storm comes into the monitoring area in 0..168 h (rule 1).

    Along its path, not by its fixes alone; named or not. A storm across 180 degrees is one path.

    Parameters
    ----------
    storm
        Dims (member, time), within the horizon.
    monitoring
        Corners of a polygon, longitude and latitude in degrees; east of 180 degrees they go on beyond 180.
    """
    area = shapely.Polygon(monitoring)
    middle = float(np.mean(area.bounds[::2]))
    for member in storm["member"].values:
        lat, lon = (storm[name].sel(member=member).values for name in ("lat", "lon"))
        there = np.isfinite(lat) & np.isfinite(lon)
        if not there.any():
            continue
        east = np.unwrap(lon[there], period=360)
        corners = np.column_stack([east - 360 * np.round((east[0] - middle) / 360), lat[there]])
        path = shapely.LineString(corners) if len(corners) > 1 else shapely.MultiPoint(corners)
        if shapely.intersects(area, path):
            return True
    return False
