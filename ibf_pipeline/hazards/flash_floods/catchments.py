"""Rain that runs to an area from upstream (rule 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.hazards.flash_floods.sums import Floats, Series


def catchment_weights(catchments: Mapping[str, Mapping[str, float]], areas: Sequence[str]) -> Floats:
    """Share of each area in the catchment of each other; an area that declares none is its own catchment.

    Parameters
    ----------
    catchments
        Area -> areas of its catchment -> their size, in any one unit.
    areas
        Place codes, in the order of the result.

    Returns
    -------
    numpy.ndarray
        (area, area that it gets rain from) 0..1; each row adds up to 1.

    Raises
    ------
    ConfigError
        If an area of a catchment is not in `areas` or has no size.

    Examples
    --------
    >>> catchment_weights({"low": {"low": 1, "high": 3}}, ["low", "high"]).tolist()
    [[0.25, 0.75], [0.0, 1.0]]
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
    """The area-weighted mean rain of each area's catchment, hour by hour, from the original series alone (rule 3).

    Nothing is read that was averaged already, so the order of areas does not matter. An hour that one of the
    catchment's areas misses is missing; what the others had still counts, as a lower bound.

    Parameters
    ----------
    own
        Rain of the areas.
    shares
        (area, area) as of `catchment_weights`.
    """
    parts = (shares > 0).astype(float)
    step = np.stack([np.where(row, own.step, 0.0).max(axis=1) for row in shares > 0], axis=1)
    return Series(own.amount @ shares.T, (own.missing @ parts.T) > 0, own.observed @ shares.T, step)
