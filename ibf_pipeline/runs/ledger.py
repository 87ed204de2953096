"""The ledger: which revisions of a day are done, begun or given up, read from the records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from ibf_pipeline.domain.found import Event, Found
from ibf_pipeline.errors import ForbiddenByRule, IbfError, InputInvalid
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def unfinished(run: RunFolder, target: str) -> Revision | None:
    """The revision of a run that was begun and neither finished nor closed."""
    for revision in reversed(run.revisions(target)):
        if not revision.progress().is_closed and not revision.is_finished():
            return revision
    return None


def latest_finished(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of a run all of whose calls are done."""
    return next((revision for revision in reversed(run.revisions(target)) if revision.is_finished()), None)


def begun_after(run: RunFolder, target: str, revision: Revision) -> bool:
    """Whether calls of a newer revision of the day may have been made: the target no longer shows this one whole."""
    return any(later.progress().was_begun for later in run.revisions(target) if later.number > revision.number)


def latest_uploaded(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of a run that the target shows: all of its calls are done, but perhaps the notification."""
    return next((revision for revision in reversed(run.revisions(target)) if revision.is_uploaded()), None)


def untold_triggers(names: Collection[str], run: RunFolder, target: str) -> set[str]:
    """Triggers among these events of which nobody was notified, ever since they are triggers.

    A backfill, an abort, an approval that came too late and a revision that stopped in the middle publish without
    notifying. Only our own revisions up to the run's day tell; a trigger that they do not know is somebody else's, who
    will have told people.
    """
    asked, untold = set(names), set[str]()
    half = set[str]()  # triggers of revisions that stopped in the middle: the target may have them from there
    for revision in run.history(target):
        if not asked:
            break
        try:
            triggers = {event.name for event in revision.found().events if event.trigger}
            if not revision.is_uploaded():
                half |= asked & triggers if revision.progress().was_begun else set()
                continue
            told = revision.about().notify and revision.is_finished()
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


def events_perhaps_open(run: RunFolder, target: str, may_be_shown: Callable[[Revision], bool]) -> list[Event]:
    """Events of the newest revision that was uploaded up to the run's day, and of those begun after it.

    `may_be_shown`: whether the target may have made events of a revision that broke off.
    """
    found: dict[str, Event] = {}
    for revision in run.history(target):
        if not revision.progress().was_begun:
            continue
        try:
            uploaded = revision.is_uploaded()
            if uploaded or may_be_shown(revision):
                for event in revision.found().publishable_events:
                    found.setdefault(event.name, event)
            if uploaded:
                break
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what is open: %s", revision.folder, error)
    return list(found.values())


def half_uploaded_dates(run: RunFolder, target: str) -> set[str]:
    """The `date` of the revisions after the newest uploaded one of which at least one call was made."""
    dates = set[str]()
    for revision in run.history(target):
        if revision.progress().was_begun:
            try:
                if revision.is_uploaded():
                    break
            except InputInvalid as error:
                log.warning("an earlier revision is damaged: %s", error)
            dates |= _dates(revision)
    return dates


def event_stations(run: RunFolder, target: str) -> dict[str, str]:
    """Event name -> station code of the newest uploaded revision up to the run's day; of an unreadable one nothing."""
    for revision in run.history(target):
        try:
            if revision.is_uploaded():
                return {station.event_name: station.code for station in revision.found().stations}
        except (IbfError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read, an older revision tells the names of events: %s", revision.folder, error)
    return {}


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
    revision.journal(now).close(why)


def close_older(run: RunFolder, target: str, now: Clock) -> list[Revision]:
    """Close unfinished revisions of earlier days: a later day is being published. Damaged ones are closed too."""
    closed = []
    for revision in run.earlier(target):
        if not revision.progress().is_closed and not _known(revision, Revision.is_finished):
            doubt = ": notification unconfirmed" if _known(revision, Revision.unknown_end) else ""
            close(revision, now, f"{run.issue_date} is published{doubt}")
            closed.append(revision)
    return closed


def _known(revision: Revision, ask: Callable[[Revision], object]) -> bool:
    """What a revision says of itself; no where it is damaged."""
    try:
        return bool(ask(revision))
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


def is_published(run: RunFolder, target: str) -> bool:
    """Whether a day is on its target, and no later revision of it is unfinished, or was given up half way where it can
    still be repaired: while no later day is published.
    """
    latest = latest_finished(run, target)
    if latest is None or unfinished(run, target) is not None:
        return False
    is_past = any(revision.is_uploaded() for revision in run.later(target))
    return is_past or not begun_after(run, target, latest)
