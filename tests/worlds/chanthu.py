"""The real typhoon Chanthu (Kiko) of 2021-09-10 00 UTC: 52 members, read once."""

from __future__ import annotations

from functools import cache

import xarray as xr

from ibf_pipeline.tracks.reader import read_tracks
from tests.conftest import real_data

BASCO = (20.449, 121.970)
"""latitude and longitude, degrees"""


@cache
def chanthu() -> xr.Dataset:
    """The storm, dims (member, time); nobody changes it."""
    return read_tracks([real_data("tracks", "chanthu_2021091000_eps.bufr")]).isel(storm=0)
