"""What every call of a plan is made of: its parameters, and the bodies with their common head (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ibf_pipeline.domain.findings import EventArea, Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.targets.ibf.timestamp import date_of_calls

EXPOSURE = "/admin-area-dynamic-data/exposure"
POINT_DATA = "/point-data/dynamic"


@dataclass(frozen=True, slots=True)
class PlanParameters:
    """What a revision is to be published with."""

    timestamp: datetime
    """the one `date` of every call: issue time plus revision"""
    place_codes: Mapping[int, Sequence[str]]
    """admin level -> every area that the server has"""
    extents: Mapping[int, FileBody]
    """lead time -> raster, all of them"""
    points: Mapping[str, Collection[str] | None] = field(default_factory=dict)
    """category -> codes of the points that the server knows; None, or no such category: not asked"""
    stale_points: Mapping[str, Collection[str]] = field(default_factory=dict)
    """category -> codes of points that an earlier upload of the same period made exposed"""
    map_images: Mapping[str, FileBody] = field(default_factory=dict)
    """event name -> picture"""
    notify: bool = True
    wipe: bool = False
    """an earlier upload of the same period is replaced: remove the rows of its events first"""

    def sends(self, category: str, code: str) -> bool:
        """Whether a point goes into a call: not if the server does not know it."""
        known = self.points.get(category)
        return known is None or code in known


class Bodies:
    """Bodies of the JSON calls, all with the same head: country, disaster type and `date`."""

    def __init__(self, findings: Findings, order: PlanParameters) -> None:
        self.order = order
        self.profile = profile_of(findings)
        self.head: dict[str, Any] = {
            "countryCodeISO3": findings.country,
            "disasterType": self.profile.disaster_type,
            "date": date_of_calls(order.timestamp),
        }
        self.indicators = exposure_indicators(findings)

    def amount(self, indicator: str, area: EventArea) -> float | None:
        """The amount that is sent of an area: people, their share of the population (0..1) or a further indicator.

        The server takes numbers only and shows no area without its people: if the people of a part of the area are
        unknown, those of the rest are sent.

        Returns
        -------
        float or None
            None for an unknown share, which is left out.
        """
        if indicator == self.profile.people_indicator:
            return area.people
        return area.share if indicator == self.profile.share_indicator else area.further[indicator]

    def exposure(
        self,
        level: int,
        indicator: str,
        lead_time: int,
        event: str | None,
        amounts: Sequence[tuple[str, float]],
        step: str = "exposure",
    ) -> Call:
        """POST admin-area-dynamic-data/exposure: one indicator of an event on one admin level.

        The server keeps a row per place code, of this `date`, lead time and event. From the first such row until
        events/process it shows no alerts.

        Parameters
        ----------
        level : int
            Admin level of the areas.
        indicator : str
            The server's name of it.
        lead_time : int
            In the hazard's unit (days or hours), one of the portal's.
        event : str or None
            Name of the event; None: of no event (zeros, or the removal of rows).
        amounts : sequence of (place code, amount)
            An empty one deletes the rows of the period, those of every event if `event` is None, and adds none.
        step : str
            How the call is named in the plan.
        """
        body = {
            **self.head,
            "adminLevel": level,
            "leadTime": self.profile.lead_time_name(lead_time),
            "dynamicIndicator": indicator,
            "eventName": event,
            "exposurePlaceCodes": [{"placeCode": code, "amount": amount} for code, amount in amounts],
        }
        return Call(0, f"{step}, level {level}, {indicator}", "POST", EXPOSURE, body=body, event=event)


def exposure_indicators(findings: Findings) -> tuple[str, ...]:
    """The indicators that are sent of every area, in this order: the main one, the share of people if the country wants
    it, the further ones.
    """
    main, *further = findings.indicators
    share = profile_of(findings).share_indicator
    return main, *([share] if findings.percentage and share else []), *further
