"""A revision carried out on an IBF server, and what its preview and its log tell of the mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.runs.ledger import Clock
from ibf_pipeline.runs.notification_hold import Destination, is_to_wait
from ibf_pipeline.runs.previous_findings import latest_notified_findings, latest_shown_findings
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets import publication as shared
from ibf_pipeline.targets.day_summary import mail_of
from ibf_pipeline.targets.ibf.baseline import server_baseline
from ibf_pipeline.targets.ibf.dropped_areas import dropped_areas
from ibf_pipeline.targets.ibf.lookback.verification import look_back
from ibf_pipeline.targets.ibf.mail_coverage import fails_over_the_mail
from ibf_pipeline.targets.ibf.notices import names_in_preview, notices, other_names_in_mail, unconfirmed_notices
from ibf_pipeline.targets.ibf.revision import PROCESSING
from ibf_pipeline.targets.ibf.state import server_timestamp
from ibf_pipeline.targets.ibf.transport import IbfClient, IbfTransport
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.target import Publication


def carry_out(
    revision: Revision,
    client: IbfClient,
    now: Clock,
    *,
    destination: Destination | None = None,
    end: NotificationMode | None = None,
    mailed_only: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Publication:
    """`ibf_pipeline.targets.publication.carry_out` on an IBF server, whose notification log may tell what was sent.

    Bodies are serialised and files read before the first call, as the portal shows no alerts from the first exposure
    row until events/process.

    Parameters
    ----------
    revision : Revision
        The one that is carried out.
    client : IbfClient
        Of the server.
    now : Clock
        Dates the journal's entries.
    destination, end, progress
        As of the shared function.
    mailed_only : sequence of str, optional
        The countries that the server mails about, if this one is not one of them.

    Notes
    -----
    Raises what the shared function raises.
    """
    transport = IbfTransport(client, revision.file, () if mailed_only is None else PROCESSING)
    if makes_calls(revision, end, holds=destination is not None and is_to_wait(revision, destination, end)):
        left = revision.state().remaining_calls
        revision.kept.files([call.file.path for call in left if call.file is not None])  # brought together
        transport.prepare(left)

    def known(findings: Findings) -> str:
        return notification_log_words(client, findings.country, profile_of(findings).disaster_type, _called(revision))

    def failed_over_the_mail(call: Call, error: IbfError) -> bool:
        return mailed_only is not None and fails_over_the_mail(client, revision, call, error)

    return shared.carry_out(
        revision,
        transport,
        now,
        _notices,
        destination=destination,
        end=end,
        mail_of_answer=_mail_of_answer,
        notification_words=known,
        mail_failed=failed_over_the_mail,
        look_back=lambda done: look_back(done, client, now),
        progress=progress,
    )


def makes_calls(revision: Revision, end: NotificationMode | None, *, holds: bool) -> bool:
    """Whether going on makes calls: not if all that is left is a notification that waits, or is unconfirmed."""
    state = revision.state()
    if state.unconfirmed_call is not None:
        return end == "again"
    sends_no_more = holds or state.progress.is_unmailed
    return not (state.is_finished or (sends_no_more and state.is_uploaded))


def notification_log_words(client: IbfClient, iso3: str, disaster_type: str, called: datetime | None = None) -> str:
    """What the server's notification log (GET notification/log) tells of a notification, in words.

    Often it tells nothing; an unreachable server is not waited for.

    Parameters
    ----------
    client : IbfClient
        Of the server.
    iso3, disaster_type : str
        Whose entries are asked for.
    called : datetime, optional
        When the notification was sent, by the clock of this machine.
    """
    query = {"countryCodesISO3": iso3, "disasterTypes": disaster_type}
    try:
        log = client.get_if_there("/notification/log", keep_trying=False, **query)
    except IbfError:
        return "nothing can tell whether people were notified: this account may not read the server's notification log"
    if log is None:
        return "nothing can tell whether people were notified: this server keeps no notification log"
    entries = log.get("logs") if isinstance(log, dict) else log
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return "nothing can tell whether people were notified: the server's notification log is in an unknown form"
    if not entries:
        return "the server's notification log has no entry for this country"
    newest = max(entries, key=lambda entry: str(entry.get("createdAt", "")))
    events = ", ".join(map(str, newest.get("eventNames") or ())) or "no event"
    who = f"{newest.get('recipientCount', 'an unknown number of')} recipients, about {events}"
    return f"{what_entry_proves(newest.get('createdAt'), called)} ({who})"


def what_entry_proves(created: object, called: datetime | None) -> str:
    """What the newest entry of a notification log, made at `created`, says of a call made at `called`, in words.

    The two times are of two clocks, so the words say by how much these would have to differ. Only an entry that is
    later shows that the mail went out; an older one shows nothing.
    """
    entry = "the newest entry of the server's notification log"
    try:
        at = server_timestamp(str(created))
        apart = 0.0 if at is None or called is None else (at - called).total_seconds()
    except (ValueError, TypeError):  # not a timestamp, or one without its zone
        at = None
    if at is None or called is None:
        when = "an unknown time" if at is None else _clock(at)
        return f"{entry} is of {when}: whether it is about this call is not known"
    by = f"the call was made at {_clock(called)}, and {entry}, of {_clock(at)}, is"
    unless = f"unless the clocks of this machine and of the server differ by more than {abs(apart):.0f} s"
    if apart >= 0:
        return f"{by} later: the mail went out, {unless}"
    return f"{by} older: it proves nothing about this call, {unless}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _called(revision: Revision) -> datetime | None:
    """When the notification of a revision was sent last; None if its journal does not say."""
    ends = {call.number for call in revision.calls() if call.kind == "end"}
    sent = [entry.at for entry in revision.state().progress.entries if entry.call in ends and entry.state == "sending"]
    return server_timestamp(sent[-1]) if sent else None


def _mail_of_answer(answer: Any) -> str:
    """The mail about active events that a server's preview shows; empty for none."""
    active = answer.get("activeEvents") if isinstance(answer, dict) else None
    return str((active or {}).get("email") or "")


def _notices(revision: Revision, findings: Findings) -> list[Notice]:
    """What must be reported beside the server's mail, by its preview."""
    about = revision.about()
    there = server_baseline(about)
    mail, names = mail_of(revision), [event.name for event in findings.publishable_events]
    mailed = None if mail is None else names_in_preview(mail, names, other_names_in_mail(findings))
    unmailed = about.notify and revision.state().progress.is_unmailed
    before = revision.run, revision.target, Findings, revision.number
    told = notices(
        findings,
        there.before,
        mailed,
        there.stations,
        there.issued_today,
        unmailed=unmailed,
        mails=about.notify,
        earlier=partial(latest_shown_findings, *before),
        told=partial(latest_notified_findings, *before),
    )
    told += dropped_areas(findings, there.areas)
    own = [notice for notice in told if notice.event not in about.withdraws]  # `withdrawal.txt` speaks of these
    return [*own, *unconfirmed_notices(findings, about.unconfirmed)]
