"""Runs as lines of the morning page: what needs work, what an operator has to decide, what goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from textwrap import shorten

from prefect.client.schemas.objects import StateType

from flows.morning_runs import CountryRun
from flows.states import (
    CANCELLED,
    COMPLETED,
    CRASHED,
    FAILED,
    HELD,
    INPUT_MISSING,
    NOT_ALL_PUBLISHED,
    NOT_NOTIFIED,
    NOT_PUBLISHED,
    NOTIFICATION_UNCONFIRMED,
    PORTAL_AWAITED,
    PORTAL_DIFFERS,
    PORTAL_STAYED_AWAY,
    PORTAL_UNREACHABLE,
)
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.report.morning.content import Item, ItemKind, Link, PageSubject
from ibf_pipeline.runs.verification import AGREES
from ibf_pipeline.targets.day_summary import SEPARATOR

_NOT_YET = "not run yet"
_LONGEST = 700
_SHORT = 200
"""characters of a line among many"""
_KINDS: dict[StateType, ItemKind] = {
    StateType.COMPLETED: "done",
    StateType.FAILED: "needs",
    StateType.CRASHED: "needs",
    StateType.CANCELLED: "needs",
    StateType.PAUSED: "decision",
}
"""every other type goes on by itself"""
_OTHERWISE: dict[str, ItemKind] = {
    PORTAL_DIFFERS.name: "needs",
    HELD.name: "decision",
    PORTAL_AWAITED.name: "waits",
}
"""by name, where a completed run is not done"""
_REMEDIES = {
    FAILED.name: "fix the cause, then run it again: what was published is not published twice",
    CRASHED.name: "run it again: it goes on where it ended",
    CANCELLED.name: "what was published stays on the portal: run it again, or `ibf-pipeline resume {run}`",
    INPUT_MISSING.name: "run it again when the forecast is there",
    NOTIFICATION_UNCONFIRMED.name: "find out whether people got the mail, then `ibf-pipeline resume {run}` with "
    "`--notify-again` or `--assume-notified`",
    NOT_NOTIFIED.name: "tell the recipients yourself, or run it again",
    NOT_PUBLISHED.name: "tell people another way, and give the stations areas in the mapping",
    PORTAL_DIFFERS.name: "look at the portal: people may see other alerts there; `ibf-pipeline verify` looks again",
    PORTAL_UNREACHABLE.name: "attempts follow; where none does, `ibf-pipeline resume {run}`, or run it again",
    PORTAL_STAYED_AWAY.name: "when the portal is back, `ibf-pipeline resume {run}`, or run it again",
    HELD.name: "`ibf-pipeline resume {run} --approve`, or `--abort`",
}
_PRESS = "press Resume on the page of the run, or `ibf-pipeline resume {run}` with `--approve` or `--abort`"
_LASTS = (NOTIFICATION_UNCONFIRMED.name, NOT_NOTIFIED.name)
"""what a later run does not make good: nobody was told"""


@dataclass(slots=True)
class Rows:
    """What a country and hazard have on the page."""

    item: Item
    issue_time: IssueTime | None = None
    """of the item; None if nothing of it has begun"""
    further: list[Item] = field(default_factory=list)
    resolved: list[Item] = field(default_factory=list)
    elsewhere: list[Item] = field(default_factory=list)


Links = Callable[[CountryRun], tuple[Link, ...]]


def country_rows(
    subject: PageSubject, known: Sequence[CountryRun], target: str | None, now: datetime, links: Links = lambda _: ()
) -> Rows:
    """The rows of a country and hazard. `known`: its runs, that which was to begin last first; `target`: its own."""
    own = [each for each in known if not each.elsewhere(target)]
    newest = sorted(_newest(own).items(), reverse=True)
    begun = [each for each in newest if each[1].has_begun or each[1].due <= now] or newest[-1:]
    if not begun:
        return Rows(Item(subject, "waits", _NOT_YET), elsewhere=_elsewhere(subject, known, target, links))
    items = [(run, _item(subject, run, own, now, links)) for _, run in begun]
    rows = Rows(items[0][1], begun[0][0], elsewhere=_elsewhere(subject, known, target, links))
    is_made_good = rows.item.kind == "done"
    for run, item in items[1:]:
        if item.kind in ("needs", "decision") and is_made_good and run.state not in _LASTS:
            rows.resolved.append(item)
        elif item.kind != "done":
            rows.further.append(item)
        is_made_good = is_made_good or item.kind == "done"
    return rows


def _newest(runs: Sequence[CountryRun]) -> dict[IssueTime, CountryRun]:
    """The run that counts of each issue time: the newest that has begun, else the next one to begin."""
    found: dict[IssueTime, CountryRun] = {}
    for run in runs:
        other = found.get(run.issue_time)
        if other is None or not other.has_begun:
            found[run.issue_time] = run
    return found


def _kind(run: CountryRun, own: Sequence[CountryRun]) -> ItemKind:
    if run.state == PORTAL_UNREACHABLE.name and _attempts(run, own):
        return "waits"
    return _OTHERWISE.get(_outcome(run)) or _KINDS.get(run.type, "waits")


def _outcome(run: CountryRun) -> str:
    """The state that the page goes by: of a day that is held, and not all of it published, the decision comes first."""
    held = any(part.startswith(HELD.words) for part in run.message.split(SEPARATOR))
    return HELD.name if held and run.state == NOT_ALL_PUBLISHED.name else run.state


def _attempts(run: CountryRun, own: Sequence[CountryRun]) -> list[CountryRun]:
    """Runs that go on with it and have not begun."""
    return [each for each in own if each.is_attempt and each.issue_time == run.issue_time and not each.has_begun]


def _item(subject: PageSubject, run: CountryRun, own: Sequence[CountryRun], now: datetime, links: Links) -> Item:
    kind = _kind(run, own)
    state, said, remedy = _words(run, kind, now)
    again = [each for each in own if each.issue_time == run.issue_time and not each.has_begun]
    if kind == "needs" and again:
        said = f"{said}{'.' if said and said[-1] not in '.!?' else ''} Another run of it is {_waits(again[-1], now)}."
    return Item(subject, kind, state, said, remedy.replace("{run}", run_name(run)), when_of(run.issue_time), links(run))


def run_name(run: CountryRun) -> str:
    """As commands take it."""
    hazard = "" if run.of.label == run.of.iso3 else f"{run.of.hazard}/"
    return f"{run.of.iso3}/{hazard}{run.issue_time}"


def when_of(issue_time: IssueTime) -> str:
    """Of hazards with one run a day it goes without saying."""
    return "" if issue_time.hour is None else issue_time.words


def _words(run: CountryRun, kind: ItemKind, now: datetime) -> tuple[str, str, str]:
    """State, why, and what to do."""
    if kind == "waits" and run.type in (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING):
        return _waits(run, now), "" if run.state in _PLAIN else run.message, ""
    # without the parts that say only that nothing is wrong, or what the page itself says
    message = SEPARATOR.join(part for part in run.message.split(SEPARATOR) if not part.startswith((AGREES, HELD.words)))
    said, _, remedy = message.partition("What to do: ")
    if kind == "done":
        said = shorten(message, _SHORT, placeholder=" ...")
        return (said or run.state, "", "") if run.state == COMPLETED.name else (run.state, said, "")
    if run.type == StateType.PAUSED:
        return run.state, "the notification waits for an operator", _PRESS
    said = shorten(said.strip(), _LONGEST, placeholder=" ...")
    if kind == "waits":
        return run.state, said, ""
    outcome = _outcome(run)
    return outcome, said, remedy.strip() or _REMEDIES.get(outcome, _REMEDIES[FAILED.name])


_PLAIN = ("Scheduled", "Late", "Pending", "Running", "AwaitingConcurrencySlot", "AwaitingRetry", "Resuming")
"""states of Prefect whose messages say nothing to people"""


def _waits(run: CountryRun, now: datetime) -> str:
    """Why it is not over."""
    at = f"{run.due:%H:%M} UTC"
    if run.type == StateType.RUNNING:
        begun = run.run.start_time
        return "at work" + (f" since {begun:%H:%M} UTC" if begun else "")
    if run.state == "Late":
        return f"late: due at {at}, and no worker has taken it"
    if run.due > now:
        return f"planned for {at}"
    if run.state in _PLAIN:
        return f"queued since {at}: it begins when a worker is free"
    return run.state


def _elsewhere(subject: PageSubject, known: Sequence[CountryRun], target: str | None, links: Links) -> list[Item]:
    """The newest run of each issue time and other place."""
    found: dict[tuple[IssueTime, str], Item] = {}
    for run in known:
        where = run.elsewhere(target)
        if where and (run.issue_time, where) not in found:
            said = f"{run.state}, {run.message}" if run.message else run.state
            found[run.issue_time, where] = Item(
                subject, "done", where, shorten(said, _SHORT, placeholder=" ..."), when=when_of(run.issue_time),
                links=links(run),
            )  # fmt: skip
    return list(found.values())


def as_overdue(item: Item, problem: str) -> Item:
    """A row whose day has not ended by the time at which it should have."""
    if item.kind in ("needs", "decision"):
        return item
    said = problem if item.state == _NOT_YET else f"{problem} ({item.state})"
    return replace(
        item,
        kind="needs",
        state="not finished in time",
        said=said,
        remedy="see whether its run was scheduled and a worker is there, then run it",
    )
