"""What every map has: its view, scale bar, labels that do not overlap, and a small map of where it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.report.pictures.colours import BORDER, CLASS_COLOURS, INK, LAND, OUTSIDE, WATER, WATER_EDGE
from ibf_pipeline.report.pictures.figure import axes_at, draw_box, draw_text, pixel_axes
from ibf_pipeline.report.pictures.outlines import clip_to, draw_areas
from ibf_pipeline.report.pictures.water import Water, edge_and_body, on_pixels

_KM_PER_DEGREE = 111.195
"""along a meridian, sphere of 6,371 km"""
_SMALLEST = 0.12
"""degrees that a map shows at least"""
_HIDDEN = 0.05
"""share of the scale bar's room that may lie on what a map is about"""


@dataclass(frozen=True, slots=True)
class View:
    """The part of the world that a map shows, in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return self.west, self.south, self.east, self.north

    def holds(self, x: float, y: float) -> bool:
        """Whether a place is seen."""
        return self.west <= x <= self.east and self.south <= y <= self.north


def view_of(bounds: tuple[float, float, float, float], width: float, height: float, margin: float = 0.08) -> View:
    """The view of so many pixels that shows the bounds with a margin, kilometres alike in both directions."""
    west, south, east, north = bounds
    squeeze = max(0.05, math.cos(math.radians((south + north) / 2)))
    across = max((east - west) * (1 + 2 * margin), _SMALLEST)
    down = max((north - south) * (1 + 2 * margin), _SMALLEST)
    if across * squeeze / down < width / height:
        across = down * width / height / squeeze
    else:
        down = across * squeeze * height / width
    x, y = (west + east) / 2, (south + north) / 2
    return View(x - across / 2, y - down / 2, x + across / 2, y + down / 2)


def map_axes(figure: Figure, left: float, top: float, width: float, height: float, view: View) -> Axes:
    """Axes at a place in pixels that show a view."""
    axes = axes_at(figure, left, top, width, height)
    axes.set(facecolor=OUTSIDE, xticks=[], yticks=[], xlim=(view.west, view.east), ylim=(view.south, view.north))
    axes.spines[:].set_color(BORDER)
    return axes


def draw_water(axes: Axes, waters: Sequence[Water], inside: Sequence[BaseGeometry], zorder: float) -> bool:
    """Wet cells in blue with a white edge, inside some areas only; false if there is nothing to draw.

    Several rasters make one picture: where they overlap the water is not darker.
    """
    if not inside or not any(water.wet.any() for water in waters):
        return False
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    box = axes.get_window_extent()
    wet = on_pixels(waters, (west, south, east, north), (round(box.height), round(box.width)))
    image = _show_water(axes, wet, (0, 0, 0, 0), extent=(west, east, south, north), zorder=zorder)
    clip_to(image, axes, inside)
    return True


def water_sample(axes: Axes, x: float, y: float, width: int, height: int) -> None:
    """Water as it is drawn, for a legend whose axes are in pixels."""
    wet = np.zeros((height, width), dtype=bool)
    wet[4:-4, 4:-4] = True
    _show_water(axes, wet, to_rgba(CLASS_COLOURS["max"]), extent=(x, x + width, y + height, y))


def _show_water(axes: Axes, wet: np.ndarray, ground: tuple[float, float, float, float], **options: Any) -> AxesImage:
    edge, body = edge_and_body(wet)
    picture = np.full((*wet.shape, 4), ground, dtype=float)
    picture[edge] = to_rgba(WATER_EDGE)
    picture[body] = to_rgba(WATER)
    return axes.imshow(picture, interpolation="nearest", aspect="auto", **options)


def scale_bar(
    axes: Axes,
    view: View,
    pixels: float,
    avoid: BaseGeometry | None = None,
    beside: tuple[float, float] | None = None,
) -> Bbox:
    """A bar of a round number of kilometres in a corner, true in the middle of the map.

    In the corner where least of `avoid` (degrees) is covered; the lower left one if that is the same. Where every
    corner covers some of it, outside the map with its right end at `beside` (pixels from the figure's upper left
    corner). Returns the room that it takes, in display coordinates.
    """
    across_km = (view.east - view.west) * _KM_PER_DEGREE * math.cos(math.radians((view.south + view.north) / 2))
    length = round_length(across_km / 4)
    share, words = length / across_km, f"{length:,g} km"
    options: dict[str, Any] = {"transform": axes.transAxes, "zorder": 20}
    box = axes.get_window_extent()
    x, y, high = 24 / box.width, 22 / box.height, 12 / box.height
    across, down = share + 2 * x, 5.2 * high + y
    left, bottom, hidden = _free_corner(view, across, down, avoid)
    if beside is not None and hidden > _HIDDEN:
        return _bar_beside(axes, beside, share * box.width, words, pixels)
    draw_box(axes, left, bottom, across, down, facecolor="white", alpha=0.88, edgecolor="none", **options)
    for part, colour in ((0, INK), (1, "white")):
        begin = left + x + part * share / 2
        draw_box(axes, begin, bottom + y, share / 2, high, facecolor=colour, edgecolor=INK, **options)
    draw_text(axes, left + x + share / 2, bottom + y + 1.5 * high, words, pixels, ha="center", va="bottom", **options)
    return Bbox.from_bounds(
        box.x0 + left * box.width, box.y0 + bottom * box.height, across * box.width, down * box.height
    )


def _bar_beside(axes: Axes, end: tuple[float, float], length: float, words: str, pixels: float) -> Bbox:
    """The bar alone with its words at the left; `length`: pixels."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101  axes of a map are in one
    strip = pixel_axes(figure, end[0] - length, end[1] - 6, length, 12)
    for part, colour in ((0, INK), (1, "white")):
        draw_box(strip, part * length / 2, 0, length / 2, 12, facecolor=colour, edgecolor=INK, clip_on=False)
    text = draw_text(strip, -12, 6, words, pixels, ha="right", va="center")
    return Bbox.union([strip.get_window_extent(), text.get_window_extent()])


def _free_corner(view: View, across: float, down: float, avoid: BaseGeometry | None) -> tuple[float, float, float]:
    """Left and bottom (shares of the map) of the corner that covers least of a shape, and how much of it is covered."""
    corners = [(0.0, 0.0), (1 - across, 0.0), (0.0, 1 - down), (1 - across, 1 - down)]
    if avoid is None or avoid.is_empty:
        return *corners[0], 0.0
    width, height = view.east - view.west, view.north - view.south

    def covered(corner: tuple[float, float]) -> float:
        west, south = view.west + corner[0] * width, view.south + corner[1] * height
        return float(avoid.intersection(shapely.box(west, south, west + across * width, south + down * height)).area)

    best = min(corners, key=covered)
    return *best, covered(best) / (across * width * down * height)


def round_length(longest: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest)


class Labels:
    """Labels in the order of their weight; one that would overlap an earlier one or leave the map is left out."""

    def __init__(self, figure: Figure, axes: Axes) -> None:
        self._figure, self._axes = figure, axes
        self._room = axes.get_window_extent()
        self._taken: list[Bbox] = []

    def block(self, box: Bbox) -> None:
        """Keep a part of the picture (display coordinates) free of labels."""
        self._taken.append(box)

    def block_around(self, x: float, y: float, pixels: float) -> None:
        """Keep the surroundings of a place (degrees) free of labels."""
        across, down = self._axes.transData.transform((x, y))
        self.block(Bbox.from_extents(across - pixels, down - pixels, across + pixels, down + pixels))

    def put(self, x: float, y: float, text: str, pixels: float, *, always: bool = False, **options: Any) -> bool:
        """Write a label at a place in degrees; false if there is no room. `always`: whatever it overlaps."""
        options = {"ha": "center", "va": "center", "zorder": 15, "linespacing": 1.1, **options}
        label = draw_text(self._axes, x, y, text, pixels, clip_on=True, **options)
        label.set_path_effects([withStroke(linewidth=pixels / 6, foreground="white")])
        box = label.get_window_extent()
        inside = self._room.x0 <= box.x0 and box.x1 <= self._room.x1
        inside = inside and self._room.y0 <= box.y0 and box.y1 <= self._room.y1
        if not always and (not inside or any(box.overlaps(other) for other in self._taken)):
            label.remove()
            return False
        self._taken.append(box)
        return True


def label_point(shape: BaseGeometry, view: View) -> tuple[float, float] | None:
    """A point inside the seen part of an area; None if nothing of it is seen."""
    seen = shape.intersection(shapely.box(*view.bounds))
    if seen.is_empty:
        return None
    largest = max(shapely.get_parts(seen), key=lambda part: float(part.area))
    point = largest.representative_point() if largest.area > 0 else largest.centroid
    centre = largest.centroid
    chosen = centre if largest.contains(centre) else point
    return float(chosen.x), float(chosen.y)


def locator(
    figure: Figure, country: BaseGeometry, view: View, left: float, top: float, width: float, height: float
) -> None:
    """The whole country, small, with a frame around what the map shows."""
    if country.is_empty:
        return
    west, south, east, north = country.bounds
    around = (min(west, view.west), min(south, view.south), max(east, view.east), max(north, view.north))
    axes = map_axes(figure, left, top, width, height, view_of(around, width, height, 0.06))
    draw_areas(axes, [country], facecolor=LAND, edgecolor=INK, linewidth=1.0)
    frame = (view.west, view.south, view.east - view.west, view.north - view.south)
    draw_box(axes, *frame, facecolor="none", edgecolor=INK, linewidth=2.5)
