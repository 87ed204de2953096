"""A look at the portal after publishing. It never raises: what was published stays published, whatever is seen."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ibf_pipeline.errors import IbfError, ServerUnreachable, errors_logged
from ibf_pipeline.runs.ledger import Clock
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.verification import PortalVerdict, Verification, keep_verification, read_verification
from ibf_pipeline.targets.ibf.lookback.differences import differences, not_compared
from ibf_pipeline.targets.ibf.lookback.expectation import FILE, read_expected
from ibf_pipeline.targets.ibf.lookback.facts import FACTS
from ibf_pipeline.targets.ibf.lookback.portal_reader import Reader, read_shown, read_upload
from ibf_pipeline.targets.ibf.transport import IbfClient

log = logging.getLogger(__name__)

TIME_LIMIT: Final = timedelta(minutes=2)
"""of a look back: until it is over no notice is sent, and the country waits"""


@dataclass(frozen=True, slots=True)
class DeadlineReader:
    """Asks the server until a deadline."""

    client: IbfClient
    until: datetime
    now: Clock

    def get(self, path: str, *, keep_trying: bool, **query: str) -> Any:
        """As the client; ServerUnreachable once the time is over."""
        self._require()
        return self.client.get(path, keep_trying=keep_trying, **query)

    def get_if_there(self, path: str, *, keep_trying: bool, **query: str) -> Any | None:
        """The same, None if there is no such route."""
        self._require()
        return self.client.get_if_there(path, keep_trying=keep_trying, **query)

    def _require(self) -> None:
        if self.now() > self.until:
            raise ServerUnreachable(f"it was not read to the end within {TIME_LIMIT / timedelta(minutes=1):g} minutes")


def look_back(revision: Revision, client: IbfClient, now: Clock) -> Verification:
    """Compare what the portal shows with what was written down before publishing, and keep that in `verified.json`.

    It raises nothing. An unreachable server is not waited for, and a slow one for two minutes in all. If nothing could
    be compared, the last comparison is kept.

    Returns
    -------
    Verification
        With the verdict `agrees`, `differs` (and every row), `unread`, `not checked` or `went on`, if the portal shows
        a later day by now.

    References
    ----------
    docs/design/publication.md, P13; docs/publishing.md, "A look back".
    """
    try:
        seen = _looked(revision, DeadlineReader(client.hurried(), now() + TIME_LIMIT, now))
    except IbfError as error:
        seen = partial(Verification, "unread", why=error.found)
    except Exception as error:  # an answer of another shape
        log.exception("%s: the portal could not be read back", revision.run.iso3)
        seen = partial(Verification, "unread", why=f"its answer is not what was expected ({type(error).__name__})")
    verified = seen(now())
    with errors_logged(log, "%s: what the portal shows could not be kept", revision.run.iso3):
        if verified.verdict in ("agrees", "differs") or read_verification(revision.kept) is None:
            keep_verification(verified, revision.kept)
    return verified


def _looked(revision: Revision, client: Reader) -> partial[Verification]:
    """All of it but the time."""
    expected = read_expected(revision.file(FILE)) if revision.kept.has(FILE) else None
    if expected is None:
        hazard = revision.run.hazard
        why = "nothing was written down before publishing" if hazard in FACTS else f"nothing is known of {hazard} there"
        return partial(Verification, "not checked", why=why)
    upload, tells = read_upload(client, expected)
    if upload is not None and revision.run.profile.issue_time(upload) > revision.issue_time:
        return partial(Verification, "went on", why=f"the portal shows an upload of {upload:%Y-%m-%d %H:%M} UTC by now")
    shown = read_shown(client, expected, upload, tells_upload=tells)
    rows = tuple(differences(expected, shown))
    untold = tuple(not_compared(expected, shown))
    if shown.events is None and not rows:
        return partial(Verification, "not checked", not_checked=untold, why="this server does not tell its events")
    verdict: PortalVerdict = "differs" if rows else "agrees"
    return partial(Verification, verdict, differences=rows, not_checked=untold)
