"""The track that the portal shows (rule 10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.config.typhoon import WindSettings
from ibf_pipeline.domain.tracks import MS_TO_KMH, datetime64_of, datetime_of
from ibf_pipeline.hazards.typhoon.findings import Category, Fix, Landfall, TrackPoint
from ibf_pipeline.hazards.typhoon.holland import wind_profile
from ibf_pipeline.hazards.typhoon.identity import place_at
from ibf_pipeline.hazards.typhoon.vortex import hourly_vortex

BOUNDS_KMH: Final[tuple[tuple[int, Category], ...]] = ((185, "STY"), (118, "TY"), (89, "STS"), (62, "TS"))
"""10-minute wind from which a storm is of a category (PAGASA)"""


def category_of(wind_kmh: int) -> Category:
    """Category of a 10-minute wind (rule 10).

    >>> [category_of(kmh) for kmh in (61, 62, 89, 118, 185)]
    ['TD', 'TS', 'STS', 'TY', 'STY']
    """
    return next((category for least, category in BOUNDS_KMH if wind_kmh >= least), "TD")


def fixes_of(line: xr.Dataset, settings: WindSettings) -> tuple[Fix, ...]:
    """A reference's own fixes with its largest wind, whole km/h, 10-minute (rules 5 and 10).

    The wind is that of the field that municipalities are given: the stated one, or that from its pressure if that is
    more.

    Parameters
    ----------
    line
        (time), as of `Reference`.
    settings
        Of the wind field.
    """
    storm = hourly_vortex(line.expand_dims("member"), settings)
    around = storm.scale * wind_profile(storm.radius, storm.radius, storm.b, storm.drop, storm.path.lat)
    speeds = (around + np.hypot(storm.east, storm.north))[0]
    at = np.searchsorted(storm.path.time, line["time"].values.astype("datetime64[ns]"))
    return tuple(
        Fix(datetime_of(time), round(float(lat), 4), round(float(lon), 4), _kmh(speeds[hour]))
        for time, lat, lon, hour in zip(line["time"].values, line["lat"].values, line["lon"].values, at, strict=True)
    )


def line_of_fixes(fixes: Iterable[Fix]) -> xr.Dataset:
    """(time) `lat`, `lon` of fixes, growing in time; of two at one time the later one given."""
    known = {fix.moment: fix for fix in fixes}
    ordered = [known[moment] for moment in sorted(known)]
    return xr.Dataset(
        {"lat": ("time", [fix.lat for fix in ordered]), "lon": ("time", [fix.lon for fix in ordered])},
        {"time": np.array([datetime64_of(fix.moment) for fix in ordered], "datetime64[ns]")},
    )


def track_points(past: Sequence[Fix], fixes: Sequence[Fix], landfall: Landfall) -> tuple[TrackPoint, ...]:
    """Points of the track that is sent, growing in time (rule 10).

    6-hourly fixes, before them those of our own records, and a point at landfall or the closest approach. At most one
    point is the first landfall, also one of the past; without any exactly one is closest to land. If that is the last
    point, the portal says that landfall cannot be determined yet.

    Parameters
    ----------
    past
        Fixes of our own records; at a time that `fixes` has as well, those count.
    fixes
        Of this cycle, 6-hourly.
    landfall
        Of the reference.
    """
    known = {fix.moment: fix for fix in (*past, *fixes)}
    start = fixes[0].moment if fixes else None
    whole = tuple(known[moment] for moment in sorted(known))
    marked = landfall.reference_at
    if whole and whole[0].moment < marked < whole[-1].moment and marked not in known:
        known[marked] = _between(whole, marked)
    if whole:
        marked = min(known, key=lambda moment: (abs(moment - marked), moment))
    landed = landfall.approach in ("landfall", "close-pass")
    return tuple(
        TrackPoint(
            moment=moment,
            lat=known[moment].lat,
            lon=known[moment].lon,
            wind_kmh=known[moment].wind_kmh,
            category=category_of(known[moment].wind_kmh),
            landfall=landed and moment == marked,
            closest=not landed and moment == marked,
            past=start is None or moment < start,
        )
        for moment in sorted(known)
    )


def _between(fixes: tuple[Fix, ...], moment: datetime) -> Fix:
    lat, lon = place_at(fixes, moment)
    winds = np.interp(moment.timestamp(), [fix.moment.timestamp() for fix in fixes], [fix.wind_kmh for fix in fixes])
    return Fix(moment, round(lat, 4), round(lon, 4), round(float(winds)))


def _kmh(speed: npt.ArrayLike) -> int:
    """Whole km/h of m/s; 0 where neither wind nor pressure is known."""
    value = float(np.asarray(speed))
    return round(value * MS_TO_KMH) if np.isfinite(value) else 0
