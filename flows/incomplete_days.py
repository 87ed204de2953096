"""Days that are half published: what their portals show, for messages and for the first lines of the morning page."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from prefect.client.schemas.objects import FlowRun

from flows.states import PORTAL_AWAITED, PORTAL_STAYED_AWAY, PORTAL_UNREACHABLE
from flows.wiring.day import Day
from flows.wiring.hazards import CountryHazardKey
from flows.wiring.targets import OPENERS
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.errors import IbfError
from ibf_pipeline.report.words import listed
from ibf_pipeline.targets.incomplete_day import interruption_words, portal_words

log = logging.getLogger("ibf_pipeline.flows")

RESUMING = "resume"
"""name of the flow of the attempts; its runs are called so and like the run that they go on with"""
_AWAY = {outcome.name for outcome in (PORTAL_UNREACHABLE, PORTAL_AWAITED, PORTAL_STAYED_AWAY)}
_MOST = 20
"""names in a line"""


def shown_meanwhile(day: Day) -> str:
    """What the portal shows while a day is not published, or not to the end."""
    try:
        return portal_words(day.run, day.target_name, OPENERS[day.target.kind].shows)
    except IbfError as error:  # the failure of the day counts more
        log.error("%s: what the portal shows cannot be told: %s", day.country.iso3, error)
        return "what the portal shows cannot be told from the records"


def half_made_words(day: Day) -> str | None:
    """The same of a day that is half made; None for any other, also where only its notification is left to an
    operator.
    """
    return interruption_words(day.run, day.target_name, OPENERS[day.target.kind].shows)


def resuming_name(run_name: str) -> str:
    """What the attempts for a run are called."""
    return f"{RESUMING}-{run_name}"


def first_lines(
    configuration: Configuration, day: date, countries: Sequence[CountryHazardKey], runs: Mapping[str, FlowRun]
) -> list[str]:
    """What portals show of days that are half made, or that wait for their portal: a line for each thing to say.

    Of the day and of the one before, which stays on the portal until the next. `runs`: the newest ones by label; of a
    run that is at work nothing is said, since it makes the day at this very moment.
    """
    labels: dict[str, list[str]] = {}
    for each in countries:
        for words in _of(configuration, day, each, runs.get(each.label)):
            labels.setdefault(words, []).append(each.label)
    return [f"{listed(names, _MOST)}: {words}." for words, names in labels.items()]


def _of(configuration: Configuration, day: date, each: CountryHazardKey, run: FlowRun | None) -> Iterator[str]:
    state = None if run is None else run.state
    at_work = run is not None and run.name in each.run_names(day) and state is not None and not state.is_final()
    try:
        country = configuration.country(each.iso3, each.hazard)
        target = configuration.target(country.target)
        for of in (day, day - timedelta(days=1)):
            for issue_time in reversed(each.profile.issue_times_of(of)):
                one = Day(configuration, country, issue_time, country.target, target)
                words = half_made_words(one)
                if words is not None and not (at_work and of == day):
                    yield f"{words} ({issue_time.words})"
                    return
        if state is not None and state.name in _AWAY:
            newest = each.profile.issue_times_of(day)[-1]
            yield shown_meanwhile(Day(configuration, country, newest, country.target, target))
    except IbfError as error:  # its own run says so
        log.debug("%s: whether its day is half made cannot be told: %s", each.label, error)
