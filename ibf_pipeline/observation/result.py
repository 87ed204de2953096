"""What was observed of an event, as it is kept beside the run and shown to people."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.observation.by_area import ObservedArea
from ibf_pipeline.observation.passes import Days
from ibf_pipeline.observation.verdict import MISSES, Verdict

Source = Literal["flood map", "open water"]
FOLDER: Final = "observations"
"""below a run folder; it stays where a day is run again, because its evidence was paid for"""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an event: a scene, or the flood maps that a catalogue had, and what they say on their own."""

    source: Source
    first_day: date
    last_day: date
    """days (UTC) on which a pass can say something about the event, both included"""
    passes: tuple[datetime, ...]
    """when the radar passed (UTC)"""
    products: tuple[str, ...]
    method: str
    """the rule with its numbers"""
    verdict: Verdict
    areas: tuple[ObservedArea, ...]

    @property
    def on_the_days(self) -> bool:
        """Whether some pass lies on the event's days."""
        return any(Days(self.first_day, self.last_day).contain(moment) for moment in self.passes)

    @property
    def people(self) -> int:
        """In flooded cells of the event's areas."""
        return sum(area.people_observed for area in deepest_of(self.areas))


@dataclass(frozen=True, slots=True)
class Observed:
    """One event and what all looks at it say together; each of them stays listed."""

    country: str
    issue_date: date
    event: str
    verdict: Verdict
    default_admin_level: int
    areas: tuple[ObservedArea, ...]
    """all looks together: a cell is flooded where some pass saw water"""
    looks: tuple[Look, ...]
    """earliest pass first"""

    @property
    def first_day(self) -> date:
        """First day (UTC) that was looked at."""
        return min(look.first_day for look in self.looks)

    @property
    def last_day(self) -> date:
        """Last day (UTC) that was looked at."""
        return max(look.last_day for look in self.looks)

    @property
    def methods(self) -> list[str]:
        """The rules of the looks, each once."""
        return list(dict.fromkeys(look.method for look in self.looks))

    def areas_of(self, admin_level: int) -> list[ObservedArea]:
        """The areas of one level."""
        return [area for area in self.areas if area.admin_level == admin_level]

    @property
    def people(self) -> tuple[int, int]:
        """(in flooded cells as observed, affected as forecast)."""
        deepest = deepest_of(self.areas)
        return sum(area.people_observed for area in deepest), sum(area.people_forecast for area in deepest)


def deepest_of(areas: Sequence[ObservedArea]) -> list[ObservedArea]:
    """The areas of the deepest level."""
    level = max((area.admin_level for area in areas), default=0)
    return [area for area in areas if area.admin_level == level]


def flooded_km2(areas: Sequence[ObservedArea]) -> float:
    """km2 inside the event's areas."""
    return sum(area.flooded_km2 for area in deepest_of(areas))


def observed_share(areas: Sequence[ObservedArea]) -> float:
    """0..1 of the event's areas that some pass saw."""
    whole = sum(area.area_km2 for area in deepest_of(areas))
    return sum(area.observed_km2 for area in deepest_of(areas)) / whole if whole else 0.0


_ADAPTER: Final = TypeAdapter(Observed)


def event_folder(run: Path, event: str) -> Path:
    """Where the observation of an event is kept."""
    return run / FOLDER / re.sub(r"[^\w.-]", "-", event)


def write_observed_event(observed: Observed, folder: Path) -> None:
    """`observation.json` and `observation.md`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "observation.md", in_words(observed).encode())
    write_whole(folder / "observation.json", _ADAPTER.dump_json(observed, indent=1))


def write_whole(file: Path, content: bytes) -> None:
    """A file that appears under its name only when it is on disk."""
    partial = file.with_name(f"{file.name}.part")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


def read_observations(run: Path) -> list[Observed]:
    """Every observation of a run, in the order of the events' names; none where nobody looked."""
    found = []
    for file in sorted((run / FOLDER).glob("*/observation.json")):
        try:
            found.append(_ADAPTER.validate_json(file.read_bytes()))
        except (OSError, ValidationError) as error:
            raise InputInvalid(
                f"an observation cannot be read ({type(error).__name__})", where=file,
                remedy="delete its folder and observe the event again",
            ) from None  # fmt: skip
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


def passes_of(look: Look) -> list[str]:
    """When the radar passed, for people (UTC)."""
    return [f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" for moment in look.passes] or ["none"]


def _together(observed: Observed) -> str:
    return f"All {len(observed.looks)} looks together: " if len(observed.looks) > 1 else ""


def _share(area: ObservedArea) -> float:
    return area.observed_km2 / area.area_km2 if area.area_km2 else 0.0


def _cell(text: str) -> str:
    return text.replace("|", "/")
