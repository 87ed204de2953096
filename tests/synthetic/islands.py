"""Made-up islands for tracks: one from north to south, with two provinces, and a small one to the east of it."""

from __future__ import annotations

import numpy as np
import shapely
import xarray as xr

from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers

OUTLINES = {
    "N1": shapely.box(121.0, 16.5, 121.5, 18.0),
    "N2": shapely.box(121.5, 16.5, 122.0, 18.0),
    "S1": shapely.box(121.0, 15.0, 121.5, 16.5),
    "S2": shapely.box(121.5, 15.0, 122.0, 16.5),
    "E1": shapely.box(123.5, 13.5, 123.8, 13.8),
}
PROVINCES = {"N": "North", "S": "South", "E": "Outer Island"}
NAMES = {"N1": "Inland", "N2": "Baybay", "S1": "San Jose", "S2": "San Jose", "E1": "Outer"}


def layers() -> TyphoonLayers:
    """A cell of 0.1 degrees is settled everywhere, by 100 people."""
    areas = {code: Area(code, NAMES[code], 3, code[0], 1000.0) for code in OUTLINES}
    cells = [
        (lat, lon, number)
        for number, outline in enumerate(OUTLINES.values())
        for lat in np.arange(outline.bounds[1] + 0.05, outline.bounds[3], 0.1)
        for lon in np.arange(outline.bounds[0] + 0.05, outline.bounds[2], 0.1)
    ]
    lat, lon, area = (np.array(values) for values in zip(*cells, strict=True))
    return TyphoonLayers(
        iso3="XIS",
        areas=areas,
        provinces=PROVINCES,
        regions={"R": "All"},
        region_of=dict.fromkeys(PROVINCES, "R"),
        centres={code: (outline.centroid.x, outline.centroid.y) for code, outline in OUTLINES.items()},
        cells=xr.Dataset(
            {
                "lat": ("cell", lat),
                "lon": ("cell", lon),
                "area": ("cell", area),
                "people": ("cell", np.full(len(lat), 100.0)),
            }
        ),
        houses={},
        land=shapely.union_all(list(OUTLINES.values())),
    )
