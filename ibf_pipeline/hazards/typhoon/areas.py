"""Impact of a storm on each municipality: means and shares over the whole ensemble (rules 3 and 5)."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.tracks import MS_TO_KMH
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.findings import AreaImpact
from ibf_pipeline.hazards.typhoon.geometry import within_km
from ibf_pipeline.hazards.typhoon.wind import AreaWinds

TYPHOON_KMH: Final = 118.0
"""km/h, 10-minute"""
NEAR_KM: Final = 50.0


def area_impacts(
    winds: AreaWinds, storm: xr.Dataset, layers: TyphoonLayers, country: TyphoonCountry, members: int
) -> tuple[AreaImpact, ...]:
    """Wind, nearness, damage and people of every area of the country, in the order of `layers.areas`.

    How near the centre passes is measured from the middle of an area's people.

    Parameters
    ----------
    winds
        As of `area_winds`, for the same storm.
    storm
        Dims (member, time).
    layers
        Of the country.
    country
        The country's configuration: `area_wind_kmh`.
    members
        Of the whole ensemble, the denominator of every share and mean: a member without the storm is one without wind
        there (rule 3).

    Returns
    -------
    tuple of AreaImpact
        km/h (10-minute), shares and damage 0..1, people.
    """
    kmh = winds.fastest.transpose("member", "area").values * MS_TO_KMH
    near = within_km(storm, [layers.centres[code] for code in layers.areas], NEAR_KM)
    strong, weak = winds.damage.transpose("curve", "member", "area").values.sum(axis=1) / members
    people = winds.people.transpose("member", "area").values
    mean, gale, typhoon, close, exposed = (
        np.asarray(values).sum(axis=0) / members
        for values in (kmh, kmh >= country.area_wind_kmh, kmh >= TYPHOON_KMH, near, people)
    )
    return tuple(
        AreaImpact(
            place_code=code,
            wind_kmh=round(float(mean[number])),
            gale_probability=float(gale[number]),
            typhoon_probability=float(typhoon[number]),
            within_50km=float(close[number]),
            damage_low=float(weak[number]),
            damage_high=float(strong[number]),
            houses=layers.houses.get(code),
            people=float(exposed[number]),
        )
        for number, code in enumerate(layers.areas)
    )
