"""The n-th publication of a country's run on one target: its plan, how it was planned, and its journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import Connection, select, update

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.sql_rows import row_exists
from ibf_pipeline.publish.call import Call, calls_of
from ibf_pipeline.publish.journal import Journal, RevisionProgress
from ibf_pipeline.publish.publisher import may_have_been_sent
from ibf_pipeline.records.schema import DECISION, REVISION
from ibf_pipeline.runs.findings import read_findings_json
from ibf_pipeline.storage.stored_folder import StoredFolder

if TYPE_CHECKING:
    from ibf_pipeline.runs.folder import RunFolder

NOTICES: Final = "notices.json"
PREVIEW: Final = "preview.json"
"""names of texts that are kept of a revision"""


def no_clock() -> NoReturn:
    """The clock of a journal that is only read.

    Raises
    ------
    RuntimeError
        Always, since nothing may be written.
    """
    raise RuntimeError("this journal is only read")


@dataclass(frozen=True)
class RevisionMetadata:
    """How a revision was planned. Stored as one flat JSON object, the target's own keys beside the others.

    Raises
    ------
    ValueError
        If a key of the target has the name of a field.
    """

    date: str
    """the `date` of every call"""
    target: str
    url: str
    """or the place that the target is"""
    capabilities: str
    """what the target can do, by one name: of a generation of its API, or of its kind"""
    reason: str
    """why these capabilities"""
    notify: bool
    content: str
    """hash of what is published, without the date"""
    hold_until: str | None = None
    """the notification waits for an operator's approval until then (UTC); afterwards nobody is notified"""
    withdraws: tuple[str, ...] = ()
    """events that this revision takes back"""
    left_out: tuple[str, ...] = ()
    """what the country wants and the target does not get, with the reason"""
    unconfirmed: dict[str, str] = field(default_factory=dict)
    """events of earlier days whose notification is unconfirmed and given up by this revision: name -> issue date"""
    of_target: Mapping[str, Any] = field(default_factory=dict)
    """what this kind of target keeps for itself, as JSON has it, and reads again in its own folder"""

    def __post_init__(self) -> None:
        taken = sorted(set(self.of_target) & {each.name for each in fields(self)})
        if taken:
            raise ValueError(f"every revision has {', '.join(taken)}: a target's own keys need other names")


@dataclass(frozen=True)
class Revision:
    """A revision whose plan is in the records."""

    run: RunFolder
    """of its day"""
    target: str
    number: int
    row: int = field(compare=False)
    """in the records"""

    @cached_property
    def kept(self) -> StoredFolder:
        """Its files, and short texts that came later: on this machine and, with a store, in the store."""
        return self.run.revision_folder(self.target, self.number)

    @property
    def folder(self) -> Path:
        """The folder of its files on this machine."""
        return self.kept.folder

    def file(self, name: str) -> Path:
        """A file that was there before its first call; it is fetched if it is not on this machine.

        Raises
        ------
        InputMissing
            If it is only on another machine.
        StoreUnavailable
            If it cannot be fetched.
        """
        return self.kept.file(name)

    @property
    def issue_time(self) -> IssueTime:
        """Issue time of its run."""
        return self.run.issue_time

    @cached_property
    def _plan(self) -> list[Call]:
        (row,) = self.run.records.rows(select(REVISION.c.plan).where(REVISION.c.id == self.row))
        return calls_of((row.plan or "damaged").encode(), self.folder)

    def calls(self) -> list[Call]:
        """Its plan.

        Raises
        ------
        InputInvalid
            If it was already damaged when it was taken over.
        """
        return list(self._plan)

    def about(self) -> RevisionMetadata:
        """How it was planned.

        Raises
        ------
        InputInvalid
            If that was already damaged when it was taken over.
        """
        (row,) = self.run.records.rows(select(REVISION.c.about).where(REVISION.c.id == self.row))
        return parse_metadata(row.about or "damaged", self.folder)

    def keep(self, about: RevisionMetadata) -> None:
        """Record a change of how it was planned, such as until when its notification is held.

        Raises
        ------
        ForbiddenByRule
            If another process publishes.
        WriteFailed
            If it cannot be recorded.
        """
        values = {"about": metadata_text(about)}
        self._decide(
            lambda connection, _: connection.execute(update(REVISION).where(REVISION.c.id == self.row).values(**values))
        )
        write_text(self.folder / "revision.json", metadata_text(about))

    def _decide(self, work: Callable[[Connection, bool], object]) -> None:
        """In a transaction of whoever holds the right to publish, for the time of it at least."""

        def fenced(connection: Connection, again: bool) -> None:
            held.fence_off(connection)
            work(connection, again)

        with self.run.right_to_publish(self.target, "decide") as held:
            self.run.records.write(fenced)

    def findings(self) -> Findings:
        """The findings that are published with it; a later run of the day does not change them. Errors as `file`."""
        return read_findings_json(self.file("events.json"))

    def journal(self, now: Callable[[], datetime]) -> Journal:
        """Its journal; `now`: the clock, UTC."""
        return Journal(self.run.records, self.row, self.run.lease_name(self.target), self.folder / "journal.jsonl", now)

    def state(self) -> RevisionState:
        """How far it has come: asked once for a question, and passed on as a value."""
        return RevisionState(self, self.journal(no_clock).progress())

    def decided(self, what: str, by: str, now: Callable[[], datetime]) -> None:
        """Record what an operator decided about it.

        Parameters
        ----------
        what : str
            Such as `approve`.
        by : str
            Name of the operator; may be empty.
        now : Callable[[], datetime]
            The clock, UTC.
        """
        row = {"revision": self.row, "at": now().isoformat(timespec="seconds"), "what": what, "by": by}

        def add(connection: Connection, again: bool) -> None:
            if not (again and row_exists(connection, DECISION, row)):
                connection.execute(DECISION.insert().values(**row))

        self._decide(add)

    def decisions(self) -> list[str]:
        """What operators decided about it, oldest first: `2026-02-15T06:00:00+00:00 approve by Amina`."""
        wanted = select(DECISION).where(DECISION.c.revision == self.row).order_by(DECISION.c.id)
        rows = self.run.records.rows(wanted)
        return [f"{row.at} {row.what}{f' by {row.by}' if row.by else ''}" for row in rows]


@dataclass(frozen=True, slots=True)
class RevisionState:
    """How far a revision had come when it was asked. What needs its calls raises InputInvalid for a damaged plan."""

    revision: Revision
    progress: RevisionProgress

    @property
    def was_begun(self) -> bool:
        """Whether a call may have been made."""
        return self.progress.was_begun

    @property
    def is_closed(self) -> bool:
        """Whether it was given up."""
        return self.progress.is_closed

    @property
    def remaining_calls(self) -> list[Call]:
        """The calls that are not known to be done, in their order."""
        return [call for call in self.revision.calls() if call.number not in self.progress.done]

    @property
    def is_finished(self) -> bool:
        """Whether every call is done."""
        return not self.remaining_calls

    @property
    def is_uploaded(self) -> bool:
        """Whether every call is done, except perhaps the notification: the target shows the revision."""
        return all(call.kind == "end" for call in self.remaining_calls)

    @property
    def may_be_shown(self) -> bool:
        """Whether all calls before the first preview or notification are done, so that the target may show it."""
        left = self.remaining_calls
        return not any(call in left for call in takewhile(lambda call: call.kind == "write", self.revision.calls()))

    @property
    def has_notified(self) -> bool:
        """Whether people were notified by it, as far as is known: every call is done, and the last was to notify."""
        return self.is_finished and self.revision.about().notify and not self.progress.is_unmailed

    @property
    def unconfirmed_call(self) -> Call | None:
        """The notification, if it was or may have been sent and no answer is known."""
        if not any(entry.state in ("sending", "unknown") for entry in self.progress.newest.values()):
            return None  # most of a long history, whose plans are not even read
        calls = self.revision.calls()
        return next((call for call in calls if call.kind == "end" and may_have_been_sent(call, self.progress)), None)


def metadata_text(about: RevisionMetadata) -> str:
    """JSON for the records, and for people in `revision.json`."""
    content = asdict(about)
    own = content.pop("of_target")
    return json.dumps({**content, **own}, indent=1, ensure_ascii=False)


def parse_metadata(text: str | bytes, where: object) -> RevisionMetadata:
    """Read what `metadata_text` wrote; `where` is named by the error.

    Raises
    ------
    InputInvalid
        If it is damaged.
    """
    try:
        content = json.loads(text)
        known = {each.name for each in fields(RevisionMetadata)}
        lists = {name: tuple(content.get(name, ())) for name in ("withdraws", "left_out")}
        common = {name: value for name, value in content.items() if name in known}
        own = {name: value for name, value in content.items() if name not in known}
        return RevisionMetadata(**{**common, **lists}, of_target=own)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputInvalid(
            f"what the revision was planned with cannot be read ({type(error).__name__})",
            where=where,
            expected="it as it was written",
            remedy="bring it back from a back-up",
        ) from None
