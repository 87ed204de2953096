"""The one `date` of a revision: time only moves forward on the server (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import ForbiddenByRule


def revision_timestamp(
    profile: HazardProfile, issue_time: IssueTime, revision: int, last_upload: datetime | None
) -> datetime:
    """The issue time plus the revision in seconds, or one second after the server's last upload of that period.

    The server tells uploads of a period apart by their second, and takes the newest for the present time.

    Parameters
    ----------
    profile, issue_time
        Hazard and issue time of the run.
    revision : int
        Number of the revision, from 1.
    last_upload : datetime or None
        UTC.

    Raises
    ------
    ForbiddenByRule
        If the server already has a later period (an older upload would be ignored, or delete newer rows of the same
        event), or no second of this period is left.

    References
    ----------
    docs/design/publication.md, P3.
    """
    moment = issue_time.start + timedelta(seconds=revision)
    if last_upload is None:
        return moment
    kind, run = ("date", "day") if issue_time.hour is None else ("time", "run")
    if profile.issue_time(last_upload) > issue_time:
        raise ForbiddenByRule(
            f"the server has an upload of {last_upload:%Y-%m-%d %H:%M:%S}Z, later than the issue {kind} "
            f"{issue_time.words}",
            expected=f"{run}s published in their order",
            remedy=f"nothing: an older {run} cannot be published any more without rewriting what people were told",
        )
    if last_upload >= moment:
        moment = last_upload.replace(microsecond=0) + timedelta(seconds=1)
    if profile.issue_time(moment) != issue_time:
        where = "on" if issue_time.hour is None else "in the block of"
        raise ForbiddenByRule(
            f"the server's last upload is {last_upload:%Y-%m-%d %H:%M:%S}Z: no later time is left {where} "
            f"{issue_time.words}",
            remedy=f"publish the next issue {kind}",
        )
    return moment


def date_of_calls(at: datetime) -> str:
    """The `date` of a revision's calls.

    Examples
    --------
    >>> date_of_calls(datetime(2026, 2, 15, 0, 0, 1))
    '2026-02-15T00:00:01Z'
    """
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
