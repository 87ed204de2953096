"""Alert class and trigger of every station on every lead time (docs/design/floods.md, rule 1)."""

from __future__ import annotations

import xarray as xr

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.rule import FloodRule
from ibf_pipeline.hazards.floods.forecast.probabilities import meets_probability

NO, MIN, MED, MAX = range(len(ALERT_CLASSES))


def classify(counts: xr.Dataset, rule: FloodRule) -> xr.Dataset:
    """Alert class and trigger by station and day: what the forecast says of that day, never "from then on".

    Parameters
    ----------
    counts
        `above` (return_period, lead_time, station) and `members` (lead_time, station), as of `exceedance`.
    rule
        The country's rule. With the class rule `disable` there are no warnings.

    Returns
    -------
    xarray.Dataset
        Dims (lead_time, station): `alert_class`, the rank in ALERT_CLASSES, and `trigger`, bool. `max` if and only if
        trigger: any other `max` (beyond the lead time limit, or if class and trigger settings differ) counts as `med`;
        a trigger whose class says less is `max`.

    Examples
    --------
    A trigger from 0.6 of the members above the 5-year threshold, up to lead time 1; 6, 5 and 9 of 10 members are above:

    >>> from fractions import Fraction
    >>> from ibf_pipeline.domain.rule import ClassLimit
    >>> limit = ClassLimit(5, Fraction(3, 5))
    >>> rule = FloodRule("return-period", {"min": ClassLimit(5, Fraction(3, 10)), "max": limit}, limit, 1)
    >>> above = xr.DataArray([[[6], [5], [9]]], {"return_period": [5]}, ("return_period", "lead_time", "station"))
    >>> members = xr.DataArray([[10]] * 3, {"lead_time": [0, 1, 2]}, ("lead_time", "station"))
    >>> days = classify(xr.Dataset({"above": above, "members": members}), rule)
    >>> [ALERT_CLASSES[rank] for rank in days["alert_class"].values[:, 0]], days["trigger"].values[:, 0].tolist()
    (['max', 'min', 'med'], [True, False, False])

    References
    ----------
    docs/design/floods.md, rule 1
    """
    within_limit = counts["lead_time"] <= rule.trigger_lead_time_limit
    trigger = meets_probability(counts, rule.trigger.return_period, rule.trigger.probability) & within_limit
    rank = xr.zeros_like(counts["members"])
    if rule.class_rule != "disable":
        for place, name in enumerate(ALERT_CLASSES):
            if name in rule.classes:
                limit = rule.classes[name]
                rank = rank.where(~meets_probability(counts, limit.return_period, limit.probability), place)
    rank = rank.where(rank != MAX, MED).where(~trigger, MAX)
    return xr.Dataset({"alert_class": rank, "trigger": trigger}).transpose("lead_time", "station")
