"""The alternatives of a country's triggers against one storm (rule 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.config.typhoon import TriggerAlternative
from ibf_pipeline.domain.rule import members_needed
from ibf_pipeline.domain.tracks import MS_TO_KMH
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.domain.wording import amount_text, number_text, percent_text
from ibf_pipeline.hazards.typhoon.context import CycleContext
from ibf_pipeline.hazards.typhoon.findings import AreaImpact, TriggerJudged
from ibf_pipeline.hazards.typhoon.wind import CURVES, AreaWinds
from ibf_pipeline.hazards.typhoon.wording import AVERAGED

_Floats = npt.NDArray[np.float64]
_DAMAGED: Final = 0.1
"""0..1, damage from which an area counts as damaged"""
_TENTH: Final = 0.1
"""of the amount: an area with so much belongs to a trigger of the whole country"""


@dataclass(frozen=True, slots=True)
class JudgedStorm:
    """All that an alternative is judged by."""

    context: CycleContext
    winds: AreaWinds
    impacts: Sequence[AreaImpact]
    met_before: Collection[str]
    """names of the alternatives that earlier cycles met"""
    event_areas: Collection[str]
    """place codes (rule 6)"""
    landfall_at: datetime
    """landfall or closest approach of the reference, UTC"""

    @property
    def lead_h(self) -> float:
        """Hours to landfall."""
        return max(0.0, (self.landfall_at - self.context.cycle).total_seconds() / 3600)

    @property
    def shown(self) -> str:
        """The damage curve that one number is of."""
        return CURVES[0] if self.context.country.vulnerability.shown == "high" else CURVES[1]


@dataclass(frozen=True, slots=True)
class _Scope:
    """One region, one province or the country, and how far it reached."""

    name: str
    """empty: the whole country"""
    areas: frozenset[str]
    worst: frozenset[str]
    """of them those with at least half of the measure that the worst has, as mean over the members"""
    members_reaching: int
    mean: float
    """of the measure, over the whole ensemble"""
    met: bool


def judge_triggers(storm: JudgedStorm) -> tuple[TriggerJudged, ...]:
    """Every alternative of the country's triggers against one storm, in the country's order (rule 7).

    Regions and provinces are looked at each by itself. Of a member, the measure is the largest wind of the scope, or
    the sum over its areas; the alternative is met by the share of the ensemble that reaches the amount, or by the mean
    over the ensemble. Houses and damaged areas are of the curve `vulnerability.shown`.

    It is looked at in storms at most `within_h` away, and is met for the first time at least `not_later_than_h` ahead
    of landfall; one of `met_before` stays met later than that. Trigger areas are those of `event_areas` in the scopes
    that met it, of the whole country those with a tenth of its amount, or 10 % damage. A scope that met it and has none
    of these is not lost: its worst areas are, and so belong to the event whatever rule 6 says of each.

    Returns
    -------
    tuple of TriggerJudged
        `counts` says which of them make a trigger if they are met.
    """
    alternatives = storm.context.country.triggers
    names = _names(alternatives, storm.context.layers)
    return tuple(_judged(wanted, name, storm) for wanted, name in zip(alternatives, names, strict=True))


def _names(alternatives: Sequence[TriggerAlternative], layers: TyphoonLayers) -> list[str]:
    """What each asks for, in words; the same in every cycle, and each its own: by its name it is known in the next."""
    names = [_name(each, layers) for each in alternatives]
    return [
        name if names.count(name) == 1 else f"{name} (alternative {number})" for number, name in enumerate(names, 1)
    ]


def _name(alternative: TriggerAlternative, layers: TyphoonLayers) -> str:
    share = alternative.probability
    judged = "mean over the members" if share is None else f"{percent_text(share)} of members"
    names = [layers.regions.get(code, code) for code in alternative.regions]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    where = {
        "country": "in the whole country",
        "province": "in a province",
        "regions": f"in a region of {', '.join(names[:3])}{more}",
    }[alternative.scope]
    first = alternative.not_later_than_h
    ahead = f"{first} to {alternative.within_h} h" if first else f"at most {alternative.within_h} h"
    return f"{_measure(alternative)}, {judged}, {where}, {ahead} before landfall"


def _judged(wanted: TriggerAlternative, name: str, storm: JudgedStorm) -> TriggerJudged:
    scopes = list(_scopes(wanted, storm))
    enough = [scope for scope in scopes if scope.met]
    far = storm.lead_h > wanted.within_h
    late = wanted.not_later_than_h > 0 and storm.lead_h < wanted.not_later_than_h and name not in storm.met_before
    met = bool(enough) and not far and not late
    nearest = sorted(scopes, key=lambda scope: (_reached(wanted, scope, storm.context.members), scope.mean))[-1:]
    counts = wanted.measure == "wind_kmh" or wanted.calibration is not None
    reasons = [
        f"it is looked at from {wanted.within_h} hours before landfall on" if far else "",
        f"it had to be met first {wanted.not_later_than_h} hours before landfall" if late else "",
        "" if counts else "damage makes no trigger while the curves have no calibration",
        _unknown(wanted, storm.context.layers),
    ]
    return TriggerJudged(
        name=name,
        met=met,
        counts=counts,
        wanted=_text(wanted),
        reached=_reached_text(wanted, nearest[0], storm.context.members) if nearest else "not looked at",
        where=tuple(scope.name for scope in enough or nearest if scope.name and scope.mean > 0),
        areas=_areas(wanted, enough, storm) if met else (),
        deadline=storm.landfall_at - timedelta(hours=wanted.not_later_than_h) if wanted.not_later_than_h else None,
        met_once=met or name in storm.met_before,
        reason="; ".join(reason for reason in reasons if reason),
    )


def _scopes(wanted: TriggerAlternative, storm: JudgedStorm) -> Iterator[_Scope]:
    """The country, or each province, or each region of the alternative that has areas."""
    amounts = _amounts(wanted, storm)
    layers = storm.context.layers
    province = np.array([area.parent or "" for area in layers.areas.values()])
    region = np.array([layers.region_of.get(each, "") for each in province])
    everywhere = np.full(len(province), True)
    inside = {
        "country": [("", everywhere)],
        "province": [(name, province == code) for code, name in layers.provinces.items()],
        "regions": [(layers.regions.get(code, code), region == code) for code in wanted.regions],
    }[wanted.scope]
    codes = np.array(list(layers.areas))
    for name, flags in inside:
        if not flags.any():
            continue
        own = amounts[:, flags].max(axis=1) if wanted.measure == "wind_kmh" else amounts[:, flags].sum(axis=1)
        reaching, mean = int((own >= wanted.amount).sum()), float(own.sum()) / storm.context.members
        share = wanted.probability
        met = mean >= wanted.amount if share is None else reaching >= members_needed(share, storm.context.members)
        each = np.where(flags, amounts.sum(axis=0), -1)
        worst = codes[flags & (each >= each.max() / 2)]
        yield _Scope(name, frozenset(codes[flags].tolist()), frozenset(worst.tolist()), reaching, mean, met)


def _amounts(wanted: TriggerAlternative, storm: JudgedStorm) -> _Floats:
    """(member, area) of the measure: km/h, houses, or 1 of a damaged area."""
    if wanted.measure == "wind_kmh":
        kmh: _Floats = storm.winds.fastest.transpose("member", "area").values * MS_TO_KMH
        return kmh
    damage: _Floats = storm.winds.damage.sel(curve=storm.shown).transpose("member", "area").values
    if wanted.measure == "areas_damaged_10_percent":
        return (damage >= _DAMAGED).astype(float)
    return damage * [storm.context.layers.houses.get(code, 0.0) for code in storm.context.layers.areas]


def _areas(wanted: TriggerAlternative, met: Sequence[_Scope], storm: JudgedStorm) -> tuple[str, ...]:
    """The areas that a trigger is of, in the order of the country's areas."""
    alerted = frozenset(storm.event_areas)
    if wanted.scope == "country":
        alerted &= {impact.place_code for impact in storm.impacts if _has_a_tenth(wanted, impact, storm)}
    inside = frozenset[str]().union(*((scope.areas & alerted) or scope.worst for scope in met))
    return tuple(code for code in storm.context.layers.areas if code in inside)


def _has_a_tenth(wanted: TriggerAlternative, impact: AreaImpact, storm: JudgedStorm) -> bool:
    damage = impact.damage_high if storm.context.country.vulnerability.shown == "high" else impact.damage_low
    amount = {
        "wind_kmh": float(impact.wind_kmh),
        "houses_damaged": damage * (impact.houses or 0.0),
        "areas_damaged_10_percent": 0.0,
    }[wanted.measure]
    return damage >= _DAMAGED or amount >= _TENTH * wanted.amount


def _unknown(wanted: TriggerAlternative, layers: TyphoonLayers) -> str:
    """Which regions cannot be looked at, in words."""
    there = set(layers.region_of.values())
    missing = [code for code in wanted.regions if code not in there]
    return f"the boundaries have no areas of {', '.join(missing)}" if missing else ""


def _reached(wanted: TriggerAlternative, scope: _Scope, members: int) -> float:
    return scope.mean if wanted.probability is None else scope.members_reaching / members


def _reached_text(wanted: TriggerAlternative, scope: _Scope, members: int) -> str:
    if wanted.probability is None:
        return f"{_amount(wanted, scope.mean)} as mean over the members"
    return f"{percent_text(scope.members_reaching / members)} of members"


def _text(wanted: TriggerAlternative) -> str:
    if wanted.probability is None:
        return f"{_measure(wanted)} as mean over the members"
    return f"{percent_text(wanted.probability)} of members with {_measure(wanted)}"


def _measure(wanted: TriggerAlternative) -> str:
    return f"at least {_amount(wanted, wanted.amount)}"


def _amount(wanted: TriggerAlternative, amount: float) -> str:
    """`185 km/h (10-minute mean)`, `50,000 houses' worth of wind damage`, `3 areas with 10 % damage`."""
    unit = {
        "wind_kmh": f"km/h ({AVERAGED})",
        "houses_damaged": "houses' worth of wind damage",
        "areas_damaged_10_percent": "areas with 10 % damage",
    }[wanted.measure]
    return f"{number_text(amount) if wanted.measure != 'areas_damaged_10_percent' else amount_text(amount)} {unit}"
