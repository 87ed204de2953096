"""The one `date` of a revision: time only moves forward on the server (pure)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from ibf_pipeline.errors import ForbiddenByRule


def moment_of(issue_date: date, revision: int, last_upload: datetime | None) -> datetime:
    """Issue date 00:00:00Z plus the revision in seconds, or one second after the server's last upload of that day.

    Raises ForbiddenByRule where the server already has a later day: an older upload would be ignored, or delete newer
    rows of the same event.
    """
    moment = datetime.combine(issue_date, time(), UTC) + timedelta(seconds=revision)
    if last_upload is None:
        return moment
    if last_upload.date() > issue_date:
        raise ForbiddenByRule(
            f"the server has an upload of {last_upload:%Y-%m-%d %H:%M:%S}Z, later than the issue date {issue_date}",
            expected="days published in their order",
            remedy="nothing: an older day cannot be published any more without rewriting what people were told",
        )
    if last_upload >= moment:
        moment = last_upload.replace(microsecond=0) + timedelta(seconds=1)
    if moment.date() != issue_date:
        raise ForbiddenByRule(
            f"the server's last upload is {last_upload:%Y-%m-%d %H:%M:%S}Z: no later moment is left on {issue_date}",
            remedy="publish the next issue date",
        )
    return moment


def date_of_calls(at: datetime) -> str:
    """The `date` of a revision's calls."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
