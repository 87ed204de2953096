"""Times as the catalogues write them: with Z, with +00:00, with nothing, with 0 to 9 decimals, or empty."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")


def read_moment(text: object) -> datetime | None:
    """A time in UTC, to the microsecond; None where there is none or nobody can read it.

    A time without zone is UTC: the services document all of theirs as UTC.
    """
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    whole, decimals, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z") else zone
    try:
        moment = datetime.fromisoformat(f"{whole}.{(decimals or '0')[:6]:0<6}{offset}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def odata_moment(moment: datetime) -> str:
    """A time as an OData literal, UTC to the millisecond: 2026-02-15T09:30:00.000Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
