"""The little of OData v4 that the OnDemand Processing API needs: literals, key segments, and answers of every shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

SHOWN = 400
"""characters of a server's text that are shown to people"""


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


def next_link(content: Any) -> str | None:
    """Address of the next page; services spell the key in two ways."""
    if not isinstance(content, Mapping):
        return None
    link = content.get("@odata.nextLink") or content.get("@OData.nextLink")
    return link if isinstance(link, str) else None


def server_text(response: requests.Response) -> str:
    """What a server says is wrong: `detail` as text, object or list, `message`, `error`, or no JSON at all.

    Never the request that it may echo: only the words under these keys are read.
    """
    try:
        content = response.json()
    except ValueError:
        return " ".join(response.text.split())[:SHOWN] or response.reason or "no text"
    return "; ".join(_words(content))[:SHOWN] or response.reason or "no text"


def _words(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    if isinstance(content, list):
        return [word for entry in content for word in _words(entry)]
    if isinstance(content, Mapping):
        keys = ("detail", "message", "msg", "error_description", "error")
        return next((_words(content[key]) for key in keys if content.get(key)), [])
    return []
