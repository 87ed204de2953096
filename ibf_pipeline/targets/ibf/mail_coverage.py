"""Countries about which an IBF server mails, and its closing call that fails over the mail of another one.

A server of version 0.335 knows the time zone of nine countries. For another one `events/process` (also silenced),
`event/close-events` and `notification/send` answer 500 as soon as there is something to mail, after events, flags and
closings were stored; nobody is mailed. Recorded on 0.335.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError, OutcomeUnknown
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.io.http_errors import NoAnswer, Unanswered
from ibf_pipeline.publish.call import Call
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.ibf.revision import PROCESSING
from ibf_pipeline.targets.ibf.state import ask_events, server_timestamp
from ibf_pipeline.targets.ibf.transport import IbfClient

log = logging.getLogger(__name__)

MAILED_COUNTRIES: Final = ("UGA", "KEN", "ETH", "ZMB", "MWI", "ZWE", "PHL", "SSD", "LSO")
"""countries whose time zone the server's own code has"""
_MADE_UP: Final = "X"
"""first letter of codes that ISO 3166 leaves to users: only the sandbox has such countries, and mails about them"""


def mailed_only(iso3: str, setting: Sequence[str] | None) -> tuple[str, ...] | None:
    """The countries that a server mails about if this one is not one of them; None if it is.

    Parameters
    ----------
    iso3 : str
        Of the country.
    setting : sequence of str or None
        The target's `mails_countries`, for a server that knows other countries; None: `MAILED_COUNTRIES`, and those
        of the sandbox, whose codes begin with X.

    Examples
    --------
    >>> mailed_only("UGA", None) is None
    True
    >>> mailed_only("UGA", ["KEN"])
    ('KEN',)
    """
    countries = MAILED_COUNTRIES if setting is None else tuple(setting)
    mails = iso3 in countries or (setting is None and iso3.startswith(_MADE_UP))
    return None if mails else countries


def mail_coverage_words(iso3: str, countries: Sequence[str]) -> str:
    """What a day has to expect there."""
    others = f"only about {', '.join(countries)}" if countries else "about no country"
    return f"this server mails nobody about {iso3} as soon as an event is active: it can make a mail {others}"


def fails_over_the_mail(client: IbfClient, revision: Revision, call: Call, error: IbfError) -> bool:
    """Whether a call that failed did everything but mail people: the portal shows what it was to make of the rows.

    Only for a country that the server does not mail about, and a call that processes the day.

    Returns
    -------
    bool
        True if the call answered 500, or its answer was lost and no closing call was answered before, and the portal
        shows the events of the revision, made of its rows. False in any case if the preview was answered: then the
        server could make the mail.

    References
    ----------
    docs/design/publication.md, P11; docs/publishing.md, "Countries that nobody is mailed about".
    """
    answered = _closing_calls_answered(revision)
    failed_so = isinstance(error, NoAnswer | Unanswered) and error.status == 500
    lost = isinstance(error, OutcomeUnknown) and not answered
    if call.path not in PROCESSING or "preview" in answered or not (failed_so or lost):
        return False
    found = revision.findings()
    shown = _shows(client, found, revision.about().date)
    if shown:
        log.warning("%s: the portal shows the day and this server mails nobody about it: %s", found.country, error)
    return shown


def _closing_calls_answered(revision: Revision) -> set[str]:
    """The kinds of those that the server has answered."""
    progress = revision.state().progress
    calls = (call for call in revision.calls() if call.path in PROCESSING)
    return {call.kind for call in calls if progress.last_state(call.number) == "done"}


def _shows(client: IbfClient, findings: Findings, date: str) -> bool:
    """Whether a portal's open events are those of these findings, made of the rows of that `date`."""
    names, at = {event.name for event in findings.publishable_events}, server_timestamp(date)
    try:
        events = ask_events(client, findings.country, profile_of(findings).disaster_type)
        until = {str(event["eventName"]): server_timestamp(event.get("endDate")) for event in events or ()}
        made = all(end is not None and at is not None and end >= at for end in until.values())
    except (IbfError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s: whether the portal shows the day could not be read: %s", findings.country, error)
        return False
    return bool(names) and until.keys() == names and made
