"""What a connection error means for the request that met it: whether the server can have seen anything (pure)."""

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


def _in_handshake(error: ssl.SSLError) -> bool:
    """Whether it was raised there: its text does not tell, for a broken record reads the same before and after."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return True
    return any(frame.f_code.co_name == "do_handshake" for frame, _ in traceback.walk_tb(error.__traceback__))
