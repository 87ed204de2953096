"""One page over all countries that is kept up to date during the day."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.flows import Flow
from prefect.runtime import flow_run as this_run
from prefect.utilities.urls import url_for

from flows.half_made import RESUMING, first_lines, resuming_name
from flows.installed import OUTDATED, installed
from flows.states import HELD, NOT_ALL_PUBLISHED, PORTAL_AWAITED, PORTAL_DIFFERS, SKIPPED, STOPPED, WATCHED
from flows.wiring.day import Day, open_configuration
from flows.wiring.hazards import Configured, configured
from flows.wiring.issue_date import issue_date_of_run
from flows.wiring.no_river import awaited
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.wording import day_text
from ibf_pipeline.errors import IbfError, only_logged
from ibf_pipeline.report.tables import escaped

log = logging.getLogger("ibf_pipeline.flows")

KEY = "morning"
NOT_YET = "not run yet"
WAITS = "the notification waits for a person: press Resume on the page of the run"
_LETTERS = 300
_MOST_RUNS = 200
"""what a Prefect server gives at once"""


def update_morning(flow: Flow[..., object], flow_run: FlowRun, state: State) -> None:
    """State hook of a country's day: bring the page of all countries up to date. It never fails a run."""
    with only_logged(log, "the morning page could not be written"):
        parameters = flow_run.parameters
        scheduled = flow_run.expected_start_time or datetime.now(UTC)
        asked = parameters.get("issue_date") or parameters.get("issue_time") or parameters.get("scheduled")
        day = issue_date_of(str(asked)[:10] if asked else None, scheduled)
        if day is not None and is_of_today(day, scheduled, flow_run.tags):
            configuration = open_configuration(parameters.get("config") or "config", parameters.get("workspace"))
            write_morning(day, configuration, flow_run.id)


def is_of_today(day: date, scheduled: datetime, tags: Sequence[str]) -> bool:
    """Whether a run's issue date is that of the page: a day of the past is no news of this morning.

    A sensor that waits beyond midnight starts runs of the day before, and so do attempts to go on with one.
    """
    behind = scheduled.astimezone(UTC).date() - day
    return behind == timedelta(0) or (behind == timedelta(days=1) and bool({WATCHED, RESUMING} & set(tags)))


def show_waiting(day: Day) -> None:
    """Bring the page up to date where the run's notification is about to wait in the UI. It never fails a run."""
    with only_logged(log, "the morning page could not be written"):
        scheduled = this_run.scheduled_start_time or datetime.now(UTC)
        if not day.exercise and is_of_today(day.issue_date, scheduled, this_run.tags or ()):
            write_morning(day.issue_date, day.configuration, UUID(str(this_run.id)), waiting=label_of(day))


def label_of(day: Day) -> str:
    """The row of a day's country and hazard."""
    return next(
        each.label
        for each in configured(day.configuration)
        if (each.iso3, each.hazard) == (day.country.iso3, day.country.hazard)
    )


def issue_date_of(asked: object, scheduled: datetime) -> date | None:
    """The issue date of a finished run: what was asked for, else the day of its scheduled start; None for no date."""
    try:
        return issue_date_of_run(asked) if isinstance(asked, date | str) else scheduled.astimezone(UTC).date()
    except IbfError:
        return None


def write_morning(day: date, configuration: Configuration, run: UUID, *, waiting: str | None = None) -> None:
    """Write the page for an issue date, from the states that the server knows, as an artifact of a flow run.

    `waiting`: the run's own row where it is about to pause for a person, which the server does not know yet.
    """
    runs_of = awaited(configuration)
    labels, names = [each.label for each in runs_of], {n: each.label for each in runs_of for n in each.run_names(day)}
    names |= {resuming_name(name): label for name, label in names.items()}
    shorts = {each.profile.short for each in runs_of}
    title = f"{shorts.pop().capitalize()} forecasts" if len(shorts) == 1 else "Forecasts"
    with get_client(sync_client=True) as client:
        runs = newest_runs(client, names, {each.label: _target_of(configuration, each) for each in runs_of})
        if waiting in runs:
            paused = State(type=StateType.PAUSED, message=WAITS)
            runs[waiting] = runs[waiting].model_copy(update={"state": paused})
        client.create_artifact(
            ArtifactCreate(
                key=KEY,
                type="markdown",
                description=f"All countries, forecast of {day}",
                data=morning_page(
                    day,
                    labels,
                    runs,
                    title=title,
                    outdated=_outdated(client),
                    first=first_lines(configuration, day, runs_of, runs),
                ),
                flow_run_id=run,
            )
        )


def newest_runs(
    client: SyncPrefectClient, names: Mapping[str, str], targets: Mapping[str, str | None]
) -> dict[str, FlowRun]:
    """The newest run of each country and hazard that was to publish to its own target, by what people see of it.

    `names`: name of a flow run -> that; `targets`: that -> name of its target, None where its file cannot be read.
    """
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=list(names))),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=_MOST_RUNS,
    )
    newest: dict[str, FlowRun] = {}
    for run in found:
        if _counts(run, targets[names[run.name]]):
            newest.setdefault(names[run.name], run)
    return newest


def _counts(run: FlowRun, target: str | None) -> bool:
    """Whether a run is the country's day: not one that only looked, found nothing to do, or is for another target."""
    parameters = run.parameters or {}
    if run.state is not None and run.state.name == SKIPPED.name:
        return False
    return parameters.get("publish") is not False and parameters.get("target") in (None, target)


def _target_of(configuration: Configuration, each: Configured) -> str | None:
    try:
        return configuration.country(each.iso3, each.hazard).target
    except IbfError:
        return None


def _outdated(client: SyncPrefectClient) -> bool:
    try:
        return installed(client).older
    except Exception:  # the page is worth more than this line of it
        log.debug("the server's automations could not be read", exc_info=True)
        return False


def morning_page(
    day: date,
    countries: Sequence[str],
    runs: Mapping[str, FlowRun],
    *,
    title: str = "Forecasts",
    outdated: bool = False,
    first: Sequence[str] = (),
) -> str:
    """The page: what needs a person first, then the rest. `outdated`: the server's automations are; `first`: what
    stands above all of it.
    """
    order = sorted(countries, key=lambda iso3: (_rank(runs.get(iso3)), iso3))
    ranks = [_rank(runs.get(iso3)) for iso3 in countries]
    waiting = sum(rank < _NOT_YET for rank in ranks)
    done = f"{ranks.count(_DONE)} of {len(countries)} countries done."
    if waiting:
        done += f" {waiting} of them {'needs' if waiting == 1 else 'need'} a person."
    lines = ["| country | run | what |", "| --- | --- | --- |", *(_line(iso3, runs.get(iso3)) for iso3 in order)]
    mind = f"> **Mind:** {OUTDATED}. Until then people may not be told of what happens.\n\n" if outdated else ""
    head = "".join(f"{line}\n\n" for line in first) + f"# {title} of {day_text(day)}\n\n{mind}{done}\n\n"
    return head + "\n".join(lines) + f"\n\nWritten {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n"


_RANKS = ("FAILED", "CRASHED", "PAUSED", "CANCELLED", "CANCELLING")
"""states that need a person, most urgent first"""
_UNDONE = {
    PORTAL_AWAITED.name: "FAILED",
    PORTAL_DIFFERS.name: "FAILED",
    HELD.name: "PAUSED",
    NOT_ALL_PUBLISHED.name: "CANCELLED",
    STOPPED.name: "CANCELLED",
}
"""names of the states of completed runs that need a person all the same: like which state"""
_NOT_YET, _DONE = len(_RANKS), len(_RANKS) + 1


def _rank(run: FlowRun | None) -> int:
    """What needs a person first, what is done last."""
    if run is None or run.state is None:
        return _NOT_YET
    name = run.state.type.value
    if name == "COMPLETED":
        like = _UNDONE.get(run.state.name or "")
        return _RANKS.index(like) if like else _DONE
    return _RANKS.index(name) if name in _RANKS else _NOT_YET


def _line(iso3: str, run: FlowRun | None) -> str:
    if run is None or run.state is None:
        return f"| {iso3} | {NOT_YET} |  |"
    address = url_for("flow-run", obj_id=run.id)
    name = escaped(run.state.name or run.state.type.value)
    message = escaped(run.state.message or "")[:_LETTERS]
    return f"| {iso3} | {f'[{name}]({address})' if address else name} | {message} |"
