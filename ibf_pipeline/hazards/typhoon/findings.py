"""Findings of a cycle of typhoon: its events are storms. All times are UTC; winds are 10-minute means unless said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ibf_pipeline.domain.findings import Event, UnreliablePlace
from ibf_pipeline.hazards.hourly_findings import HourlyFindings
from ibf_pipeline.hazards.typhoon.profile import TYPHOON

Category = Literal["TD", "TS", "STS", "TY", "STY"]
State = Literal["forecast", "carried", "passed"]
"""forecast: this cycle's tracks say so; carried: beyond the last step of a short cycle, from the last long one (rule
4); passed: the storm has gone and its areas keep what they had (rule 11)"""
Approach = Literal["landfall", "close-pass", "passes", "not-yet"]
"""of the reference: it crosses land; comes within 15 km, or enough members cross; has its nearest point within the
forecast; is nearest at its last point (rules 8 to 10)"""


@dataclass(frozen=True, slots=True)
class TimeSpread:
    """When members have something happen: 10, 50 and 90 % of those in which it does."""

    early: datetime
    middle: datetime
    late: datetime
    share: float
    """0..1, of the whole ensemble, in which it happens at all"""


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """A point of the track that is published (rule 10)."""

    moment: datetime
    lat: float
    lon: float
    wind_kmh: int
    category: Category
    landfall: bool = False
    """the first landfall of the track; at most one point"""
    closest: bool = False
    """nearest to land; of a track without landfall exactly one point"""
    past: bool = False
    """from earlier cycles"""


@dataclass(frozen=True, slots=True)
class ProvinceFound:
    """What a storm means for a province, or for the whole country if its data have no provinces."""

    code: str
    name: str
    gale_onset: TimeSpread | None
    """first gale (34 kt) at any of its settled cells; None if no member has one"""
    centre: TimeSpread | None
    """when the centre is nearest, of the members that come within 300 km"""
    typhoon_probability: float
    """0..1, share of the ensemble with at least 118 km/h in any of its areas"""
    signal: int
    """0..5, the public wind signal of its largest mean wind; 0 is below signal 1"""
    wind_kmh: int
    """largest of its areas' mean winds"""
    houses_low: float | None
    """houses, by the weaker of the damage curves; mean over the members; None if the houses of none of its areas are
    known"""
    houses_high: float | None
    people: int
    """exposed to at least the country's wind for it; mean over the members"""
    passed: bool = False
    """whether the storm has gone by: its numbers are kept from earlier cycles"""
    trigger: bool = False
    """whether any of its areas is one of a trigger"""


@dataclass(frozen=True, slots=True)
class AreaImpact:
    """What a storm means for one municipality, alerted or not."""

    place_code: str
    wind_kmh: int
    """mean over the members"""
    gale_probability: float
    """0..1, share of the ensemble with at least the country's wind for an event area, 89 km/h"""
    typhoon_probability: float
    """0..1, share with at least 118 km/h"""
    within_50km: float
    """0..1, share whose centre passes within 50 km"""
    damage_low: float
    """0..1, mean damage by the weaker curve; a ratio of value, not of destroyed houses"""
    damage_high: float
    houses: float | None
    """there are; None if that is not known"""
    people: float = 0
    """exposed to at least the country's wind for it; mean over the members"""
    passed_at: datetime | None = None
    """when the storm had passed: the numbers are kept from then"""


@dataclass(frozen=True, slots=True)
class TriggerJudged:
    """One alternative of the country's triggers against one storm."""

    name: str
    """what it asks for, in words"""
    met: bool
    counts: bool
    """whether being met makes a trigger: damage needs a calibration"""
    wanted: str
    """`50 % of members with at least 185 km/h`"""
    reached: str
    """the same as this cycle has it"""
    where: tuple[str, ...] = ()
    """names of the provinces or regions that met it, or of the one that is nearest to it; empty: the whole country"""
    areas: tuple[str, ...] = ()
    """place codes that it makes a trigger of"""
    deadline: datetime | None = None
    """until when it can be met for the first time; None: there is none"""
    met_once: bool = False
    """whether this cycle met it, or an earlier one of the event: from then on no deadline stops it"""
    reason: str = ""
    """why it is not met, or does not count, beside its number; empty if there is nothing to add"""


@dataclass(frozen=True, slots=True)
class Landfall:
    """What the ensemble says of landfall."""

    approach: Approach
    probability: float
    """0..1, share of the ensemble whose centre crosses land"""
    when: TimeSpread | None
    """first crossing; None if no member crosses"""
    reference_at: datetime
    """landfall of the reference, else its closest approach"""
    reference_km: float
    """from land then; 0 where it crosses"""
    corrected: bool = False
    """whether the portal says `not predicted to make landfall` of a storm that may come within 50 km of somebody"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TyphoonEvent(Event):
    """An alerted storm. Its lead time is counted from the cycle, rounded down; 0 once it has begun."""

    storm: str
    """identity of our records, kept through renames: season and first identifier, `2021-21W`"""
    identifier: str
    """of the message: `21W`"""
    international_name: str
    """of the message: `CHANTHU`; the identifier again if it has none"""
    state: State = "forecast"
    landfall: Landfall
    track: tuple[TrackPoint, ...]
    """growing in time, past points first"""
    reference: str
    """which member it is, in words: `high-resolution run`"""
    peak_kmh: int
    """largest wind of the reference ahead"""
    category: Category
    """of that wind"""
    impacts: tuple[AreaImpact, ...]
    """of every area with any wind or chance"""
    provinces: tuple[ProvinceFound, ...]
    """of event areas, the earliest gale first"""
    triggers: tuple[TriggerJudged, ...]
    houses_low: float | None
    """all event areas, mean over the members; None if the houses of none of them are known"""
    houses_high: float | None
    ends_at: datetime | None = None
    """when an event of a storm that has passed is over; None before"""
    renamed_from: str | None = None
    """the event's name on the portal until now, if it was another"""
    shared_with: tuple[str, ...] = ()
    """other events that have areas of this one, which the portal's maps mix up (rule 12)"""
    members_with_storm: int = 0
    """that have it at the cycle time or later"""
    shift_km: float | None = None
    """how far the reference has moved since the last cycle, at its landfall or closest point; None at first"""
    shift_h: float | None = None
    """by how many hours that is later than the last cycle said"""

    @property
    def key(self) -> str:
        """Its identity in our records, whatever it is called."""
        return self.storm

    @property
    def exact_start(self) -> datetime:
        """Landfall or closest approach of the reference."""
        return self.landfall.reference_at

    @property
    def size(self) -> tuple[float, ...]:
        """Houses at most, then people."""
        return self.houses_high or 0, self.people


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the reference was forecast: by these a storm is known in the next cycle."""

    moment: datetime
    lat: float
    lon: float
    wind_kmh: int


@dataclass(frozen=True, slots=True)
class StormFound:
    """A storm of this cycle that was considered, or one that is missing from it, alerted or not."""

    storm: str
    identifier: str
    international_name: str
    event_name: str
    """what its event is called, or would be"""
    in_cycle: bool
    """false if it was open and this cycle has it no more"""
    fixes: tuple[Fix, ...]
    """of the reference, from the cycle time on; of one that is missing those of the last cycle that had it"""
    past: tuple[Fix, ...] = ()
    """where it was at the times of earlier cycles"""
    members_with_storm: int = 0
    note: str = ""
    """why it is not an event, in words; empty if it is one"""


@dataclass(frozen=True, slots=True)
class TyphoonRule:
    """The country's rule in numbers, so that a decision can be explained weeks later."""

    penv_hpa: float
    v_threshold_ms: float
    v_half_ms: tuple[float, ...]
    """m/s, weaker damage last"""
    area_wind_kmh: float
    area_probability: float
    people_kmh: float
    tail_h: int
    landfall_km: float
    landfall_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TyphoonFindings(HourlyFindings):
    """One country, one cycle."""

    hazard: str = TYPHOON.name
    lead_times: tuple[int, ...] = TYPHOON.lead_times
    events: tuple[TyphoonEvent, ...]
    withdrawn: tuple[TyphoonEvent, ...] = ()
    rule: TyphoonRule
    last_step_h: int
    storms: tuple[StormFound, ...]
    """events first"""

    @property
    def unseen(self) -> Sequence[UnreliablePlace]:
        """Storms that were open and are missing from this cycle for the first time: it closes nothing (rule 2)."""
        reason = "it is missing from this cycle's tracks; two valid cycles without it end its alert"
        return [
            UnreliablePlace(each.storm, each.event_name, f"storm {each.event_name}", "blind", reason)
            for each in self.storms
            if not each.in_cycle and each.note == ""
        ]

    @property
    def known(self) -> Mapping[str, str]:
        """Event names of all storms that this cycle has."""
        return {each.event_name: each.storm for each in self.storms}

    @property
    def other_names(self) -> Mapping[str, str]:
        """Storms by what their events were called before, by international name, and by identifier."""
        names = {name: each.storm for each in self.storms for name in (each.international_name, each.identifier)}
        return names | {event.renamed_from: event.storm for event in self.events if event.renamed_from}
