"""One schedule a country: with none nothing is sent without a command, with two the day is published twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ibf_pipeline.check.finding import Finding, finding, fine, first_few


@dataclass(frozen=True, slots=True)
class RunSchedule:
    """A schedule that starts runs of a hazard of one country, of several, or of all."""

    deployment: str
    when: str
    """cron expression or interval, in words"""
    active: bool
    countries: tuple[str, ...] | None
    """ISO3 codes; None for all configured ones"""
    is_sensor: bool = False
    """waits for a source's forecast and starts the countries that use it, unless their day is published already"""


def check_schedules(iso3: str, schedules: Sequence[RunSchedule]) -> Iterator[Finding]:
    """Which of the Prefect server's schedules run a country's flood day.

    Sensors of several sources are as good as one: the later one finds the day published.
    """
    own = [schedule for schedule in schedules if schedule.countries is None or iso3 in schedule.countries]
    running = [schedule for schedule in own if schedule.active]
    named = [f"{schedule.deployment} ({schedule.when})" for schedule in running]
    sensors = [schedule for schedule in running if schedule.is_sensor]
    if len(running) - len(sensors) + bool(sensors) > 1:
        sensor = f"; remove `schedule` from countries/{iso3}.yaml if the sensor shall start it" if sensors else ""
        yield finding("scheduled twice", count=len(running), iso3=iso3, schedules=first_few(named), or_remove=sensor)
    elif running:
        words = "one schedule runs" if len(running) == 1 else f"{len(running)} sensors start"
        yield fine("schedule", f"{words} {iso3}: {first_few(named)}")
    else:
        paused = [schedule.deployment for schedule in own]
        if paused:
            yield finding("schedules paused", iso3=iso3, schedules=first_few(paused))
        else:
            yield finding("no schedule", iso3=iso3)
