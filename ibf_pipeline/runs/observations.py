"""What was observed of an event: kept beside the run, shared by all machines, and shown to people."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from ibf_pipeline.domain.observation import (
    MISSES,
    EventObservation,
    ObservedArea,
    flooded_km2,
    observed_share,
    passes_of,
)
from ibf_pipeline.errors import InputInvalid, errors_logged
from ibf_pipeline.io.atomic_files import write_bytes, write_text
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.storage.file_sets import newest_below
from ibf_pipeline.storage.mirror import Mirror
from ibf_pipeline.storage.shared_folder import SharedFolder
from ibf_pipeline.storage.store_location import SharedStorage

log = logging.getLogger(__name__)

OBSERVATIONS: Final = "observations"
"""below a run folder; it stays if a day is run again, because its evidence was paid for"""
OBSERVATION_LOCK: Final = "lock"
"""file in an event's folder, for one process at a time"""
_TOLD: Final = ("observation.md", "observation.json")

_ADAPTER: Final = TypeAdapter(EventObservation)


def event_folder(run: Path, event: str) -> Path:
    """The folder with the observation of an event; characters that are not allowed in names become `-`.

    >>> event_folder(Path("run"), "G1/2").as_posix()
    'run/observations/G1-2'
    """
    return run / OBSERVATIONS / re.sub(r"[^\w.-]", "-", event)


def write_observed_event(observed: EventObservation, folder: Path) -> None:
    """Write `observation.md` and `observation.json`, each completely or not at all.

    Raises
    ------
    WriteFailed
        If the disk is full.
    """
    words, data = _TOLD
    write_text(folder / words, observation_markdown(observed))
    write_bytes(folder / data, _ADAPTER.dump_json(observed, indent=1))


def shared_event(run: RunFolder, folder: Path) -> Mirror | None:
    """The observation of an event with its place in the store; None without a store."""
    store = run.storage.store
    if store is None:
        return None
    place = SharedFolder(
        SharedStorage(run.records, store), f"{run.place}/{OBSERVATIONS}/{folder.name}", "observation", run.iso3
    )
    return Mirror(place, folder, belongs=lambda name: name.name != OBSERVATION_LOCK, merges=True)


@contextmanager
def shared_looks(shared: Mirror | None, event: str) -> Iterator[None]:
    """Fetch what all machines observed of an event, and share what the block adds to it; one machine at a time.

    If the store is down, that is logged, and what was observed stays on this machine.
    """
    if shared is None:
        yield
        return
    with shared.place.exclusive(f"is observing {event}"):
        with errors_logged(log, "%s: what other machines saw cannot be had", event):
            shared.bring()
        yield
        with errors_logged(log, "%s: what was seen is on this machine alone", event):
            shared.share()


def fetch_observations(run: RunFolder) -> None:
    """Fetch what other machines observed of a run's events: the texts only, not the images that they are made of.

    Raises
    ------
    StoreUnavailable, InputInvalid
        As `FileStore.get`.
    """
    if run.storage.store is None:
        return
    below = f"{run.place}/{OBSERVATIONS}"
    for kept in newest_below(run.records, below, there=True):
        folder = run.path / OBSERVATIONS / kept.place.removeprefix(f"{below}/")
        mirror = shared_event(run, folder)
        if mirror is not None and not mirror.is_of(kept):
            mirror.place.bring(kept, folder, _TOLD)


def read_observations(run: Path) -> list[EventObservation]:
    """Every observation of a run, sorted by event; empty if nobody looked.

    Parameters
    ----------
    run : Path
        The folder of the run.

    Raises
    ------
    InputInvalid
        If an observation is damaged.
    """
    found = []
    for file in sorted((run / OBSERVATIONS).glob("*/observation.json")):
        try:
            found.append(_ADAPTER.validate_json(file.read_bytes()))
        except (OSError, ValidationError) as error:
            raise InputInvalid(
                f"an observation cannot be read ({type(error).__name__})",
                where=file,
                remedy="delete its folder and observe the event again",
            ) from None
    return found


def observation_markdown(observed: EventObservation) -> str:
    """Markdown for report and artifact: first the verdict, then the table, then what the numbers cannot say."""
    seen, forecast = observed.people
    flooded, share = flooded_km2(observed.areas), observed_share(observed.areas)
    lines = [
        f"# {observed.event}: {observed.verdict.kind}",
        "",
        f"**Indicative.** {observed.verdict.reason}. Event of the run of {observed.issue_date}, days "
        f"{observed.first_day} to {observed.last_day}.",
        "",
        f"{_together(observed)}{flooded:,.1f} km2 flooded, {share:.0%} of the event's areas seen; "
        f"{seen:,} people in flooded cells, {forecast:,} affected in the forecast.",
        "",
        "| area | flooded km2 | seen | people observed | people forecast |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {_cell(area.name)} ({_cell(area.place_code)}) | {area.flooded_km2:,.1f} | {_share(area):.0%} "
        f"| {area.people_observed:,} | {area.people_forecast:,} |"
        for area in observed.areas_of(observed.default_admin_level)
    ]
    lines += [
        "",
        "| look (pass, UTC) | source | seen | flooded km2 | people observed | it says |",
        "|---|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {', '.join(passes_of(look))} | {look.source} | {observed_share(look.areas):.0%} "
        f"| {flooded_km2(look.areas):,.1f} | {look.people:,} | {look.verdict.kind} |"
        for look in observed.looks
    ]
    lines += ["", " ".join(observed.methods), "", MISSES, ""]
    return "\n".join(lines)


def _together(observed: EventObservation) -> str:
    return f"All {len(observed.looks)} looks together: " if len(observed.looks) > 1 else ""


def _share(area: ObservedArea) -> float:
    return area.observed_km2 / area.area_km2 if area.area_km2 else 0.0


def _cell(text: str) -> str:
    return text.replace("|", "/")
