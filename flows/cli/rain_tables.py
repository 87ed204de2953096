"""What the commands say of the rain of a block."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from flows.cli.terminal import console
from ibf_pipeline.sources.rain.block import BlockRain


def print_rain(block: BlockRain) -> None:
    """Of each origin how many hours of how many areas, then what is missing and what is doubtful."""
    out, rain = console(soft_wrap=True), block.rain
    out.print(f"cycle {rain.attrs['cycle']}, {rain.sizes['area']} areas, {rain.attrs['members']}")
    origin = rain["origin"].values
    for number, name in (*enumerate(rain.attrs["origins"]), (-1, "missing")):
        hours, areas = int((origin == number).any(axis=1).sum()), int((origin == number).any(axis=0).sum())
        if hours:
            largest = np.nanmax(rain.values[:, origin == number], initial=0.0)
            out.print(Text(f"{name}: {hours} hours, {areas} areas, at most {largest:.1f} mm in an hour"))
    for words, texts in (("note", block.notes), ("doubtful", block.doubts)):
        for text in texts:
            out.print(Text(f"{words}: {text}"))
