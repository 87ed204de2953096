"""Which municipalities belong to a storm's event, and the numbers they are sent with (rule 6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.context import CycleContext
from ibf_pipeline.hazards.typhoon.findings import AreaImpact
from ibf_pipeline.hazards.typhoon.profile import HOUSES, RAINFALL, SHOWN, WINDSPEED, WITHIN_50KM


def event_areas(impacts: Sequence[AreaImpact], country: TyphoonCountry) -> tuple[str, ...]:
    """Place codes of a storm's event areas (rule 6).

    Areas for which at least a tenth of the ensemble (`area_probability`) has 89 km/h (`area_wind_kmh`, 10-minute) or
    more, or the centre within 50 km. No others: no list of a plan's areas warns where no wind comes. If there is
    none the storm is not an event, and only the report has it.

    Parameters
    ----------
    impacts
        Of the storm, one an area.
    country
        Says `area_probability`.
    """
    least = country.area_probability - 1e-9
    return tuple(each.place_code for each in impacts if each.gale_probability >= least or each.within_50km >= least)


def sent_areas(
    impacts: Sequence[AreaImpact], alerted: Collection[str], triggered: Collection[str], context: CycleContext
) -> tuple[EventArea, ...]:
    """Event areas with severity 1, and others that have any wind or chance with 0 (rules 5 and 6).

    Parameters
    ----------
    impacts
        Of the areas that are sent.
    alerted, triggered
        Place codes of the event areas, and of those that are triggers.
    context
        Of the cycle. Without rain of every area it is left out, rather than 0 mm.

    Returns
    -------
    tuple of EventArea
        In the order of place codes: wind in whole km/h (10-minute) and people exposed, both mean over the members;
        damage 0..1.
    """
    ordered = sorted(impacts, key=lambda each: each.place_code)
    return tuple(_area(each, alerted, triggered, context) for each in ordered)


def houses_of(impacts: Sequence[AreaImpact], codes: Collection[str]) -> tuple[float, float] | tuple[None, None]:
    """Houses damaged in some areas, by the weaker and the stronger curve; areas without known houses are left out.

    (None, None) if the houses of none are known: nobody counted, which does not mean no damage.

    Parameters
    ----------
    impacts
        Of the storm, one an area.
    codes
        Place codes of the areas that count.
    """
    own = [each for each in impacts if each.place_code in codes and each.houses is not None]
    if not own:
        return None, None
    low = sum(each.damage_low * (each.houses or 0) for each in own)
    return round(low, 3), round(sum(each.damage_high * (each.houses or 0) for each in own), 3)


def whole_rain(rain: Mapping[str, float] | None, layers: TyphoonLayers) -> Mapping[str, float] | None:
    """Rain if every area has a number, else None: no area can be sent without, and 0 mm would be made up."""
    return rain if rain is not None and all(code in rain for code in layers.areas) else None


def _area(impact: AreaImpact, alerted: Collection[str], triggered: Collection[str], context: CycleContext) -> EventArea:
    code, area, rain = impact.place_code, context.layers.areas[impact.place_code], context.rain
    damage = impact.damage_high if context.country.vulnerability.shown == "high" else impact.damage_low
    further: dict[str, int | float] = {
        HOUSES: round(damage, 4),
        WITHIN_50KM: round(impact.within_50km, 4),
        WINDSPEED: impact.wind_kmh,
    }
    if rain is not None:
        further[RAINFALL] = round(rain[code], 1)
    known = area.people_known and area.population > 0
    return EventArea(
        admin_level=area.admin_level,
        place_code=code,
        name=area.name,
        people=round(impact.people),
        share=round(min(1.0, impact.people / area.population), 6) if known else None,
        further=further | {SHOWN: 1},
        alerted=code in alerted,
        trigger=code in triggered,
        people_known=area.people_known,
    )
