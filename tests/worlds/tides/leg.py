"""The leg of tides: a file of heights for each block, found and put into a run folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from flows.wiring.day import Day
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.prepare.outlines import prepare_outlines
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from tests.worlds.tides.country import Tides
from tests.worlds.tides.hazard import find

CODES = {1: ("A", "B"), 2: ("A1", "A2", "B1")}
"""level -> place codes; level 1 is the default"""


def find_block(
    day: Day, heights: Mapping[str, Mapping[int, float]] | None, allowed: Callable[[Findings], None] | None
) -> tuple[Findings, RunFolder]:
    """What the heights of a block mean. `heights`: instead of those of its file."""
    country = day.country
    assert isinstance(country, Tides)
    found = find(
        heights if heights is not None else read_heights(heights_file(day)),
        country.piers,
        country.gauge,
        country=country.iso3,
        name=country.name,
        levels=country.admin_levels,
        default_level=country.default_admin_level,
        issue_time=day.issue_time,
        exercise=day.exercise,
    )
    if allowed is not None:
        allowed(found)
    prepare_outlines(day.configuration.static_folder(country), country, day.prepared)
    folder = begin_findings(day.run)
    write_findings_json(found, folder / "events.json")
    kept = country.model_dump(mode="json")
    keep_findings(day.run, folder, {"headline": found.headline, "source": found.source, "configuration": kept})
    return found, day.run


def heights_file(day: Day) -> Path:
    """Where the harbour master leaves the heights of a block."""
    return day.configuration.root / "heights" / f"{day.issue_time}.json"


def read_heights(file: Path) -> dict[str, dict[int, float]]:
    """Pier -> hours ahead -> metres."""
    if not file.is_file():
        raise InputMissing(f"no heights of {file.stem}", where=file, remedy="ask the harbour master")
    return {pier: {int(h): m for h, m in hours.items()} for pier, hours in json.loads(file.read_text()).items()}


def wished(day: Day, wishes: str) -> dict[str, dict[int, float]]:
    """`North Pier@12:3.5`: that many metres at that hour."""
    pier, _, what = wishes.partition("@")
    hours, _, metres = what.partition(":")
    return {pier: {int(hours): float(metres)}}


def all_codes(prepared: Path, findings: Findings) -> Mapping[int, Sequence[str]]:
    """Tides have no prepared layers."""
    return CODES
