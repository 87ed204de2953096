"""What the records tell the page of a morning: alerts, reports, and runs that the Prefect server does not know."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from flows.morning_rows import Rows, when_of
from flows.states import STOPPED
from flows.wiring.hazards import CountryHazardKey
from flows.wiring.records import open_database
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.findings import NO_ALERT
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import utc_text
from ibf_pipeline.errors import IbfError
from ibf_pipeline.records.lease import lease
from ibf_pipeline.report.morning.alerts import alerts_of, unshown_of
from ibf_pipeline.report.morning.archive import FOLDER
from ibf_pipeline.report.morning.content import AlertGroup, Item, Link, PageSubject, Unshown
from ibf_pipeline.report.writer import PAGE
from ibf_pipeline.runs.folder import REPORT, RunFolder
from ibf_pipeline.runs.ledger import unfinished
from ibf_pipeline.runs.overview import FINISHED, HELD_UNTIL, WITHDRAWAL, revision_overview
from ibf_pipeline.runs.run_index import RecordedRun, RunQuery, recorded_runs
from ibf_pipeline.runs.withdrawal import standing_findings
from ibf_pipeline.targets.day_summary import NOBODY_NOTIFIED

log = logging.getLogger("ibf_pipeline.flows")


@dataclass(slots=True)
class MorningAlerts:
    """What forecasts say, over all countries."""

    triggers: list[AlertGroup] = field(default_factory=list)
    warnings: list[AlertGroup] = field(default_factory=list)
    unshown: list[Unshown] = field(default_factory=list)
    without: list[PageSubject] = field(default_factory=list)
    """of which there is no forecast of the day"""
    unread: list[str] = field(default_factory=list)
    """what could not be read, in words"""


class Records:
    """The records of an installation, as far as a page of the morning asks them."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.runs: Path = configuration.path(configuration.settings.paths.runs)
        self._recorded: list[RecordedRun] = []
        self.trouble = ""
        """why they cannot be read, in words"""

    @contextmanager
    def lock(self, wait_seconds: float) -> Iterator[None]:
        """Let no other run write the page meanwhile; one that cannot wait so long, or has no records, goes on."""
        with ExitStack() as stack:
            try:
                database = open_database(self._configuration)
                stack.enter_context(lease(database, FOLDER, "write the page of", wait_seconds))
            except IbfError as error:
                log.debug("the morning page is written beside others: %s", error)
            yield

    def read(self, day: date) -> None:
        """The runs of a day and of the one before."""
        storage, since = self._configuration.storage, day - timedelta(days=1)
        try:
            found = recorded_runs(self.runs, storage, RunQuery(since=since, until=day))
            self._recorded = [each for each in found if not each.run.is_exercise]
        except IbfError as error:
            self.trouble = str(error)

    def newest(self, of: CountryHazardKey) -> RecordedRun | None:
        """The newest run of a country and hazard."""
        return next(iter(self._recorded_of(of)), None)

    def _recorded_of(self, of: CountryHazardKey) -> list[RecordedRun]:
        return [each for each in self._recorded if (each.run.iso3, each.run.hazard) == (of.iso3, of.hazard)]

    def report(self, of: CountryHazardKey, issue_time: IssueTime) -> Link | None:
        """The report of a run: where the runs are served, else its path below their folder; None if it has none."""
        run = next((each.run for each in self._recorded_of(of) if each.run.issue_time == issue_time), None)
        return None if run is None else self._report(run)

    def _report(self, run: RunFolder) -> Link | None:
        served, stored = self._configuration.settings.operations.reports_url, self._configuration.storage.store
        try:
            if not run.report.has(PAGE) or (stored is not None and served is None):
                return None
        except IbfError as error:
            log.debug("whether %s has a report cannot be told: %s", run.id, error)
            return None
        below = (run.path / REPORT / PAGE).relative_to(self.runs).as_posix()
        return Link("report", below if served is None else f"{served.rstrip('/')}/{below}")

    def unknown_to_server(
        self, of: CountryHazardKey, subject: PageSubject, target: str, wanted: Sequence[IssueTime]
    ) -> Rows | None:
        """The row of a country whose run is recorded though the server knows none of it; None if there is none.

        `wanted`: the issue times that the page is about.
        """
        newest = self.newest(of)
        if newest is None or newest.run.issue_time not in wanted:
            return None
        run = newest.run
        try:
            revisions = run.revisions(target)
            words = revision_overview(revisions[-1]).state if revisions else f"nothing was published to {target}"
        except IbfError as error:
            words = str(error)
        is_done, report = words == FINISHED or words.startswith(WITHDRAWAL), self._report(run)
        item = Item(
            subject,
            "done" if is_done else "decision" if words.startswith(HELD_UNTIL) else "needs",
            newest.headline,
            _UNKNOWN if is_done else f"{words}; {_UNKNOWN}",
            "" if is_done else f"`ibf-pipeline runs show {run.id}` tells more",
            when_of(run.issue_time),
            () if report is None else (report,),
        )
        return Rows(item, run.issue_time)

    def held_until(self, of: CountryHazardKey, issue_time: IssueTime | None, target: str) -> str:
        """`until 2026-02-15 21:04 UTC` of a notification that waits for an operator; empty if that is not known."""
        run = next((each.run for each in self._recorded_of(of) if each.run.issue_time == issue_time), None)
        try:
            held = None if run is None else unfinished(run, target)
            until = None if held is None else held.about().hold_until
        except IbfError as error:
            log.debug("%s: until when it is held cannot be told: %s", of.label, error)
            return ""
        return "" if until is None else f"until {utc_text(until)}; afterwards nobody is notified"

    def add(self, found: MorningAlerts, of: CountryHazardKey, rows: Rows, wanted: Sequence[IssueTime]) -> None:
        """Add what the newest forecast of a country and hazard says. `wanted`: the issue times of the page."""
        newest, item = self.newest(of), rows.item
        is_behind = newest is not None and rows.issue_time is not None and newest.run.issue_time < rows.issue_time
        is_current = newest is not None and newest.run.issue_time in wanted and not (is_behind and item.kind == "needs")
        if not is_current:
            found.without.append(item.subject)
        if newest is None or newest.headline.startswith(NO_ALERT):
            return
        try:
            findings = standing_findings(newest.run.findings(), newest.run)
        except IbfError as error:
            found.unread.append(f"what the forecast of {item.subject.words} found cannot be read: {error}")
            return
        notes = [] if is_current else [f"forecast of {newest.run.issue_time.words}"]
        notes += _told(item) if is_current and not is_behind else []
        report = self._report(newest.run)
        links = [*(link for link in item.links if is_current and link.words != "report"), *([report] if report else [])]
        for trigger, alerts in ((True, found.triggers), (False, found.warnings)):
            alerts += alerts_of(findings, item.subject, trigger=trigger, notes=notes, links=links)
        found.unshown += unshown_of(findings, item.subject)


_UNKNOWN = "its run is on no page of this server"


def _told(item: Item) -> list[str]:
    """Whether people know of it, where that does not go without saying."""
    if item.kind == "decision":
        return ["nobody is notified yet"]
    if item.kind == "needs":
        return [f"see below: {item.state}"]
    if item.kind == "waits":
        return ["not published yet"]
    said = f"{item.state}; {item.said}"
    return [NOBODY_NOTIFIED] if STOPPED.words in said or NOBODY_NOTIFIED in said else []
