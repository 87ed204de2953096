"""Classes counted member by member, the slow way, so that the tests share no code with what they check."""

from fractions import Fraction

import numpy as np
import xarray as xr

from ibf_pipeline.domain.rule import ClassLimit, FloodRule

RETURN_PERIODS = (1.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
P60 = Fraction(3, 5)
RETURN_PERIOD_RULE = FloodRule(
    "return-period",
    {"min": ClassLimit(1.5, P60), "med": ClassLimit(2, P60), "max": ClassLimit(5, P60)},
    ClassLimit(5, P60),
    5,
)
PROBABILITY_RULE = FloodRule(
    "probability",
    {
        "min": ClassLimit(10, Fraction(3, 5)),
        "med": ClassLimit(10, Fraction(7, 10)),
        "max": ClassLimit(10, Fraction(4, 5)),
    },
    ClassLimit(10, Fraction(4, 5)),
    7,
)
DISABLE_RULE = FloodRule("disable", {}, ClassLimit(5, Fraction(17, 20)), 7)


def table(**levels):
    """Thresholds (station, return_period) from the nine values of each station."""
    return xr.DataArray(
        [list(values) for values in levels.values()],
        dims=("station", "return_period"),
        coords={"station": list(levels), "return_period": list(RETURN_PERIODS)},
        attrs={"units": "m3/s"},
    )


def met(discharge, levels, limit):
    """Whether at least the asked share of the members present lies above the threshold of the limit."""
    present = [float(value) for value in discharge if not np.isnan(value)]
    threshold = float(levels.sel(return_period=limit.return_period))
    above = len([value for value in present if value > threshold])
    return Fraction(above, len(present)) >= limit.probability


def day_class(discharge, levels, rule, lead_time):
    """Class of one station's day under rule F1."""
    triggered = met(discharge, levels, rule.trigger) and lead_time <= rule.trigger_lead_time_limit
    if triggered:
        return "max"
    for name in ("max", "med", "min"):
        if name in rule.classes and met(discharge, levels, rule.classes[name]):
            return "med" if name == "max" else name
    return "no"


def classes(cube, thresholds, rule, station):
    """The classes of the eight lead times."""
    levels = thresholds.sel(station=station)
    return [
        day_class(cube.sel(station=station, lead_time=lead).values, levels, rule, lead)
        for lead in cube["lead_time"].values
    ]


def flags(cube, thresholds, rule, station):
    """`-`, `w` or `T` of the eight lead times, as the portal shows them."""
    return "".join({"no": "-", "max": "T"}.get(name, "w") for name in classes(cube, thresholds, rule, station))
