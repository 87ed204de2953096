"""What stands of a day after people took alerts back, read from the revisions that were published."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from ibf_pipeline.domain.found import Found, StationFound
from ibf_pipeline.domain.lead_times import QUIET_LEAD_TIME
from ibf_pipeline.errors import IbfError
from ibf_pipeline.runs.folder import RunFolder

log = logging.getLogger(__name__)


def standing(found: Found, run: RunFolder) -> Found:
    """A run's findings without the events that a person took back.

    The newest revision that a target shows decides there. An event is taken back where some target is without it by a
    withdrawal and no target shows it; it then is in `withdrawn` and no more in `events`.
    """
    taken, shown = set[str](), set[str]()
    for target in run.targets():
        withdraws, events = _newest(run, target)
        taken |= withdraws
        shown |= events
    return without_events(found, taken - shown)


def without_events(found: Found, names: Collection[str]) -> Found:
    """A day without some of its events; their stations are quiet."""
    gone = tuple(event for event in found.events if event.name in names)
    if not gone:
        return found
    codes = {event.station_code for event in gone}

    def quiet(station: StationFound) -> StationFound:
        if station.code not in codes or station.values is None:
            return station
        return replace(station, values=replace(station.values, lead_time=QUIET_LEAD_TIME, alert_class="no"))

    return replace(
        found,
        events=tuple(event for event in found.events if event not in gone),
        withdrawn=(*found.withdrawn, *gone),
        stations=tuple(quiet(station) for station in found.stations),
        extents=tuple(
            replace(extent, events=tuple(name for name in extent.events if name not in names))
            for extent in found.extents
        ),
        notes=(*found.notes, f"withdrawn by a person: {', '.join(event.name for event in gone)}"),
    )


def _newest(run: RunFolder, target: str) -> tuple[set[str], set[str]]:
    """What the newest revision that a target shows took back, and what it has; damaged ones are passed over."""
    for revision in reversed(run.revisions(target)):
        try:
            if revision.state().is_uploaded:
                return set(revision.about().withdraws), {event.name for event in revision.found().events}
        except (OSError, ValueError, TypeError, KeyError, IbfError) as error:
            log.warning("%s: what it took back is not known (%s)", revision.folder, error)
    return set(), set()
