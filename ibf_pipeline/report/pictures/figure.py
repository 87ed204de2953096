"""Figures in pixels, and their bytes: PNG with few colours for mails, SVG for pages and print."""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from ibf_pipeline.report.pictures.colours import INK, MEMBER
from ibf_pipeline.report.pictures.fonts import families, is_slanted

_DPI = 100
_PATH = re.compile(rb'\bd="[^"]*"')
_DECIMALS = re.compile(rb"(\.\d\d)\d+")
"""hundredths of a pixel are enough for a path"""
_PALETTE = 128
"""colours of a PNG: a third of the size, and no difference that is seen"""


def new_figure(width: int, height: int) -> Figure:
    """An empty white figure of so many pixels."""
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place given in pixels from the figure's upper left corner."""
    across, down = figure.get_size_inches() * _DPI
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def pixel_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes without a frame at a place in pixels, in pixels from their own upper left corner."""
    axes = axes_at(figure, left, top, width, height)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def draw_box(axes: Axes, x: float, y: float, width: float, height: float, **options: Any) -> None:
    """A rectangle from a corner; options as of matplotlib's Rectangle."""
    axes.add_patch(Rectangle((x, y), width, height, **options))


def draw_text(target: Figure | Axes, x: float, y: float, text: str, pixels: float, **options: Any) -> Text:
    """Text with letters of so many pixels, in fonts that have many scripts."""
    options.setdefault("color", INK)
    if options.get("style") == "italic" and not is_slanted(text):
        options["style"] = "normal"
    return target.text(x, y, text, fontsize=font_points(pixels), family=list(families()), parse_math=False, **options)


def font_points(pixels: float) -> float:
    """A size in pixels as matplotlib takes it."""
    return pixels * 72 / _DPI


def text_width(figure: Figure, text: str, pixels: float, **options: Any) -> float:
    """Width of a line of text in pixels."""
    probe = draw_text(figure, 0, 0, text, pixels, **options)
    width = float(probe.get_window_extent().width)
    probe.remove()
    return width


def fitted(figure: Figure, text: str, pixels: float, room: float, **options: Any) -> str:
    """The text, shortened with an ellipsis until it fits into so many pixels."""
    if text_width(figure, text, pixels, **options) <= room:
        return text

    def width(letters: int) -> float:
        return text_width(figure, text[:letters].rstrip() + "…", pixels, **options)

    letters = bisect_right(range(len(text)), room, lo=1, key=width) - 1
    return text[:letters].rstrip() + "…"


def draw_text_line(figure: Figure, x: float, y: float, text: str, pixels: float, room: float, **options: Any) -> None:
    """A line of text so many pixels from the figure's upper left corner, shortened until it fits into its room."""
    across, down = figure.get_size_inches() * _DPI
    draw_text(figure, x / across, 1 - y / down, fitted(figure, text, pixels, room, **options), pixels, **options)


def draw_stamp(figure: Figure, x: float, y: float, lines: Sequence[str], pixels: float, room: float) -> None:
    """Lines across what is drawn, on a light ground, so that they go with the picture wherever it is passed on."""
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3}
    for place, words in enumerate(lines):
        down = y + place * 1.6 * pixels
        draw_text_line(figure, x, down, words, pixels, room, va="center", weight="bold", bbox=ground)


def wrapped(figure: Figure, text: str, pixels: float, room: float, lines: int, **options: Any) -> list[str]:
    """The text in at most so many lines of so many pixels, the last one shortened if it must be."""
    rest = text.split()
    result: list[str] = []
    while rest and len(result) < lines - 1:
        line = [rest.pop(0)]
        while rest and text_width(figure, " ".join([*line, rest[0]]), pixels, **options) <= room:
            line.append(rest.pop(0))
        result.append(fitted(figure, " ".join(line), pixels, room, **options))
    if rest:
        result.append(fitted(figure, " ".join(rest), pixels, room, **options))
    return result


def draw_members(
    axes: Axes, places: Any, values: Any, known: Any, shades: tuple[float, float], **options: Any
) -> np.ndarray:
    """Shade the range of members, and that of 80 % of them; their median, NaN where nothing is `known`.

    `values`: (member, place); `shades`: alpha of the two.
    """
    least, tenth, middle, nine, most = bands = np.full((5, len(places)), np.nan)
    bands[:, known] = np.nanquantile(values[:, known], (0, 0.1, 0.5, 0.9, 1), axis=0)
    for low, high, alpha in ((least, most, shades[0]), (tenth, nine, shades[1])):
        axes.fill_between(places, low, high, color=MEMBER, alpha=alpha, linewidth=0, **options)
    return middle


def spread_heights(values: Sequence[float], gap: float, top: float) -> list[float]:
    """Ascending heights at least `gap` from each other, as near to the values as that allows, below `top`."""
    heights: list[float] = []
    for value in values:
        heights.append(max(value, heights[-1] + gap) if heights else value)
    ceiling = top
    for place in range(len(heights) - 1, -1, -1):
        heights[place] = min(heights[place], ceiling)
        ceiling = heights[place] - gap
    return heights


def picture_bytes(figure: Figure, name: str) -> bytes:
    """The figure as SVG or PNG, as the name of its file says."""
    return svg(figure) if name.endswith(".svg") else png(figure)


def png(figure: Figure) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = (
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(_PALETTE, dither=Image.Dither.NONE)
    )
    small = io.BytesIO()
    image.save(small, format="PNG", optimize=True, dpi=(_DPI, _DPI))
    return small.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG with letters as outlines: it looks the same if fonts are missing."""
    out = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return _PATH.sub(lambda path: _DECIMALS.sub(rb"\1", path[0]), out.getvalue())
