"""What was observed of an event, as it is kept beside the run, on all machines, and shown to people."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from ibf_pipeline.domain.observed import (
    MISSES,
    Observed,
    ObservedArea,
    flooded_km2,
    observed_share,
    passes_of,
)
from ibf_pipeline.errors import InputInvalid, only_logged
from ibf_pipeline.io.writing import write_bytes, write_text
from ibf_pipeline.records.schema import KEPT
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.storage.mirror import Mirror
from ibf_pipeline.storage.shared import SharedPlace, Sharing

log = logging.getLogger(__name__)

FOLDER: Final = "observations"
"""below a run folder; it stays where a day is run again, because its evidence was paid for"""
LOCK: Final = "lock"
"""file in an event's folder, for one process at a time"""
_TOLD: Final = ("observation.md", "observation.json")

_ADAPTER: Final = TypeAdapter(Observed)


def event_folder(run: Path, event: str) -> Path:
    """Where the observation of an event is kept."""
    return run / FOLDER / re.sub(r"[^\w.-]", "-", event)


def write_observed_event(observed: Observed, folder: Path) -> None:
    """`observation.json` and `observation.md`, each whole or not at all."""
    words, data = _TOLD
    write_text(folder / words, in_words(observed))
    write_bytes(folder / data, _ADAPTER.dump_json(observed, indent=1))


def shared_event(run: RunFolder, folder: Path) -> Mirror | None:
    """The observation of an event beside its place in the store; None without a store. `folder`: of the event."""
    store = run.storage.store
    if store is None:
        return None
    place = SharedPlace(Sharing(run.records, store), f"{run.place}/{FOLDER}/{folder.name}", "observation", run.iso3)
    return Mirror(place, folder, belongs=lambda name: name.name != LOCK, merges=True)


@contextmanager
def together_with_others(shared: Mirror | None, event: str) -> Iterator[None]:
    """Have the looks of all machines at an event, and let them have what the block makes of them, one at a time.

    A store that is away is logged: what was seen is then this machine's alone.
    """
    if shared is None:
        yield
        return
    with shared.place.alone(f"is observing {event}"):
        with only_logged(log, "%s: what other machines saw cannot be had", event):
            shared.bring()
        yield
        with only_logged(log, "%s: what was seen is on this machine alone", event):
            shared.share()


def bring_observations(run: RunFolder) -> None:
    """Have what other machines observed of a run's events, for people; what the looks are made of stays in the store.

    StoreUnavailable or InputInvalid as `Store.get`.
    """
    if run.storage.store is None:
        return
    prefix = f"{run.place}/{FOLDER}/"
    for row in run.records.rows(
        select(KEPT.c.place).distinct().where(KEPT.c.place.startswith(prefix, autoescape=True))
    ):
        folder = run.path / FOLDER / row.place.removeprefix(prefix)
        mirror = shared_event(run, folder)
        for kept in mirror.place.sets() if mirror is not None else ():
            if mirror is not None and not mirror.is_of(kept):
                mirror.place.bring(kept, folder, _TOLD)


def read_observations(run: Path) -> list[Observed]:
    """Every observation of a run, in the order of the events' names; none where nobody looked."""
    found = []
    for file in sorted((run / FOLDER).glob("*/observation.json")):
        try:
            found.append(_ADAPTER.validate_json(file.read_bytes()))
        except (OSError, ValidationError) as error:
            raise InputInvalid(
                f"an observation cannot be read ({type(error).__name__})",
                where=file,
                remedy="delete its folder and observe the event again",
            ) from None
    return found


def in_words(observed: Observed) -> str:
    """Markdown for report and artifact: verdict first, then the table, then what the numbers cannot say."""
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


def _together(observed: Observed) -> str:
    return f"All {len(observed.looks)} looks together: " if len(observed.looks) > 1 else ""


def _share(area: ObservedArea) -> float:
    return area.observed_km2 / area.area_km2 if area.area_km2 else 0.0


def _cell(text: str) -> str:
    return text.replace("|", "/")
