"""Where access tokens come from, and how long each is used."""

from __future__ import annotations

import base64
import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import pyotp

from ibf_pipeline.errors import ConfigError, ServerRefused
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy

log = logging.getLogger(__name__)

_RENEWAL_MARGIN_SECONDS: Final = 30.0
"""seconds before its end at which a token is no longer used"""
REFUSED_LOGIN_SECONDS: Final = 60.0
"""seconds in which an account that was refused is taken to be refused still"""
_REMEDIES: Final = {
    300: "check the address of the token endpoint",
    400: "check the account in the environment: user name, password or secret, and second factor",
}


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; its text is never printed."""

    text: str = field(repr=False)
    until: float = math.inf
    """seconds since 1970"""


class TokenSource:
    """The token of one account: obtained when first needed and used until shortly before it expires.

    Parameters
    ----------
    obtain : Callable[[], Token]
        Obtains a new token, such as `Grant`; for a given token `lambda: Token(text)`.
    redact : Redactor
        Learns every token.
    now : Callable[[], float]
        Seconds since 1970.
    """

    def __init__(self, obtain: Callable[[], Token], redact: Redactor, now: Callable[[], float] = time.time) -> None:
        self._obtain = obtain
        self._redact = redact
        self._now = now
        self._kept: Token | None = None
        self._refused: tuple[ServerRefused, float] | None = None

    @property
    def is_held(self) -> bool:
        """Whether there is a token that is believed to be valid."""
        return self._kept is not None and self._now() < self._kept.until - _RENEWAL_MARGIN_SECONDS

    def token(self) -> str:
        """A token that should be valid.

        Raises
        ------
        ServerRefused
            For a wrong account.
        NoAnswer
            If the endpoint does not answer.
        """
        return self._kept.text if self._kept is not None and self.is_held else self.renew()

    def renew(self) -> str:
        """A new token, after the last one was refused.

        A refused login is not repeated for `REFUSED_LOGIN_SECONDS`: many in a row lock an account.

        Raises
        ------
        ServerRefused
            For a wrong account.
        NoAnswer
            If the endpoint does not answer.
        """
        self._kept = None
        if self._refused is not None and self._now() < self._refused[1]:
            raise self._refused[0]
        try:
            kept = self._obtain()
        except ServerRefused as error:
            self._refused = (error, self._now() + REFUSED_LOGIN_SECONDS)
            raise
        self._redact.know(kept.text)
        self._kept = kept
        return kept.text


def totp_code(totp_secret: str, now: float, where: str) -> str:
    """The code of a second factor at a time (RFC 6238: SHA-1, 6 digits, 30 s).

    Parameters
    ----------
    totp_secret : str
        In base 32; blanks are ignored.
    now : float
        Seconds since 1970.
    where : str
        What the error names.

    Raises
    ------
    ConfigError
        If the secret cannot be used.

    Examples
    --------
    >>> totp_code("GEZDGNBVGY3TQOJQ GEZDGNBVGY3TQOJQ", 59, "")  # RFC 6238 appendix B: the last 6 of 94287082
    '287082'
    """
    try:
        return pyotp.TOTP(totp_secret.replace(" ", "")).at(int(now))
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"the secret of the second factor cannot be used ({error})",
            where=where,
            remedy="copy it again from the account's page (the text beside the QR code)",
        ) from None


def token_expiry(text: str) -> datetime | None:
    """When a JSON web token expires (RFC 7519, claim `exp`), in UTC; None for any other token. Nothing is verified."""
    try:
        claims = text.split(".")[1]
        return datetime.fromtimestamp(
            json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"], UTC
        )
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


class Grant:
    """Tokens of an OAuth 2.0 endpoint: client credentials or an account's password (RFC 6749 sections 4.3 and 4.4).

    A refresh token is used while it is valid.

    Parameters
    ----------
    url : str
        Of the token endpoint.
    form : Mapping[str, str]
        Fields of the form, with the account.
    redact : Redactor
        Learns every refresh token.
    timeout_seconds : float
        For an answer.
    totp_secret : str, optional
        Of the second factor, whose code goes into the field `totp`.
    now : Callable[[], float]
        Seconds since 1970.
    """

    def __init__(
        self,
        url: str,
        form: Mapping[str, str],
        redact: Redactor,
        *,
        timeout_seconds: float = 60.0,
        totp_secret: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = Client(Server(url, _REMEDIES), RetryPolicy(timeout_seconds, attempts=1), redact)
        self._form = dict(form)
        self._redact = redact
        self._totp_secret = totp_secret
        self._now = now
        self._refresh: Token | None = None

    def __call__(self) -> Token:
        """A new token; ServerRefused if the account is wrong, NoAnswer if the endpoint is busy or down."""
        kept, now = self._refresh, self._now()
        if kept is not None and now < kept.until - _RENEWAL_MARGIN_SECONDS:
            form = {key: value for key, value in self._form.items() if key in ("client_id", "client_secret")}
            try:
                return self._ask({**form, "grant_type": "refresh_token", "refresh_token": kept.text}, now)
            except ServerRefused:
                log.info("the session at %s has ended; signing in again", self._client.server.base)
        totp = (
            {} if self._totp_secret is None else {"totp": totp_code(self._totp_secret, now, self._client.server.base)}
        )
        return self._ask({**self._form, **totp}, now)

    def _ask(self, form: Mapping[str, str], now: float) -> Token:
        self._refresh = None
        with closing(self._client) as client:
            answer = client.read("POST", title="the token endpoint", data=form)
        content = answer if isinstance(answer, dict) else {}
        text, refresh = content.get("access_token"), content.get("refresh_token")
        if not isinstance(text, str) or not text:
            raise ServerRefused(
                "the token endpoint answered without an access_token",
                where=self._client.server.base,
                remedy="check the address of the token endpoint",
            )
        if isinstance(refresh, str):
            self._redact.know(refresh)
            self._refresh = Token(refresh, now + _seconds(content.get("refresh_expires_in"), 0.0))
        return Token(text, now + _seconds(content.get("expires_in"), 60.0))


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else otherwise
