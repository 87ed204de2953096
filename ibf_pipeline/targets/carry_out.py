"""A revision carried out: everything but the notification, then what people must be told, then the notification."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import OutcomeUnknown, ServerRefused
from ibf_pipeline.io.writing import RESUME
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import (
    Answer,
    End,
    Excuse,
    Outcome,
    Transport,
    no_excuse,
    publish,
    require_decidable,
)
from ibf_pipeline.runs.folder import as_json
from ibf_pipeline.runs.holding import Destination, end_of, require_in_time, settle
from ibf_pipeline.runs.ledger import Clock
from ibf_pipeline.runs.revision import NOTICES, PREVIEW, Revision
from ibf_pipeline.runs.verified import Verified
from ibf_pipeline.targets.doubts import doubt_notices, doubts_before
from ibf_pipeline.targets.notice import Notice, differs_notices
from ibf_pipeline.targets.open_target import Publication
from ibf_pipeline.targets.without import require_nothing_taken_back


def carry_out(
    revision: Revision,
    transport: Transport,
    now: Clock,
    notices: Callable[[Revision, Findings], Sequence[Notice]],
    *,
    destination: Destination | None = None,
    end: End | None = None,
    mail_in: Callable[[Any], str] = str,
    found_out: Callable[[Findings], str] | None = None,
    not_mailed: Excuse = no_excuse,
    look_back: Callable[[Revision], Verified] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Publication:
    """Make the calls of a revision that are not done yet.

    `destination`: whether this run may notify, and whether its notification waits, where it is not as the revision was
    planned; `notices`: what the pipeline itself says of the day, once all but the notification is made; `end`: what to
    do with the notification, which by default is sent once, or waits where the revision is to be held; `mail_in`: the
    mail in the target's answer to a preview; `found_out`: what the target can tell of a notification whose fate is
    unknown, in words; `not_mailed`: whether a call that failed did all but mail people, so that the target shows the
    day and nobody is notified; `look_back`: what the target shows once the last call was made, or may have been, or
    waits; it raises nothing.

    A preview is kept as `preview.json`, the pipeline's own notices as `notices.json`, both before anybody is notified.
    Raises OutcomeUnknown with what could be found out where the notification's fate is unknown, ForbiddenByRule where a
    held one's time limit has passed or a person decides about one that is not unknown, ServerRefused with the way to
    another plan where the target does not take a call of this one. ForbiddenByRule, too, for a revision from which a
    person took an event back.
    """
    if end != "assume":
        require_nothing_taken_back(revision)
    if destination is not None:
        settle(revision, destination, end)
    found, journal, calls = revision.found(), revision.journal(now), revision.calls()
    last = [call for call in calls if call.kind == "end"]
    before_end = [call for call in calls if call.kind != "end"]
    require_decidable(last, journal, end)
    if end is None:
        require_in_time(revision, now)
    keep = partial(_keep_preview, revision, mail_in)
    try:
        first = publish(before_end, transport, journal, not_mailed=not_mailed, on_answer=keep, progress=progress)
    except ServerRefused as error:  # the call is on disk: it is made again as it is, however often the day is run
        raise _with_the_way_out(error) from error
    doubts = doubt_notices(found, doubts_before(revision, found))
    own = _kept(revision, [*notices(revision, found), *doubts])
    known_before = revision.state().progress.is_unmailed
    try:
        final = publish(last, transport, journal, end=end_of(revision, end), not_mailed=not_mailed, progress=progress)
    except OutcomeUnknown as error:
        known = f"; {found_out(found)}" if found_out else ""
        seen = None if look_back is None else look_back(revision)
        known += f"; {seen.in_short}" if seen is not None and seen.differs else ""
        raise OutcomeUnknown(f"{error.found}{known}", where=error.where, remedy=error.remedy) from None
    unmailed = bool(last) and revision.state().progress.is_unmailed
    if unmailed and not known_before:
        own = _kept(revision, [*notices(revision, found), *doubts])
    made, waited = first.made + final.made, first.seconds_waiting + final.seconds_waiting
    outcome = Outcome(len(calls), made, calls[-1] if calls else None, waited, final.held)
    notified = end != "assume" and final.made > 0
    seen = None if look_back is None else look_back(revision)
    told = (*own, *differs_notices(found, seen))
    return Publication(outcome, told, revision.number, found, notified, unmailed, seen)


def _kept(revision: Revision, notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """The notices, once they are kept."""
    revision.kept.keep_note(NOTICES, as_json({"notices": [asdict(notice) for notice in notices]}), RESUME)
    return tuple(notices)


def _keep_preview(revision: Revision, mail_in: Callable[[Any], str], call: Call, answer: Answer) -> None:
    if call.kind == "preview":
        said = _json_or_text(answer.text)
        kept = {"call": call.number, "answer": said, "mail": mail_in(said)}
        revision.kept.keep_note(PREVIEW, as_json(kept), RESUME)


def _with_the_way_out(error: ServerRefused) -> ServerRefused:
    return ServerRefused(
        error.found,
        where=error.where,
        expected=error.expected,
        remedy=f"{error.remedy}: that makes the same calls again. To have them planned anew, give these up with "
        "`ibf-pipeline resume --abort` first",
    )


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
