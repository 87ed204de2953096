"""What the tracks of a forecast cycle look like, wherever they come from.

One `xarray.Dataset`, dims (storm, member, time); NaN where a member has no storm at that time. An absent member is a
member without a storm, never a smaller ensemble.

Coordinates
    storm      text, the identifier of the message: `21W`; of disturbances that are not numbered yet `70W` and beyond
    name       (storm) text as in the message: `CHANTHU`; the identifier again if it has no name
    member     whole number as in the message: 1..50 perturbed, 51 control, 52 high resolution
    kind       (member) `perturbed`, `control` or `high-resolution`
    time       datetime64[ns], UTC
    step       (time) whole hours after the cycle
    speed      m/s, 10-minute wind that a radius is of: 17.5, 25.7, 32.9 (34, 50, 64 kt)
    quadrant   `NE`, `SE`, `SW`, `NW`

Variables
    lat, lon              (storm, member, time) degrees, centre; lon -180..180
    pressure              (storm, member, time) hPa at the centre
    wind                  (storm, member, time) m/s, largest 10-minute wind at 10 m
    wind_lat, wind_lon    (storm, member, time) degrees, where that wind is
    radius                (storm, member, time, speed, quadrant) km to which so much wind reaches
    observed_lat, observed_lon   (storm) degrees, where the storm was seen at the cycle time; NaN of a disturbance
    listed                (storm) members that its messages list, with a centre anywhere or without; NaN where unknown

Attributes
    cycle        ISO timestamp, UTC
    perturbed    perturbed members of the whole cycle, 50: also if a message has fewer
    last_step_h  last step of the cycle in hours: 240 or 144
    source       in words, for people
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

MemberKind = Literal["perturbed", "control", "high-resolution"]

DIMS: Final = ("storm", "member", "time")
SPEEDS_MS: Final = (17.5, 25.7, 32.9)
"""m/s; 34, 50 and 64 knots"""
QUADRANTS: Final = ("NE", "SE", "SW", "NW")
KT: Final = 0.514444
"""m/s"""
MS_TO_KMH: Final = 3.6


def cycle_of(tracks: xr.Dataset) -> datetime:
    """Time at which the forecast cycle began, UTC."""
    return datetime.fromisoformat(str(tracks.attrs["cycle"])).astimezone(UTC)


def datetime64_of(moment: datetime) -> np.datetime64:
    """A time with a time zone as datasets have it: UTC, nanoseconds, without zone."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "ns")


def datetime_of(time: npt.ArrayLike) -> datetime:
    """A time of a dataset as `datetime`, UTC, to the second."""
    return datetime.fromtimestamp(int(np.asarray(time, "datetime64[s]").astype(int)), UTC)
