"""What our own revisions say about a country on a target up to a day: read once, and passed on as a value."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ibf_pipeline.domain.findings import Event
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, StoreUnavailable
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """The triggers of a revision, and whether people were notified of them."""

    triggers: frozenset[str] | None
    """names of events; None if it is damaged"""
    uploaded: bool
    """the target shows it; false if it broke off: the target may have some of it"""
    notified: bool
    """people were notified by it"""


@dataclass(frozen=True, slots=True)
class PublicationHistory:
    """Our own record at the time it was read. Dates are as in the calls."""

    next_number: int = 1
    """that the next revision of the day gets"""
    uploaded_dates: frozenset[str] = frozenset()
    """of every revision of which at least one call was made, exercises too"""
    partly_uploaded_dates: frozenset[str] = frozenset()
    """of those after the newest uploaded one, which broke off: the target may know more events than it lists"""
    possibly_open_events: tuple[Event, ...] = ()
    """of the newest uploaded revision, and of those begun after it that the target may show"""
    event_keys: Mapping[str, str] = field(default_factory=dict)
    """event name -> what it is about, of the newest uploaded revision; of an unreadable one nothing"""
    latest: Revision | None = None
    """the newest revision of the day all of whose calls are done"""
    is_replaced: bool = False
    """calls of a later one of the day may have been made: the target no longer shows `latest` whole"""
    unconfirmed: Mapping[str, str] = field(default_factory=dict)
    """events of earlier days whose notification is unconfirmed and not given up: name -> newest such issue time"""
    notifications: tuple[NotificationRecord, ...] = ()
    """newest first, as far back as anybody has to look"""

    def unnotified_triggers(self, names: Collection[str]) -> set[str]:
        """Triggers among these events that nobody was notified of since they became triggers.

        Parameters
        ----------
        names : Collection[str]
            Names of events.

        Returns
        -------
        set of str
            Some of `names`. If a revision is damaged, all that are still in question.

        Notes
        -----
        A backfill, an abort, an approval that came too late and a revision that stopped half-way publish without
        notifying. A trigger that our revisions do not know is somebody else's, who will have notified people.
        """
        asked, unnotified = set(names), set[str]()
        half = set[str]()  # triggers of revisions that stopped in the middle: the target may have them from there
        for notification in self.notifications:
            if notification.triggers is None:
                return unnotified | asked
            if not notification.uploaded:
                half |= asked & notification.triggers
                continue
            unnotified |= half - notification.triggers
            half &= notification.triggers
            asked &= notification.triggers
            if notification.notified:
                return unnotified - asked
            unnotified |= asked
        return unnotified | half


def publication_history(
    run: RunFolder, target: str, may_be_shown: Callable[[RevisionState], bool]
) -> PublicationHistory:
    """The history of a run's country on a target, up to the run's day.

    Parameters
    ----------
    run : RunFolder
        The run.
    target : str
        Name of the target.
    may_be_shown : Callable[[RevisionState], bool]
        Whether the target may show events of a revision that broke off.

    Raises
    ------
    StoreUnavailable, InputMissing
        If a revision cannot be fetched. A damaged one is logged, and an older one counts.
    """
    history = [revision.state() for revision in run.history(target)]
    of_day = [state for state in history if state.revision.run == run]
    begun = [state for state in history if state.was_begun]
    latest = next((state for state in of_day if state.is_finished), None)
    unsure = list(_until_uploaded(begun))
    return PublicationHistory(
        next_number=of_day[0].revision.number + 1 if of_day else 1,
        uploaded_dates=frozenset(run.dates(target)),
        partly_uploaded_dates=frozenset().union(*(_dates(s.revision) for s in unsure if not _known_uploaded(s))),
        possibly_open_events=_open_events(begun, may_be_shown),
        event_keys=_keys(begun),
        latest=latest.revision if latest else None,
        is_replaced=latest is not None and any(s.was_begun for s in of_day[: of_day.index(latest)]),
        unconfirmed=_unconfirmed(history[len(of_day) :]),
        notifications=tuple(_notifications(begun)),
    )


def _known_uploaded(state: RevisionState) -> bool:
    """Whether the target shows a revision; no if its plan is damaged."""
    try:
        return state.is_uploaded
    except InputInvalid as error:
        log.warning("an earlier revision is damaged: %s", error)
        return False


def _until_uploaded(begun: Sequence[RevisionState]) -> Iterator[RevisionState]:
    """The revisions since the newest that the target shows, and that one."""
    for state in begun:
        yield state
        if _known_uploaded(state):
            return


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


def _open_events(begun: Sequence[RevisionState], may_be_shown: Callable[[RevisionState], bool]) -> tuple[Event, ...]:
    found: dict[str, Event] = {}
    for state in begun:
        try:
            uploaded = state.is_uploaded
            if uploaded or may_be_shown(state):
                for event in state.revision.findings().publishable_events:
                    found.setdefault(event.name, event)
            if uploaded:
                break
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what is open: %s", state.revision.folder, error)
    return tuple(found.values())


def _keys(begun: Sequence[RevisionState]) -> dict[str, str]:
    for state in begun:
        try:
            if state.is_uploaded:
                return dict(state.revision.findings().known)
        except (StoreUnavailable, InputMissing):
            raise  # it is not damaged: nobody may take events for others because of it
        except (IbfError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read, an older revision names events: %s", state.revision.folder, error)
    return {}


def _unconfirmed(earlier: Sequence[RevisionState]) -> dict[str, str]:
    events: dict[str, str] = {}
    for state in reversed(earlier):
        revision = state.revision
        try:
            if not state.is_closed and state.unconfirmed_call is not None:
                names = (event.name for event in revision.findings().publishable_events)
                events |= dict.fromkeys(names, str(revision.issue_time))
        except InputInvalid as error:
            log.warning("an earlier revision is damaged: %s", error)
    return events


def _notifications(begun: Sequence[RevisionState]) -> Iterator[NotificationRecord]:
    """Up to the one that leaves no question open: it notified, is damaged, or has none of the triggers of those after
    it.
    """
    standing: frozenset[str] | None = None
    for state in begun:
        try:
            events = state.revision.findings().events
            triggers = frozenset(event.name for event in events if event.trigger and not event.beyond_portal)
            uploaded = state.is_uploaded
            notified = uploaded and state.has_notified
        except InputInvalid as error:
            name = state.revision.number
            log.warning("whom revision %s notified is not known, so triggers count as not notified: %s", name, error)
            yield NotificationRecord(None, uploaded=False, notified=False)
            return
        yield NotificationRecord(triggers, uploaded, notified)
        if uploaded:
            standing = triggers if standing is None else standing & triggers
            if notified or not standing:
                return
