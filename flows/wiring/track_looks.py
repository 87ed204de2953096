"""Are the tracks of a cycle there? A look of the sensor at a source of cyclone tracks."""

from __future__ import annotations

from collections.abc import Callable

from flows.wiring.track_sources import open_track_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import counted
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
