"""The little of OData v4 that the OnDemand Processing API needs: literals, key segments, and answers of every shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ibf_pipeline.io.answers import SHOWN, words


def literal(text: str) -> str:
    """A text as OData string literal: in single quotes, inner quotes doubled (OData URL Conventions 5.1.1.6.1)."""
    return "'" + text.replace("'", "''") + "'"


def moment(text: object) -> datetime | None:
    """A server's time in UTC; None where it is absent or unreadable. A time without zone is UTC."""
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def entities(content: Any) -> list[Mapping[str, Any]]:
    """The entities of an answer: `value` as list or single object, a bare list, or the object itself."""
    if isinstance(content, Mapping) and "value" in content:
        content = content["value"]
    if isinstance(content, Mapping):
        return [content]
    return [entry for entry in content if isinstance(entry, Mapping)] if isinstance(content, list) else []


def listing(content: Any) -> list[Mapping[str, Any]]:
    """The entities of a page of a listing: a list of objects, bare or as `value`.

    ValueError with what was found for anything else: that nothing is there is said by an empty list alone.
    """
    found, error = (content.get("value"), content.get("error")) if isinstance(content, Mapping) else (content, None)
    if error or not isinstance(found, list):
        raise ValueError(": ".join(filter(None, ("an error" if error else "no list", words(content)[:SHOWN]))))
    if not all(isinstance(entry, Mapping) for entry in found):
        raise ValueError("a list of something else than objects")
    return found
