"""Alert class and trigger of every station on every lead time (design section 5, rule 1)."""

from __future__ import annotations

import xarray as xr

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.rule import FloodRule
from ibf_pipeline.hazards.floods.forecast.probabilities import reached

NO, MIN, MED, MAX = range(len(ALERT_CLASSES))


def classify(counts: xr.Dataset, rule: FloodRule) -> xr.Dataset:
    """Alert class and trigger by day: what the forecast says of that day, never "from then on".

    `counts`: see `probabilities.exceedance`. Returns `alert_class` (rank in ALERT_CLASSES) and `trigger` (bool), dims
    (lead_time, station). `max` if and only if trigger: any other `max` (beyond the lead time limit, or where class and
    trigger settings differ) counts as `med`; a trigger whose class says less is `max`. With the class rule `disable`
    there are no warnings.
    """
    within_limit = counts["lead_time"] <= rule.trigger_lead_time_limit
    trigger = reached(counts, rule.trigger.return_period, rule.trigger.probability) & within_limit
    rank = xr.zeros_like(counts["members"])
    if rule.class_rule != "disable":
        for place, name in enumerate(ALERT_CLASSES):
            if name in rule.classes:
                limit = rule.classes[name]
                rank = xr.where(reached(counts, limit.return_period, limit.probability), place, rank)
    rank = xr.where(trigger, MAX, xr.where(rank == MAX, MED, rank))
    return xr.Dataset({"alert_class": rank, "trigger": trigger}).transpose("lead_time", "station")
