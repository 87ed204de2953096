"""The tracks of a cycle outside of a run: fetched for `inputs fetch`, and looked for by the sensor of a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flows.wiring.sources import with_source
from flows.wiring.track_sources import open_track_source, open_track_sources
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.sources.fallback import first_usable
from ibf_pipeline.sources.tracks.source import TrackDelivery
from ibf_pipeline.sources.watch import Availability


def tracks_look(
    configuration: Configuration, source: str, country: CountryHazard, issue_time: IssueTime
) -> Callable[[], Availability]:
    """Whole: the cycle's tracks are there, or it is known that it has none."""
    chosen = configuration.country_of(country.iso3, TyphoonCountry)
    opened = open_track_source(configuration, chosen, source, configuration.settings.sources[source])

    def ask() -> Availability:
        given = opened.cycle(issue_time)
        storms = given.tracks.sizes["storm"]
        text = f"cycle of {issue_time.words}, {counted(storms, 'storm') if storms else 'no cyclone'}"
        return Availability(True, True, "; ".join([text, *given.notes]))

    return ask


def fetch_tracks(
    configuration: Configuration, country: TyphoonCountry, issue_time: IssueTime, source: str | None
) -> TrackDelivery:
    """The tracks of a cycle from one source, or from the first of the country's that has them.

    InputMissing or InputInvalid if none has.
    """
    chosen = with_source(country, source)
    sources = open_track_sources(configuration, chosen)
    given, passed_over = first_usable(sources, issue_time, lambda each: each.cycle(issue_time))
    return replace(given, notes=(*(f"source {each}" for each in passed_over), *given.notes))
