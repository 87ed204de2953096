"""What each hazard adds to the plan for the IBF API. Whoever brings another hazard adds its part here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.publish.call import Call
from ibf_pipeline.targets.ibf.before import PortalBefore
from ibf_pipeline.targets.ibf.flash_flood_notices import flash_flood_notices
from ibf_pipeline.targets.ibf.flash_floods import ZERO_WARNS, exposure_and_levels, unfit_assets
from ibf_pipeline.targets.ibf.floods import other_stations, station_of_event, unfit_stations
from ibf_pipeline.targets.ibf.typhoon import no_tracks, track_of_event, unfit_tracks, unmailed
from ibf_pipeline.targets.ibf.typhoon_notices import typhoon_notices
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.problems import Problem


def _nothing(*_: object) -> Iterator[Any]:
    return iter(())


def _never(_: object) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Part:
    """The calls of one hazard beside those of all. Each gets findings of that hazard's own kind."""

    before_lead_times: Callable[..., Iterator[Call]] = _nothing
    """(findings, event, order, bodies): before the lead times of an event"""
    of_event: Callable[..., Iterator[Call]] = _nothing
    """(findings, event, order, bodies): after the lead times of an event"""
    beside: Callable[..., Iterator[Call]] = _nothing
    """(findings, order, bodies): once, after all events"""
    wiped: Callable[..., Iterator[Call]] = _nothing
    """(findings, order, bodies): first, where an earlier upload of the period is replaced"""
    unmailed: Callable[[Any], bool] = _never
    """(event): whether the server mails nobody about it, whenever it was first issued"""
    notices: Callable[[Any, PortalBefore], Iterator[Notice]] = _nothing
    """(findings, the portal before them): what only this hazard has to tell beside the portal"""
    problems: Callable[[Any, Mapping[str, Mapping[str, str] | None]], Iterator[Problem]] = _nothing
    """(findings, points of the server: category -> code -> name): what does not fit, before the first call"""
    amounts: Mapping[str, Callable[[Event | None], float]] = field(default_factory=dict)
    """alert indicator -> its amount in an area of an event (None: no alert), where it is another than floods'"""


PARTS: Final[dict[str, Part]] = {
    FLOODS.name: Part(of_event=station_of_event, beside=other_stations, problems=unfit_stations),
    FLASH_FLOODS.name: Part(
        beside=exposure_and_levels, notices=flash_flood_notices, problems=unfit_assets, amounts=ZERO_WARNS
    ),
    TYPHOON.name: Part(
        before_lead_times=track_of_event,
        wiped=no_tracks,
        unmailed=unmailed,
        notices=typhoon_notices,
        problems=unfit_tracks,
        amounts=ZERO_WARNS,
    ),
}


def part_of(found: Findings) -> Part:
    """The part of the hazard that findings are of; one that adds nothing where it has none."""
    return PARTS.get(found.hazard, Part())
