"""Where the parts are put together: configuration, sources, run folders, targets. Clock and environment enter here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from flows.wiring.sources import open_sources
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.targets import Target
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, UsageError
from ibf_pipeline.hazards.known import known_hazard
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.patience import Patience
from ibf_pipeline.report.floods.station_picture import run_hydrograph
from ibf_pipeline.report.write import event_maps
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.taken_over import EXERCISES
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, CountrySeed, Sandbox, seed_from_static
from ibf_pipeline.sandbox.vocabulary import BehavesLike
from ibf_pipeline.sources import Source
from ibf_pipeline.targets.files.target import FilesTarget, require_no_hold
from ibf_pipeline.targets.ibf.moment import require_not_future
from ibf_pipeline.targets.ibf.revise import Destination
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.open_target import OpenTarget

SANDBOX_EMAIL = "pipeline@sandbox.example"


@dataclass(frozen=True, slots=True)
class Day:
    """One country and hazard at one issue time, for one target."""

    configuration: Configuration
    country: CountryHazard
    issue_time: IssueTime
    target_name: str
    target: Target
    exercise: bool = False
    """the forecast is made up: its runs and its sandbox are kept apart from real ones"""

    @property
    def issue_date(self) -> date:
        """The day of its issue time, UTC."""
        return self.issue_time.day

    @property
    def profile(self) -> HazardProfile:
        """Of its hazard."""
        return known_hazard(self.country.hazard).profile

    @property
    def prepared(self) -> Path:
        """The country's prepared layers."""
        return self.configuration.prepared_folder(self.country.iso3)

    @property
    def runs(self) -> Path:
        """Where the runs of all countries lie."""
        return self.configuration.path(self.configuration.settings.paths.runs)

    @property
    def run(self) -> RunFolder:
        """The folder of the run."""
        return run_folder(self.configuration, RunId(self.country.iso3, self.country.hazard, self.issue_time))

    def alone(self, purpose: str) -> AbstractContextManager[object]:
        """Hold the country for a whole run, from its prepared layers to its report; another one waits."""
        return self.run.alone(f"{purpose} {self.country.iso3} {self.issue_time}")

    def sources(self) -> list[Source]:
        """Where forecasts of the country come from, preferred one first."""
        return open_sources(self.configuration, self.country)


def run_folder(configuration: Configuration, run: RunId) -> RunFolder:
    """The folder of a run."""
    return RunFolder(configuration.path(configuration.settings.paths.runs), run, configuration.records)


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def open_configuration(folder: str, workspace: str | None = None) -> Configuration:
    """The configuration; with a workspace, everything that is written goes below that folder."""
    configuration = load(Path(folder))
    if workspace is None:
        return configuration
    base = Path(workspace).resolve()
    paths = configuration.settings.paths.model_copy(
        update={name: str(base / name) for name in ("prepared", "runs", "sandbox", "inputs")}
    )
    settings = configuration.settings.model_copy(update={"paths": paths, "records": None})
    return Configuration(configuration.folder, settings)


def open_day(
    config: str,
    iso3: str,
    issued: IssueTime | date | None,
    target: str | None,
    *,
    hazard: str | None = None,
    workspace: str | None = None,
    exercise: bool = False,
) -> Day:
    """A validated day; ConfigError (UsageError for a country, hazard or target that there is not), or ForbiddenByRule
    for an issue time in the future or an exercise where none may be.

    `issued`: the period that now is in where none is given; `hazard`: the only one of the country where none is given.
    """
    configuration = open_configuration(config, workspace)
    _require_known(configuration, iso3, target)
    if exercise:
        configuration = _apart(configuration)
    country = configuration.country(iso3, hazard)
    name = target or country.target
    issue_time = as_issue_time(known_hazard(country.hazard).profile, now() if issued is None else issued)
    day = Day(configuration, country, issue_time, name, configuration.target(name), exercise)
    if exercise and not day.target.exercises:
        raise ForbiddenByRule(
            f"target {name} does not allow exercises",
            where="settings.yaml",
            expected="a target with exercises: true, best a server of its own",
            remedy="choose another with --target, or allow it",
        )
    require_not_future(day.issue_time, now(), test_target=day.target.test_target)
    return day


def as_issue_time(profile: HazardProfile, asked: IssueTime | date | str) -> IssueTime:
    """What was asked for as an issue time of a hazard: a moment is taken for the period that it is in.

    UsageError where it is none of the hazard's.
    """
    if isinstance(asked, datetime):
        return profile.issue_time(asked.astimezone(UTC) if asked.tzinfo else asked)
    try:
        return profile.parse(str(asked))
    except ValueError:
        raise UsageError(
            f"issue_{'date' if profile.period_hours == 24 else 'time'} is {str(asked)!r}",
            expected=profile.issue_times,
            remedy="correct the parameter",
        ) from None


def _require_known(configuration: Configuration, iso3: str, target: str | None) -> None:
    """UsageError for names that were asked for and do not exist: not the configuration is wrong, but the question."""
    try:
        if iso3 not in configuration.country_codes():
            configuration.country(iso3)
        if target is not None:
            configuration.target(target)
    except ConfigError as error:
        raise UsageError(error.found, where=error.where, expected=error.expected, remedy=error.remedy) from None


def _apart(configuration: Configuration) -> Configuration:
    """The same configuration with a place of its own for runs and sandbox."""
    paths = configuration.settings.paths
    apart = {name: f"{getattr(paths, name)}/{EXERCISES}" for name in ("runs", "sandbox")}
    settings = configuration.settings.model_copy(update={"paths": paths.model_copy(update=apart)})
    return Configuration(configuration.folder, settings)


@contextmanager
def open_target(day: Day, *, notify: bool = False, hold: bool = False, publishes: bool = True) -> Iterator[OpenTarget]:
    """The day's target, whichever kind it is. `hold`: its notification waits for a person's approval; `publishes`: a
    server that is away is waited for, as what comes next must not be left half made.
    """
    if day.target.kind == "files":
        if hold:
            require_no_hold(day.target_name)
        yield FilesTarget(day.target_name, day.configuration.path(str(day.target.folder)), day.prepared, now)
        return
    until = now() + timedelta(hours=day.target.hold_hours) if hold else None
    with open_ibf(day, publishes=publishes) as client:
        destination = Destination(day.target_name, client.base, notify and day.target.notifications, until)
        draw = partial(event_maps, day.prepared) if day.country.map_image else None
        yield IbfTarget(client, destination, day.prepared, now, day.target.capabilities, draw)


@contextmanager
def open_ibf(day: Day, *, publishes: bool = False) -> Iterator[IbfClient]:
    """A client of the day's target; an embedded sandbox is started for it and stopped afterwards.

    `publishes`: it waits for a server that is away. A question that a person asks is answered soon: away it is.
    """
    with ExitStack() as stack:
        if day.target.embedded_sandbox:
            url = stack.enter_context(open_sandbox(day.configuration, day.country)).url
            account = Credentials(SANDBOX_EMAIL, SANDBOX_PASSWORD)
            client = _client(url, account, day.target, publishes=publishes)
        else:
            client = open_portal(day.target_name, day.target, publishes=publishes)
        yield stack.enter_context(client)


def open_portal(name: str, target: Target, *, publishes: bool = False) -> closing[IbfClient]:
    """The same for a target with a url, whatever the country."""
    variables = (str(target.email_variable), str(target.password_variable))
    account = Credentials(*values_of(variables, os.environ, f"the account of target {name}", "settings.yaml"))
    return _client(str(target.url), account, target, publishes=publishes)


def _client(url: str, account: Credentials, target: Target, *, publishes: bool) -> closing[IbfClient]:
    keep_trying_seconds = target.keep_trying_seconds if publishes else 0.0
    patience = Patience(target.timeout_seconds, target.attempts, keep_trying_seconds=keep_trying_seconds)
    return closing(IbfClient(url, account, patience))


@contextmanager
def open_sandbox(
    configuration: Configuration, *countries: FloodCountry, port: int = 0, behaves_like: BehavesLike = "current"
) -> Iterator[Sandbox]:
    """The built-in server, seeded with countries' own static data."""
    paths = configuration.settings.paths
    hydrographs = partial(run_hydrograph, configuration.path(paths.runs))
    folder = configuration.path(paths.sandbox)
    sandbox = Sandbox(folder, behaves_like=behaves_like, port=port, hydrographs=hydrographs)
    for country in countries:
        sandbox.seed(sandbox_seed(configuration, country))
    with sandbox:
        yield sandbox


def sandbox_seed(configuration: Configuration, country: FloodCountry) -> CountrySeed:
    """A country as the sandbox is set up with it."""
    seed = seed_from_static(
        configuration.static_folder(country),
        country.iso3,
        name=country.name,
        admin_levels=country.admin_levels,
        default_admin_level=country.default_admin_level,
    )
    indicators = ("population_affected", "population_affected_percentage")
    return replace(seed, indicators=(*indicators, *(layer.indicator for layer in country.people.further_layers)))
