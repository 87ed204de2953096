"""The doors of the product that these tests go through: where its parts move, only this file changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

import flows.backfill
import flows.floods
import flows.hazard_run
import flows.notice_events
import flows.scenario
import flows.wiring.day
import flows.wiring.decisions
import ibf_pipeline.records.database
import ibf_pipeline.report.floods.drawing
import ibf_pipeline.report.writer
import ibf_pipeline.runs.ledger
from flows.cli.app import app
from flows.states import exit_code
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.cells import cell_centre, locate
from ibf_pipeline.domain.observation import EventObservation, Look, ObservedArea, Verdict
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.io.sql import Database
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.stamp import read_stamp
from ibf_pipeline.prepare.stations import read_stations, read_thresholds
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.records.legacy_files import take_over_legacy_files
from ibf_pipeline.report.calls import published
from ibf_pipeline.report.correction import correction
from ibf_pipeline.report.earlier_runs import earlier_runs
from ibf_pipeline.report.floods.changes import FloodChange
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.runs.confirmation import unconfirmed_revision, waits_to_notify
from ibf_pipeline.runs.findings import read_forecast
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import (
    latest_finished,
    unfinished,
)
from ibf_pipeline.runs.observations import event_folder, read_observations, write_observed_event
from ibf_pipeline.runs.publication_history import publication_history
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.withdrawal import standing_findings
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from ibf_pipeline.satellites.hook.order_book import ExternalUsage, OrderBook, Quota
from ibf_pipeline.satellites.hook.orders import OrderRequest
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.notification import Notification, Product
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.files import glofas_window, write_ftp_members
from ibf_pipeline.targets.ibf.revision import may_be_shown
from ibf_pipeline.targets.ibf.transport import IbfTransport
from tests.worlds.countries.gaps import with_gaps
from tests.worlds.lookback_words import unlooked
from tests.worlds.plain_calls import plain_calls
from tests.worlds.runs import flood_run, flood_runs_of

__all__ = [
    "SANDBOX_PASSWORD",
    "Configuration",
    "EventObservation",
    "ExternalUsage",
    "FloodFindings",
    "IbfError",
    "Inbox",
    "Look",
    "Notification",
    "ObservedArea",
    "OrderBook",
    "OrderRequest",
    "Product",
    "Quota",
    "Revision",
    "Sandbox",
    "Verdict",
    "event_folder",
    "flood_run",
    "load",
    "prepare_floods",
    "published",
    "read_forecast",
    "read_observations",
    "read_stamp",
    "seed_from_static",
    "standing_findings",
    "write_observed_event",
]

_CLOCK = flows.wiring.day.now


def records_in(folder: Path) -> Database:
    """The records of a folder."""
    return open_records(records_url(folder))


def taken_over(file: Path) -> Database:
    """The records beside an inbox or an order book of an earlier version, which is in them now."""
    database = records_in(file.parent)
    take_over_legacy_files(file, database)
    return database


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    text: str
    """what it printed, or the error that ended it"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended."""

    code: int
    message: str
    told: tuple[tuple[str, str], ...]
    """kind and event of each notice that was sent on"""


def set_clock(patch: pytest.MonkeyPatch, moment: datetime) -> None:
    """The product's clock stands still at a moment."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("flows", "tasks", "ibf_pipeline"):
            clock = vars(module).get("now")
            if clock is _CLOCK or isinstance(clock, _Standing):
                patch.setattr(module, "now", _Standing(moment))


@dataclass(frozen=True, slots=True)
class _Standing:
    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


def invoke(*arguments: str) -> Said:
    """A command as the console script runs it: an error ends it with its own exit code. `report` alone draws."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows.wiring.decisions, "rewrite_report", lambda *_: None)
        done = CliRunner().invoke(app, list(arguments))
    if isinstance(done.exception, IbfError):
        return Said(done.exception.exit_code, str(done.exception))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.output)


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Reports get empty pictures: what they are drawn from is read all the same."""
    for place, names in (
        (ibf_pipeline.report.floods.drawing, ("draw_hydrograph", "draw_buildup")),
        (ibf_pipeline.report.writer, ("overview_map", "event_map")),
    ):
        for name in names:
            patch.setattr(place, name, lambda *_, **__: b"<svg xmlns='http://www.w3.org/2000/svg'/>")


def run_day(config: str, country: str, issue_date: date, target: str, **options: Any) -> Ran:
    """A day without Prefect's engine, and without its report."""
    with _no_engine() as told:
        state = flows.floods.floods(country, issue_date, target, config=config, return_state=True, **options)
        return Ran(exit_code(state), unlooked(str(state.message)), tuple(told))


def run_exercise(config: str, country: str, wishes: str, issue_date: date, target: str, **options: Any) -> Ran:
    """The same for an exercise."""
    with _no_engine() as told:
        state = flows.scenario.scenario(
            country, wishes, issue_date, target, config=config, return_state=True, **options
        )
        return Ran(exit_code(state), unlooked(str(state.message)), tuple(told))


@contextmanager
def _no_engine() -> Iterator[list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    with plain_calls(), pytest.MonkeyPatch.context() as patch:
        for name in ("keep_artifacts", "tell_waiting", "write_run_report"):
            patch.setattr(flows.hazard_run, name, lambda *_, **__: None)
        patch.setattr(flows.notice_events, "has_server", lambda: True)
        patch.setattr(
            flows.notice_events,
            "send_events",
            lambda events: told.extend((event.payload["kind"], event.payload["event"]) for event in events),
        )
        yield told


def is_published(config: str, country: str, issue_date: date, target: str) -> bool:
    """Whether a backfill passes a day over as published before."""
    day = flows.wiring.day.open_day(config, country, issue_date, target)
    return ibf_pipeline.runs.ledger.is_published(day.run, day.target_name)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the product says of the revisions of a day, read from their plans and journals."""

    finished: list[int]
    uploaded: list[int]
    begun: list[int]
    closed: list[int]
    unfinished: int | None
    """the revision that is to be resumed"""
    latest_finished: int | None
    unconfirmed: int | None
    """the revision whose notification a person has to decide about"""
    waits: list[str | None]
    """of each revision, what its notification waits for"""
    open: list[str]
    """events that are perhaps open on the target"""
    untold: list[str]
    """triggers among them of which nobody was notified"""
    dates: list[str]
    """of every upload of the country on the target"""


def ledger(runs: Path, country: str, issue_date: date, target: str) -> Ledger:
    """The ledger of a day."""
    run = flood_run(runs, country, issue_date)
    revisions = run.revisions(target)

    def numbers(applies: Callable[[Revision], bool]) -> list[int]:
        return [revision.number for revision in revisions if applies(revision)]

    def number(revision: Revision | None) -> int | None:
        return None if revision is None else revision.number

    past = publication_history(run, target, may_be_shown)
    triggers = {event.name for event in past.possibly_open_events if event.trigger}
    return Ledger(
        finished=numbers(lambda revision: revision.state().is_finished),
        uploaded=numbers(lambda revision: revision.state().is_uploaded),
        begun=numbers(lambda revision: revision.state().was_begun),
        closed=numbers(lambda revision: revision.state().is_closed),
        unfinished=number(unfinished(run, target)),
        latest_finished=number(latest_finished(run, target)),
        unconfirmed=number(unconfirmed_revision(run, target)),
        waits=[waits_to_notify(revision) for revision in revisions],
        open=sorted(event.name for event in past.possibly_open_events),
        untold=sorted(past.unnotified_triggers(triggers)),
        dates=sorted(run.dates(target)),
    )


def changes(run: RunFolder) -> list[dict[str, Any]]:
    """What changed since the newest earlier run of the country, as the report has it."""
    found = standing_findings(run.findings(), run)
    earlier = earlier_runs(run, 1, exercise=found.exercise)
    found_changes = compare_runs(earlier[0].found if earlier else None, found)
    data: list[dict[str, Any]] = TypeAdapter(tuple[FloodChange, ...]).dump_python(found_changes, mode="json")
    return data


def corrected(run: RunFolder) -> tuple[int, list[tuple[str, str]]] | None:
    """The revision that said something else than the day says now, and what changed since: kind and event."""
    was = correction(run, run.findings())
    return None if was is None else (was.revision, [(change.kind, change.event) for change in was.changes])


def days(runs: Path, country: str) -> list[str]:
    """The issue dates that have a run folder, each with whether it is whole."""
    return [f"{run.issue_date} {'whole' if run.is_whole else 'half'}" for run in flood_runs_of(runs, country)]


def journal(revision: Revision) -> list[dict[str, Any]]:
    """The readable entries of a revision's journal."""
    return [entry._asdict() for entry in revision.state().progress.entries]


def write_forecast(
    root: Path, static: Path, country: FloodCountry, issue_date: date, wishes: str, missing: tuple[str, ...] = ()
) -> None:
    """The raw files of an ensemble that makes a wish list true."""
    stations = read_stations(static / "stations.csv")
    thresholds = read_thresholds(static / "thresholds.json", stations, {1.5, 2.0, 5.0, 10.0, 20.0})
    seed = abs((issue_date - date(2026, 2, 15)).days)
    cube = make_ensemble(thresholds, country.rule, wishes, seed=seed, members=country.members.expected)
    grid = glofas_window(10.0, 0.9, 10.2, 1.0)
    cells = {station.code: locate(*cell_centre(station.lat, station.lon), grid) for station in stations}
    write_ftp_members(root, issue_date, with_gaps(cube, missing=missing), cells, grid)


class Died(BaseException):
    """The process is gone."""


@contextmanager
def dying(at: Callable[[Any], bool], *, before: bool = False) -> Iterator[None]:
    """The process dies at a call of the plan: before it is sent, or when the server has carried it out and nobody has
    noted it.
    """
    send = IbfTransport.send

    def spoilt(self: IbfTransport, call: Any) -> Any:
        if before and at(call):
            raise Died
        answer = send(self, call)
        if at(call):
            raise Died
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IbfTransport, "send", spoilt)
        try:
            yield
        except Died:
            return
    raise AssertionError("the call was never made")


def forget_records() -> None:
    """Close every database: as a process that begins anew."""
    opened = ibf_pipeline.records.database._opened
    while opened:
        opened.popitem()[1].close()
