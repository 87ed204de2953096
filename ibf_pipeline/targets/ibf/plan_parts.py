"""What each hazard adds to the plan for the IBF API. A further hazard adds its part here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.publish.call import Call
from ibf_pipeline.targets.ibf.flash_flood_notices import flash_flood_notices
from ibf_pipeline.targets.ibf.flash_floods import ZERO_WARNS, exposure_and_levels, unfit_assets
from ibf_pipeline.targets.ibf.floods import other_stations, station_of_event, unfit_stations
from ibf_pipeline.targets.ibf.notice_context import NoticeContext
from ibf_pipeline.targets.ibf.typhoon import track_of_event, track_removal, unfit_tracks, unmailed
from ibf_pipeline.targets.ibf.typhoon_notices import typhoon_notices
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.problems import Problem


def _nothing(*_: object) -> Iterator[Any]:
    return iter(())


def _never(_: object) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The calls of one hazard beside those of all. Each gets findings of that hazard's own kind."""

    before_lead_times: Callable[..., Iterator[Call]] = _nothing
    """(findings, event, bodies): before the lead times of an event"""
    after_lead_times: Callable[..., Iterator[Call]] = _nothing
    """(findings, event, bodies): after the lead times of an event"""
    after_events: Callable[..., Iterator[Call]] = _nothing
    """(findings, bodies): once, after all events"""
    before_replacing: Callable[..., Iterator[Call]] = _nothing
    """(findings, bodies): first, if an earlier upload of the period is replaced"""
    unmailed: Callable[[Any], bool] = _never
    """(event): whether the server mails nobody about it, whenever it was first issued"""
    notices: Callable[[Any, NoticeContext], Iterator[Notice]] = _nothing
    """(findings, the portal before them): the hazard's own notices"""
    problems: Callable[[Any, Mapping[str, Mapping[str, str] | None]], Iterator[Problem]] = _nothing
    """(findings, points of the server: category -> code -> name): what does not fit, before the first call"""
    amounts: Mapping[str, Callable[[Event | None], float]] = field(default_factory=dict)
    """alert indicator -> its amount in an area of an event (None: no alert), if it is another than floods'"""


PLAN_PARTS: Final[dict[str, PlanPart]] = {
    FLOODS.name: PlanPart(after_lead_times=station_of_event, after_events=other_stations, problems=unfit_stations),
    FLASH_FLOODS.name: PlanPart(
        after_events=exposure_and_levels, notices=flash_flood_notices, problems=unfit_assets, amounts=ZERO_WARNS
    ),
    TYPHOON.name: PlanPart(
        before_lead_times=track_of_event,
        before_replacing=track_removal,
        unmailed=unmailed,
        notices=typhoon_notices,
        problems=unfit_tracks,
        amounts=ZERO_WARNS,
    ),
}


def plan_part_of(findings: Findings) -> PlanPart:
    """The part of the hazard that findings are of; one that adds nothing if it has none."""
    return PLAN_PARTS.get(findings.hazard, PlanPart())
