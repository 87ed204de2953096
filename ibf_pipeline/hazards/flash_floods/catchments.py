"""What runs to an area from upstream (rule 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.hazards.flash_floods.sums import Floats, Series


def weights(catchments: Mapping[str, Mapping[str, float]], areas: Sequence[str]) -> Floats:
    """(area, area it gets rain from) shares of the catchment's size; an area that declares none is its own catchment.

    `catchments`: area -> areas of its catchment -> their size, in any one unit. ConfigError where one is not in `areas`
    or has no size.
    """
    place = {code: number for number, code in enumerate(areas)}
    shares = np.eye(len(areas))
    for code, sizes in catchments.items():
        if code not in place:
            continue
        unknown = sorted(set(sizes) - set(place))
        if unknown or not sizes or min(sizes.values()) <= 0:
            raise ConfigError(
                f"the catchment of {code} " + (f"has {unknown[0]}" if unknown else "has areas without a size"),
                expected="areas of the boundaries, each with its size",
                remedy="correct the file that `upstream` names",
            )
        shares[place[code]] = 0.0
        for part, size in sizes.items():
            shares[place[code], place[part]] = size / sum(sizes.values())
    return shares


def upstream(own: Series, shares: Floats) -> Series:
    """The area-weighted mean rain of each area's catchment, hour by hour, from the original series alone.

    `shares`: as of `weights`. Nothing is read that was averaged already, so the order of areas does not matter. An hour
    that one of the catchment's areas misses is missing; what the others had still counts, as a lower bound.
    """
    parts = (shares > 0).astype(float)
    step = np.stack([np.where(row, own.step, 0.0).max(axis=1) for row in shares > 0], axis=1)
    return Series(own.amount @ shares.T, (own.missing @ parts.T) > 0, own.observed @ shares.T, step)
