"""What an answer says, and what it means if none comes (pure)."""

from __future__ import annotations

import email.utils
import html
import re
import ssl
from collections.abc import Mapping
from typing import Any, Final, Literal

import requests
import urllib3

from ibf_pipeline.errors import OutcomeUnknown, ServerRefused, ServerUnreachable

Sent = Literal["not sent", "refused", "unknown"]
"""whether a request that failed was carried out: it never arrived, was turned away unread, or nobody can say"""
SHOWN_CHARACTERS: Final = 400
"""characters of an answer that are shown to people"""
_TELLING: Final = ("errors", "detail", "error_description", "message", "msg", "error", "reason")
_ECHOES: Final = ("target", "value")
"""where a server repeats what it was sent"""


class NoAnswer(ServerUnreachable):
    """No answer that decides a request: none at all, 408, 429, 5xx, or a web page in its place."""

    sent: Sent = "unknown"
    passes: bool = False
    """whether the server is unreachable and may be back soon, with nothing changed"""
    after: float | None = None
    """seconds that it asks to be left alone"""
    status: int = 0
    """that of HTTP; 0 if no answer came"""


class Unanswered(OutcomeUnknown):
    """A request that must not be made twice was sent, and `NoAnswer` came; `status` is that of HTTP, 0 if none."""

    status: int = 0


class Refused(ServerRefused):
    """An answer that refuses the request; `status` is that of HTTP."""

    status: int = 0


class Gone(Refused):
    """404 or 410: nothing is there, or not any more."""


class BadRequest(Refused):
    """400 or 422: the server finds fault with the request itself, and asking again will not help."""


class NoToken(ServerRefused):
    """A request that was not sent, because its account was refused."""


def was_sent(error: requests.RequestException) -> bool:
    """Whether the server may have seen something of the request: nothing if the connection itself failed."""
    return bool(getattr(error, "sent", True))


def may_pass(error: requests.RequestException) -> bool:
    """Whether the same request may succeed minutes later, with nothing changed except that the server is back.

    An invalid address stays invalid, and so does a certificate that is not trusted. A TLS connection that was just
    broken off is that of a server which stops or starts.
    """
    if isinstance(error, requests.exceptions.SSLError):
        return any(isinstance(part, ssl.SSLEOFError | ssl.SSLZeroReturnError) for part in _cause(error).args)
    return isinstance(error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError)


def _cause(error: requests.RequestException) -> Any:
    cause = error.args[0] if error.args else error
    return getattr(cause, "reason", cause)


def reason(error: requests.RequestException) -> str:
    """Why no answer came, in words: `no answer in time`, `connection failed: ...`."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    why = _cause(error)
    if isinstance(why, urllib3.exceptions.NameResolutionError):
        return "connection failed: the host's name is not known"
    if isinstance(why, urllib3.exceptions.NewConnectionError):
        return f"connection failed: {str(why).rpartition('] ')[2] or 'nothing listens there'}"
    if isinstance(why, urllib3.exceptions.SSLError):
        part = why.args[0] if why.args else why
        text = getattr(part, "verify_message", "") or getattr(part, "reason", "") or type(part).__name__
        return f"connection failed: TLS ({str(text).replace('_', ' ').lower()})"
    if isinstance(why, urllib3.exceptions.ProtocolError):
        return f"connection failed: it was broken off ({type(why.args[-1]).__name__})"
    return f"connection failed ({why if isinstance(why, str) else type(why).__name__})"


def retry_after(response: requests.Response) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or a date (RFC 9110); None if unreadable."""
    text = response.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        time = email.utils.parsedate_to_datetime(text)
        sent = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (time - sent).total_seconds())
    except (ValueError, TypeError):  # no date, or one of the two without its zone
        return None


def server_text(response: requests.Response) -> str:
    """What a server says is wrong, from an answer of any form, but never the request that it may echo.

    Notes
    -----
    Forms that were seen:

    * `{"detail": text, object with "message" and "request_id", or list of {"loc", "msg"}}` (FastAPI);
    * `{"error", "error_description"}` (Keycloak);
    * `{"message", "errors": [{"constraints", "children"}]}` and `{"error": {name: {"message"}}}` (NestJS);
    * `{"error": true, "reason"}` (Open-Meteo);
    * plain text, and web pages.
    """
    try:
        text = words(response.json())
    except ValueError:
        is_page = "html" in response.headers.get("Content-Type", "")
        text = _page_words(response.text) if is_page else " ".join(response.text.split())
    return (text or response.reason or "no text").encode(errors="replace").decode()  # JSON may hold half characters


def _page_words(page: str) -> str:
    """`a web page (503 Service Temporarily Unavailable)`: by its title or first heading, where it has one."""
    match = re.search(r"<(title|h1)\b[^>]*>(.*?)</\1>", page, re.I | re.S)
    title = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", match.group(2))).split()) if match else ""
    return f"a web page ({title})" if title else "a web page"


def words(content: Any) -> str:
    """The message in the JSON of an answer; empty if there is none.

    >>> words({"detail": [{"loc": ["body", "date"], "msg": "field required"}]})
    'body.date: field required'
    """
    if isinstance(content, str):
        return " ".join(content.split())
    if isinstance(content, list):
        return "; ".join(filter(None, map(words, content)))
    if not isinstance(content, Mapping):
        return ""
    if content.get("constraints") or content.get("children"):
        return words([*dict(content.get("constraints") or {}).values(), content.get("children")])
    text = next(filter(None, (words(content[key]) for key in _TELLING if content.get(key))), "")
    if not text:  # the checks of a service, by the names of what it needs
        text = words([part for name, part in content.items() if name not in _ECHOES and isinstance(part, Mapping)])
    place, request = content.get("loc"), content.get("request_id")
    if text and isinstance(place, list):
        return f"{'.'.join(map(str, place))}: {text}"
    return f"{text} (request {request})" if text and isinstance(request, str) else text
