"""What the commands say of the cyclone tracks of a cycle."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from flows.cli.terminal import console
from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.sources.tracks.source import TrackDelivery


def print_tracks(given: TrackDelivery) -> None:
    """Of each storm its members and how far they reach, then what is not there."""
    out, tracks = console(soft_wrap=True), given.tracks
    storms = tracks.sizes["storm"]
    found = counted(storms, "storm") if storms else "no cyclone"
    out.print(f"cycle {cycle_of(tracks):%Y-%m-%d %H} UTC, {found} in the world, {tracks.attrs['source']}")
    there = np.isfinite(tracks["lat"].values)
    seen = np.isfinite(tracks["observed_lat"].values)
    for number, (identifier, name) in enumerate(zip(tracks["storm"].values, tracks["name"].values, strict=True)):
        members, steps = int(there[number].any(axis=1).sum()), there[number].any(axis=0)
        last = int(tracks["step"].values[steps][-1]) if steps.any() else 0
        called = identifier if name == identifier else f"{name} ({identifier})"
        now = "seen" if seen[number] else "not there yet"
        out.print(Text(f"{called}: {now}, {counted(members, 'member')}, to {counted(last, 'hour')} ahead"))
    for text in given.notes:
        out.print(Text(f"note: {text}"))
