"""Approval in the Prefect UI: a held notification waits there for a person, with a time limit."""

from __future__ import annotations

import contextvars
import html
import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import Field

from flows.limits import one_at_a_time
from flows.resume import Decision, resume_run
from flows.wiring import Day, now
from ibf_pipeline.errors import IbfError, OutcomeUnknown
from ibf_pipeline.found import Found
from ibf_pipeline.report.tables import escaped, event_rows, markdown_table
from ibf_pipeline.report.words import cautions, headline
from ibf_pipeline.run_folder import Revision
from ibf_pipeline.targets.ledger import close, unfinished
from ibf_pipeline.targets.open_target import Publication
from ibf_pipeline.targets.unconfirmed import DECIDE, unknown_end

log = logging.getLogger("ibf_pipeline.flows")

POLL_SECONDS = 5
_SERVER_LATER = 600
"""seconds by which the server's own time limit is later than ours"""
_MAIL_LETTERS = 6000


class Approval(RunInput):
    """What a person says about the notification."""

    decision: Literal["approve", "stop"] = Field(description="approve: people are notified now; stop: nobody is")
    by: str = Field("", description="who decides; written into the log")


class NotNotified(IbfError):
    """A held notification was not approved in time."""


def await_approval(day: Day, found: Found) -> tuple[Publication | None, str]:
    """Pause the run until a person decides; returns the publication, None where it was stopped, and what was decided.

    The country is free for other runs meanwhile. Raises NotNotified after the time limit of the revision, which is then
    closed: nobody is notified late by accident.
    """
    revision = unfinished(day.run, day.target_name, now)
    until = revision.about().hold_until if revision else None
    if revision is None or until is None:
        return None, "nothing waits for approval"
    limit = datetime.fromisoformat(until.removesuffix("Z")).replace(tzinfo=UTC)
    _keep_preview(found, revision, limit)
    seconds = max(0.0, (limit - now()).total_seconds())
    with _ending_the_pause(seconds) as expired:
        approval = pause_flow_run(
            wait_for_input=Approval,
            timeout=int(seconds) + _SERVER_LATER,
            poll_interval=POLL_SECONDS,
            key=f"approval-{revision.number}",
        )
    if expired.is_set():
        if unknown_end(revision, now) is not None:
            raise OutcomeUnknown("approved elsewhere, and no answer came", where=revision.folder, remedy=DECIDE)
        waiting = unfinished(day.run, day.target_name, now)
        if waiting is None or waiting.number != revision.number:
            return None, "somebody decided about the notification elsewhere"
        close(revision, now, "not notified: nobody approved it in time")
        raise NotNotified(
            f"not notified: nobody approved it until {limit:%Y-%m-%d %H:%M} UTC",
            where=revision.folder,
            remedy="tell the recipients yourself, or run the day again",
        )
    who = f" by {approval.by}" if approval.by.strip() else ""
    log.info("%s: %s%s", found.country, approval.decision, who)
    with one_at_a_time(found.country):
        _, publication = resume_run(
            day, Decision(approve=approval.decision == "approve", abort=approval.decision == "stop")
        )
    if publication is None and unknown_end(revision, now) is not None:
        raise OutcomeUnknown(f"stopped{who} after it was sent without an answer", where=revision.folder, remedy=DECIDE)
    return publication, f"approved{who}" if publication else f"not notified: stopped{who}"


@contextmanager
def _ending_the_pause(seconds: float) -> Iterator[threading.Event]:
    """End the pause of this run after a time; the event then says so.

    Left to the server, a pause that runs out fails the run with words that no automation of ours knows.
    """
    expired, run = threading.Event(), flow_run.id

    def end() -> None:
        expired.set()
        with get_client(sync_client=True) as client:
            client.resume_flow_run(run, run_input={"decision": "stop", "by": "time limit"})

    context = contextvars.copy_context()  # with the settings of the run
    timer = threading.Timer(seconds, context.run, args=(end,))
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def preview_page(found: Found, revision: Revision, limit: datetime) -> str:
    """What is to be approved, on one page of Markdown."""
    exercise = "EXERCISE: " if found.exercise else ""
    parts = [
        f"# {exercise}Approve the notification for {escaped(found.country_name)}?",
        f"Everything is on `{revision.about().target}`; only the notification waits, until "
        f"**{limit:%Y-%m-%d %H:%M} UTC**. Afterwards nobody is notified. Press *Resume* on the page of the run.",
        escaped(headline(found)),
        *(f"> **Mind:** {escaped(caution)}" for caution in cautions(found)),
        markdown_table(event_rows(found)),
        "## What the server would send",
        f"```\n{mail_text(revision)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def mail_text(revision: Revision) -> str:
    """The server's preview of its mail as plain text."""
    if not revision.preview_file.is_file():
        return "this server has no preview of its mail"
    answer = json.loads(revision.preview_file.read_text(encoding="utf-8"))["answer"]
    active = answer.get("activeEvents") if isinstance(answer, dict) else None
    mail = str((active or {}).get("email") or "")
    if not mail:
        return "no mail"
    text = re.sub(r"(?is)<(style|script|head)\b.*?</\1>", " ", mail)
    text = html.unescape(re.sub(r"(?i)<br\s*/?>|</(p|div|tr|h\d|li|table)>", "\n", text))
    text = re.sub(r"<[^>]+>", " ", text).replace("```", "'''")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "\n".join(line for line in lines if line)[:_MAIL_LETTERS]


def _keep_preview(found: Found, revision: Revision, limit: datetime) -> None:
    try:
        create_markdown_artifact(
            preview_page(found, revision, limit),
            key=f"preview-{found.country.lower()}",
            description=f"Notification that waits for approval: {found.country_name}, forecast of {found.issue_date}",
        )
    except Exception:  # a person can still decide by the report
        log.exception("%s: the preview could not be kept", found.country)
