"""One page over all countries that is kept up to date during the day: in the UI of Prefect, and as one HTML file."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.runtime import flow_run as this_run
from prefect.states import Paused, Suspended
from prefect.utilities.urls import url_for

from flows.automation_version import OUTDATED, server_automations
from flows.brief_client import brief_client
from flows.incomplete_days import RESUMING, first_lines
from flows.morning_records import MorningAlerts, Records
from flows.morning_rows import Rows, as_overdue, country_rows
from flows.morning_runs import CountryRun, issue_time_of_flow_run, page_issue_times, runs_of_day
from flows.states import WATCHED
from flows.wiring.day import Day, now, open_configuration
from flows.wiring.hazards import CountryHazardKey
from flows.wiring.idle_countries import awaited
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.errors import IbfError, errors_logged
from ibf_pipeline.hazards.registry import HAZARDS
from ibf_pipeline.report.morning.archive import keep_page
from ibf_pipeline.report.morning.content import Link, Morning, PageSubject
from ibf_pipeline.report.morning.markdown import markdown
from ibf_pipeline.report.morning.page import page
from tasks.artifacts import MORNING, artifact_address, key_of
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")

_WAIT_SECONDS = 30.0
"""to wait for another run that writes the page: the last to read the states writes last"""


def update_morning(flow: Flow[..., object], flow_run: FlowRun, state: State) -> None:
    """State hook of a country's day: bring the page of all countries up to date. It never fails a run."""
    with errors_logged(log, "the morning page could not be written"):
        parameters = flow_run.parameters
        scheduled = flow_run.expected_start_time or datetime.now(UTC)
        day = page_day(str(parameters.get("hazard") or flow.name), parameters, scheduled, flow_run.tags)
        if day is not None:
            configuration = open_configuration(parameters.get("config") or "config", parameters.get("workspace"))
            write_morning(day, configuration, flow_run.id)


MORNING_HOOKS = {end: [update_morning] for end in ("on_completion", "on_failure", "on_crashed", "on_cancellation")}
"""options of a flow whose runs stand on the page"""


def page_day(hazard: str, parameters: Mapping[str, object], scheduled: datetime, tags: Sequence[str]) -> date | None:
    """The day on whose page a run stands; None if it is of the past, and no news of a morning.

    A sensor that waits beyond midnight starts runs of the day before, and so do attempts to go on with one. Of hazards
    with several runs a day the last ones of a day are run on the next, and stand on its page.
    """
    known = HAZARDS.get(hazard)
    issue_time = None if known is None else issue_time_of_flow_run(known.profile, parameters, scheduled)
    if known is None or issue_time is None:
        return None
    today = scheduled.astimezone(UTC).date()
    if issue_time in page_issue_times(known.profile, today, scheduled.astimezone(UTC)):
        return today
    is_late = issue_time.day == today - timedelta(days=1) and bool({WATCHED, RESUMING} & set(tags))
    return issue_time.day if is_late else None


def show_waiting(day: Day) -> None:
    """Bring the page up to date where the run's notification is about to wait in the UI. It never fails a run."""
    if not has_server():
        return
    with errors_logged(log, "the morning page could not be written"):
        scheduled = this_run.scheduled_start_time or datetime.now(UTC)
        hazard, asked = day.country.hazard, {"issue_time": str(day.issue_time)}
        of = None if day.exercise else page_day(hazard, asked, scheduled, this_run.tags or ())
        if of is not None:
            run = UUID(str(this_run.id))
            write_morning(of, day.configuration, run, waiting=run)


def write_morning(
    day: date,
    configuration: Configuration,
    run: UUID,
    *,
    waiting: UUID | None = None,
    problems: Mapping[str, str] | None = None,
) -> None:
    """Write the page of a day, from what server and records know, as an artifact of a flow run and as a file.

    `waiting`: the run if it is about to wait for an operator, which the server does not know yet; `problems`: by label,
    what should have ended by now and has not.
    """
    records = Records(configuration)
    with (
        records.lock(_WAIT_SECONDS),
        brief_client(None) as client,
    ):
        content = morning_of(client, day, configuration, records, waiting=waiting, problems=problems)
        client.create_artifact(
            ArtifactCreate(
                key=MORNING,
                type="markdown",
                description=f"All countries, forecast of {day}",
                data=markdown(content),
                flow_run_id=run,
            )
        )
        keep_page(day, page(content), records.runs, configuration.storage)


def morning_of(
    client: SyncPrefectClient,
    day: date,
    configuration: Configuration,
    records: Records,
    *,
    waiting: UUID | None = None,
    problems: Mapping[str, str] | None = None,
) -> Morning:
    """What the page of a day says; arguments as of `write_morning`."""
    at, countries = now(), _countries(configuration)
    known = dict[CountryHazardKey, list[CountryRun]]()
    for run in runs_of_day(client, list(countries), day, at):
        known.setdefault(run.of, []).append(about_to_wait(run) if run.run.id == waiting else run)
    records.read(day)
    found, all_rows, newest = MorningAlerts(), list[Rows](), dict[str, FlowRun]()
    for of, country in countries.items():
        subject, target = _subject(of, country, countries), "" if country is None else country.target
        wanted = page_issue_times(of.profile, day, at)
        runs = known.get(of, [])
        newest |= {run.of.label: run.run for run in runs[::-1] if run.has_begun and not run.elsewhere(target or None)}
        rows = country_rows(subject, runs, target or None, at, partial(_links, records))
        if not runs:
            rows = records.unknown_to_server(of, subject, target, wanted) or rows
        if rows.item.kind == "decision" and (until := records.held_until(of, rows.issue_time, target)):
            rows.item = replace(rows.item, said=f"{rows.item.said}; {until}")
        if problems and of.label in problems:
            rows.item = as_overdue(rows.item, problems[of.label])
        records.add(found, of, rows, wanted)
        all_rows.append(rows)
    shorts = {of.profile.short for of in countries}
    return Morning(
        day=day,
        title=f"{shorts.pop().capitalize()} forecasts" if len(shorts) == 1 else "Forecasts",
        written=at,
        items=tuple(rows.item for rows in all_rows),
        further=tuple(item for rows in all_rows for item in rows.further),
        resolved=tuple(item for rows in all_rows for item in rows.resolved),
        elsewhere=tuple(item for rows in all_rows for item in rows.elsewhere),
        triggers=tuple(found.triggers),
        warnings=tuple(found.warnings),
        unshown=tuple(found.unshown),
        without=tuple(found.without),
        portals=() if records.trouble else tuple(first_lines(configuration, day, list(countries), newest)),
        cautions=tuple(_cautions(client, records, found)),
        address=artifact_address(MORNING),
    )


def _countries(configuration: Configuration) -> dict[CountryHazardKey, CountryHazard | None]:
    """What has runs, with its configuration if that is valid; else its run says what is wrong."""
    found = dict[CountryHazardKey, CountryHazard | None]()
    for of in awaited(configuration):
        try:
            found[of] = configuration.country(of.iso3, of.hazard)
        except IbfError:
            found[of] = None
    return found


def _subject(
    of: CountryHazardKey, country: CountryHazard | None, countries: Collection[CountryHazardKey]
) -> PageSubject:
    are_several = len({each.hazard for each in countries}) > 1
    hazard = of.hazard.replace("-", " ") if are_several else ""
    return PageSubject(of.iso3, "" if country is None else country.name, hazard)


def about_to_wait(run: CountryRun) -> CountryRun:
    """As it is in a moment: a run of a deployment gives its place on the worker back, another waits in its process."""
    state: State = Suspended() if run.run.deployment_id else Paused()
    return replace(run, run=run.run.model_copy(update={"state": state}))


def _links(records: Records, run: CountryRun) -> tuple[Link, ...]:
    """Where more is said of a run: its page, its summary, its report."""
    address, newest = url_for("flow-run", obj_id=run.run.id), records.newest(run.of)
    links = [Link("run", address)] if address else []
    summary = artifact_address(key_of("summary", run.of.iso3, run.of.hazard))
    if summary and newest is not None and newest.run.issue_time == run.issue_time:
        links.append(Link("summary", summary))
    report = records.report(run.of, run.issue_time)
    return (*links, *([report] if report else []))


def _cautions(client: SyncPrefectClient, records: Records, found: MorningAlerts) -> Iterator[str]:
    """What else must be known before the page is read."""
    if records.trouble:
        yield f"the records cannot be read, so that alerts are missing on this page: {records.trouble}"
    yield from found.unread
    try:
        is_older = server_automations(client).older
    except Exception:  # the page is worth more than this line
        log.debug("the server's automations could not be read", exc_info=True)
        return
    if is_older:
        yield f"{OUTDATED}. Until then people may not be told of what happens."
