"""Impact of a storm on each province: when it begins, how strong it gets, whom it may reach."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.sphere import distance_km
from ibf_pipeline.domain.tracks import MS_TO_KMH
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.areas import TYPHOON_KMH
from ibf_pipeline.hazards.typhoon.context import CycleContext
from ibf_pipeline.hazards.typhoon.event_areas import houses_of
from ibf_pipeline.hazards.typhoon.findings import AreaImpact, ProvinceFound
from ibf_pipeline.hazards.typhoon.gales import gale_onset
from ibf_pipeline.hazards.typhoon.geometry import HourlyTrack, Moments
from ibf_pipeline.hazards.typhoon.holland import CUT_KM
from ibf_pipeline.hazards.typhoon.spread import time_spread
from ibf_pipeline.hazards.typhoon.vortex import hourly_vortex
from ibf_pipeline.hazards.typhoon.wind import AreaWinds

_SIGNALS_KMH: Final = (39, 62, 89, 118, 185)
"""km/h, 10-minute: the smallest winds of the public signals 1 to 5 of PAGASA, since 2022"""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def signal_of(wind_kmh: float) -> int:
    """The public wind signal of PAGASA (since 2022) for a 10-minute wind, 0..5.

    >>> [signal_of(kmh) for kmh in (38, 39, 62, 89, 118, 185)]
    [0, 1, 2, 3, 4, 5]
    """
    return sum(wind_kmh >= bound for bound in _SIGNALS_KMH)


def provinces_found(
    storm: xr.Dataset,
    winds: AreaWinds,
    impacts: Sequence[AreaImpact],
    event_areas: Collection[str],
    context: CycleContext,
) -> tuple[ProvinceFound, ...]:
    """The provinces of an event's areas, from these areas alone; the earliest gale first, those without a gale last.

    One for the whole country if its data have no provinces.

    Parameters
    ----------
    storm
        Dims (member, time).
    winds
        As of `area_winds`, for the same storm.
    impacts
        Of the areas.
    event_areas
        Place codes.
    context
        Of the cycle; its members are the denominator of all shares and means (rule 3).
    """
    layers, country, members = context.layers, context.country, context.members
    codes = [code for code in layers.areas if code in set(event_areas)]
    if not codes:
        return ()
    centres, of_area = hourly_vortex(storm, country.wind), np.array(list(layers.areas))[layers.cells["area"].values]
    cells = np.flatnonzero(np.isin(of_area, codes))
    lat, lon = layers.cells["lat"].values[cells], layers.cells["lon"].values[cells]
    onset = gale_onset(storm, centres, lat, lon)
    by_code = {impact.place_code: impact for impact in impacts}
    found = []
    for (code, name), own in _provinces(codes, layers, country).items():
        numbers = _numbers([by_code[each] for each in own], winds, members)
        gales = _first(onset[:, np.isin(of_area[cells], own)])
        passes = _passes(centres.path, [layers.centres[each] for each in own])
        found.append(ProvinceFound(code, name, time_spread(gales, members), time_spread(passes, members), *numbers))
    return tuple(sorted(found, key=lambda each: (each.gale_onset.early if each.gale_onset else _NEVER, each.code)))


def _provinces(
    codes: Sequence[str], layers: TyphoonLayers, country: TyphoonCountry
) -> Mapping[tuple[str, str], Sequence[str]]:
    """Code and name of each province -> its areas among these."""
    found: dict[tuple[str, str], list[str]] = {}
    for code in codes:
        parent = layers.areas[code].parent
        name = layers.provinces.get(parent or "")
        key = (layers.iso3, country.name) if name is None or parent is None else (parent, name)
        found.setdefault(key, []).append(code)
    return found


def _numbers(
    own: Sequence[AreaImpact], winds: AreaWinds, members: int
) -> tuple[float, int, int, float | None, float | None, int]:
    """The numbers of a province of these areas, in the order of `ProvinceFound`."""
    codes = [impact.place_code for impact in own]
    typhoon = (winds.fastest.sel(area=codes) * MS_TO_KMH >= TYPHOON_KMH).any("area").sum()
    wind = max(impact.wind_kmh for impact in own)
    low, high = houses_of(own, codes)
    people = round(sum(impact.people for impact in own))
    return float(typhoon) / members, signal_of(wind), wind, low, high, people


def _first(moments: Moments) -> Moments:
    """(member,) the earliest of (member, cell); NaT where there is none."""
    latest = np.iinfo(np.int64).max
    numbers = np.where(np.isnat(moments), latest, moments.astype(np.int64)).min(axis=1)
    return np.where(numbers == latest, np.datetime64("NaT"), numbers.astype("datetime64[ns]"))


def _passes(path: HourlyTrack, places: Sequence[tuple[float, float]]) -> Moments:
    """(member,) the hour at which the centre is nearest to any of the places; NaT of members that stay 300 km away."""
    km = np.full(path.lat.shape, np.inf)
    for lon, lat in places:
        km = np.fmin(km, distance_km(path.lat, path.lon, lat, lon))
    return np.where(km.min(axis=1) <= CUT_KM, path.time[km.argmin(axis=1)], np.datetime64("NaT"))
