"""Approval in the Prefect UI: a held notification waits there for an operator, with a time limit."""

from __future__ import annotations

import html
import logging
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast
from uuid import UUID

import httpx
from prefect.artifacts import create_markdown_artifact
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.input import RunInput
from prefect.input.run_input import keyset_from_paused_state
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for
from pydantic import Field, ValidationError

from flows.end_hold import END_HOLD, NOBODY, NOBODY_ANSWERED, cancel_end, schedule_end
from flows.notice_events import tell_held
from flows.states import COMPLETED, NOT_NOTIFIED, STOPPED, NotNotified, RunOutcome
from flows.suspension import own_run, pause_for_input, suspend, suspended_for
from flows.wiring.day import Day, now
from flows.wiring.decisions import resume_run
from flows.wiring.limits import one_at_a_time
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown, errors_logged
from ibf_pipeline.records.lease import LEASE_RUN_OUT_SECONDS
from ibf_pipeline.report.headline import cautions, headline, people_in_a_mail, title_of
from ibf_pipeline.report.tables import escaped, event_rows, markdown_table
from ibf_pipeline.report.words import listed
from ibf_pipeline.runs.confirmation import DECIDE
from ibf_pipeline.runs.ledger import close, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.verification import read_verification
from ibf_pipeline.targets.day_summary import mail_of
from ibf_pipeline.targets.notice_ledger import notices_of
from ibf_pipeline.targets.resumption import Decision
from ibf_pipeline.targets.target import Publication
from tasks.artifacts import artifact_key

log = logging.getLogger("ibf_pipeline.flows")

_AGAIN_SECONDS = 30
"""after which a server that did not answer is asked again to suspend the run"""
_MAIL_CHARACTERS = 6000
_PRESS = "Press Resume on the page of the run"
_TELL = "tell the recipients yourself, or run the day again"


class Approval(RunInput):
    """What an operator decides about the notification."""

    decision: Literal["approve", "stop"] = Field(description="approve: people are notified now; stop: nobody is")
    by: str = Field("", description="who decides; written into the log")


class StoppedTooLate(IbfError):
    """An operator stopped a notification that had been sent."""


@dataclass(frozen=True, slots=True)
class ApprovalAnswer:
    """What became of the question, in a run that was suspended for it."""

    revision: Revision
    approval: Approval | None
    """None if nobody has answered in time"""


def ask(day: Day, findings: Findings) -> None:
    """Show what waits for an operator, and give the worker's slot back until the operator has answered.

    A run of a deployment is suspended here and begun again with the answer; at the time limit, which a run of the
    deployment `end-hold` keeps, without one. Returns where a run cannot be suspended, or that limit is over.
    """
    revision = unfinished(day.run, day.target_name)
    limit = None if revision is None else _limit(revision)
    if revision is None or limit is None:
        return
    _keep_preview(findings, revision, limit)
    run, key = own_run(), f"approval-{revision.number}-{now():%Y%m%d%H%M%S}"
    while run is not None and now() < limit:
        try:
            schedule_end(run.id, key, limit)
            suspend(Approval, key, f"the notification waits for a person until {_in_words(limit)}. {_PRESS}.")
            return
        except ObjectNotFound:
            log.warning(
                "the run keeps its worker while it waits: the server has no %s, run `ibf-pipeline deploy`", END_HOLD
            )
            return
        except (httpx.HTTPError, PrefectException) as error:
            log.warning("%s: the server does not take that the run waits (%s)", findings.country, type(error).__name__)
            time.sleep(_AGAIN_SECONDS)


def answered(day: Day) -> ApprovalAnswer | None:
    """What an operator has said to the question for which this run was suspended; None if it does not come back from
    one. InputMissing if nothing is known here of what was held.
    """
    state = suspended_for()
    key = "" if state is None else str(state.state_details.pause_key)
    asked = re.fullmatch(r"approval-(\d+)-\w+", key)
    if state is None or asked is None:
        return None
    try:
        said = cast(Approval, Approval.load(keyset_from_paused_state(state)))
    except ValidationError:  # it was begun without an answer: it asks again
        return None
    if said.by != NOBODY:
        cancel_end(UUID(str(flow_run.id)), key)
    number = int(asked[1])
    revision = next((each for each in day.run.revisions(day.target_name) if each.number == number), None)
    if revision is None:
        raise InputMissing(
            f"revision {number} of {day.name}, which was held, is not known here",
            where=day.run.path,
            expected="the records of the run that held it",
            remedy="decide with `ibf-pipeline resume` where they are; machines share records and a store",
        )
    return ApprovalAnswer(revision, None if said.by == NOBODY else said)


def await_approval(day: Day, findings: Findings) -> tuple[Publication | None, str, RunOutcome]:
    """Pause the run in its process until an operator decides; what `apply_answer` returns and raises.

    The country is free for other runs meanwhile, and other operators for `ibf-pipeline resume`.
    """
    revision = unfinished(day.run, day.target_name)
    limit = None if revision is None else _limit(revision)
    if revision is None or limit is None:
        return None, "nothing waits for approval", COMPLETED
    seconds = (limit - now()).total_seconds()
    key = f"approval-{revision.number}-{flow_run.run_count}"  # Prefect takes one once, and a retry asks again
    approval = pause_for_input(Approval, key, seconds, NOBODY_ANSWERED) if seconds > 0 else None
    return apply_answer(day, findings, ApprovalAnswer(revision, approval))


def apply_answer(day: Day, findings: Findings, answer: ApprovalAnswer) -> tuple[Publication | None, str, RunOutcome]:
    """Carry out what an operator has said: the publication, None if it was stopped, what was decided, and what that is
    as the outcome of a run.

    Raises NotNotified after the time limit of the revision, which is then closed (nobody is notified late by accident),
    and if it is approved after it was given up; StoppedTooLate if it is stopped after it was sent.
    """
    revision, approval = answer.revision, answer.approval
    who = f" by {approval.by}" if approval is not None and approval.by.strip() else ""
    if approval is not None:
        log.info("%s: %s%s", findings.country, approval.decision, who)
    alone = day.run.right_to_publish(day.target_name, "approval", LEASE_RUN_OUT_SECONDS)
    with one_at_a_time(findings.hazard, findings.country), alone:
        unconfirmed, waits = revision.state().unconfirmed_call is not None, _still_waits(day, revision)
        if unconfirmed and (approval is None or not waits):
            raise OutcomeUnknown("approved elsewhere, and no answer came", where=revision.folder, remedy=DECIDE)
        if not waits:
            decision = "late" if approval is None else approval.decision
            return None, settled_before(revision, decision, who), STOPPED if decision == "stop" else COMPLETED
        limit = _limit(revision)
        if approval is None:
            raise _given_up(revision, "nobody approved it in time", f"nobody approved it until {_in_words(limit)}")
        if approval.decision == "approve" and limit is not None and now() >= limit and not unconfirmed:
            late = f"approved{who}, and a worker came to it only after {_in_words(limit)}"
            raise _given_up(revision, late, late)
        _, publication = resume_run(
            day,
            Decision(approve=approval.decision == "approve", abort=approval.decision == "stop", by=approval.by.strip()),
        )
    if publication is None and revision.state().unconfirmed_call is not None:
        raise OutcomeUnknown(f"stopped{who} after it was sent without an answer", where=revision.folder, remedy=DECIDE)
    if publication is None:
        return None, f"{STOPPED.words}: stopped{who}", STOPPED
    return publication, f"approved{who}", COMPLETED


def tell_waiting(day: Day, *, in_ui: bool) -> None:
    """Send on that a notification of the day waits for an operator, until when, and how the operator decides."""
    revision = unfinished(day.run, day.target_name)
    limit = None if revision is None else _limit(revision)
    if revision is None or limit is None:
        return
    address = url_for("flow-run", obj_id=flow_run.id) if flow_run.id else None
    what_to_do = f"{_PRESS}." if in_ui else f"Decide with `ibf-pipeline resume {day.name} --approve` or `--abort`."
    tell_held(revision.findings(), day.target_name, _in_words(limit), f"{what_to_do}\n{address or ''}".rstrip())


def _still_waits(day: Day, revision: Revision) -> bool:
    waiting = unfinished(day.run, day.target_name)
    return waiting is not None and waiting.number == revision.number


def settled_before(revision: Revision, decision: Literal["approve", "stop", "late"], who: str) -> str:
    """What a decision in the UI, or the end of the time, comes to where the revision was given up or sent meanwhile.

    `who`: ` by <name>`, or empty. Raises NotNotified and StoppedTooLate if people know something else than the
    operator thinks.
    """
    progress = revision.state().progress
    if not progress.is_closed:
        if decision == "stop":
            raise StoppedTooLate(
                f"stopped{who} too late: the notification had been sent with `ibf-pipeline resume`",
                remedy="tell the recipients yourself, or take the alert back with `ibf-pipeline withdraw`",
            )
        return f"{'not approved here' if decision == 'late' else f'approved{who}'}: people had been notified before"
    why = next(entry.error for entry in reversed(progress.entries) if entry.state in ("closed", "unused"))
    if decision == "stop":
        return f"{STOPPED.words}: stopped{who}"
    asked = "nobody approved it" if decision == "late" else f"approved{who} too late"
    raise NotNotified(
        f"{NOT_NOTIFIED.words}: {asked}, revision {revision.number} had been given up ({why or 'no reason given'})",
        remedy="tell the recipients yourself where the alert still stands",
    )


def _given_up(revision: Revision, why: str, said: str) -> NotNotified:
    """Close a revision that was held too long; the error says so."""
    close(revision, now, f"{NOT_NOTIFIED.words}: {why}")
    return NotNotified(f"{NOT_NOTIFIED.words}: {said}", remedy=_TELL)


def _limit(revision: Revision) -> datetime | None:
    """Until when it waits for an operator; None if it does not."""
    until = revision.about().hold_until
    return None if until is None else datetime.fromisoformat(until.removesuffix("Z")).replace(tzinfo=UTC)


def _in_words(moment: datetime | None) -> str:
    return "its time limit" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def preview_page(findings: Findings, revision: Revision, limit: datetime) -> str:
    """What is to be approved, on one page of Markdown."""
    exercise = "EXERCISE: " if findings.exercise else ""
    seen = read_verification(revision.kept)
    differs = [seen.in_short] if seen is not None and seen.differs else []
    untold = [notice.event for notice in notices_of(revision) if notice.kind == "trigger without mail"]
    parts = [
        f"# {exercise}Approve the notification for {escaped(title_of(findings))}?",
        f"Everything is on `{revision.about().target}`; only the notification waits, until "
        f"**{limit:%Y-%m-%d %H:%M} UTC**. Afterwards nobody is notified. Press *Resume* on the page of the run.",
        escaped(headline(findings)),
        *(f"> **Mind:** {escaped(caution)}" for caution in (*differs, *cautions(findings))),
        markdown_table(event_rows(findings)),
        "## What the server would send",
        *([escaped(people_in_a_mail(findings))] if people_in_a_mail(findings) else []),
        *(
            [f"> **Not in this mail:** {escaped(listed(untold, len(untold)))}. A notice tells of each."]
            if untold
            else []
        ),
        f"```\n{mail_text(revision)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def mail_text(revision: Revision) -> str:
    """The server's preview of its mail as plain text."""
    mail = mail_of(revision)
    if mail is None:
        return "this server has no preview of its mail"
    if not mail:
        return "no mail"
    text = re.sub(r"(?is)<(style|script|head)\b.*?</\1>", " ", mail)
    text = html.unescape(re.sub(r"(?i)<br\s*/?>|</(p|div|tr|h\d|li|table)>", "\n", text))
    text = re.sub(r"<[^>]+>", " ", text).replace("```", "'''")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "\n".join(line for line in lines if line)[:_MAIL_CHARACTERS]


def _keep_preview(findings: Findings, revision: Revision, limit: datetime) -> None:
    exercise = "EXERCISE. " if findings.exercise else ""
    with errors_logged(
        log, "%s: the preview could not be kept", findings.country
    ):  # an operator can still decide by the report
        create_markdown_artifact(
            preview_page(findings, revision, limit),
            key=artifact_key("preview", findings),
            description=f"{exercise}Notification that waits for approval: {title_of(findings)}, forecast of "
            f"{findings.issue_time.words}",
        )
