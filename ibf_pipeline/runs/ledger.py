"""The ledger: which revisions of a day are done, begun or given up, read from their plans and journals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path

from ibf_pipeline.domain.found import Event, Found
from ibf_pipeline.errors import ForbiddenByRule, IbfError, InputInvalid
from ibf_pipeline.publish.journal import Journal, no_clock
from ibf_pipeline.publish.publisher import may_have_been_sent
from ibf_pipeline.runs.folder import Revision, RunFolder, runs_of, with_exercises

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def is_finished(revision: Revision, now: Clock) -> bool:
    """Whether every call of a revision is done."""
    return {call.number for call in revision.calls()} <= Journal(revision.journal_file, now).done()


def unfinished(run: RunFolder, target: str, now: Clock) -> Revision | None:
    """The revision of a run that was begun and neither finished nor closed."""
    for revision in reversed(run.revisions(target)):
        if not Journal(revision.journal_file, now).is_closed and not is_finished(revision, now):
            return revision
    return None


def latest_finished(run: RunFolder, target: str, now: Clock) -> Revision | None:
    """The newest revision of a run all of whose calls are done."""
    return next((revision for revision in reversed(run.revisions(target)) if is_finished(revision, now)), None)


def was_begun(revision: Revision) -> bool:
    """Whether a call of a revision may have been made."""
    return Journal(revision.journal_file, no_clock).was_begun


def begun_after(run: RunFolder, target: str, revision: Revision) -> bool:
    """Whether calls of a newer revision of the day may have been made: the target no longer shows this one whole."""
    return any(was_begun(later) for later in run.revisions(target) if later.number > revision.number)


def latest_uploaded(run: RunFolder, target: str, now: Clock) -> Revision | None:
    """The newest revision of a run that the target shows: all of its calls are done, but perhaps the notification."""
    for revision in reversed(run.revisions(target)):
        if is_uploaded(revision, now):
            return revision
    return None


def is_uploaded(revision: Revision, now: Clock) -> bool:
    """Whether all calls of a revision are done, but perhaps the notification."""
    uploads = {call.number for call in revision.calls() if call.kind != "end"}
    return uploads <= Journal(revision.journal_file, now).done()


def untold_triggers(names: Collection[str], run: RunFolder, target: str, now: Clock) -> set[str]:
    """Triggers among these events of which nobody was notified, ever since they are triggers.

    A backfill, an abort, an approval that came too late and a revision that stopped in the middle publish without
    notifying. Only our own revisions up to the run's day tell; a trigger that they do not know is somebody else's, who
    will have told people.
    """
    asked, untold = set(names), set[str]()
    half = set[str]()  # triggers of revisions that stopped in the middle: the target may have them from there
    for revision in _newest_first(run, target):
        if not asked:
            break
        try:
            triggers = {event.name for event in revision.found().events if event.trigger}
            if not is_uploaded(revision, now):
                half |= asked & triggers if was_begun(revision) else set()
                continue
            told = revision.about().notify and is_finished(revision, now)
        except InputInvalid as error:
            log.warning(
                "whom revision %s told is not known, so triggers are taken as untold: %s", revision.number, error
            )
            return untold | asked
        untold |= half - triggers
        half &= triggers
        asked &= triggers
        if told:
            return untold - asked
        untold |= asked
    return untold | half


def events_perhaps_open(
    run: RunFolder, target: str, now: Clock, may_be_shown: Callable[[Revision], bool]
) -> list[Event]:
    """Events of the newest revision that was uploaded up to the run's day, and of those begun after it.

    `may_be_shown`: whether the target may have made events of a revision that broke off.
    """
    found: dict[str, Event] = {}
    for revision in _newest_first(run, target):
        if not was_begun(revision):
            continue
        try:
            uploaded = is_uploaded(revision, now)
            if uploaded or may_be_shown(revision):
                for event in revision.found().publishable_events:
                    found.setdefault(event.name, event)
            if uploaded:
                break
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what is open: %s", revision.folder, error)
    return list(found.values())


def half_uploaded_dates(run: RunFolder, target: str, now: Clock) -> set[str]:
    """The `date` of the revisions after the newest uploaded one of which at least one call was made."""
    dates = set[str]()
    for revision in _newest_first(run, target):
        if was_begun(revision):
            try:
                if is_uploaded(revision, now):
                    break
            except InputInvalid as error:
                log.warning("an earlier revision is damaged: %s", error)
            dates |= _dates(revision)
    return dates


def _newest_first(run: RunFolder, target: str) -> Iterator[Revision]:
    """The revisions of the country on a target up to the run's day."""
    days = [earlier for earlier in runs_of(run.path.parents[1], run.iso3) if earlier.issue_date <= run.issue_date]
    for day in reversed(days):
        yield from reversed(day.revisions(target))


def event_stations(run: RunFolder, target: str, now: Clock) -> dict[str, str]:
    """Event name -> station code of the newest uploaded revision up to the run's day; of an unreadable one nothing."""
    for revision in _newest_first(run, target):
        try:
            if is_uploaded(revision, now):
                return {station.event_name: station.code for station in revision.found().stations}
        except (IbfError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read, an older revision tells the names of events: %s", revision.folder, error)
    return {}


def published_dates(runs: Path, iso3: str, target: str) -> set[str]:
    """The `date` of every revision of a country on a target of which at least one call was made, exercises too.

    Where what a revision was planned with is damaged, its plan tells. Where that is damaged too it is left out, and an
    upload of that date counts as somebody else's: refused until a person takes it over, never overwritten.
    """
    begun = [
        revision for run in with_exercises(runs, iso3) for revision in run.revisions(target) if was_begun(revision)
    ]
    return set().union(*(_dates(revision) for revision in begun))


def _dates(revision: Revision) -> set[str]:
    try:
        return {revision.about().date}
    except InputInvalid as error:
        log.warning("an earlier revision is damaged: %s", error)
    try:
        return {str(call.body["date"]) for call in revision.calls() if call.body and "date" in call.body}
    except InputInvalid as error:
        log.warning("an earlier revision is left out: %s", error)
        return set()


def close(revision: Revision, now: Clock, why: str) -> None:
    """Give up a revision: it is never resumed."""
    Journal(revision.journal_file, now).close(why)


def close_older(runs: Path, run: RunFolder, target: str, now: Clock) -> list[Revision]:
    """Close unfinished revisions of earlier days: a later day is being published. Damaged ones are closed too."""
    closed = []
    for earlier in runs_of(runs, run.iso3):
        for revision in earlier.revisions(target) if earlier.issue_date < run.issue_date else ():
            if not Journal(revision.journal_file, now).is_closed and not _is_known_finished(revision, now):
                doubt = ": notification unconfirmed" if _may_have_notified(revision, now) else ""
                close(revision, now, f"{run.issue_date} is published{doubt}")
                closed.append(revision)
    return closed


def _may_have_notified(revision: Revision, now: Clock) -> bool:
    try:
        journal = Journal(revision.journal_file, now)
        return any(call.kind == "end" and may_have_been_sent(call, journal) for call in revision.calls())
    except InputInvalid as error:
        log.warning("an earlier revision is damaged: %s", error)
        return False


def _is_known_finished(revision: Revision, now: Clock) -> bool:
    try:
        return is_finished(revision, now)
    except InputInvalid as error:
        log.warning("an earlier revision is damaged: %s", error)
        return False


def require_not_withdrawn(found: Found, latest: Revision) -> None:
    """ForbiddenByRule where events that the latest revision took back would come back."""
    back = sorted({event.name for event in found.events} & set(latest.about().withdraws))
    if back:
        raise ForbiddenByRule(
            f"{', '.join(back)} was withdrawn by revision {latest.number}",
            where=latest.folder,
            expected="a person who wants it back",
            remedy="publish it again with --publish-withdrawn",
        )


def is_published(run: RunFolder, runs: Path, target: str, now: Clock) -> bool:
    """Whether a day is on its target, and no later revision of it is unfinished, or was given up half way where it can
    still be repaired: while no later day is published.
    """
    latest = latest_finished(run, target, now)
    if latest is None or unfinished(run, target, now) is not None:
        return False
    later = (other for other in runs_of(runs, run.iso3) if other.issue_date > run.issue_date)
    is_past = any(latest_uploaded(other, target, now) is not None for other in later)
    return is_past or not begun_after(run, target, latest)
