"""The board as a target: a planner of a handful of calls, and what only boards know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, require_not_withdrawn
from ibf_pipeline.runs.notification_hold import Destination, require_silent
from ibf_pipeline.runs.publication_history import publication_history
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, content_hash, keep_revision
from ibf_pipeline.targets.comparison import as_shown
from ibf_pipeline.targets.notice import Notice, blind_notices
from ibf_pipeline.targets.problems import Overrides, impossible_amounts, require_publishable
from ibf_pipeline.targets.publication import carry_out
from ibf_pipeline.targets.target import MakeExtents, Publication, RevisionDraft
from tests.worlds.noticeboard.board import Board


def plan_calls(findings: Findings, date: str, *, notify: bool) -> list[Call]:
    """A sheet an event, the others taken down, a look at what would be told, and the bell."""
    calls = []
    for number, event in enumerate(findings.publishable_events, 1):
        shown = as_shown(findings, event)
        body = {
            "date": date, "event": event.name, "level": shown.alert_level, "first": shown.first_lead_time,
            "trigger": shown.first_trigger, "people": dict(shown.people),
        }  # fmt: skip
        calls.append(Call(number, "pin a sheet", "PIN", f"/sheets/{event.name}", body=body, event=event.name))
    keep = {"date": date, "keep": [event.name for event in findings.publishable_events]}
    last = [Call(0, "tidy up", "TIDY", "/sheets", body=keep), Call(0, "look", "READ", "/sheets", kind="preview")]
    if notify:
        last.append(Call(0, "ring the bell", "RING", "/bell", body={"date": date}, kind="end"))
    return [*calls, *(replace(call, number=len(calls) + n) for n, call in enumerate(last, 1))]


@dataclass(frozen=True, slots=True)
class NoticeboardTarget:
    """One country on a board."""

    board: Board
    destination: Destination
    now: Clock

    @property
    def name(self) -> str:
        return self.destination.target

    def draft(self, findings: Findings, run: RunFolder, staging: object) -> RevisionDraft:
        at = findings.issue_time.start + timedelta(seconds=run.next_number(self.name))
        date, to = f"{at:%Y-%m-%dT%H:%M:%S}Z", self.destination
        calls = plan_calls(findings, date, notify=to.notify)
        content = content_hash(call for call in calls if call.kind == "write")
        about = RevisionMetadata(date, self.name, to.url, "pins", "boards have no others", to.notify, content)
        there = {"pinned_before": sorted(self.board.sheets())}
        return RevisionDraft(tuple(calls), replace(about, hold_until=to.held_until, of_target=there))

    def revise(
        self,
        findings: Findings,
        run: RunFolder,
        overrides: Overrides,
        *,
        extents: MakeExtents | None = None,
        withdraws: tuple[str, ...] = (),
    ) -> Revision | None:
        self.require_allowed(findings, run, overrides)
        past = publication_history(run, self.name, lambda state: True)
        staging = begin_revision(run, self.name, past.next_number)
        plan = self.draft(findings, run, staging)
        if past.latest is not None and not withdraws:
            before = past.latest.about()
            if before.content == plan.about.content and not past.is_replaced and before.notify >= plan.about.notify:
                return None
            if not overrides.withdrawn:
                require_not_withdrawn(findings, past.latest)
        about = replace(plan.about, withdraws=withdraws, unconfirmed=dict(past.unconfirmed))
        return keep_revision(run, self.name, past.next_number, staging, findings, plan.calls, about)

    def require_allowed(self, findings: Findings, run: RunFolder, overrides: Overrides) -> None:
        require_publishable(impossible_amounts(findings), str(self.board.folder))

    def require_resumable(
        self, revision: Revision, overrides: Overrides, *, end: NotificationMode | None = None
    ) -> None:
        if (self.board.date() or "") > revision.about().date:
            raise ForbiddenByRule("the board shows something newer", where=revision.folder)
        if not self.destination.notify:
            require_silent(revision)

    def carry_out(self, revision: Revision, *, end: NotificationMode | None = None) -> Publication:
        def told(answer: dict[str, list[str]]) -> str:
            return "The bell tells of " + ", ".join(answer["bell would tell of"])

        return carry_out(
            revision, self.board, self.now, taken_down, destination=self.destination, end=end, mail_of_answer=told
        )

    def look_back(self, revision: Revision) -> None:
        """Boards are looked at by people."""


def taken_down(revision: Revision, findings: Findings) -> Sequence[Notice]:
    """Of sheets that are gone, by what was kept with the revision."""
    going_on = {event.name for event in findings.publishable_events} | set(revision.about().withdraws)
    gone = [name for name in revision.about().of_target["pinned_before"] if name not in going_on]
    return [*(Notice("alert ended", name, f"{name} is taken down") for name in gone), *blind_notices(findings)]
