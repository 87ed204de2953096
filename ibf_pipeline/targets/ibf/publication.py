"""A revision carried out on an IBF server, and what its preview and its log tell of the mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.known import profile_of
from ibf_pipeline.publish.publisher import End
from ibf_pipeline.runs.holding import Destination, is_to_wait
from ibf_pipeline.runs.ledger import Clock
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets import carry_out as shared
from ibf_pipeline.targets.ibf.about import ibf_about
from ibf_pipeline.targets.ibf.notices import area_names, names_in_preview, notices, unconfirmed_notices
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
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Publication:
    """`ibf_pipeline.targets.carry_out.carry_out` on an IBF server, whose notification log may tell what was sent."""
    transport = IbfTransport(client, revision.folder)
    if processes_again(revision, end, holds=destination is not None and is_to_wait(revision, destination, end)):
        transport.prepare(revision.state().left)

    def known(found: Findings) -> str:
        return found_out(client, found.country, profile_of(found).disaster_type)

    return shared.carry_out(
        revision,
        transport,
        now,
        _notices,
        destination=destination,
        end=end,
        mail_in=_mail_in,
        found_out=known,
        progress=progress,
    )


def processes_again(revision: Revision, end: End | None, *, holds: bool) -> bool:
    """Whether going on makes calls: not where all that is left is a notification that waits, or is unconfirmed."""
    state = revision.state()
    if state.unknown_end is not None:
        return end == "again"
    return not (state.is_finished or (holds and state.is_uploaded))


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
    told = notices(found, there.before, mailed, there.stations, there.issued_today)
    own = [notice for notice in told if notice.event not in about.withdraws]  # `withdrawal.txt` speaks of these
    return [*own, *unconfirmed_notices(found, about.unconfirmed)]
