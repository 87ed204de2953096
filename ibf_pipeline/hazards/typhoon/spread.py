"""When something happens in an ensemble."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from ibf_pipeline.hazards.typhoon.findings import Spread
from ibf_pipeline.hazards.typhoon.geometry import Moments


def spread_of(moments: Moments, members: int) -> Spread | None:
    """By when 10, 50 and 90 % of the members have it in which it happens; None where it happens in none.

    `moments`: (member,) UTC, NaT where it does not happen; each of the three is the moment of a member. `members`: of
    the whole ensemble, the denominator of the share (rule 3).
    """
    there = moments[~np.isnat(moments)].astype("datetime64[s]").astype(np.int64)
    if not len(there):
        return None
    early, middle, late = (
        datetime.fromtimestamp(int(each), UTC) for each in np.quantile(there, (0.1, 0.5, 0.9), method="inverted_cdf")
    )
    return Spread(early, middle, late, len(there) / members)
