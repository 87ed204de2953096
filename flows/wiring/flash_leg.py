"""How a block of flash floods is found: from the rain of areas to a whole run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flows.wiring.day import Day, now
from flows.wiring.local_static import local_static
from flows.wiring.previous_runs import ExerciseSources, is_end, moment_of_publication, shown_before
from flows.wiring.rain_sources import open_levels, open_rain_source, open_rain_sources
from flows.wiring.sharing import ensure_layers, shared_layers, shared_layers_of
from flows.wiring.trial import require_no_trial, require_no_trial_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.rain_sources import RainFolderSection
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.block import Past
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.window import BLOCK_HOURS, FURTHEST_BACK, window_of
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import read_flash_floods
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sandbox import CountrySeed
from ibf_pipeline.sandbox.assets import seed_assets
from ibf_pipeline.sources.rain.source import RainAreas, RainSource, Role
from ibf_pipeline.synthetic.rain import parse_rain_wishes
from tasks.flash_floods import find_districts, obtain_rain, prepared_flash_floods, record_block
from tasks.scenario import make_rain


def find_block(
    day: Day, wished: ExerciseSources[RainSource] | None = None, allowed: Callable[[Findings], None] | None = None
) -> tuple[FlashFloodFindings, RunFolder]:
    """What the rain of a block means, in the run folder: nothing has been published yet.

    `wished`: in place of the country's sources; `allowed`: raises if these findings must not replace earlier ones.
    """
    iso3, country = day.country.iso3, FlashFloodCountry.of(day.country)
    if wished is None:
        require_no_trial_source(day.configuration, country, day.target_name)
    static = local_static(day.configuration, country)
    prepared = prepared_flash_floods(iso3, country, static, day.prepared, shared_layers_of(day))
    before = None if wished is not None and wished.ends else shown_before(day, FlashFloodFindings)
    sources = open_rain_sources(day.configuration, country) if wished is None else wished.sources
    level_notes = list[str]()
    levels = open_levels(day.configuration, country, level_notes.append) if wished is None else ()
    block = obtain_rain(
        iso3,
        day.issue_time,
        sources,
        RainAreas.of(prepared.layers.areas, prepared, day.prepared),
        hours_back(day.issue_time, country, before),
        None if before is None else before.issue_time,
        country.oldest_cycle_h,
        measured_back(country),
    )
    past, published = Past(before, day.accepted), moment_of_publication(day, now())
    found = find_districts(iso3, block.rain, prepared, country, published, past, levels, exercise=day.exercise)
    require_no_trial(day, found)
    found = replace(found, notes=(*found.notes, *block.notes, *level_notes), doubts=(*found.doubts, *block.doubts))
    if allowed is not None:
        allowed(found)
    return found, record_block(iso3, found, block, prepared, country, day.run, ensure_layers(day))


def measured_back(country: FlashFloodCountry) -> int:
    """How many hours before the last block measured rain is asked for: so many that a sum of the longest duration may
    have ended as far back as a block looks at what was measured late.
    """
    return max(country.durations_h) + FURTHEST_BACK - BLOCK_HOURS


def hours_back(issue_time: IssueTime, country: FlashFloodCountry, before: FlashFloodFindings | None) -> int:
    """How many hours of rain are summed up before the last block: those of the longest duration, and of the blocks that
    were missed, which this one looks at.
    """
    window = window_of(
        issue_time, issue_time.start, None if before is None else before.issue_time, country.warning_from_h
    )
    return max(country.durations_h) - window.first - BLOCK_HOURS


def read_rain_wishes(country: CountryHazard, issue_time: IssueTime, wishes: str) -> None:
    """WishInvalid for what cannot be wished for, as far as the configuration tells; UnknownDistrict for names alone."""
    if not is_end(wishes):
        parse_rain_wishes(wishes, list(FlashFloodCountry.of(country).districts))


def wished_rain(day: Day, wishes: str) -> ExerciseSources[RainSource]:
    """The rain of an exercise: DISTRICT=@HOUR, see `scenario`; `end` is its last block, without any rain."""
    iso3, country = day.country.iso3, FlashFloodCountry.of(day.country)
    static = local_static(day.configuration, country)
    prepared = prepared_flash_floods(iso3, country, static, day.prepared, shared_layers_of(day))
    ends = is_end(wishes)
    root = make_rain(iso3, day.runs / iso3 / "rain", day.issue_time, "" if ends else wishes, prepared, country)
    roles: tuple[Role, ...] = ("observed", "forecast")
    sections = [
        RainFolderSection(kind="rain-folder", root=str(root), role=role, origin=f"made-up {role}") for role in roles
    ]
    opened = (
        open_rain_source(day.configuration, country, f"scenario-{each.role}", each, country.oldest_cycle_h)
        for each in sections
    )
    return ExerciseSources(tuple(opened), ends)


def prepared_areas(configuration: Configuration, country: FlashFloodCountry) -> RainAreas:
    """All areas of a country, whose rain may run to a district; prepared here if it is not yet, outside of a run."""
    folder = configuration.prepared_folder(country.iso3, country.hazard)
    shared = shared_layers(configuration, country.iso3, country.hazard)
    prepare_flash_floods(country, local_static(configuration, country), folder, shared=shared)
    prepared = read_flash_floods(folder, country.iso3)
    return RainAreas.of(prepared.layers.areas, prepared, folder)


def prepared_notes(country: FlashFloodCountry, folder: Path) -> tuple[Sequence[str], Sequence[str]]:
    """What is doubtful of a prepared country, and what else `prepare` noticed."""
    layers = read_flash_floods(folder, country.iso3).layers
    return layers.doubts, [text for text in layers.findings if text not in layers.doubts]


def flash_codes(prepared: Path, findings: Findings) -> Mapping[int, Sequence[str]]:
    """The areas of a prepared country, all of its one level."""
    return {findings.default_admin_level: tuple(read_flash_floods(prepared, findings.country).layers.areas)}


def flash_assets(seed: CountrySeed, country: CountryHazard, static: Path) -> CountrySeed:
    """The country of the built-in server with its schools, gauges, roads and all others."""
    return seed_assets(seed, static, FlashFloodCountry.of(country).gauges)
