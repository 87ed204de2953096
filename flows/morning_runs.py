"""What a Prefect server knows of the runs that the page of a morning is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from flows.incomplete_days import RESUMING, resuming_name
from flows.states import SKIPPED
from flows.wiring.hazards import CountryHazardKey
from flows.wiring.pagination import all_pages
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile

MOST_RUNS = 200
"""what a Prefect server gives at once"""
_DAY = timedelta(days=1)
_NOT_BEGUN = [StateType.SCHEDULED, StateType.PENDING]


@dataclass(frozen=True, slots=True)
class CountryRun:
    """A flow run of a country, hazard and issue time."""

    of: CountryHazardKey
    issue_time: IssueTime
    run: FlowRun
    is_attempt: bool = False
    """whether it goes on with a run whose portal was away"""

    @property
    def state(self) -> str:
        """The name of its state."""
        state = self.run.state
        return "" if state is None else state.name or state.type.value.capitalize()

    @property
    def type(self) -> StateType:
        """Of its state."""
        return StateType.SCHEDULED if self.run.state is None else self.run.state.type

    @property
    def message(self) -> str:
        """Of its state, in one line."""
        return "" if self.run.state is None else " ".join((self.run.state.message or "").split())

    @property
    def has_begun(self) -> bool:
        """Whether a worker had taken it."""
        return self.type not in _NOT_BEGUN

    @property
    def due(self) -> datetime:
        """When it was to begin, UTC."""
        at = self.run.expected_start_time or self.run.created or datetime.min.replace(tzinfo=UTC)
        return at.astimezone(UTC)

    def elsewhere(self, target: str | None) -> str:
        """Where it was to publish instead of the country's own target, in words; empty for a run of the day."""
        parameters = self.run.parameters or {}
        if parameters.get("publish") is False:
            return "it was not to publish"
        named = parameters.get("target")
        return "" if named in (None, target) else f"to the target {named}"


def page_issue_times(profile: HazardProfile, day: date, at: datetime) -> list[IssueTime]:
    """Those that the page of a day is about, asked at a moment: of several a day those that ended in the 24 hours
    before, or are not over, the last ones of the day before among them: nothing of the night is forgotten.
    """
    of_day = profile.issue_times_of(day)
    if len(of_day) == 1:
        return of_day
    asked = min(at, datetime.combine(day, time(), UTC) + _DAY)
    begun = [each for each in (*profile.issue_times_of(day - _DAY), *of_day) if each.start <= asked]
    return [each for each in begun if asked - profile.end(each) < _DAY]


def runs_of_day(
    client: SyncPrefectClient, countries: Sequence[CountryHazardKey], day: date, at: datetime
) -> list[CountryRun]:
    """Every run of these, that which was to begin last first; what has nothing to do is none.

    A run has its name from the moment at which it begins, so those that wait are known by flow and parameters.
    """
    named: dict[str, tuple[CountryHazardKey, IssueTime, bool]] = {}
    for each in countries:
        for issue_time in page_issue_times(each.profile, day, at):
            name = f"{each.hazard}-{each.iso3}-{issue_time}"
            named[name] = each, issue_time, False
            named[resuming_name(name)] = each, issue_time, True
    by_name = FlowRunFilter(name=FlowRunFilterName(any_=list(named)))
    found = dict[UUID, CountryRun]()
    for run in _read(client, by_name):
        of, issue_time, is_attempt = named[run.name]
        found[run.id] = CountryRun(of, issue_time, run, is_attempt)
    for known in _waiting(client, countries, day, at):
        found.setdefault(known.run.id, known)
    of_day = [known for known in found.values() if known.state != SKIPPED.name]
    return sorted(of_day, key=lambda known: known.due, reverse=True)


def _waiting(
    client: SyncPrefectClient, countries: Sequence[CountryHazardKey], day: date, at: datetime
) -> list[CountryRun]:
    """Runs of the day that have not begun."""
    first = datetime.combine(day, time(), UTC)
    waiting = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_NOT_BEGUN)),
        expected_start_time=FlowRunFilterExpectedStartTime(after_=first - _DAY, before_=first + _DAY),
    )
    by_key = {(each.hazard, each.iso3): each for each in countries}
    found = []
    for flow in (*sorted({each.hazard for each in countries}), RESUMING):
        for run in _read(client, waiting, FlowFilter(name=FlowFilterName(any_=[flow]))):
            parameters = run.parameters or {}
            each = by_key.get((str(parameters.get("hazard") or flow), str(parameters.get("country"))))
            issue_time = (
                None if each is None else issue_time_of_flow_run(each.profile, parameters, run.expected_start_time)
            )
            if each is not None and issue_time in page_issue_times(each.profile, day, at):
                found.append(CountryRun(each, issue_time, run, flow == RESUMING))
    return found


def issue_time_of_flow_run(
    profile: HazardProfile, parameters: Mapping[str, object], scheduled: datetime | None
) -> IssueTime | None:
    """That of a run: what was asked for, else the newest when it was due; None if that is none of the hazard's."""
    asked = parameters.get("issue_date") or parameters.get("issue_time")
    try:
        if asked:
            return profile.parse(str(asked)[: 10 if profile.period_hours == 24 else 13])
        moment = parameters.get("scheduled") or scheduled or datetime.now(UTC)
        return profile.newest(datetime.fromisoformat(str(moment)).astimezone(UTC))
    except ValueError:
        return None


def _read(client: SyncPrefectClient, which: FlowRunFilter, flows: FlowFilter | None = None) -> list[FlowRun]:
    return list(
        all_pages(
            lambda offset: client.read_flow_runs(
                flow_filter=flows,
                flow_run_filter=which,
                sort=FlowRunSort.EXPECTED_START_TIME_DESC,
                limit=MOST_RUNS,
                offset=offset,
            )
        )
    )
