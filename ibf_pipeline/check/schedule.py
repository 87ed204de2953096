"""One schedule a country: none, and nothing is sent by itself; two, and the day is published twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ibf_pipeline.check.finding import Finding, fine, listed


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that starts floods of one country, of several, or of all."""

    deployment: str
    when: str
    """cron expression or interval, in words"""
    active: bool
    countries: tuple[str, ...] | None
    """ISO3 codes; None for all configured ones"""


def check_schedules(iso3: str, schedules: Sequence[Schedule]) -> Iterator[Finding]:
    """Which of the Prefect server's schedules run a country's flood day."""
    own = [schedule for schedule in schedules if schedule.countries is None or iso3 in schedule.countries]
    running = [f"{schedule.deployment} ({schedule.when})" for schedule in own if schedule.active]
    if len(running) > 1:
        yield Finding(
            "error",
            "schedule",
            f"{len(running)} schedules run {iso3}: {listed(running)}",
            "the day is published several times, and people are mailed as often",
            "keep one: pause or delete the others in the Prefect UI",
        )
    elif running:
        yield fine("schedule", f"one schedule runs {iso3}: {running[0]}")
    else:
        paused = [schedule.deployment for schedule in own]
        yield Finding(
            "warning",
            "schedule",
            f"the schedules of {iso3} are paused: {listed(paused)}" if paused else f"no schedule runs {iso3}",
            "nothing is forecast unless a person starts it",
            "resume it in the Prefect UI" if paused else "`ibf-pipeline deploy`",
        )
