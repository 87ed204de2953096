"""What each hazard adds to the plan for the IBF API. Whoever brings another hazard adds its part here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.publish.call import Call
from ibf_pipeline.targets.ibf.floods import other_stations, station_of_event, unfit_stations
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.problems import Problem


def _nothing(*_: object) -> Iterator[Any]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Part:
    """The calls of one hazard beside those of all. Each gets findings of that hazard's own kind."""

    of_event: Callable[..., Iterator[Call]] = _nothing
    """(findings, event, order, bodies): after the lead times of an event"""
    beside: Callable[..., Iterator[Call]] = _nothing
    """(findings, order, bodies): once, after all events"""
    notices: Callable[[Any, Mapping[str, str]], Iterator[Notice]] = _nothing
    """(findings, active events before: name -> alert level): what only this hazard has to tell beside the portal"""
    problems: Callable[[Any, Mapping[str, Mapping[str, str] | None]], Iterator[Problem]] = _nothing
    """(findings, points of the server: category -> code -> name): what does not fit, before the first call"""


PARTS: Final[dict[str, Part]] = {FLOODS.name: Part(station_of_event, other_stations, problems=unfit_stations)}


def part_of(found: Findings) -> Part:
    """The part of the hazard that findings are of; one that adds nothing where it has none."""
    return PARTS.get(found.hazard, Part())
