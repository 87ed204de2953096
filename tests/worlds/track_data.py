"""Arrays of storms as the dataset that `domain/tracks.py` describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.tracks import DIMS, QUADRANTS, SPEEDS_MS, datetime64_of

KINDS = {51: "control", 52: "high-resolution"}
"""of members; all others are perturbed"""
Floats = npt.NDArray[np.float64]


def dataset(
    cycle: datetime,
    names: Mapping[str, str],
    members: Sequence[int],
    steps: npt.NDArray[np.int_],
    fields: Mapping[str, Floats],
    seen: npt.ArrayLike,
    *,
    last_h: int,
    radius: Floats | None = None,
    listed: Sequence[float] | None = None,
) -> xr.Dataset:
    """A cycle. `names`: by identifier; `steps`: hours; `fields`: (storm, member, step) of lat, lon, pressure and wind;
    `seen`: (2, storm) latitude and longitude; `radius`: (storm, member, step, speed, quadrant) km; `listed`:
    (storm) members of its messages, all where not given. The largest wind is at the centre.
    """
    shape = (len(names), len(members), len(steps), len(SPEEDS_MS), len(QUADRANTS))
    observed = np.asarray(seen, float).reshape(2, -1)
    return xr.Dataset(
        {
            **{name: (DIMS, values) for name, values in fields.items()},
            "wind_lat": (DIMS, fields["lat"].copy()),
            "wind_lon": (DIMS, fields["lon"].copy()),
            "radius": ((*DIMS, "speed", "quadrant"), np.full(shape, np.nan) if radius is None else radius),
            "observed_lat": ("storm", observed[0]),
            "observed_lon": ("storm", observed[1]),
            "listed": ("storm", np.array(listed or [float(len(members))] * len(names), float)),
        },
        {
            "storm": np.array(list(names), dtype=str),
            "name": ("storm", np.array(list(names.values()), dtype=str)),
            "member": list(members),
            "kind": ("member", [KINDS.get(member, "perturbed") for member in members]),
            "time": datetime64_of(cycle) + steps * np.timedelta64(1, "h"),
            "step": ("time", steps),
            "speed": list(SPEEDS_MS),
            "quadrant": list(QUADRANTS),
        },
        {
            "cycle": cycle.isoformat(),
            "perturbed": sum(member not in KINDS for member in members),
            "last_step_h": last_h,
            "source": "made-up tracks",
        },
    )
