"""The one generator of ensembles for a wish list: demo, tests, scenarios and benchmarks use it.

Discharge is made backwards from the rule: for every station and day, `counts.counts_above` says how many
members lie above each threshold, and the members are placed between the thresholds accordingly, away from
the edges. Which member is high changes from day to day, but slowly, as in a real ensemble.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.domain.rule import FloodRule
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.counts import counts_above, wanted_class
from ibf_pipeline.synthetic.wishes import QUIET, Wish, parse_wishes

MEMBERS = 51
"""control 00 and 50 perturbed members"""

RESOLUTION = 0.1
"""m3/s to which discharge is rounded"""

_MARGIN = 0.15
"""m3/s at least between a member and a threshold, so that rounding to 0.1 moves no member across it"""

_QUIET_LEVEL = {1: (0.45, 0.80), 2: (0.35, 0.65)}
_QUIET_LEVEL_FAR = (0.20, 0.60)


def make_ensemble(
    thresholds: xr.DataArray,
    rule: FloodRule,
    wishes: Mapping[str, Wish] | str,
    *,
    members: int = MEMBERS,
    seed: int = 0,
    lead_times: int = len(LEAD_TIMES),
) -> xr.DataArray:
    """Discharge (member, lead_time, station), float32, m3/s, that gets exactly the wished classes.

    `thresholds` is (station, return_period) in m3/s with both coordinates; `lead_times`: how many, 0-day counted, for
    each of which a wish has one character. Stations without a wish are quiet:
    20-60 % of their smallest threshold, up to 80 % beside an alert day. Every station's numbers depend on the seed and
    its own code only. On trigger days beyond the rule's lead time limit the discharge is as high as on a trigger; what
    it is called is the pipeline's job.
    Raises InputInvalid for a wish that the rule or the thresholds make impossible.
    """
    if isinstance(wishes, str):
        wishes = parse_wishes(wishes, lead_times)
    stations = [str(code) for code in thresholds["station"].values]
    unknown = [code for code in wishes if code not in stations]
    if unknown:
        raise InputInvalid(
            f"unknown station {', '.join(unknown)}", where="wish list", expected=f"one of {', '.join(stations)}"
        )
    return_periods = thresholds["return_period"].values.astype(float)
    order = np.argsort(return_periods)
    levels = thresholds.transpose("station", "return_period").values.astype(float)[:, order]
    cube = np.empty((members, lead_times, len(stations)), dtype=np.float32)
    for index, code in enumerate(stations):
        wish = wishes.get(code, Wish(code, QUIET * lead_times))
        cube[:, :, index] = _station(wish, levels[index], return_periods[order], rule, members, seed)
    return xr.DataArray(
        cube,
        dims=("member", "lead_time", "station"),
        coords={"member": np.arange(members), "lead_time": list(range(lead_times)), "station": stations},
        name="discharge",
        attrs={"units": "m3/s", "long_name": "mean discharge of the day", "source": "generated from a wish list"},
    )


def _station(
    wish: Wish,
    levels: NDArray[np.float64],
    return_periods: NDArray[np.float64],
    rule: FloodRule,
    members: int,
    seed: int,
) -> NDArray[np.float64]:
    """Discharge (member, lead_time) of one station."""
    rng = np.random.default_rng([seed, zlib.crc32(wish.station.encode())])
    character = rng.random(members)
    days = np.empty((members, len(wish.days)))
    alerts = [lead for lead, day in enumerate(wish.days) if day != QUIET]
    for lead in range(len(wish.days)):
        where = f"wish of station {wish.station}, lead time {lead}"
        wanted = wanted_class(wish, lead, rule)
        if wanted == "no":
            distance = min((abs(lead - other) for other in alerts), default=len(wish.days))
            low, high = _QUIET_LEVEL.get(distance, _QUIET_LEVEL_FAR)
            most = max(min(high * levels[0], levels[0] - _MARGIN), 0.0)
            ordered = _spread(min(low * levels[0], most), most, members, rng)
        else:
            reach = wish.peak_return_period if lead == wish.peak_lead_time else None
            counts = counts_above(wanted, return_periods, rule, members, reach=reach, where=where)
            ordered = _between(levels, counts, members, rng, where)
        rank = np.argsort(np.argsort(character + 0.6 * rng.random(members)))
        days[:, lead] = ordered[rank]
    return np.round(np.maximum(days, 0.0) / RESOLUTION) * RESOLUTION


def _between(
    levels: NDArray[np.float64],
    counts: NDArray[np.int64],
    members: int,
    rng: np.random.Generator,
    where: str,
) -> NDArray[np.float64]:
    """Ascending discharge of all members, with `counts[k]` of them above `levels[k]` and none near a threshold."""
    edges = np.concatenate([[0.6 * levels[0]], levels, [1.12 * levels[-1]]])
    inside = -np.diff(np.concatenate([[members], counts, [0]]))
    values = []
    for low, high, count in zip(edges[:-1], edges[1:], inside, strict=True):
        margin = max(_MARGIN, 0.04 * (high - low))
        if count and high - low < 2 * margin:
            raise InputInvalid(
                f"{count} members do not fit between {low:g} and {high:g} m3/s",
                where=where,
                expected=f"thresholds at least {2 * _MARGIN:g} m3/s apart",
            )
        values.append(_spread(low + margin, high - margin, int(count), rng))
    return np.concatenate(values)


def _spread(low: float, high: float, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """`count` ascending values over low..high, about evenly, with some noise."""
    steps = (np.arange(count) + rng.random(count)) / max(count, 1)
    return low + (high - low) * steps
