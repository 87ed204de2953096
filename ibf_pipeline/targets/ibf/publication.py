"""A revision carried out: everything but the notification, then what people must be told, then the notification."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule, IbfError, OutcomeUnknown, ServerRefused
from ibf_pipeline.hazards.known import profile_of
from ibf_pipeline.io.writing import RESUME, writing
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer, End, Outcome, publish, require_decidable
from ibf_pipeline.runs.folder import write_json
from ibf_pipeline.runs.ledger import Clock
from ibf_pipeline.runs.revision import Revision, RevisionAbout
from ibf_pipeline.runs.unconfirmed import require_in_time
from ibf_pipeline.targets.ibf.moment import date_of_calls
from ibf_pipeline.targets.ibf.notices import area_names, names_in_preview, notices, unconfirmed_notices
from ibf_pipeline.targets.ibf.transport import IbfClient, IbfTransport
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.open_target import Publication


def carry_out(
    revision: Revision,
    client: IbfClient,
    now: Clock,
    *,
    end: End | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Publication:
    """Make the calls of a revision that are not done yet.

    `end`: what to do with the notification; by default it is sent once, or waits where the revision is to be held.
    The server's preview is kept in `preview.json`, the pipeline's own notices in `notices.json`, both before anybody is
    notified. Raises OutcomeUnknown with what could be found out where the notification's fate is unknown,
    ForbiddenByRule where a held one's time limit has passed or a person decides about one that is not unknown,
    ServerRefused with the way to another plan where the server does not take a call of this one.
    """
    about, found = revision.about(), revision.found()
    journal = revision.journal(now)
    transport = IbfTransport(client, revision.folder)
    calls = revision.calls()
    last = [call for call in calls if call.kind == "end"]
    require_decidable(last, journal, end)
    if end is None:
        require_in_time(revision, now)

    def keep(call: Call, answer: Answer) -> None:
        if call.kind == "preview":
            with writing(revision.preview_file, RESUME):
                write_json(revision.preview_file, {"call": call.number, "answer": _json_or_text(answer.text)})

    before_end = [call for call in calls if call.kind != "end"]
    try:
        first = publish(before_end, transport, journal, on_answer=keep, progress=progress)
    except ServerRefused as error:  # the call is on disk: it is made again as it is, however often the day is run
        raise ServerRefused(
            error.found,
            where=error.where,
            expected=error.expected,
            remedy=f"{error.remedy}: that makes the same calls again. To have them planned anew, give these up with "
            "`ibf-pipeline resume --abort` first",
        ) from error
    own = _notices(revision, found, about)
    with writing(revision.notices_file, RESUME):
        write_json(revision.notices_file, {"notices": [asdict(notice) for notice in own]})
    if end is None:
        end = "hold" if about.hold_until is not None else "send"
    try:
        final = publish(last, transport, journal, end=end, on_answer=keep, progress=progress)
    except OutcomeUnknown as error:
        known = found_out(client, found.country, profile_of(found).disaster_type)
        raise OutcomeUnknown(f"{error.found}; {known}", where=error.where, remedy=error.remedy) from None
    made, waited = first.made + final.made, first.seconds_waiting + final.seconds_waiting
    outcome = Outcome(len(calls), made, calls[-1] if calls else None, waited, final.held)
    notified = end != "assume" and final.made > 0
    return Publication(outcome, tuple(own), revision.number, found, notified)


def hold(revision: Revision, until: datetime) -> None:
    """Let the notification of a revision that was begun without it wait for an approval."""
    about = revision.about()
    if about.notify and about.hold_until is None:
        revision.keep(replace(about, hold_until=date_of_calls(until)))


def processes_again(revision: Revision, end: End | None, *, holds: bool) -> bool:
    """Whether going on makes calls: not where all that is left is a notification that waits, or is unconfirmed."""
    state = revision.state()
    if state.unknown_end is not None:
        return end == "again"
    return not (state.is_finished or (holds and state.is_uploaded))


def require_silent(revision: Revision) -> None:
    """ForbiddenByRule where going on with a revision would notify people, and the run may not."""
    state = revision.state()
    if any(call.kind == "end" for call in state.left) and state.unknown_end is None:
        raise ForbiddenByRule(
            f"revision {revision.number} is unfinished and ends with a notification, and this run may notify nobody",
            where=revision.folder,
            expected="a run with notifications, or no unfinished revision",
            remedy="`ibf-pipeline resume` finishes it with its notification, `resume --abort` gives it up without one",
        )


def found_out(client: IbfClient, iso3: str, disaster_type: str) -> str:
    """What the server's notification log tells, in words; often nothing can tell, and nobody waits minutes for it."""
    query = {"countryCodesISO3": iso3, "disasterTypes": disaster_type}
    try:
        log = client.get_if_there("/notification/log", keep_trying=False, **query)
    except IbfError:
        return "nothing can tell whether people were notified: this account may not read the server's notification log"
    if log is None:
        return "nothing can tell whether people were notified: this server keeps no notification log"
    entries = log.get("logs") if isinstance(log, dict) else log
    entries = [entry for entry in entries or () if isinstance(entry, dict)]
    if not entries:
        return "the server's notification log has no entry for this country"
    newest = max(entries, key=lambda entry: str(entry.get("createdAt", "")))
    events = ", ".join(map(str, newest.get("eventNames") or ())) or "no event"
    return (
        f"the newest entry of the server's notification log is of {newest.get('createdAt', 'an unknown time')}: "
        f"{newest.get('recipientCount', 'an unknown number of')} recipients, about {events}"
    )


def _notices(revision: Revision, found: Findings, about: RevisionAbout) -> list[Notice]:
    mailed: set[str] | None = None
    if revision.preview_file.is_file():
        answer = json.loads(revision.preview_file.read_text(encoding="utf-8"))["answer"]
        active = answer.get("activeEvents") if isinstance(answer, dict) else None
        mail = str((active or {}).get("email") or "")
        mailed = names_in_preview(mail, [event.name for event in found.publishable_events], area_names(found))
    told = notices(found, about.before, mailed, about.stations, about.issued_today)
    own = [notice for notice in told if notice.event not in about.withdraws]  # `withdrawal.txt` speaks of these
    return [*own, *unconfirmed_notices(found, about.unconfirmed)]


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
