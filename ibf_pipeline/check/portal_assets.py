"""Points and lines of a country's files against those of its portal, and the names of events that stand for places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ibf_pipeline.check.finding import Finding, finding, fine, first_few
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.exercise import is_exercise
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.targets.portal import OpenOnPortal, PortalState


def check_portal_assets(
    state: PortalState, country: CountryHazard, profile: HazardProfile, fids: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """`fids`: category -> those that can be sent; what the portal does not know it takes without a word."""
    for category, ours in fids.items():
        if category not in profile.lines:
            yield from _points(category, ours, state.points.get(category))
    if lines := [category for category in fids if category in profile.lines]:
        yield finding("lines not compared", categories=" and ".join(lines))
    if isinstance(country, FlashFloodCountry) and state.open_events is not None:
        yield from _district_names(state.open_events, country)


def _points(category: str, ours: Sequence[str], theirs: Mapping[str, str] | None) -> Iterator[Finding]:
    if theirs is None:
        yield finding("points not told", category=category)
        return
    unknown = [fid for fid in ours if fid not in theirs]
    if unknown:
        yield finding(
            "points unknown to portal", category=category, count=len(unknown), total=len(ours), fids=first_few(unknown)
        )
    else:
        yield fine("portal", f"all {len(ours)} {category} of districts are there")


def _district_names(events: Sequence[OpenOnPortal], country: FlashFloodCountry) -> Iterator[Finding]:
    """An event is known on the server by its name alone, and a district that is renamed gets a new one."""
    names = [event.name for event in events if not is_exercise(event.name)]
    strange = [name for name in names if name not in country.districts]
    if strange:
        yield finding("event of no district", names=first_few(strange), districts=first_few(country.districts))
