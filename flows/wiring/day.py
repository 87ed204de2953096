"""A day of a country and hazard with its configuration, run folder and target; the clock enters here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.targets import TargetSettings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.run_id import EXERCISES, RunId
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, InputMissing, UsageError
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.targets.problems import nothing_of_the_future, require_not_future


@dataclass(frozen=True, slots=True)
class Day:
    """One country and hazard at one issue time, for one target."""

    configuration: Configuration
    country: CountryHazard
    issue_time: IssueTime
    target_name: str
    target: TargetSettings
    exercise: bool = False
    """the forecast is made up: its runs and its sandbox are kept apart from real ones"""
    accepted: tuple[str, ...] = ()
    """events that an operator lets close although something that they are about cannot be seen"""
    asked: bool = True
    """whether an operator asked for this issue time; else it is that of the moment for which the run was due"""

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
        return self.configuration.prepared_folder(self.country.iso3, self.country.hazard)

    @property
    def runs(self) -> Path:
        """Where the runs of all countries lie."""
        return self.configuration.path(self.configuration.settings.paths.runs)

    @property
    def run(self) -> RunFolder:
        """The folder of the run."""
        return run_folder(self.configuration, RunId(self.country.iso3, self.country.hazard, self.issue_time))

    @property
    def name(self) -> str:
        """Of the run, as commands take it: `UGA/2026-02-15`, `MWI/flash-floods/2026-02-15T06`, `exercises/UGA/...`."""
        run = str(self.run.id)
        if self.configuration.hazards(self.country.iso3) == (self.country.hazard,):
            run = f"{self.country.iso3}/{self.issue_time}"
        return f"{EXERCISES}/{run}" if self.exercise else run

    def exclusive(self, purpose: str) -> AbstractContextManager[object]:
        """Hold the country for a whole run, from its prepared layers to its report; another one waits."""
        return self.run.exclusive(f"{purpose} {self.country.iso3} {self.issue_time}")


def run_folder(configuration: Configuration, run: RunId) -> RunFolder:
    """The folder of a run."""
    return RunFolder(configuration.path(configuration.settings.paths.runs), run, configuration.storage)


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
    settings = configuration.settings.model_copy(update={"paths": paths, "records": None, "store": None})
    return Configuration(configuration.folder, settings)


def open_day(
    config: str,
    iso3: str,
    issued: IssueTime | date | str | None,
    target: str | None,
    *,
    hazard: str | None = None,
    at: datetime | None = None,
    workspace: str | None = None,
    exercise: bool = False,
) -> Day:
    """A validated day; ConfigError (UsageError for a country, hazard or target that there is not), or ForbiddenByRule
    for an issue time in the future or an exercise if none may be.

    `issued`: the newest whose forecast can be there at a moment (`at`, else now) if none is given; `hazard`: the
    hazard that is meant if none is given (`Configuration.country`).
    """
    configuration = open_configuration(config, workspace)
    _require_known(configuration, iso3, target)
    if exercise:
        configuration = of_exercises(configuration)
    country = configuration.country(iso3, hazard)
    name = target or country.target
    profile = known_hazard(country.hazard).profile
    others = () if hazard is not None else configuration.hazards(iso3)
    issue_time = profile.newest(at or now()) if issued is None else as_issue_time(profile, issued, others)
    asked = issued is not None
    day = Day(configuration, country, issue_time, name, configuration.target(name), exercise, asked=asked)
    require_not_future(day.issue_time, now(), test_target=day.target.test_target)
    if exercise and not day.target.exercises:
        raise ForbiddenByRule(
            f"target {name} does not allow exercises",
            where="settings.yaml",
            expected="a target with exercises: true, best a server of its own",
            remedy="choose another with --target, or allow it",
        )
    return day


@contextmanager
def future_told(day: Day) -> Iterator[None]:
    """InputMissing of a day in the future, which a test target accepts, says that the day is in the future."""
    try:
        yield
    except InputMissing as error:
        raise nothing_of_the_future(day.issue_time, now(), error) from error


def target_of(config: str, iso3: str, target: str | None, hazard: str | None = None) -> str:
    """The name of the target that is meant: the country's own if none is given."""
    configuration = open_configuration(config)
    _require_known(configuration, iso3, target)
    return target or configuration.country(iso3, hazard).target


def as_issue_time(profile: HazardProfile, asked: IssueTime | date | str, others: Sequence[str] = ()) -> IssueTime:
    """What was asked for as an issue time of a hazard: a moment is taken for the period that it is in.

    UsageError if the hazard has no such issue time; it names those of the country's `others` that have it.
    """
    if isinstance(asked, datetime):
        return profile.issue_time(asked.astimezone(UTC) if asked.tzinfo else asked)
    try:
        return profile.parse(str(asked))
    except ValueError:
        meant = [each for each in others if _has(each, str(asked))]
        raise UsageError(
            f"issue_{'date' if profile.period_hours == 24 else 'time'} is {str(asked)!r}",
            expected=profile.issue_times,
            remedy=" or ".join(["correct the parameter", *(f"name the hazard: --hazard {each}" for each in meant)]),
        ) from None


def _has(hazard: str, issued: str) -> bool:
    try:
        known_hazard(hazard).profile.parse(issued)
    except ValueError:
        return False
    return True


def _require_known(configuration: Configuration, iso3: str, target: str | None) -> None:
    """UsageError for names that were asked for and do not exist: not the configuration is wrong, but the question."""
    try:
        if iso3 not in configuration.country_codes():
            configuration.country(iso3)
        if target is not None:
            configuration.target(target)
    except ConfigError as error:
        raise UsageError(error.found, where=error.where, expected=error.expected, remedy=error.remedy) from None


def of_exercises(configuration: Configuration) -> Configuration:
    """The same configuration with the place that exercises have of their own for runs and sandbox."""
    paths = configuration.settings.paths
    apart = {name: f"{getattr(paths, name)}/{EXERCISES}" for name in ("runs", "sandbox")}
    settings = configuration.settings.model_copy(update={"paths": paths.model_copy(update=apart)})
    return Configuration(configuration.folder, settings)
