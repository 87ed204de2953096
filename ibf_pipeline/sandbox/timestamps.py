"""Dates as the server understands them: JavaScript's ``new Date()``, UTC, milliseconds.

Timestamps are kept as text of one fixed width (``2026-11-10T00:00:00.000Z``), so that their order as text is their
order in time and equality is the exact equality on which the service joins its rows.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?"
    r"(?P<clock>[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"\s?(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?)?"
)
_MONTH_FIRST = re.compile(r"^(?P<month>\d{1,2})(?P<sign>[/-])(?P<day>\d{1,2})(?P=sign)(?P<year>\d{4})")


class InvalidDate(ValueError):
    """A text that JavaScript turns into "Invalid Date"; the service answers 500."""


def parse_js_date(value: Any) -> datetime:
    """What ``new Date(value)`` gives, cut to milliseconds, of the dates that clients send.

    IBF API 0.335, checked on a running instance: ISO with ``Z``, offset, microseconds, a space or no time at all
    and month-first texts (``11/20/2026``, ``11-20-2026``) are understood; a number is milliseconds since 1970, so
    seconds land in January 1970; ``20261120`` and garbage are invalid. JavaScript knows more layouts
    (``20 Nov 2026``); nobody sends them, so they are invalid here.
    """
    if isinstance(value, bool):
        return _EPOCH + timedelta(milliseconds=int(value))
    if isinstance(value, (int, float)):
        try:
            return _EPOCH + timedelta(milliseconds=int(value))
        except OverflowError as error:
            raise InvalidDate(str(value)) from error
    if not isinstance(value, str):
        raise InvalidDate(repr(value))
    year_first = _MONTH_FIRST.sub(
        lambda found: f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}", value.strip()
    )
    match = _ISO.fullmatch(year_first)
    if not match:
        raise InvalidDate(value)
    try:
        return _from_iso(match)
    except (ValueError, OverflowError) as error:
        raise InvalidDate(value) from error


def date_given(value: Any) -> bool:
    """Whether JavaScript takes the value for true: an empty object is true, an empty text is not."""
    return not (value is None or value is False or value == "" or (isinstance(value, (int, float)) and value == 0))


def _from_iso(match: re.Match[str]) -> datetime:
    day = int(match["day"] or 1)
    if not 1 <= day <= 31:
        raise InvalidDate(match.group())
    # JavaScript rolls 30 February over into March.
    moment = datetime(int(match["year"]), int(match["month"] or 1), 1, tzinfo=UTC) + timedelta(days=day - 1)
    if match["clock"]:
        hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
        if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
            raise InvalidDate(match.group())
        millisecond = int(((match["fraction"] or "") + "000")[:3])
        moment += timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=millisecond)
        moment -= _offset(match["zone"])
    return moment


def _offset(zone: str | None) -> timedelta:
    if not zone or zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if zone[0] == "-" else size


def api_timestamp(moment: datetime) -> str:
    """``2026-11-10T00:00:00.000Z``, the form in which the API prints every timestamp."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def upload_timestamp(date: Any, lead_time: str | None, now: datetime) -> str:
    """The timestamp under which an upload is stored.

    Without ``date`` it is the time of receipt: every call gets its own millisecond. With a monthly lead time
    and a month other than the current one it becomes the last day of that month, 00:00.
    """
    moment = parse_js_date(date) if date_given(date) else now
    if lead_time and lead_time.endswith("-month") and moment.month != now.month:
        first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        moment = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return api_timestamp(moment)


def period_start(period: str, moment: str) -> str:
    """Start of the period ("cutoff") in which one upload replaces another: a day, a block of six hours, a month."""
    if period == "month":
        return f"{moment[:8]}01T00:00:00.000Z"
    if period == "six-hours":
        return f"{moment[:11]}{int(moment[11:13]) // 6 * 6:02d}:00:00.000Z"
    return f"{moment[:10]}T00:00:00.000Z"
