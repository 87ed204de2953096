"""The tracks of a cycle fetched and read without running the cycle."""

from __future__ import annotations

from dataclasses import replace

from flows.wiring.sources import with_source
from flows.wiring.track_sources import open_track_sources
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.sources.fallback import first_usable
from ibf_pipeline.sources.tracks.source import TrackDelivery


def fetch_tracks(
    configuration: Configuration, country: TyphoonCountry, issue_time: IssueTime, source: str | None
) -> TrackDelivery:
    """The tracks of a cycle from one source, or from the first of the country's that has them.

    InputMissing or InputInvalid where none has.
    """
    chosen = with_source(country, source)
    sources = open_track_sources(configuration, chosen)
    given, passed_over = first_usable(sources, issue_time, lambda each: each.cycle(issue_time))
    return replace(given, notes=(*(f"source {each}" for each in passed_over), *given.notes))
