"""The tracks of a scenario: an ensemble in which the wished storms come, as `domain/tracks.py` and as a BUFR file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.sphere import DEGREE_KM, wrap_longitude
from ibf_pipeline.domain.tracks import SPEEDS_MS
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.synthetic.track_files import write_tracks
from ibf_pipeline.synthetic.track_lines import EVERY_H, UnknownPlace, great_circle_point, seed_of, speed_kmh, storm_path
from ibf_pipeline.synthetic.track_wishes import END, TrackWish, parse_track_wishes
from ibf_pipeline.tracks.dataset import SYNTHETIC_CENTRE, empty_tracks, merge_messages
from ibf_pipeline.tracks.storm_message import Floats, StormMessage

__all__ = ["END", "TrackWish", "UnknownPlace", "made_tracks", "parse_track_wishes", "write_tracks"]

_LAST_STEP_H: Final = {0: 240, 12: 240}
_SHORT_LAST_STEP_H: Final = 144
_GONE_AFTER_H: Final = 96
"""after the wished hour a storm is not a storm any more"""
_FORMS_BEFORE_H: Final = 72
"""a storm that is not there yet forms so long before the wished hour"""
_GROWS: Final = {
    "pass": ((-144, 0.35), (-72, 0.55), (-36, 0.85), (-12, 1.0), (12, 1.0), (48, 0.8), (96, 0.4)),
    "": ((-144, 0.35), (-72, 0.55), (-36, 0.85), (-12, 1.0), (6, 1.0), (18, 0.6), (36, 0.45), (96, 0.3)),
}
"""hours from the wished one, and the share of the wished wind: it grows over the sea and falls over land"""
_LEAST_WIND_MS: Final = 8.0
_OF_MEMBERS: Final = 0.1
"""standard deviation of the members' winds, as a share of the wind"""
_AT_FIRST: Final = 0.12
"""share of the wished spread at the cycle time"""
_MOST_SPREAD: Final = 2.5
_PENV_HPA: Final = 1010.0
_AIR_KG_M3: Final = 1.15
_TEN_MINUTES: Final = 0.93
_MILE_KM: Final = 1.852
_OUTWARDS: Final = 0.55
_QUADRANTS: Final = np.array([1.15, 1.0, 0.85, 1.0])
_MOST_RADIUS_KM: Final = 500.0


def made_tracks(
    wishes: Sequence[TrackWish], issue_time: IssueTime, layers: TyphoonLayers, members: int = 50
) -> xr.Dataset:
    """The tracks of one cycle: `members` perturbed ones, a control and a high-resolution run that does as wished.

    Each storm moves on a great circle at a speed of its own; the perturbed members lie around the high-resolution run,
    their mean being there. Pressure is the one whose wind, by Holland (2008) and without the storm's motion, is the
    stated one. Nothing is random: a place, and not the cycle or the name, decides on line, speed and members.

    Raises WishInvalid if the country has no such place, or a storm cannot come there so.
    """
    if not wishes:
        return empty_tracks(issue_time.start, members, source="made up, no forecast of anybody")
    return merge_messages([_message(wish, issue_time, layers, members) for wish in wishes], members)


def _message(wish: TrackWish, issue_time: IssueTime, layers: TyphoonLayers, members: int) -> StormMessage:
    line = storm_path(wish, layers)
    step = _steps(wish, issue_time)
    tau = step - wish.at_h
    speed = speed_kmh(wish)
    lat, lon = line.at(tau * speed)
    away, stronger = _members(seed_of(wish), members)
    east, north = (away[:, :, None] * _spread_km(wish, step)).transpose(1, 0, 2)
    lats = np.round(lat + north / DEGREE_KM, 2)
    lons = np.round(wrap_longitude(lon + east / (DEGREE_KM * np.cos(np.radians(lats)))), 2)
    share = np.interp(tau, *np.array(_GROWS["pass" if wish.what == "pass" else ""]).T)
    winds = np.round(np.maximum(_LEAST_WIND_MS, wish.wind_ms * share * stronger[:, None]), 1)
    pressure = np.round(_pressure(winds, lats, speed / 3.6), 1)
    there = _there(wish, step, members)
    radius = _radius(winds, pressure)
    right = np.where(lats >= 0, 90.0, -90.0)
    wind_lat, wind_lon = great_circle_point(lats, lons, line.heading + right, _largest_at_km(pressure))
    rows = there.any(axis=1)
    hidden = np.where(there, 0.0, np.nan)[rows]
    kinds = np.array([4.0] * members + [1.0, 0.0])
    seen = wish.what != "genesis"
    return StormMessage(
        file=Path("wishes"),
        centre=SYNTHETIC_CENTRE,
        identifier=wish.identifier,
        name=wish.name,
        cycle=issue_time.start,
        member=np.arange(1.0, members + 3)[rows],
        forecast_type=kinds[rows],
        step=np.broadcast_to(step.astype(float), hidden.shape),
        observed=(float(lats[-1, 0]), float(lons[-1, 0])) if seen else (np.nan, np.nan),
        lat=lats[rows] + hidden,
        lon=lons[rows] + hidden,
        pressure=pressure[rows] + hidden,
        wind=winds[rows] + hidden,
        wind_lat=np.round(wind_lat, 2)[rows] + hidden,
        wind_lon=np.round(wind_lon, 2)[rows] + hidden,
        radius=radius[rows] + hidden[:, :, None, None],
    )


def _steps(wish: TrackWish, issue_time: IssueTime) -> Floats:
    """Hours after the cycle: to its last step, or until the storm has gone."""
    last = _LAST_STEP_H.get(issue_time.start.hour, _SHORT_LAST_STEP_H)
    return np.arange(0.0, min(last, wish.at_h + _GONE_AFTER_H) + 1, EVERY_H)


def _there(wish: TrackWish, step: Floats, members: int) -> npt.NDArray[np.bool_]:
    """(member, step): always; of a storm that is not there yet, from when it forms and in two thirds of the members."""
    there = np.ones((members + 2, len(step)), dtype=bool)
    if wish.what == "genesis":
        there &= step >= max(EVERY_H, wish.at_h - _FORMS_BEFORE_H)
        there[:members:3] = False
    return there


def _members(seed: int, members: int) -> tuple[Floats, Floats]:
    """(member, east and north), in units of the spread: mean 0, mean square 1; and (member) factor of the wind.

    The last two are the control, near the middle, and the high-resolution run in it.
    """
    numbers = np.random.default_rng(seed).standard_normal((members, 3))
    numbers -= numbers.mean(axis=0)
    size = np.sqrt((numbers[:, :2] ** 2).sum(axis=1).mean()), numbers[:, 2].std()
    numbers /= np.where(np.array([size[0], size[0], size[1]]) > 0, np.array([size[0], size[0], size[1]]), 1.0)
    everybody = np.vstack([numbers, [0.2, 0.1, -0.3], [0.0, 0.0, 0.0]])
    return everybody[:, :2], 1 + _OF_MEMBERS * np.clip(everybody[:, 2], -3, 3)


def _spread_km(wish: TrackWish, step: Floats) -> Floats:
    """Of each step: it grows from the analysis on, is as wished in the wished hour, and so from there on if that is
    past.
    """
    if wish.at_h <= 0:
        return np.full(len(step), wish.spread_km)
    return wish.spread_km * np.minimum(_AT_FIRST + (1 - _AT_FIRST) * step / wish.at_h, _MOST_SPREAD)


def _pressure(winds: Floats, lat: Floats, translation_ms: float) -> Floats:
    """hPa at the centre whose wind is the stated one less the storm's own motion, both 10-minute.

    Vmax = sqrt(b dp / (rho e)), b of Holland (2008), doi 10.1175/2008MWR2395.1, whose 1-minute wind is 1 / 0.93 of the
    10-minute one; the surroundings have 1010 hPa.
    """
    drop = np.arange(0.0, 170.0, 0.25)[:, None, None]
    b = -4.4e-5 * drop**2 + 0.01 * drop - 0.014 * np.abs(lat) + 1
    b = np.clip(b + 0.15 * translation_ms ** (0.6 * (1 - drop / 215)), 1, 2.5)
    wind = _TEN_MINUTES * np.sqrt(b * drop * 100 / (_AIR_KG_M3 * np.e))
    wanted = np.maximum(winds - translation_ms, 0.0)
    deep: Floats = np.maximum((wind < wanted).sum(axis=0) - 1, 0) * 0.25
    return _PENV_HPA - deep


def _largest_at_km(pressure: Floats) -> Floats:
    """Radius of the largest wind: the fit to IBTrACS that hazards/typhoon uses, doi 10.5194/gmd-12-3085-2019."""
    miles: Floats = np.interp(pressure, [872, 940, 980, 1021], [14.9, 15.7, 25.7, 56.9])
    return miles * _MILE_KM


def _radius(winds: Floats, pressure: Floats) -> Floats:
    """(member, step, speed, quadrant) km: wind falls with distance to the power of 0.55; 0 where it is less at most."""
    ratio = winds[..., None] / np.array(SPEEDS_MS)
    km = _largest_at_km(pressure)[..., None] * np.maximum(ratio, 1.0) ** (1 / _OUTWARDS)
    whole = np.minimum(km[..., None] * _QUADRANTS, _MOST_RADIUS_KM)
    return np.asarray(np.round(np.where(ratio[..., None] >= 1, whole, 0.0), 1), np.float64)
