"""When something happens in an ensemble."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from ibf_pipeline.hazards.typhoon.findings import TimeSpread
from ibf_pipeline.hazards.typhoon.geometry import Moments


def time_spread(moments: Moments, members: int) -> TimeSpread | None:
    """By when 10, 50 and 90 % of the members in which something happens have it.

    Parameters
    ----------
    moments
        (member,) datetime64, UTC; NaT if it does not happen.
    members
        Of the whole ensemble, the denominator of the share (rule 3).

    Returns
    -------
    TimeSpread or None
        Each of the three is the time of a member; None if it happens in none.

    Examples
    --------
    >>> hours = np.array(["2021-09-10T03", "2021-09-10T06", "2021-09-10T09", "NaT"], "datetime64[ns]")
    >>> spread = time_spread(hours, 4)
    >>> spread.early.hour, spread.middle.hour, spread.late.hour, spread.share
    (3, 6, 9, 0.75)
    """
    there = moments[~np.isnat(moments)].astype("datetime64[s]").astype(np.int64)
    if not len(there):
        return None
    early, middle, late = (
        datetime.fromtimestamp(int(each), UTC) for each in np.quantile(there, (0.1, 0.5, 0.9), method="inverted_cdf")
    )
    return TimeSpread(early, middle, late, len(there) / members)
