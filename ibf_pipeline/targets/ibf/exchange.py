"""What an answer says, and why none came, in words (pure)."""

from __future__ import annotations

import email.utils
from typing import Any

import requests
import urllib3


def reason(error: requests.RequestException) -> str:
    """Why no answer came, in words."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    cause = error.args[0] if error.args else error
    why = getattr(cause, "reason", cause)
    if isinstance(why, urllib3.exceptions.NameResolutionError):
        return "connection failed: the host's name is not known"
    if isinstance(why, urllib3.exceptions.NewConnectionError):
        return f"connection failed: {str(why).rpartition('] ')[2] or 'nothing listens there'}"
    if isinstance(why, urllib3.exceptions.SSLError):
        return f"connection failed: TLS ({_tls(why)})"
    if isinstance(why, urllib3.exceptions.ProtocolError):
        return f"connection failed: it was broken off ({type(why.args[-1]).__name__})"
    return f"connection failed ({why if isinstance(why, str) else type(why).__name__})"


def _tls(error: urllib3.exceptions.SSLError) -> str:
    part = error.args[0] if error.args else error
    text = getattr(part, "verify_message", "") or getattr(part, "reason", "") or type(part).__name__
    return str(text).replace("_", " ").lower()


def retry_after(response: requests.Response) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or a date; None where it says nothing readable."""
    text = response.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        sent = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (moment - sent).total_seconds())
    except (ValueError, TypeError):  # no date, or one of the two without its zone
        return None


def server_text(response: requests.Response) -> str:
    """What the server says is wrong, without the request that it echoes (which may hold a password)."""
    try:
        content = response.json()
    except ValueError:
        return " ".join(response.text.split()) or response.reason or "no text"
    if not isinstance(content, dict):
        return str(content)
    constraints = list(_constraints(content.get("errors") or []))
    text = "; ".join(constraints) or str(content.get("message", ""))
    return text or "no text"


def _constraints(errors: Any) -> list[str]:
    found: list[str] = []
    for entry in errors if isinstance(errors, list) else []:
        if isinstance(entry, dict):
            found += [str(text) for text in (entry.get("constraints") or {}).values()]
            found += _constraints(entry.get("children"))
    return found
