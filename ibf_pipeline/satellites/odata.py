"""The little of OData v4 that the services need: literals, times, and answers of every shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ibf_pipeline.io.http_errors import SHOWN_CHARACTERS, words


def literal(text: str) -> str:
    """A text as OData string literal: in single quotes, inner quotes doubled (OData URL Conventions 5.1.1.6.1)."""
    return "'" + text.replace("'", "''") + "'"


def is_balanced(condition: str) -> bool:
    """Whether every bracket and every quotation mark of a condition is closed: it can stand between brackets then."""
    depth = 0
    for number, part in enumerate(condition.split("'")):
        for character in part if number % 2 == 0 else "":
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth < 0:
                return False
    return depth == 0 and condition.count("'") % 2 == 0


def read_timestamp(text: object) -> datetime | None:
    """A server's time in UTC; None if it is absent or unreadable. All document theirs as UTC, if without zone."""
    try:
        found = datetime.fromisoformat(text.strip()) if isinstance(text, str) else None
        return None if found is None else (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def odata_timestamp(moment: datetime) -> str:
    """A time as an OData literal, UTC to the millisecond: 2026-02-15T09:30:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def entities(content: Any) -> list[Mapping[str, Any]]:
    """The entities of an answer: `value` as list or single object, a bare list, or the object itself."""
    if isinstance(content, Mapping) and "value" in content:
        content = content["value"]
    if isinstance(content, Mapping):
        return [content]
    return [entry for entry in content if isinstance(entry, Mapping)] if isinstance(content, list) else []


_COMPLAINTS: Final = ("error", "errors", "detail", "message")
"""what stands in an answer that is none, whatever else does"""


def listing(content: Any) -> list[Any]:
    """The entries of a page of a listing: a list, bare or as `value`.

    ValueError with what was found for anything else: that nothing is there is said by an empty list alone.
    """
    found, error = content, False
    if isinstance(content, Mapping):
        found, error = content.get("value"), any(content.get(name) for name in _COMPLAINTS)
    if error or not isinstance(found, list):
        raise ValueError(
            ": ".join(filter(None, ("an error" if error else "no list", words(content)[:SHOWN_CHARACTERS])))
        )
    return found
