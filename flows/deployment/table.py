"""The deployments of an installation: one table, made from its configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from prefect.flows import Flow

from flows.all_countries import all_countries
from flows.backfill import backfill
from flows.deployment.schedule_offset import offset_schedule
from flows.end_hold import end_hold
from flows.hazard_flows import flow_of, issue_parameter
from flows.heartbeat import heartbeat
from flows.history import OBSERVATION_TAG, TAG
from flows.incomplete_days import RESUMING
from flows.intake import intake
from flows.observe_event import observe_event
from flows.prepare import prepare_country
from flows.prune import prune
from flows.resume import resume
from flows.scenario import scenario
from flows.watch_source import watch_source
from flows.wiring.environment import RETRIES
from flows.wiring.hazards import valid_hazards
from flows.wiring.idle_countries import idle_words
from flows.wiring.sources import waiting_of, watched_sources
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.job_variables import merge_job_variables
from ibf_pipeline.config.rain_sources import BlockWaiting
from ibf_pipeline.config.settings import Operations
from ibf_pipeline.config.sources import Waiting
from ibf_pipeline.hazards.registry import known_hazard

_PRUNED = "30 3 * * 0"
"""cron (UTC) of deleting what is old: Sundays, when no day is due"""
_RUN_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "ibf_pipeline",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
"""of the runs: no telemetry, the library's log in the UI, and a sign of life by which dead runs are told"""


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """A deployment as it should be."""

    flow: Flow[..., Any]
    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    schedule: str | None = None
    """cron, UTC"""
    tags: tuple[str, ...] = ()
    at_once: int | None = None
    """runs of it at the same time; further ones wait"""
    tag: str = TAG
    """which of our tags"""
    pool: str | None = None
    """work pool of its own; the installation's if none is given"""
    job_variables: dict[str, Any] = field(default_factory=dict)
    """of the work pool's jobs"""
    idle: str = ""
    """why it is not scheduled, if there is a reason to show"""

    @property
    def full_name(self) -> str:
        """`<flow>/<deployment>`, as Prefect names it."""
        return f"{self.flow.name}/{self.name}"

    @property
    def entrypoint(self) -> str:
        """Module path of the flow: the package is installed wherever a worker runs it."""
        return f"{self.flow.fn.__module__}.{self.flow.fn.__name__}"


def planned_deployments(configuration: Configuration, config: str, workspace: str | None) -> list[DeploymentSpec]:
    """Every deployment of the installation but those of countries whose configuration is wrong.

    `config` and `workspace`: folders where the runs take place.
    """
    where = {"config": config, **({"workspace": workspace} if workspace else {})}
    operations = configuration.settings.operations
    once = _installation(operations, where)
    planned = (*_countries(configuration, where), *_sensors(configuration, where), *once)
    return [replace(item, job_variables=_jobs(operations, item.job_variables)) for item in planned]


def _jobs(operations: Operations, own: Mapping[str, Any]) -> dict[str, Any]:
    """Job variables of a deployment: the installation's, its own, and what every run of ours needs."""
    return merge_job_variables({"env": RETRIES}, operations.job_variables, own, {"env": _RUN_ENVIRONMENT})


def _countries(configuration: Configuration, where: dict[str, Any]) -> Iterator[DeploymentSpec]:
    default = configuration.settings.operations.schedule
    watched = set(watched_sources(configuration))
    for country in valid_hazards(configuration)[0]:
        profile, flow = known_hazard(country.hazard).profile, flow_of(country.hazard)
        started_by_sensor = bool(watched & set(country.sources))
        idle = idle_words(configuration, country)
        shared = (
            None if started_by_sensor else offset_schedule(profile.schedule or default, country.hazard, country.iso3)
        )
        cron = country.schedule or shared
        when = "day" if profile.period_hours == 24 else "block"
        yield DeploymentSpec(
            flow,
            country.iso3,
            f"{profile.short.capitalize()} {when} of {country.name}, published to the target `{country.target}`. A "
            f"manual run without {issue_parameter(profile).replace('_', ' ')} takes the present one (UTC).",
            {"country": country.iso3, **where},
            None if idle else cron,
            (country.hazard, country.iso3),
            at_once=1,
            job_variables=country.job_variables,
            idle=idle,
        )


def _sensors(configuration: Configuration, where: dict[str, Any]) -> Iterator[DeploymentSpec]:
    for name in watched_sources(configuration):
        waiting = waiting_of(configuration, name)
        if isinstance(waiting, Waiting):
            of, until = "day", f"{waiting.until} UTC"
        else:
            of, until = "block", f"{waiting.until_h:g} hours after it began"
        yield DeploymentSpec(
            watch_source,
            name,
            f"Waits for the {of}'s forecast of source {name} until {until} and starts the countries that use it.",
            {"source": name, **where},
            _first_looks(waiting),
            ("watch-source", name),
            at_once=1,
        )


def _first_looks(waiting: Waiting | BlockWaiting) -> str:
    """Cron (UTC) of a sensor's runs: one a day, or one for each block of six hours."""
    if isinstance(waiting, Waiting):
        clock = waiting.first_look.split(":")
        return f"{int(clock[1])} {int(clock[0])} * * *"
    hour, minute = divmod(round(60 * waiting.first_look_h), 60)
    return f"{minute} {','.join(map(str, sorted((hour + block) % 24 for block in range(0, 24, 6))))} * * *"


def _installation(operations: Operations, where: dict[str, Any]) -> Iterator[DeploymentSpec]:
    """Deployments that there are once, named like their flows."""
    observation = {"tag": OBSERVATION_TAG}
    once: list[tuple[Flow[..., Any], str, dict[str, Any]]] = [
        (
            all_countries,
            "The day of every configured country now, each as a flow run of its own `<hazard>/<ISO3>`.",
            {"at_once": 1},
        ),
        (
            backfill,
            "Past days of a country in their order, without notifications; each a flow run of `<hazard>/<ISO3>`.",
            {},
        ),
        (
            scenario,
            "An exercise: the ordinary day with a forecast that makes a wish list come true, kept apart from real "
            "days.",
            {},
        ),
        (
            resume,
            "Attempts to go on with a day whose portal was unreachable. Started by the automation for that.",
            {"tags": (RESUMING,)},
        ),
        (
            end_hold,
            "Begins a run again that nobody has approved in time. Scheduled by that run.",
            {"parameters": {}},
        ),
        (prepare_country, "A country's static data to its prepared layers, ahead of the day that needs them.", {}),
        (
            intake,
            "Notifications of new satellite products, and observations of alerted events.",
            {"schedule": operations.intake_schedule, "at_once": 1, **observation},
        ),
        (
            observe_event,
            "Has a radar pass seen the flood of an alerted event? Started by the intake.",
            {"pool": operations.pool_of_observations, **observation},
        ),
        (
            heartbeat,
            "Has every country's day ended by now? Fails where one has not, naming it.",
            {"schedule": operations.finished_by, "at_once": 1},
        ),
        (
            prune,
            "Deletes old files of runs that the records do not need, and old runs of Prefect's own history.",
            {"schedule": _PRUNED, "at_once": 1},
        ),
    ]
    for flow, description, more in once:
        yield DeploymentSpec(flow, flow.name, description, **{"parameters": where, **more})
