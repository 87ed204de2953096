"""How a flood day is found: from the sources of a GloFAS forecast to a whole run folder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.wiring.day import Day
from flows.wiring.inputs_fetch import forecast_of_before, own_forecast
from flows.wiring.local_static import local_static
from flows.wiring.operational_model import UNJUDGED, require_operational_model, with_doubt
from flows.wiring.sharing import ensure_layers, shared_layers_of
from flows.wiring.sources import open_sources
from flows.wiring.trial import require_may_be_made_up, require_no_trial, require_no_trial_source
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sources import FolderSource, ForecastFiles, Source, first_usable
from ibf_pipeline.sources.completeness import is_whole_and_new
from ibf_pipeline.sources.past_runs import without_damaged
from ibf_pipeline.sources.source import shorten_names
from ibf_pipeline.synthetic.wishes import parse_wishes
from tasks.floods import find_events, obtain_forecast, prepared_layers, read_discharge, record_findings
from tasks.scenario import make_forecast

log = logging.getLogger("ibf_pipeline.flows")

_DOUBTFUL = ("repeated", UNJUDGED)
_SAID = ("corrected", *_DOUBTFUL)
"""what a source tells of its files that readers of the report must know; some of it makes numbers doubtful"""


def find_day(
    day: Day, sources: Sequence[Source] | None = None, allowed: Callable[[Findings], None] | None = None
) -> tuple[Findings, RunFolder]:
    """What the forecast says, in the run folder: nothing has been published yet.

    `sources`: instead of its own; `allowed`: raises if these findings must not replace earlier ones.
    """
    iso3, country = day.country.iso3, FloodCountry.of(day.country)
    if sources is None:
        require_no_trial_source(day.configuration, country, day.target_name)
    static = local_static(day.configuration, country)
    layers, tiles = prepared_layers(iso3, country, static, day.prepared, shared_layers_of(day))
    if layers.mapping_is_proposed and allowed is not None and day.target.notifies:
        raise ForbiddenByRule(
            f"no operator has confirmed which areas the stations of {iso3} stand for",
            where=static / inputs.PROPOSED,
            expected=f"{inputs.MAPPING} for target {day.target_name}, which notifies people",
            remedy=f"look through the proposal and rename it to {inputs.MAPPING}; or use a target that notifies nobody",
        )

    country = country.on(day.issue_date)
    layers = layers.judged_by(country.thresholds_version)
    before = None if day.run.is_exercise else forecast_of_before(day.configuration, iso3, day.issue_date)

    def use(source: Source) -> tuple[ForecastFiles, Any]:
        require_may_be_made_up(day, source.name)
        files = obtain_forecast(iso3, day.issue_date, source)
        if day.run.is_exercise:
            return files, read_discharge(iso3, country, day.configuration.settings, layers, files, day.issue_date)
        unjudged = require_operational_model(day.configuration, country, files, day.issue_date)
        cube: Any = read_discharge(iso3, country, day.configuration.settings, layers, files, day.issue_date)
        files = without_damaged(with_doubt(files, cube, unjudged), cube)
        return own_forecast(files, cube, before)

    (files, cube), passed_over = first_usable(
        sources or open_sources(day.configuration, country),
        day.issue_date,
        use,
        lambda used: is_whole_and_new(*used, country.members.expected),
    )
    files = replace(files, origin={**files.origin, "passed_over": passed_over})
    found = find_events(iso3, cube, layers, country, exercise=day.exercise)
    require_no_trial(day, found)
    said = {key: f"source {files.source}: {words}" for key, words in files.origin.items() if key in _SAID}
    doubts = (said[key] for key in _DOUBTFUL if key in said)
    found = replace(found, notes=(*found.notes, *said.values()), doubts=(*found.doubts, *doubts))
    if found.members_missing and "not_used" in files.origin:
        unused = (
            f"source {files.source}: not used beside the incomplete ensemble: {shorten_names(files.origin['not_used'])}"
        )
        found = replace(found, notes=(*found.notes, unused))
    if allowed is not None:
        allowed(found)
    return found, record_findings(iso3, found, cube, tiles, country, files, day.run, ensure_layers(day))


def layer_notes(country: FloodCountry, folder: Path) -> tuple[Sequence[str], Sequence[str]]:
    """What is doubtful of prepared layers and not accepted by the country, and what else `prepare` noticed."""
    layers = read_prepared(folder, country.iso3)[0].accepting(country.accepted_doubts)
    return layers.doubts, [text for text in layers.findings if text not in layers.doubts]


def read_wishes(country: CountryHazard, issue_time: IssueTime, wishes: str) -> None:
    """WishInvalid for what cannot be wished for, as far as the configuration tells: of any station."""
    parse_wishes(wishes, FloodCountry.of(country).on(issue_time.day).lead_times_needed)


def wished_sources(day: Day, wishes: str) -> list[Source]:
    """The forecast of an exercise: STATION=DAYS, one character a lead time, see `scenario`."""
    iso3, country = day.country.iso3, FloodCountry.of(day.country)
    static = local_static(day.configuration, country)
    layers, _ = prepared_layers(iso3, country, static, day.prepared, shared_layers_of(day))
    country = country.on(day.issue_date)
    layers = layers.judged_by(country.thresholds_version)
    place = day.runs / iso3 / "forecasts"
    root = make_forecast(iso3, place, day.issue_date, wishes, layers, country)
    return [FolderSource("scenario", root, country.thresholds_version)]
