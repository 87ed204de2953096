"""How rain, its times and its sums are drawn: options as of matplotlib."""

from __future__ import annotations

from typing import Any, Final

from ibf_pipeline.report.pictures.colours import MEDIAN, MUTED

RAIN_STYLES: Final[dict[str, dict[str, Any]]] = {
    "observed": {"facecolor": "#12489e", "edgecolor": "#12489e"},
    "earlier forecast": {"facecolor": "#b9b9b4", "edgecolor": "#6d6d66"},
    "nowcast": {"facecolor": "#4fa79a", "edgecolor": "#12564c", "hatch": "////"},
    "forecast": {"facecolor": "#b5d3f2", "edgecolor": "#3a6ea5"},
}
"""dark for what was measured, light for what is forecast: distinct in grey too"""
NO_DATA: Final[dict[str, Any]] = {"facecolor": "#ffffff", "edgecolor": "#a0a09a", "hatch": "xx", "linewidth": 0}
OUTSIDE_AREA: Final[dict[str, Any]] = {"facecolor": "#ececea", "edgecolor": "none"}
ISSUE: Final[dict[str, Any]] = {"color": MUTED, "linewidth": 1.6, "linestyle": (0, (2, 2))}
DOT: Final[dict[str, Any]] = {"marker": "o", "markersize": 9, "color": MEDIAN, "markeredgecolor": "white"}
DOT_OF_THEN: Final[dict[str, Any]] = {**DOT, "color": "white", "markeredgecolor": MEDIAN, "markeredgewidth": 2.2}
WORST: Final[dict[str, Any]] = {"linewidth": 1.8, "linestyle": (0, (6, 3))}
