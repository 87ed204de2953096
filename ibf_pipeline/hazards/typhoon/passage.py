"""What remains in areas that a storm has passed (rule 11)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.config.typhoon import WindSettings
from ibf_pipeline.domain.sphere import distance_km
from ibf_pipeline.domain.tracks import MS_TO_KMH, datetime_of
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.areas import NEAR_KM
from ibf_pipeline.hazards.typhoon.findings import AreaImpact, Fix, ProvinceFound, TriggerJudged, TyphoonEvent
from ibf_pipeline.hazards.typhoon.geometry import hourly_track
from ibf_pipeline.hazards.typhoon.track_points import line_of_fixes
from ibf_pipeline.hazards.typhoon.vortex import hourly_vortex
from ibf_pipeline.hazards.typhoon.wind import fastest_at

_GALE_KMH: Final = 62.0
"""km/h, 10-minute: 34 kt"""
_SAME_PLACE_KM: Final = 1.0
"""a centre that goes no further away than so much is still at its nearest"""
_APART: Final = timedelta(hours=12)
"""after a passing another one can be told from it"""
_KEPT: Final = "kept where the storm has passed"


def closest_approaches(
    line: xr.Dataset, layers: TyphoonLayers, codes: Collection[str]
) -> dict[str, tuple[datetime, float]]:
    """When a track is nearest to the centre of each area, to the hour, and how near.

    Of a storm that stands still the last hour there: while it is at an area, it has not passed it.

    Parameters
    ----------
    line
        (time) `lat`, `lon`, degrees.
    layers
        Of the country; `centres` are the places.
    codes
        Place codes of the areas.

    Returns
    -------
    dict
        Place code -> (time, UTC; km).
    """
    path = hourly_track(line.expand_dims("member"))
    lat, lon = path.lat[0], path.lon[0]
    found = {}
    for code in codes:
        x, y = layers.centres[code]
        km = np.where(np.isfinite(lat), distance_km(lat, lon, y, x), np.inf)
        nearest = int(np.flatnonzero(km <= km.min() + _SAME_PLACE_KM)[-1])
        found[code] = datetime_of(path.time[nearest]), float(km[nearest])
    return found


def felt_winds(
    fixes: Sequence[Fix], layers: TyphoonLayers, codes: Collection[str], settings: WindSettings
) -> dict[str, float]:
    """Winds that areas had along a storm's way so far, by our records of it.

    Parameters
    ----------
    fixes
        Growing in time.
    layers
        Of the country.
    codes
        Place codes of the areas.
    settings
        Of the wind field.

    Returns
    -------
    dict
        Place code -> km/h, 10-minute; 0 without fixes.
    """
    if not fixes or not codes:
        return dict.fromkeys(codes, 0.0)
    kmh = np.array([[fix.wind_kmh for fix in fixes]], float)
    unknown = (("member", "time"), np.full(kmh.shape, np.nan))
    way = (
        line_of_fixes(fixes).expand_dims("member").assign(wind=(("member", "time"), kmh / MS_TO_KMH), pressure=unknown)
    )
    way = way.assign(wind_lat=unknown, wind_lon=unknown)
    cells = layers.cells
    known = settings.model_copy(update={"factor": 1.0, "radius": "pressure"})  # the records' winds have it already
    winds = fastest_at(hourly_vortex(way, known), cells["lat"].values, cells["lon"].values)[0] * MS_TO_KMH
    area = np.array(list(layers.areas))[cells["area"].values]
    return {code: float(winds[area == code].max(initial=0.0)) for code in codes}


def passage_times(
    line: xr.Dataset, layers: TyphoonLayers, kmh: Mapping[str, float], now: datetime
) -> dict[str, datetime]:
    """Areas that a storm has passed, and when it was nearest to each (rule 11).

    Areas to whose centre the whole track, of our records and ahead, was nearest by `now`, and that had a gale of it (62
    km/h) or its centre within 50 km. An area that the storm still approaches is not passed, and one that it turned away
    from never was.

    Parameters
    ----------
    line
        (time) `lat`, `lon`, degrees.
    layers
        Of the country.
    kmh
        As of `felt_winds`, for the areas that are asked for.
    now
        UTC.

    Returns
    -------
    dict
        Place code -> time, UTC.
    """
    nearest = closest_approaches(line, layers, kmh) if kmh else {}
    return {code: at for code, (at, km) in nearest.items() if at <= now and (kmh[code] >= _GALE_KMH or km <= NEAR_KM)}


def return_times(
    fixes: Sequence[Fix], layers: TyphoonLayers, codes: Collection[str], settings: WindSettings, now: datetime
) -> dict[str, datetime]:
    """Of areas that a storm has passed, those that it comes back to, and when (rule 11).

    Typhoons cross Luzon, turn and cross it again. These areas keep their numbers, and nothing is over.

    Parameters
    ----------
    fixes
        Of the track, growing in time.
    layers
        Of the country.
    codes
        Place codes of the areas that it has passed.
    settings
        Of the wind field.
    now
        UTC.

    Returns
    -------
    dict
        Place code -> when the storm is nearest again, UTC.
    """
    ahead = [fix for fix in fixes if fix.moment >= now]
    if not ahead or not codes:
        return {}
    kmh, line = felt_winds(ahead, layers, codes, settings), line_of_fixes(ahead)
    nearest = closest_approaches(line, layers, codes)
    return {code: at for code, (at, km) in nearest.items() if at > now and (kmh[code] >= _GALE_KMH or km <= NEAR_KM)}


def second_passages(
    way: Sequence[Fix], before: TyphoonEvent | None, layers: TyphoonLayers, settings: WindSettings, now: datetime
) -> dict[str, datetime]:
    """Areas that were passed in the last findings and that the storm has come back to since, and when (rule 11).

    The hours that they keep their numbers begin anew, at the earliest 12 hours after the first passage.

    Parameters
    ----------
    way
        By our records and ahead, growing in time.
    before
        The open event; None if there is none.
    layers
        Of the country.
    settings
        Of the wind field.
    now
        UTC.

    Returns
    -------
    dict
        Place code -> when the storm was nearest again, UTC.
    """
    found: dict[str, datetime] = {}
    for old in before.impacts if before is not None else ():
        if old.passed_at is not None:
            found |= return_times(way, layers, (old.place_code,), settings, old.passed_at + _APART)
    return {code: at for code, at in found.items() if at <= now}


def with_passed(
    impacts: Sequence[AreaImpact],
    before: TyphoonEvent | None,
    passed: Mapping[str, datetime],
    again: Mapping[str, datetime],
    now: datetime,
    tail_h: int,
) -> tuple[AreaImpact, ...]:
    """This cycle's numbers, and for areas that are passed the larger ones of then and now (rule 11).

    Area by area: what was alerted and is passed keeps its maximum for `tail_h` hours from its passing; everything else
    is this cycle's, up or down.

    Parameters
    ----------
    impacts
        Of this cycle.
    before
        The open event; None if there is none.
    passed
        As of `passage_times`.
    again
        As of `second_passages`.
    now
        UTC.
    tail_h
        Hours, 72 by default in a country's file.
    """
    rows = {each.place_code: each for each in impacts}
    alerted = {area.place_code for area in before.areas if area.alerted} if before is not None else set()
    for old in before.impacts if before is not None else ():
        first = old.passed_at or (passed.get(old.place_code) if old.place_code in alerted else None)
        at = again.get(old.place_code, first)
        if at is not None and now < at + timedelta(hours=tail_h):
            rows[old.place_code] = replace(_larger(old, rows.get(old.place_code)), passed_at=at)
    return tuple(rows[code] for code in sorted(rows))


def with_passed_provinces(
    provinces: Sequence[ProvinceFound],
    before: TyphoonEvent | None,
    impacts: Sequence[AreaImpact],
    alerted: Collection[str],
    back: Collection[str],
    layers: TyphoonLayers,
) -> tuple[ProvinceFound, ...]:
    """Provinces of event areas; if areas of one are passed, with the larger numbers of then and now (rule 11).

    A province is passed when all its event areas are.

    Parameters
    ----------
    provinces
        Of this cycle.
    before
        The open event; None if there is none.
    impacts
        Of the areas, those that are passed included.
    alerted
        Place codes of the event areas.
    back
        Place codes of passed areas that the storm comes back to; they do not count as passed.
    layers
        Of the country.

    Returns
    -------
    tuple of ProvinceFound
        The earliest gale first; provinces without any last.
    """
    rows = {each.code: each for each in provinces}
    kept: dict[str, list[bool]] = {}
    for each in impacts:
        if each.place_code in alerted:
            is_passed = each.passed_at is not None and each.place_code not in back
            kept.setdefault(_province(each.place_code, layers), []).append(is_passed)
    for old in before.provinces if before is not None else ():
        own = kept.get(old.code, [])
        if any(own):
            rows[old.code] = replace(_larger_province(old, rows.get(old.code)), passed=all(own))
    return tuple(sorted(rows.values(), key=lambda each: (*_onset(each), each.code)))


def with_passed_triggers(
    triggers: Sequence[TriggerJudged], before: TyphoonEvent | None, passed: Collection[str]
) -> tuple[TriggerJudged, ...]:
    """This cycle's judgements, and in them the areas that made a trigger before the storm passed them (rule 11).

    `met` stays what this cycle says of what is ahead; `areas` are all that are triggers.

    Parameters
    ----------
    triggers
        As judged on this cycle.
    before
        The open event, as it was before this cycle; None of a new one.
    passed
        Place codes of the areas that the storm has passed.
    """
    kept = {
        each.name: [code for code in each.areas if code in passed]
        for each in (before.triggers if before is not None else ())
        if each.counts
    }
    return tuple(_kept(each, kept.get(each.name, [])) for each in triggers)


def trigger_areas(triggers: Sequence[TriggerJudged]) -> frozenset[str]:
    """Place codes that any alternative makes a trigger of: one that is met and counts, or did so when it passed."""
    return frozenset(code for each in triggers if each.counts for code in each.areas)


def _kept(now: TriggerJudged, codes: Sequence[str]) -> TriggerJudged:
    own = now.areas if now.met and now.counts else ()
    if not codes:
        return replace(now, areas=own)
    is_said = now.met or _KEPT in now.reason
    reason = now.reason if is_said else "; ".join(each for each in (now.reason, _KEPT) if each)
    return replace(now, areas=tuple(sorted({*own, *codes})), reason=reason)


def _larger(old: AreaImpact, now: AreaImpact | None) -> AreaImpact:
    if now is None:
        return old
    return replace(
        now,
        wind_kmh=max(old.wind_kmh, now.wind_kmh),
        gale_probability=max(old.gale_probability, now.gale_probability),
        typhoon_probability=max(old.typhoon_probability, now.typhoon_probability),
        within_50km=max(old.within_50km, now.within_50km),
        damage_low=max(old.damage_low, now.damage_low),
        damage_high=max(old.damage_high, now.damage_high),
        people=max(old.people, now.people),
    )


def _larger_province(old: ProvinceFound, now: ProvinceFound | None) -> ProvinceFound:
    if now is None:
        return old
    return replace(
        now,
        gale_onset=old.gale_onset or now.gale_onset,
        centre=old.centre or now.centre,
        typhoon_probability=max(old.typhoon_probability, now.typhoon_probability),
        signal=max(old.signal, now.signal),
        wind_kmh=max(old.wind_kmh, now.wind_kmh),
        houses_low=_more(old.houses_low, now.houses_low),
        houses_high=_more(old.houses_high, now.houses_high),
        people=max(old.people, now.people),
    )


def _province(code: str, layers: TyphoonLayers) -> str:
    parent = layers.areas[code].parent
    return parent if parent is not None and parent in layers.provinces else layers.iso3


def _onset(province: ProvinceFound) -> tuple[bool, float]:
    onset = province.gale_onset
    return onset is None, onset.middle.timestamp() if onset is not None else 0.0


def _more(old: float | None, now: float | None) -> float | None:
    return max((each for each in (old, now) if each is not None), default=None)
