"""What was published of a run: the calls of every revision and what became of each, from the records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ibf_pipeline.errors import IbfError
from ibf_pipeline.publish.journal import NOTHING_LEFT
from ibf_pipeline.report.words import listed
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import NOTICES, Revision
from ibf_pipeline.runs.verification import DIFFERS, read_verification


@dataclass(frozen=True, slots=True)
class CallMade:
    """A call of a plan and the newest word of its journal."""

    number: int
    step: str
    method: str
    path: str
    event: str | None
    state: str
    """done, failed, unknown, assumed, not mailed, sending, held; `not made` if the journal has nothing"""
    status: int | None
    at: str
    """UTC, ISO 8601; empty if it was not made"""
    error: str


@dataclass(frozen=True, slots=True)
class PublishedRevision:
    """A revision on a target."""

    target: str
    url: str
    number: int
    date: str
    """the `date` of every call"""
    capabilities: str
    notify: bool
    outcome: str
    """in words"""
    is_complete: bool
    calls: tuple[CallMade, ...]
    left_out: tuple[str, ...] = ()
    """what the country wants and the target did not get, with the reason"""
    notices: tuple[str, ...] = ()
    """the pipeline's own notices, beside the target's own messages"""
    seen: str = ""
    """what a look at the portal afterwards came to, in words; empty if nobody has looked"""
    differences: tuple[str, ...] = ()
    """what the portal shows otherwise than was published"""
    not_checked: tuple[str, ...] = ()
    """what it does not tell"""


def published(run: RunFolder) -> tuple[PublishedRevision, ...]:
    """Every revision of a run on every target, oldest first."""
    return tuple(_published(target, revision) for target in run.targets() for revision in run.revisions(target))


def _published(target: str, revision: Revision) -> PublishedRevision:
    try:
        about, plan = revision.about(), revision.calls()
    except (OSError, ValueError, TypeError, IbfError) as error:
        return PublishedRevision(target, "", revision.number, "", "", False, f"cannot be read: {error}", False, ())
    progress = revision.state().progress
    calls = []
    for call in plan:
        entry = progress.newest.get(call.number)
        made = (entry.state, entry.status, entry.at, entry.error or "") if entry else ("not made", None, "", "")
        calls.append(CallMade(call.number, call.step, call.method, call.path, call.event, *made))
    states = Counter(call.state for call in calls)
    done = sum(states[state] for state in NOTHING_LEFT)
    return PublishedRevision(
        target=target,
        url=about.url,
        number=revision.number,
        date=about.date,
        capabilities=about.capabilities,
        notify=about.notify,
        outcome=_outcome(len(calls), done, states) + ("; then given up" if progress.is_closed else ""),
        is_complete=done == len(calls),
        calls=tuple(calls),
        left_out=about.left_out,
        notices=_notices(revision),
        **_seen(revision),
    )


def difference_cautions(published: Iterable[PublishedRevision]) -> list[str]:
    """What the portal shows otherwise, of the newest revision on each target: it stands before everything else."""
    newest = {revision.target: revision for revision in published}
    return [
        f"Target {target}: {revision.seen}: {listed(revision.differences)}."
        for target, revision in newest.items()
        if revision.differences
    ]


def mail_cautions(published: Iterable[PublishedRevision]) -> list[str]:
    """Where recipients may believe that they were mailed and were not, of the newest revision on each target."""
    newest = {revision.target: revision for revision in published}
    words = {target: _mail_words(revision) for target, revision in newest.items()}
    return [f"Target {target}: {said}." for target, said in words.items() if said]


def _mail_words(revision: PublishedRevision) -> str:
    states = {call.state for call in revision.calls}
    if "not mailed" in states:
        return "it shows the day and nobody was mailed: tell the recipients yourself"
    if states & {"unknown", "sending"}:
        return "nobody knows whether people were notified: find out, and decide with `ibf-pipeline resume`"
    if "held" in states:
        return "nobody was notified so far: the notification waits for an operator's approval"
    return "" if revision.is_complete else f"published only in part ({revision.outcome}), and nobody was notified"


def _seen(revision: Revision) -> dict[str, Any]:
    try:
        kept = read_verification(revision.kept)
    except IbfError as error:
        return {"seen": str(error)}
    if kept is None:
        return {}
    return {"seen": kept.words, "differences": kept.differences, "not_checked": kept.not_checked}


def _outcome(planned: int, done: int, states: Counter[str]) -> str:
    if done == planned:
        assumed = f", {states['assumed']} of them declared done by an operator" if states["assumed"] else ""
        if states["not mailed"]:
            return f"{planned} calls; the target shows what they make{assumed}, and nobody was mailed"
        return f"all {planned} calls made{assumed}"
    rest = ", ".join(
        f"{states[state]} {words}"
        for state, words in (
            ("failed", "failed"),
            ("unknown", "of unknown outcome"),
            ("sending", "sent without an answer so far"),
            ("held", "waiting for an operator's approval"),
            ("not made", "not made"),
        )
        if states[state]
    )
    return f"{done} of {planned} calls made; {rest}"


def _notices(revision: Revision) -> tuple[str, ...]:
    """The pipeline's own notices of a revision; that the portal differs is said by the newest look back instead."""
    try:
        text = revision.kept.note(NOTICES)
        kept = [] if text is None else json.loads(text)["notices"]
        return tuple(f"{notice['kind']}: {notice['text']}" for notice in kept if notice["kind"] != DIFFERS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return (f"the notices cannot be read ({type(error).__name__})",)
