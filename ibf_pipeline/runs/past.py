"""What our own revisions tell of a country on a target up to a day: read once, and handed on as a value."""

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
class Telling:
    """Whom a revision told of its triggers."""

    triggers: frozenset[str] | None
    """names of events; None where it is damaged"""
    uploaded: bool
    """the target shows it; false where it broke off: the target may have some of it"""
    told: bool
    """people were notified by it"""


@dataclass(frozen=True, slots=True)
class PublishedPast:
    """Our own record, when it was asked. Dates as in the calls."""

    number: int = 1
    """that the next revision of the day gets"""
    dates: frozenset[str] = frozenset()
    """of every revision of which at least one call was made, exercises too"""
    half_uploaded: frozenset[str] = frozenset()
    """of those after the newest uploaded one, which broke off: the target may know more events than it lists"""
    perhaps_open: tuple[Event, ...] = ()
    """of the newest uploaded revision, and of those begun after it that the target may show"""
    keys: Mapping[str, str] = field(default_factory=dict)
    """event name -> what it is about, of the newest uploaded revision; of an unreadable one nothing"""
    latest: Revision | None = None
    """the newest revision of the day all of whose calls are done"""
    is_replaced: bool = False
    """calls of a later one of the day may have been made: the target no longer shows `latest` whole"""
    unconfirmed: Mapping[str, str] = field(default_factory=dict)
    """events of earlier days whose notification is unconfirmed and not given up: name -> newest such issue time"""
    tellings: tuple[Telling, ...] = ()
    """newest first, as far back as anybody has to look"""

    def untold(self, names: Collection[str]) -> set[str]:
        """Triggers among these events of which nobody was notified, ever since they are triggers.

        A backfill, an abort, an approval that came too late and a revision that stopped in the middle publish without
        notifying. A trigger that our revisions do not know is somebody else's, who will have told people.
        """
        asked, untold = set(names), set[str]()
        half = set[str]()  # triggers of revisions that stopped in the middle: the target may have them from there
        for telling in self.tellings:
            if telling.triggers is None:
                return untold | asked
            if not telling.uploaded:
                half |= asked & telling.triggers
                continue
            untold |= half - telling.triggers
            half &= telling.triggers
            asked &= telling.triggers
            if telling.told:
                return untold - asked
            untold |= asked
        return untold | half


def published_past(run: RunFolder, target: str, may_be_shown: Callable[[RevisionState], bool]) -> PublishedPast:
    """The past of a run's country on a target, up to the run's day.

    `may_be_shown`: whether the target may have made events of a revision that broke off.
    """
    history = [revision.state() for revision in run.history(target)]
    of_day = [state for state in history if state.revision.run == run]
    begun = [state for state in history if state.was_begun]
    latest = next((state for state in of_day if state.is_finished), None)
    unsure = list(_until_uploaded(begun))
    return PublishedPast(
        number=of_day[0].revision.number + 1 if of_day else 1,
        dates=frozenset(run.dates(target)),
        half_uploaded=frozenset().union(*(_dates(state.revision) for state in unsure if not _known_uploaded(state))),
        perhaps_open=_perhaps_open(begun, may_be_shown),
        keys=_keys(begun),
        latest=latest.revision if latest else None,
        is_replaced=latest is not None and any(s.was_begun for s in of_day[: of_day.index(latest)]),
        unconfirmed=_unconfirmed(history[len(of_day) :]),
        tellings=tuple(_tellings(begun)),
    )


def _known_uploaded(state: RevisionState) -> bool:
    """Whether the target shows a revision; no where its plan is damaged."""
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


def _perhaps_open(begun: Sequence[RevisionState], may_be_shown: Callable[[RevisionState], bool]) -> tuple[Event, ...]:
    found: dict[str, Event] = {}
    for state in begun:
        try:
            uploaded = state.is_uploaded
            if uploaded or may_be_shown(state):
                for event in state.revision.found().publishable_events:
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
                return dict(state.revision.found().known)
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
            if not state.is_closed and state.unknown_end is not None:
                names = (event.name for event in revision.found().publishable_events)
                events |= dict.fromkeys(names, str(revision.issue_time))
        except InputInvalid as error:
            log.warning("an earlier revision is damaged: %s", error)
    return events


def _tellings(begun: Sequence[RevisionState]) -> Iterator[Telling]:
    """Up to the one that leaves no question open: it notified, is damaged, or has none of the triggers of those after
    it.
    """
    standing: frozenset[str] | None = None
    for state in begun:
        try:
            events = state.revision.found().events
            triggers = frozenset(event.name for event in events if event.trigger and not event.beyond_portal)
            uploaded = state.is_uploaded
            told = uploaded and state.has_notified
        except InputInvalid as error:
            name = state.revision.number
            log.warning("whom revision %s told is not known, so triggers are taken as untold: %s", name, error)
            yield Telling(None, uploaded=False, told=False)
            return
        yield Telling(triggers, uploaded, told)
        if uploaded:
            standing = triggers if standing is None else standing & triggers
            if told or not standing:
                return
