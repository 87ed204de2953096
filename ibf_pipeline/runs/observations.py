"""What was observed of an event, as it is kept beside the run and shown to people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from ibf_pipeline.domain.observed import (
    MISSES,
    Observed,
    ObservedArea,
    flooded_km2,
    observed_share,
    passes_of,
)
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.writing import write_bytes, write_text

FOLDER: Final = "observations"
"""below a run folder; it stays where a day is run again, because its evidence was paid for"""


_ADAPTER: Final = TypeAdapter(Observed)


def event_folder(run: Path, event: str) -> Path:
    """Where the observation of an event is kept."""
    return run / FOLDER / re.sub(r"[^\w.-]", "-", event)


def write_observed_event(observed: Observed, folder: Path) -> None:
    """`observation.json` and `observation.md`, each whole or not at all."""
    write_text(folder / "observation.md", in_words(observed))
    write_bytes(folder / "observation.json", _ADAPTER.dump_json(observed, indent=1))


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
