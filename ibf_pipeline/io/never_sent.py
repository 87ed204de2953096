"""What a connection error means for the request: whether the server saw anything, and whether it may pass (pure)."""

from __future__ import annotations

import ssl
import traceback

import requests
import urllib3


def never_sent(error: requests.RequestException) -> bool:
    """Whether the connection itself could not be made, so that the server has seen nothing of the request.

    Of TLS errors only those of the handshake say so, a certificate that is not trusted among them: one that breaks
    while the answer is read is an `SSLError` of `requests` as well, and the request was carried out perhaps.
    """
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    why = getattr(cause, "reason", cause)
    if isinstance(why, urllib3.exceptions.SSLError):
        return any(isinstance(part, ssl.SSLError) and _in_handshake(part) for part in why.args)
    return isinstance(
        why, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )  # NameResolutionError is a NewConnectionError


def may_pass(error: requests.RequestException) -> bool:
    """Whether the same request may succeed minutes later, with nothing changed but the server back.

    An address that is none stays none, and so does a certificate that is not trusted; a TLS connection that was just
    broken off is that of a server which stops or starts.
    """
    if isinstance(error, requests.exceptions.SSLError):
        cause = error.args[0] if error.args else None
        parts = getattr(getattr(cause, "reason", cause), "args", ())
        return any(isinstance(part, ssl.SSLEOFError | ssl.SSLZeroReturnError) for part in parts)
    return isinstance(error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError)


def _in_handshake(error: ssl.SSLError) -> bool:
    """Whether it was raised there: its text does not tell, for a broken record reads the same before and after."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return True
    return any(frame.f_code.co_name == "do_handshake" for frame, _ in traceback.walk_tb(error.__traceback__))
