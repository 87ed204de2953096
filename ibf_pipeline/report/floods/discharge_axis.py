"""Discharge in a picture."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ibf_pipeline.domain.wording import discharge_text
from ibf_pipeline.report.pictures.figure import font_points


def discharge_axis(axes: Axes, pixels: float) -> None:
    """Discharge upwards, its numbers so large; no lines above and at the right."""
    axes.tick_params(axis="y", labelsize=font_points(pixels))
    axes.yaxis.set_major_formatter(lambda value, _: discharge_text(value) if 0 < value < 10 else f"{value:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)


def highest(discharge: np.ndarray) -> float:
    """The largest discharge; 0 if there is none."""
    return float(np.nanmax(discharge)) if np.isfinite(discharge).any() else 0.0
