"""A revision carried out on an IBF server, and what its preview and its log tell of the mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.known import profile_of
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import End
from ibf_pipeline.runs.holding import Destination, is_to_wait
from ibf_pipeline.runs.ledger import Clock
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.shown_before import newest_shown, newest_told
from ibf_pipeline.targets import carry_out as shared
from ibf_pipeline.targets.ibf.about import ibf_about
from ibf_pipeline.targets.ibf.dropped_areas import dropped_areas
from ibf_pipeline.targets.ibf.lookback.look import look_back
from ibf_pipeline.targets.ibf.mailing import fails_over_the_mail
from ibf_pipeline.targets.ibf.notices import area_names, names_in_preview, notices, unconfirmed_notices
from ibf_pipeline.targets.ibf.revise import PROCESSING
from ibf_pipeline.targets.ibf.state import moment
from ibf_pipeline.targets.ibf.transport import IbfClient, IbfTransport
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.open_target import Publication
from ibf_pipeline.targets.told import mail_of


def carry_out(
    revision: Revision,
    client: IbfClient,
    now: Clock,
    *,
    destination: Destination | None = None,
    end: End | None = None,
    mailed_only: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Publication:
    """`ibf_pipeline.targets.carry_out.carry_out` on an IBF server, whose notification log may tell what was sent.

    `mailed_only`: the countries that it mails about where this one is none of them, None where it is.
    """
    transport = IbfTransport(client, revision.file, () if mailed_only is None else PROCESSING)
    if processes_again(revision, end, holds=destination is not None and is_to_wait(revision, destination, end)):
        left = revision.state().left
        revision.kept.files([call.file.path for call in left if call.file is not None])  # brought together
        transport.prepare(left)

    def known(found: Findings) -> str:
        return found_out(client, found.country, profile_of(found).disaster_type, _called(revision))

    def failed_over_the_mail(call: Call, error: IbfError) -> bool:
        return mailed_only is not None and fails_over_the_mail(client, revision, call, error)

    return shared.carry_out(
        revision,
        transport,
        now,
        _notices,
        destination=destination,
        end=end,
        mail_in=_mail_in,
        found_out=known,
        not_mailed=failed_over_the_mail,
        look_back=lambda done: look_back(done, client, now),
        progress=progress,
    )


def processes_again(revision: Revision, end: End | None, *, holds: bool) -> bool:
    """Whether going on makes calls: not where all that is left is a notification that waits, or is unconfirmed."""
    state = revision.state()
    if state.unknown_end is not None:
        return end == "again"
    sends_no_more = holds or state.progress.is_unmailed
    return not (state.is_finished or (sends_no_more and state.is_uploaded))


def found_out(client: IbfClient, iso3: str, disaster_type: str, called: datetime | None = None) -> str:
    """What the server's notification log tells, in words; often nothing can tell, and nobody waits minutes for it.

    `called`: when the notification was sent, by the clock of this machine.
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
        return (
            "nothing can tell whether people were notified: the server's notification log is in no form that is known"
        )
    if not entries:
        return "the server's notification log has no entry for this country"
    newest = max(entries, key=lambda entry: str(entry.get("createdAt", "")))
    events = ", ".join(map(str, newest.get("eventNames") or ())) or "no event"
    who = f"{newest.get('recipientCount', 'an unknown number of')} recipients, about {events}"
    return f"{what_entry_proves(newest.get('createdAt'), called)} ({who})"


def what_entry_proves(created: object, called: datetime | None) -> str:
    """What the newest entry of a notification log, made at `created`, says of a call made at `called`, in words.

    The two moments are of two clocks.
    """
    entry = "the newest entry of the server's notification log"
    try:
        at = moment(str(created))
        apart = 0.0 if at is None or called is None else (at - called).total_seconds()
    except (ValueError, TypeError):  # no moment, or one without its zone
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
    """When the notification of a revision was sent last; None where its journal does not say."""
    ends = {call.number for call in revision.calls() if call.kind == "end"}
    sent = [entry.at for entry in revision.state().progress.entries if entry.call in ends and entry.state == "sending"]
    return moment(sent[-1]) if sent else None


def _mail_in(answer: Any) -> str:
    """The mail about active events that a server's preview shows; empty for none."""
    active = answer.get("activeEvents") if isinstance(answer, dict) else None
    return str((active or {}).get("email") or "")


def _notices(revision: Revision, found: Findings) -> list[Notice]:
    """What people must be told beside the server's mail, by its preview."""
    about = revision.about()
    there = ibf_about(about)
    mail, names = mail_of(revision), [event.name for event in found.publishable_events]
    mailed = None if mail is None else names_in_preview(mail, names, area_names(found))
    unmailed = about.notify and revision.state().progress.is_unmailed
    before = revision.run, revision.target, Findings, revision.number
    told = notices(
        found,
        there.before,
        mailed,
        there.stations,
        there.issued_today,
        unmailed=unmailed,
        mails=about.notify,
        earlier=partial(newest_shown, *before),
        told=partial(newest_told, *before),
    )
    told += dropped_areas(found, there.areas)
    own = [notice for notice in told if notice.event not in about.withdraws]  # `withdrawal.txt` speaks of these
    return [*own, *unconfirmed_notices(found, about.unconfirmed)]
