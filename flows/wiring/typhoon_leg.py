"""How a cycle of typhoon is found: from the tracks of an ensemble to a whole run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flows.wiring.day import Day, now
from flows.wiring.earlier_cycles import EarlierCycles
from flows.wiring.local_static import local_static
from flows.wiring.previous_runs import ExerciseSources, is_end, moment_of_publication, shown_before
from flows.wiring.sharing import ensure_layers, shared_layers_of
from flows.wiring.storm_rain import StormRain, storm_rain
from flows.wiring.track_sources import open_track_sources
from flows.wiring.trial import require_no_trial, require_no_trial_source
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.typhoon.cycle import Cycle, Past
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.prepare.typhoon.store import read_typhoon
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sources.rain.source import RainAreas
from ibf_pipeline.sources.tracks.source import TrackDelivery, TrackSource
from ibf_pipeline.synthetic.tracks import parse_track_wishes
from tasks.scenario import make_tracks
from tasks.typhoon import find_storms, obtain_tracks, prepared_typhoon, record_cycle


def find_cycle(
    day: Day, wished: ExerciseSources[TrackSource] | None = None, allowed: Callable[[Findings], None] | None = None
) -> tuple[TyphoonFindings, RunFolder]:
    """What the tracks of a cycle mean, in the run folder: nothing has been published yet.

    `wished`: in place of the country's sources; `allowed`: raises if these findings must not replace earlier ones.
    """
    iso3, country = day.country.iso3, TyphoonCountry.of(day.country)
    if wished is None:
        require_no_trial_source(day.configuration, country, day.target_name)
    static = local_static(day.configuration, country)
    prepared = prepared_typhoon(iso3, country, static, day.prepared, shared_layers_of(day))
    shown = None if wished is not None and wished.ends else shown_before(day, TyphoonFindings)
    sources = open_track_sources(day.configuration, country) if wished is None else list(wished.sources)
    given = obtain_tracks(iso3, day.issue_time, sources)
    earlier = EarlierCycles(day, sources)
    areas = RainAreas.of(prepared.layers.areas, prepared, day.prepared)
    rain = StormRain() if day.exercise else storm_rain(day.configuration, country, day.issue_time, given.tracks, areas)
    cycle = assemble_cycle(given, earlier, shown, rain)
    past, published = Past(shown, day.accepted), moment_of_publication(day, now())
    found = find_storms(iso3, cycle, prepared, country, published, past, exercise=day.exercise)
    require_no_trial(day, found)
    found = replace(
        found,
        notes=(*found.notes, *given.notes, *earlier.notes, *rain.not_seen),
        not_seen=(*found.not_seen, *rain.not_seen),
    )
    if allowed is not None:
        allowed(found)
    return found, record_cycle(iso3, found, given, {"rain": rain.origin}, country, day.run, ensure_layers(day))


def assemble_cycle(
    given: TrackDelivery, earlier: EarlierCycles, shown: TyphoonFindings | None, rain: StormRain
) -> Cycle:
    """A cycle with those before it that its rules ask for."""
    return Cycle(
        tracks=given.tracks,
        long=earlier.long(given.tracks, shown),
        before=earlier.before(given.tracks, shown),
        rain=rain.largest,
        source=str(given.tracks.attrs["source"]),
    )


def read_storm_wishes(country: CountryHazard, issue_time: IssueTime, wishes: str) -> None:
    """WishInvalid for what cannot be wished for, as far as the configuration tells: of any place."""
    TyphoonCountry.of(country)
    if not is_end(wishes):
        parse_track_wishes(wishes)


def wished_tracks(day: Day, wishes: str) -> ExerciseSources[TrackSource]:
    """The tracks of an exercise: STORM=landfall@HOUR:PLACE, see `scenario`; `end` is its last cycle, without storms."""
    iso3, country = day.country.iso3, TyphoonCountry.of(day.country)
    static = local_static(day.configuration, country)
    prepared = prepared_typhoon(iso3, country, static, day.prepared, shared_layers_of(day))
    ends, place = is_end(wishes), day.runs / iso3 / "tracks"
    made = make_tracks(iso3, place, day.issue_time, "" if ends else wishes, prepared.layers, country)
    return ExerciseSources((made,), ends)


def typhoon_notes(country: TyphoonCountry, folder: Path) -> tuple[Sequence[str], Sequence[str]]:
    """What is doubtful of a prepared country and not accepted by it, and what else `prepare` noticed."""
    layers = read_typhoon(folder, country.iso3).layers.accepting(country.accepted_doubts)
    return layers.doubts, [text for text in layers.findings if text not in layers.doubts]


def typhoon_codes(prepared: Path, findings: Findings) -> Mapping[int, Sequence[str]]:
    """The areas of a prepared country, all of its one level."""
    return {findings.default_admin_level: tuple(read_typhoon(prepared, findings.country).layers.areas)}
