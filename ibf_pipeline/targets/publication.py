"""A revision carried out: everything but the notification, then the pipeline's own notices, then the notification."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import OutcomeUnknown, ServerRefused, errors_logged
from ibf_pipeline.io.atomic_files import RESUME, as_json
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import (
    Answer,
    MailFailureCheck,
    NotificationMode,
    PublishOutcome,
    Transport,
    no_mail_failure,
    publish,
    require_decidable,
)
from ibf_pipeline.runs.ledger import Clock
from ibf_pipeline.runs.notification_hold import Destination, apply_hold, notification_mode, require_in_time
from ibf_pipeline.runs.revision import PREVIEW, Revision
from ibf_pipeline.runs.verification import Verification
from ibf_pipeline.targets.doubts import doubt_notices, doubts_before
from ibf_pipeline.targets.notice import Notice, differs_notices, hidden_notices
from ibf_pipeline.targets.notice_ledger import keep_notices
from ibf_pipeline.targets.target import Publication
from ibf_pipeline.targets.withdrawn_events import require_nothing_taken_back

log = logging.getLogger(__name__)


def carry_out(
    revision: Revision,
    transport: Transport,
    now: Clock,
    notices: Callable[[Revision, Findings], Sequence[Notice]],
    *,
    destination: Destination | None = None,
    end: NotificationMode | None = None,
    mail_of_answer: Callable[[Any], str] = str,
    notification_words: Callable[[Findings], str] | None = None,
    mail_failed: MailFailureCheck = no_mail_failure,
    look_back: Callable[[Revision], Verification] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Publication:
    """Make the calls of a revision that are not done yet: all but the notification, the notices, the notification.

    Parameters
    ----------
    revision : Revision
        Its plan and journal say which calls are left.
    transport : Transport
        Carries out one call; raises ServerUnreachable, ServerRefused or OutcomeUnknown.
    now : Clock
        UTC.
    notices : callable
        (revision, findings) -> the target's own notices; called once all but the notification is made.
    destination : Destination, optional
        Whether this run may notify, and whether its notification waits, if not as the revision was planned.
    end : NotificationMode, optional
        What an operator decided about the notification. By default it is sent once, or waits if the revision is held.
    mail_of_answer : callable
        The mail in the target's answer to a preview.
    notification_words : callable, optional
        What the target can tell of a notification whose outcome is unknown, in words.
    mail_failed : MailFailureCheck
        Whether a failed call did everything but mail people: the target shows the day and nobody is notified.
    look_back : callable, optional
        What the target shows once the last call was made, may have been made, or waits; it raises nothing.
    progress : callable
        (calls done, calls in all), after each call.

    Returns
    -------
    Publication
        What it came to, with the notices. The preview is kept as `preview.json` and the notices as `notices.json`,
        both before anybody is notified.

    Raises
    ------
    OutcomeUnknown
        If it is not known whether the notification was carried out; with what could be found out.
    ForbiddenByRule
        If the time limit of a held notification has passed, an operator decides about a notification that is not in
        doubt, or took an event back from this revision.
    ServerRefused
        If the target does not take a call; with the way to another plan.

    References
    ----------
    docs/design/publication.md, P8 to P13; docs/publishing.md, "How a run ends".
    """
    if end != "assume":
        require_nothing_taken_back(revision)
    if destination is not None:
        apply_hold(revision, destination, end)
    found, journal, calls = revision.findings(), revision.journal(now), revision.calls()
    last = [call for call in calls if call.kind == "end"]
    before_end = [call for call in calls if call.kind != "end"]
    require_decidable(last, journal, end)
    if end is None:
        require_in_time(revision, now)
    keep = partial(_keep_preview, revision, mail_of_answer)
    try:
        first = publish(before_end, transport, journal, mail_failed=mail_failed, on_answer=keep, progress=progress)
    except ServerRefused as error:  # the call is on disk: it is made again as it is, however often the day is run
        raise _with_the_way_out(error) from error
    further = [*hidden_notices(found), *doubt_notices(found, doubts_before(revision, found))]
    own = keep_notices(revision, [*notices(revision, found), *further])
    known_before = revision.state().progress.is_unmailed
    try:
        final = publish(
            last, transport, journal, end=notification_mode(revision, end), mail_failed=mail_failed, progress=progress
        )
    except OutcomeUnknown as error:
        known = f"; {notification_words(found)}" if notification_words else ""
        seen = None if look_back is None else look_back(revision)
        known += f"; {seen.in_short}" if seen is not None and seen.differs else ""
        raise OutcomeUnknown(f"{error.found}{known}", where=error.where, remedy=error.remedy) from None
    unmailed = bool(last) and revision.state().progress.is_unmailed
    if unmailed and not known_before:
        own = keep_notices(revision, [*notices(revision, found), *further])
    made, waited = first.made + final.made, first.seconds_waiting + final.seconds_waiting
    outcome = PublishOutcome(len(calls), made, calls[-1] if calls else None, waited, final.held)
    notified = end != "assume" and final.made > 0
    seen = None if look_back is None else look_back(revision)
    told = (*own, *differs_notices(found, seen))
    if told != own:
        with errors_logged(log, "%s: that the portal differs could not be kept", found.country):  # the mail is out
            keep_notices(revision, told)
    return Publication(outcome, told, revision.number, found, notified, unmailed, seen)


def _keep_preview(revision: Revision, mail_of_answer: Callable[[Any], str], call: Call, answer: Answer) -> None:
    if call.kind == "preview":
        said = _json_or_text(answer.text)
        kept = {"call": call.number, "answer": said, "mail": mail_of_answer(said)}
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
