"""Simplified areas of a prepared country, and how they are drawn."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

import numpy as np
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from shapely import affinity
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from ibf_pipeline.errors import InputInvalid, InputMissing


@dataclass(frozen=True, slots=True)
class Outlines:
    """The areas of one level."""

    names: Mapping[str, str]
    """by place code"""
    shapes: Mapping[str, BaseGeometry]
    """by place code; polygons in degrees, EPSG:4326"""

    def bounds(self, place_codes: Iterable[str]) -> tuple[float, float, float, float] | None:
        """West, south, east, north of some areas; None if there are none."""
        chosen = [self.shapes[code] for code in place_codes if code in self.shapes and not self.shapes[code].is_empty]
        if not chosen:
            return None
        west, south, east, north = (float(edge) for edge in shapely.total_bounds(chosen))
        return west, south, east, north


@dataclass(frozen=True, slots=True)
class MapLayers:
    """What maps of a country are drawn from; read once, used for every event."""

    levels: Mapping[int, Outlines]
    country: BaseGeometry
    """the highest level as one shape"""


def read_map_layers(prepared: File, admin_levels: Sequence[int]) -> MapLayers:
    """The outlines of every level out of a prepared folder; InputMissing or InputInvalid if one cannot be read."""
    levels = {level: read_outlines(prepared / f"outlines_adm{level}.geojson") for level in admin_levels}
    return MapLayers(levels, shapely.union_all(list(levels[min(levels)].shapes.values())))


def joined(layers: MapLayers) -> MapLayers:
    """The same for drawing: of a country across 180 degrees what lies beyond has longitudes above 180."""
    bounds = layers.country.bounds
    if layers.country.is_empty or bounds[2] - bounds[0] <= 180:
        return layers
    levels = {
        level: Outlines(outlines.names, {code: _joined(shape) for code, shape in outlines.shapes.items()})
        for level, outlines in layers.levels.items()
    }
    return MapLayers(levels, _joined(layers.country))


def _joined(shape: BaseGeometry) -> BaseGeometry:
    parts = [affinity.translate(part, 360 if part.bounds[0] < 0 else 0) for part in shapely.get_parts(shape)]
    return shapely.union_all(parts)


def nearest_turn(lon: float, view: tuple[float, float]) -> float:
    """A longitude as that of its kind, whole turns away, that is nearest to the middle of a view from west to east."""
    return lon + 360 * round(((view[0] + view[1]) / 2 - lon) / 360)


def read_outlines(file: File) -> Outlines:
    """One level's areas out of `outlines_adm<level>.geojson`."""
    try:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        names = {str(feature["properties"]["place_code"]): str(feature["properties"]["name"]) for feature in features}
        shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    except FileNotFoundError:
        raise InputMissing("no outlines", where=file, remedy="run `ibf-pipeline prepare` for the country") from None
    except (OSError, ValueError, KeyError, TypeError, shapely.errors.GEOSException) as error:
        raise InputInvalid(
            f"outlines cannot be read ({type(error).__name__})",
            where=file,
            remedy="delete the prepared folder and run `ibf-pipeline prepare`",
        ) from None
    return Outlines(names, {code: shape for code, shape in zip(names, shapes, strict=True) if shape is not None})


def draw_areas(axes: Axes, shapes: Iterable[BaseGeometry], **options: Any) -> PathCollection:
    """Areas as one collection, holes left open; options as of matplotlib's PathCollection."""
    paths = [path for path in map(_path, shapes) if path is not None]
    collection = PathCollection(paths, **options)
    axes.add_collection(collection, autolim=False)
    return collection


def clip_to(artist: Artist, axes: Axes, shapes: Sequence[BaseGeometry]) -> None:
    """Show something inside areas only."""
    path = _path(shapely.union_all(list(shapes)))
    if path is not None:
        artist.set_clip_path(path, axes.transData)


def _path(shape: BaseGeometry) -> Path | None:
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
    rings = (ring for polygon in map(orient, polygons) for ring in (polygon.exterior, *polygon.interiors))
    paths = [Path(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings]
    return Path.make_compound_path(*paths) if paths else None
