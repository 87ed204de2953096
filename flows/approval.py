"""Approval in the Prefect UI: a held notification waits there for a person, with a time limit."""

from __future__ import annotations

import contextvars
import html
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

import httpx
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.responses import SetStateStatus
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for
from pydantic import Field

from flows.ending import tell_held
from flows.states import COMPLETED, NOT_NOTIFIED, STOPPED, NotNotified, Outcome
from flows.wiring.day import Day, now
from flows.wiring.decisions import resume_run
from flows.wiring.limits import one_at_a_time
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError, OutcomeUnknown, only_logged
from ibf_pipeline.report.headline import cautions, headline, title_of
from ibf_pipeline.report.tables import escaped, event_rows, markdown_table
from ibf_pipeline.report.words import listed
from ibf_pipeline.runs.ledger import close, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.unconfirmed import DECIDE
from ibf_pipeline.runs.verified import kept_verified
from ibf_pipeline.targets.open_target import Publication
from ibf_pipeline.targets.resume import Decision
from ibf_pipeline.targets.told import mail_of, notices_of
from tasks.artifacts import artifact_key

log = logging.getLogger("ibf_pipeline.flows")

POLL_SECONDS = 5
_SERVER_LATER = 600
"""seconds by which the server's own time limit is later than ours"""
_MAIL_LETTERS = 6000
_TELL = "tell the recipients yourself, or run the day again"


class Approval(RunInput):
    """What a person says about the notification."""

    decision: Literal["approve", "stop"] = Field(description="approve: people are notified now; stop: nobody is")
    by: str = Field("", description="who decides; written into the log")


class StoppedTooLate(IbfError):
    """A person stopped a notification that had been sent."""


def await_approval(day: Day, found: Findings) -> tuple[Publication | None, str, Outcome]:
    """Pause the run until a person decides; returns the publication, None where it was stopped, what was decided, and
    what that is as the outcome of a run.

    The country is free for other runs meanwhile, and other persons for `ibf-pipeline resume`. Raises NotNotified after
    the time limit of the revision, which is then closed (nobody is notified late by accident), and where it is approved
    after it was given up; StoppedTooLate where it is stopped after it was sent.
    """
    revision = unfinished(day.run, day.target_name)
    until = revision.about().hold_until if revision else None
    if revision is None or until is None:
        return None, "nothing waits for approval", COMPLETED
    limit = _moment(until)
    _keep_preview(found, revision, limit)
    seconds = max(0.0, (limit - now()).total_seconds())
    with _ending_the_pause(seconds) as expired:
        approval = pause_flow_run(
            wait_for_input=Approval,
            timeout=int(seconds) + _SERVER_LATER,
            poll_interval=POLL_SECONDS,
            key=f"approval-{revision.number}-{flow_run.run_count}",  # Prefect takes a key once, and a retry asks again
        )
    who = f" by {approval.by}" if approval.by.strip() else ""
    if not expired.is_set():
        log.info("%s: %s%s", found.country, approval.decision, who)
    with one_at_a_time(found.hazard, found.country), day.run.right_to_publish(day.target_name, "approval"):
        unconfirmed = revision.state().unknown_end is not None
        if unconfirmed and (expired.is_set() or not _still_waits(day, revision)):
            raise OutcomeUnknown("approved elsewhere, and no answer came", where=revision.folder, remedy=DECIDE)
        if not _still_waits(day, revision):
            decision = "late" if expired.is_set() else approval.decision
            said = settled_before(revision, decision, who)
            return None, said, STOPPED if decision == "stop" else COMPLETED
        if expired.is_set():
            close(revision, now, f"{NOT_NOTIFIED.words}: nobody approved it in time")
            raise NotNotified(f"{NOT_NOTIFIED.words}: nobody approved it until {_in_words(limit)}", remedy=_TELL)
        _, publication = resume_run(
            day,
            Decision(approve=approval.decision == "approve", abort=approval.decision == "stop", by=approval.by.strip()),
        )
    if publication is None and revision.state().unknown_end is not None:
        raise OutcomeUnknown(f"stopped{who} after it was sent without an answer", where=revision.folder, remedy=DECIDE)
    if publication is None:
        return None, f"{STOPPED.words}: stopped{who}", STOPPED
    return publication, f"approved{who}", COMPLETED


def tell_waiting(day: Day, *, in_ui: bool) -> None:
    """Send on that a notification of the day waits for a person, until when, and how that person decides."""
    revision = unfinished(day.run, day.target_name)
    until = revision.about().hold_until if revision else None
    if revision is None or until is None:
        return
    address = url_for("flow-run", obj_id=flow_run.id) if flow_run.id else None
    what_to_do = (
        "Press Resume on the page of the run."
        if in_ui
        else f"Decide with `ibf-pipeline resume {day.name} --approve` or `--abort`."
    )
    tell_held(revision.found(), day.target_name, _in_words(_moment(until)), f"{what_to_do}\n{address or ''}".rstrip())


def _still_waits(day: Day, revision: Revision) -> bool:
    waiting = unfinished(day.run, day.target_name)
    return waiting is not None and waiting.number == revision.number


def settled_before(revision: Revision, decision: Literal["approve", "stop", "late"], who: str) -> str:
    """What a decision in the UI, or the end of the time, comes to where the revision was given up or sent meanwhile.

    `who`: ` by <name>`, or empty. Raises NotNotified and StoppedTooLate where people know something else than the
    person thinks.
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


def _moment(until: str) -> datetime:
    return datetime.fromisoformat(until.removesuffix("Z")).replace(tzinfo=UTC)


def _in_words(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@contextmanager
def _ending_the_pause(seconds: float) -> Iterator[threading.Event]:
    """End the pause of this run after a time; the event then says so.

    Left to the server, a pause that runs out fails the run with words that no automation of ours knows. The time may be
    over before the pause has begun: then it is ended as soon as it has.
    """
    expired, over, run = threading.Event(), threading.Event(), flow_run.id

    def end() -> None:
        expired.set()
        with get_client(sync_client=True) as client:
            while not over.is_set():
                try:
                    answer = client.resume_flow_run(run, run_input={"decision": "stop", "by": "time limit"})
                    if answer.status == SetStateStatus.ACCEPT:
                        return
                except httpx.HTTPError as error:
                    log.debug("the pause of %s is not ended yet: %s", run, error)
                over.wait(1)

    context = contextvars.copy_context()  # with the settings of the run
    timer = threading.Timer(seconds, context.run, args=(end,))
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        over.set()
        timer.cancel()


def preview_page(found: Findings, revision: Revision, limit: datetime) -> str:
    """What is to be approved, on one page of Markdown."""
    exercise = "EXERCISE: " if found.exercise else ""
    seen = kept_verified(revision.kept)
    differs = [seen.in_short] if seen is not None and seen.differs else []
    untold = [notice.event for notice in notices_of(revision) if notice.kind == "trigger without mail"]
    parts = [
        f"# {exercise}Approve the notification for {escaped(title_of(found))}?",
        f"Everything is on `{revision.about().target}`; only the notification waits, until "
        f"**{limit:%Y-%m-%d %H:%M} UTC**. Afterwards nobody is notified. Press *Resume* on the page of the run.",
        escaped(headline(found)),
        *(f"> **Mind:** {escaped(caution)}" for caution in (*differs, *cautions(found))),
        markdown_table(event_rows(found)),
        "## What the server would send",
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
    return "\n".join(line for line in lines if line)[:_MAIL_LETTERS]


def _keep_preview(found: Findings, revision: Revision, limit: datetime) -> None:
    exercise = "EXERCISE. " if found.exercise else ""
    with only_logged(
        log, "%s: the preview could not be kept", found.country
    ):  # a person can still decide by the report
        create_markdown_artifact(
            preview_page(found, revision, limit),
            key=artifact_key("preview", found),
            description=f"{exercise}Notification that waits for approval: {title_of(found)}, forecast of "
            f"{found.issue_time.words}",
        )
