"""Colours of alert classes, people and water: they differ in lightness, so also in grey or without seeing hues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLASS_COLOURS: Mapping[str, str] = {"no": "#f4f4f2", "min": "#fee08b", "med": "#f58634", "max": "#a50026"}
"""by alert class; from light to dark as the class grows"""


def drawn_class(alert_class: str, *, trigger: bool) -> str:
    """The class whose colour is drawn: the highest one without a trigger has that of the class below, so that no
    warning looks like a trigger."""
    return "med" if alert_class == "max" and not trigger else alert_class


CLASS_INK: Mapping[str, str] = {"no": "#555555", "min": "#1a1a1a", "med": "#1a1a1a", "max": "#ffffff"}
"""text on the class colours"""

CLASS_HATCHES: Mapping[str, str] = {"no": "", "min": "..", "med": "//", "max": ""}
"""so that a class is never shown by colour alone"""

CLASS_MARKERS: Mapping[str, str] = {"no": "o", "min": "v", "med": "D", "max": "^"}

PEOPLE_COLOURS = ("#fff3d6", "#fdd49e", "#fc9f5b", "#d7591d", "#8c2d04")
"""people affected, few to many"""

WATER = "#12489e"
WATER_EDGE = "#ffffff"
"""around the water: on dark classes and many people it is this edge that stands out, on light ones the water itself"""
LAND = "#f7f6f1"
BLIND: Mapping[str, Any] = {"facecolor": "#ffffff", "edgecolor": "#3c3c3c", "hatch": "xx"}
"""how areas of which nothing is known are filled"""
OUTSIDE = "#e3e6e8"
BORDER = "#8d8d86"
INK = "#1a1a1a"
MUTED = "#5c5c5c"
MEMBER = "#3a6ea5"
MEDIAN = "#0b2545"
