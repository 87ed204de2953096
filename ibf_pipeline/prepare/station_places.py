"""Whether stations can lie where their table says: a place that is another's, or far off, is another river (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.boundaries import Boundaries

NEAR: Final = 0.05
"""degrees: a station may lie one GloFAS cell outside the country"""
_FAR: Final = 2.0
"""degrees: rivers that come from abroad are watched nearer than that, some 200 km"""
KM: Final = 111.0
"""in a degree"""


def distance_outside(stations: Sequence[Station], deepest: Boundaries) -> npt.NDArray[np.float64]:
    """(station,) degrees from the country, 0 inside."""
    return _away([station.lon for station in stations], [station.lat for station in stations], deepest)


def require_in_country(stations: Sequence[Station], deepest: Boundaries, file: Path) -> None:
    """InputInvalid if every station lies outside, or one far off that lat and lon exchanged would bring inside."""
    outside = distance_outside(stations, deepest)
    if outside.min() > NEAR:
        raise InputInvalid(
            "every station lies outside the country",
            where=file,
            expected="lat and lon in degrees, inside the boundaries: " + _extent(deepest),
            remedy=_way_inside(stations, deepest),
        )
    exchanged = _away([station.lat for station in stations], [station.lon for station in stations], deepest)
    for station, there, swapped in zip(stations, outside, exchanged, strict=True):
        if there > _FAR and swapped == 0:
            raise InputInvalid(
                f"station {station.code} at lat {station.lat:g}, lon {station.lon:g} lies {there * KM:,.0f} km outside "
                "the country; exchanged they lie inside",
                where=file,
                expected="lat and lon in degrees, each in its column",
                remedy="exchange them",
            )


def _extent(deepest: Boundaries) -> str:
    west, south, east, north = shapely.total_bounds(np.array(deepest.geometries))
    return f"lat {south:.4g} to {north:.4g}, lon {west:.4g} to {east:.4g}"


def _way_inside(stations: Sequence[Station], deepest: Boundaries) -> str:
    """What would bring every station inside: exchanged columns, of either file, or a sign that was lost."""
    lat, lon = ([getattr(station, name) for station in stations] for name in ("lat", "lon"))
    south, west = [-value for value in lat], [-value for value in lon]
    ways = {
        "exchange lat and lon: in stations.csv, or in the boundaries (GeoJSON lists lon first), whichever has them "
        "the wrong way round": (lat, lon),
        "write lat with the other sign: south of the equator it is negative": (lon, south),
        "write lon with the other sign: west of Greenwich it is negative": (west, lat),
        "write lat and lon with the other sign: south and west are negative": (west, south),
    }
    inside = [remedy for remedy, (x, y) in ways.items() if _away(x, y, deepest).max() <= NEAR]
    return " or ".join(inside) or "compare both files: one of them is of another country"


def place_doubts(stations: Sequence[Station], deepest: Boundaries) -> list[str]:
    """Stations whose forecast is of another river if their place is wrong: far outside, or in one cell with another."""
    shared = sharing_a_cell(stations)
    return [*filter(None, [far_doubt(stations, deepest)]), *([shared_doubt(shared)] if shared else [])]


def far_doubt(stations: Sequence[Station], deepest: Boundaries) -> str:
    """What runs say of stations far outside; empty for none."""
    far = [
        f"{station.code} ({degrees * KM:,.0f} km)"
        for station, degrees in zip(stations, distance_outside(stations, deepest), strict=True)
        if degrees > _FAR
    ]
    return f"stations far outside the country: {', '.join(far)}" if far else ""


def shared_doubt(codes: Sequence[str]) -> str:
    """What runs say of stations that are not alone in their cell."""
    return f"stations in one and the same GloFAS cell: {', '.join(codes)}"


def sharing_a_cell(stations: Sequence[Station]) -> list[str]:
    """Codes of the stations that are not alone in their cell."""
    cells = Counter((station.cell_lat, station.cell_lon) for station in stations)
    return [station.code for station in stations if cells[(station.cell_lat, station.cell_lon)] > 1]


def _away(lon: Sequence[float], lat: Sequence[float], deepest: Boundaries) -> npt.NDArray[np.float64]:
    areas = np.array(deepest.geometries)
    distances = [shapely.distance(point, areas).min() for point in shapely.points(lon, lat)]
    return np.array(distances, dtype=np.float64)
