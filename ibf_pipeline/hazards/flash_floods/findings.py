"""Findings of a block of flash floods: its events are districts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from ibf_pipeline.domain.findings import Event, UnreliablePlace
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.hourly_findings import HourlyFindings

State = Literal["forecast", "kept", "tail"]
"""forecast: this block's rain says so; kept: an earlier block's did and nothing takes it back; tail: it was at 0-hour
within the last days"""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an area is alerted: rain, the flood it stands for, and whom that reaches. Times are UTC."""

    place_code: str
    name: str
    starts: datetime
    """end of the first hour in which people are over the limit"""
    start_duration_h: int
    """duration of the sum that decided then"""
    peaks: datetime
    """end of the hour of the worst flood, to which the numbers below belong"""
    duration_h: int
    amount_mm: float
    fallen_mm: float
    """of it, in hours that were over at publication"""
    scenario: str
    rank: int
    people: int
    limit: float
    """people; it is alerted above"""
    probability: float
    """0..1, share of the members in which this area is over the limit; 1 of a single run"""
    observed: float
    """0..1, share of the sum's hours that were measured"""
    of_catchment: bool = False
    """whether the mean of its catchment decided and not its own rain"""
    lower_bound: bool = False
    """whether hours are missing, or the source's steps are too long: it may be more"""
    beyond_library: bool = False
    """whether it is more rain than the library has floods of"""
    resolved: bool = True
    """whether the source's steps are as short as the durations that decided"""

    @property
    def rains_from(self) -> datetime:
        """When the hours of its sum began."""
        return self.peaks - timedelta(hours=self.duration_h)


@dataclass(frozen=True, slots=True)
class LaterAlert:
    """What is to come after the alert that an event is sent with: larger, or new beside an alert that goes on."""

    lead_time: int
    starts: datetime
    trigger: bool
    people: int
    areas: tuple[str, ...] = ()
    """names of those that are alerted then, most people first"""


@dataclass(frozen=True, slots=True)
class ExposedAssets:
    """Points or lines that a flood reaches."""

    category: str
    lead_time: int
    fids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashFloodEvent(Event):
    """An alerted district. Its lead time is the one that is sent, its `starts` the exact hour."""

    district: str
    starts: datetime
    """UTC; of a trigger its first trigger hour"""
    state: State = "forecast"
    high_from: datetime | None = None
    """UTC; the first hour by which a trigger's share of the members exceeds, maybe beyond the limit"""
    probability: float
    """0..1, share of the members that exceed by then; 1 of a single run"""
    causes: tuple[Cause, ...]
    """one for each alerted area, most people first"""
    scenarios: dict[str, str]
    """place code -> scenario whose flood is drawn there; areas without any are left out"""
    exposed: tuple[ExposedAssets, ...] = ()
    """at its lead time"""
    exceeded: datetime | None = None
    """UTC; of a trigger at 0-hour the last hour in which its own rain exceeded: its tail counts from here"""
    measured: datetime | None = None
    """UTC; the last such hour whose rain was measured; None: it was only forecast, and measurements may refute it"""
    until: datetime | None = None
    """UTC; when the tail ends"""
    later: tuple[LaterAlert, ...] = ()

    @property
    def key(self) -> str:
        """Its district, whatever the event is called."""
        return self.district

    @property
    def exact_start(self) -> datetime:
        """The hour itself: its lead time is rounded down."""
        return self.starts

    @property
    def size(self) -> tuple[float, ...]:
        """People, then alerted areas."""
        return self.people, sum(area.alerted for area in self.areas)


@dataclass(frozen=True, slots=True)
class DistrictFound:
    """What the rain says about a district, alerted or not."""

    name: str
    event_name: str
    areas: tuple[str, ...]
    shares: tuple[float, ...]
    """0..1, members that exceed somewhere in it, by lead time of the portal"""
    blind: dict[str, str] = field(default_factory=dict)
    """place code -> why there is no usable sum ahead"""
    doubtful: dict[str, str] = field(default_factory=dict)
    """place code -> which hours ahead are missing"""


@dataclass(frozen=True, slots=True)
class GaugeFound:
    """Water level at a gauge, metres."""

    fid: str
    name: str
    measured: datetime
    """UTC"""
    level: float
    previous: float | None
    """about 24 hours before; None if there is none within 3 hours of that"""
    reference: float | None
    """usual level of the month; None if there is no table"""
    alert_level: str | None
    """the portal's word; None if no thresholds are declared"""


@dataclass(frozen=True, slots=True)
class FlashRule:
    """The country's rule in numbers, so that a decision can be explained weeks later."""

    durations_h: tuple[int, ...]
    people_threshold: float
    warning_from_h: int
    tail_h: int
    trigger_probability: float
    warning_probability: float
    library: tuple[Scenario, ...] = ()
    """the floods that rain is compared with"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashFloodFindings(HourlyFindings):
    """One country, one block of six hours."""

    hazard: str = FLASH_FLOODS.name
    lead_times: tuple[int, ...] = FLASH_FLOODS.lead_times
    events: tuple[FlashFloodEvent, ...]
    withdrawn: tuple[FlashFloodEvent, ...] = ()
    rule: FlashRule
    may_clear: bool = True
    """whether that forecast is new enough to take an earlier alert back"""
    members_left_out: int = 0
    one_run: bool
    """whether it is a single run, which knows no probability"""
    districts: tuple[DistrictFound, ...]
    measured_to: dict[str, datetime] = field(default_factory=dict)
    """place code -> the last hour whose rain had been measured, UTC: later ones are of the next block, too"""
    gauges: tuple[GaugeFound, ...] = ()
    still_shown: tuple[tuple[str, int], ...] = ()
    """(category of lines, lead time) whose exposed lines the portal goes on showing though none are there now"""

    def listed_name(self, key: str) -> str:
        """A district has no other name than its own."""
        return key

    @property
    def exposed(self) -> tuple[ExposedAssets, ...]:
        """Points and lines of all events together, one for each category and lead time: one call each (rule 13)."""
        return combine_assets(exposed for event in self.publishable_events for exposed in event.exposed)

    @property
    def unseen(self) -> Sequence[UnreliablePlace]:
        """Districts with areas whose rain is not known, then those with hours that are not."""
        blind = [_unseen(each, each.blind, "blind") for each in self.districts if each.blind]
        return [*blind, *(_unseen(each, each.doubtful, "suspect") for each in self.districts if each.doubtful)]

    @property
    def unsafe_to_close(self) -> Sequence[UnreliablePlace]:
        """Blind ones alone: what missing hours may hide keeps an alert open by the rule itself (`carryover`)."""
        return [each for each in self.unseen if each.condition == "blind"]

    @property
    def known(self) -> Mapping[str, str]:
        """The event names of all districts."""
        return {each.event_name: each.name for each in self.districts}

    @property
    def other_names(self) -> Mapping[str, str]:
        """Districts by their own names."""
        return {each.name: each.name for each in self.districts}

    @property
    def trigger_limit(self) -> int:
        """Hours; the last lead time of the portal below `warning_from_h`."""
        return max(lead for lead in self.lead_times if lead < self.rule.warning_from_h)

    def beyond_limit(self, key: str) -> Sequence[int]:
        """Lead times from `warning_from_h` on with a trigger's probability."""
        shares = next((each.shares for each in self.districts if each.name == key), ())
        high = [lead for lead, share in zip(self.lead_times, shares, strict=False) if self._is_high(share)]
        return [lead for lead in high if lead >= self.rule.warning_from_h]

    def _is_high(self, share: float) -> bool:
        return share > 0 and share >= self.rule.trigger_probability


def combine_assets(exposed: Iterable[ExposedAssets]) -> tuple[ExposedAssets, ...]:
    """The same with each category and lead time once, its fids sorted."""
    fids: dict[tuple[str, int], set[str]] = {}
    for each in exposed:
        fids.setdefault((each.category, each.lead_time), set()).update(each.fids)
    return tuple(
        ExposedAssets(category, lead_time, tuple(sorted(found, key=lambda fid: (len(fid), fid))))
        for (category, lead_time), found in sorted(fids.items())
    )


def _unseen(
    district: DistrictFound, reasons: Mapping[str, str], condition: Literal["blind", "suspect"]
) -> UnreliablePlace:
    """Every reason once, with its areas if there are several."""
    words = f"district {district.name} ({', '.join(reasons)})"
    several = len(set(reasons.values())) > 1
    reason = "; ".join(f"{code}: {why}" for code, why in reasons.items()) if several else next(iter(reasons.values()))
    return UnreliablePlace(district.name, district.event_name, words, condition, reason)
