"""Points, lines and buildings on the map of an event, and their legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ibf_pipeline.report.pictures.colours import INK
from ibf_pipeline.report.pictures.figure import draw_text, fitted
from ibf_pipeline.report.pictures.map_frame import Labels, View
from ibf_pipeline.report.pictures.map_words import MapMarks
from ibf_pipeline.report.pictures.outlines import nearest_turn

_EDGE = "#ffffff"
_SMALL = 8
"""marks up to this size come in hundreds"""
_ACROSS, _DOWN = 290, 42
"""of an entry of the legend, pixels"""


def draw_marks(axes: Axes, labels: Labels, marks: Sequence[MapMarks], view: View) -> None:
    """Lines below points, small ones below large ones; labels keep clear of the large."""
    across = view.west, view.east
    for kind in marks:
        if kind.lines:
            parts = [_turned(np.asarray(part)[:, :2], across) for wkt in kind.lines for part in _lines(wkt)]
            axes.add_collection(LineCollection(parts, colors=_EDGE, linewidths=6, zorder=11), autolim=False)
            axes.add_collection(LineCollection(parts, colors=kind.colour, linewidths=3.2, zorder=11), autolim=False)
    for kind in sorted(marks, key=lambda each: each.size):
        places = ((nearest_turn(lon, across), lat) for lon, lat in kind.places)
        seen = [place for place in places if view.holds(*place)]
        if seen:
            axes.add_line(_symbol(kind, *np.transpose(seen), zorder=12))
        for place in seen if kind.size > _SMALL else ():
            labels.block_around(*place, 9)


def _turned(line: np.ndarray, across: tuple[float, float]) -> np.ndarray:
    """A line as near to the view as whole turns bring it."""
    middle = float(line[:, 0].mean())
    turned: np.ndarray = line + np.array([nearest_turn(middle, across) - middle, 0.0])
    return turned


def marks_legend(figure: Figure, axes: Axes, marks: Sequence[MapMarks], y: float, columns: int = 3) -> None:
    """An entry for each kind, so many in a row, from a height on; `axes`: in pixels."""
    for number, kind in enumerate(marks):
        left, top = number % columns * _ACROSS, y + number // columns * _DOWN
        if kind.lines and not kind.places:
            axes.plot([left + 2, left + 40], [top, top], color=kind.colour, linewidth=3.6)
        else:
            axes.add_line(_symbol(kind, [left + 20], [top], clip_on=False))
        draw_text(axes, left + 52, top, fitted(figure, kind.words, 24, _ACROSS - 60), 24, va="center")


def _symbol(kind: MapMarks, x: Sequence[float], y: Sequence[float], **options: Any) -> Line2D:
    return Line2D(
        x,
        y,
        linestyle="none",
        marker=kind.marker,
        markersize=kind.size,
        color=kind.colour,
        markeredgecolor=_EDGE if kind.colour == INK else INK,
        markeredgewidth=1.4,
        **options,
    )


def _lines(wkt: str) -> list[np.ndarray]:
    """The lines of a geometry, those around an area; none if the text is not a geometry."""
    shape = shapely.from_wkt(wkt, on_invalid="ignore")
    if shape is None or shape.is_empty:
        return []
    parts = shapely.get_parts(shape)
    return [np.asarray((part.exterior if part.geom_type == "Polygon" else part).coords) for part in parts]
