"""What a catalogue said, as one line for people, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import requests

_SHOWN = 400
"""characters"""
_TELLING = ("detail", "error_description", "message", "error", "msg")


def server_text(response: requests.Response) -> str:
    """The reason in an error reply of any shape.

    Seen: `{"detail": "text"}`, `{"detail": {"message", "request_id"}}`, `{"detail": [{"loc", "msg"}]}` (FastAPI),
    `{"error", "error_description"}` (Keycloak), plain text, web pages. Nothing else of a reply is shown: it may echo
    the request.
    """
    try:
        content = response.json()
    except ValueError:
        kind = response.headers.get("Content-Type", "")
        text = "a web page" if "html" in kind else " ".join(response.text.split())
        return text[:_SHOWN] or response.reason or "no text"
    return _reason(content)[:_SHOWN] or "no text"


def _reason(content: Any) -> str:
    if isinstance(content, str):
        return " ".join(content.split())
    if isinstance(content, list):
        return "; ".join(filter(None, (_reason(part) for part in content)))
    if not isinstance(content, Mapping):
        return ""
    for key in _TELLING:
        if content.get(key):
            text = _reason(content[key])
            place = content.get("loc")
            if text and isinstance(place, list):
                return f"{'.'.join(str(part) for part in place)}: {text}"
            request = content.get("request_id")
            return f"{text} (request {request})" if text and isinstance(request, str) else text
    return ""


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret in it replaced, longest first."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "<hidden>")
    return text
