"""Access tokens of a catalogue's account service (Keycloak): obtained when needed, renewed before they expire."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyotp
import requests

from ibf_pipeline.errors import ConfigError, ServerRefused, ServerUnreachable
from ibf_pipeline.io.no_netrc import NoNetrc
from ibf_pipeline.satellites.subscriptions.settings import Provider
from ibf_pipeline.satellites.subscriptions.wording import hidden, server_text

log = logging.getLogger(__name__)

EARLY = 30.0
"""seconds before its expiry at which a token is no longer used"""


class TokenSource(Protocol):
    """Where a bearer token comes from."""

    def token(self) -> str:
        """A token that is believed to be valid."""

    def discard(self) -> None:
        """Forget the token: the catalogue does not take it."""

    def secrets(self) -> tuple[str, ...]:
        """Texts that must appear nowhere."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a catalogue; never printed."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    totp_secret: str | None = field(default=None, repr=False)

    def secrets(self) -> tuple[str, ...]:
        """Texts that must appear nowhere."""
        return tuple(filter(None, (self.password, self.totp_secret)))


def account_from(name: str, provider: Provider, environment: Mapping[str, str]) -> Account:
    """The account of a provider; ConfigError names the variables that are not set."""
    wanted = (provider.username_variable, provider.password_variable)
    missing = [variable for variable in wanted if not environment.get(variable)]
    if missing:
        raise ConfigError(
            f"the account of provider {name} is not in the environment",
            where="eodata.yaml",
            expected="environment variables " + " and ".join(missing),
            remedy="export them where the pipeline runs",
        )
    secret = environment.get(provider.totp_variable) if provider.totp_variable else None
    return Account(environment[wanted[0]], environment[wanted[1]], secret or None)


@dataclass(frozen=True, slots=True)
class _Grant:
    access: str = field(repr=False)
    until: float
    refresh: str | None = field(repr=False)
    refresh_until: float


class Keycloak:
    """Tokens by the password grant, then by the refresh token as long as that lives.

    The token lives 10 minutes and can be refreshed for 60 (CDSE); the second factor's code goes into the form field
    `totp` (CREODIAS).
    """

    def __init__(
        self,
        name: str,
        provider: Provider,
        account: Account,
        *,
        clock: Callable[[], float] = time.time,
        session: requests.Session | None = None,
    ) -> None:
        if provider.token_url is None:
            raise ConfigError(
                f"provider {name} has no token_url",
                where="eodata.yaml",
                expected="the token endpoint of its account service",
                remedy="ask the operator of the catalogue and write it under the provider",
            )
        self._url = provider.token_url
        self._provider = provider
        self._account = account
        self._clock = clock
        self._session = session or NoNetrc()
        self._grant: _Grant | None = None

    def token(self) -> str:
        """A valid token; ServerRefused where the account is wrong, ServerUnreachable where nobody answers."""
        now = self._clock()
        if self._grant is None or now >= self._grant.until - EARLY:
            self._grant = self._renewed(self._grant, now)
        return self._grant.access

    def discard(self) -> None:
        """Forget the token, so that the next one is new; the refresh token is kept."""
        if self._grant is not None:
            self._grant = _Grant("", 0.0, self._grant.refresh, self._grant.refresh_until)

    def secrets(self) -> tuple[str, ...]:
        """Password, second factor and tokens."""
        grant = self._grant
        tokens = (grant.access, grant.refresh) if grant else ()
        return (*self._account.secrets(), *(text for text in tokens if text))

    def _renewed(self, grant: _Grant | None, now: float) -> _Grant:
        if grant is not None and grant.refresh and now < grant.refresh_until - EARLY:
            try:
                return self._ask({"grant_type": "refresh_token", "refresh_token": grant.refresh}, now)
            except ServerRefused:
                log.info("the session at %s has ended; signing in again", self._url)
        form = {
            "grant_type": "password",
            "username": self._account.username,
            "password": self._account.password,
        }
        if self._account.totp_secret is not None:
            form["totp"] = self._second_factor(self._account.totp_secret, now)
        return self._ask(form, now)

    def _second_factor(self, secret: str, now: float) -> str:
        try:
            return pyotp.TOTP(secret.replace(" ", "")).at(int(now))
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"the secret of the second factor cannot be used ({error})",
                where=self._provider.totp_variable,
                remedy="copy it again from the account's page (the text beside the QR code)",
            ) from None

    def _ask(self, form: dict[str, str], now: float) -> _Grant:
        try:
            response = self._session.post(
                self._url,
                data={"client_id": self._provider.client_id, **form},
                timeout=self._provider.timeout_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ServerUnreachable(
                f"the account service did not answer ({type(error).__name__})",
                where=self._url,
                remedy="try again later",
            ) from None
        if response.status_code >= 500 or response.status_code == 429:
            raise ServerUnreachable(f"the account service answered {response.status_code}", where=self._url)
        try:
            content = response.json() if response.status_code == 200 else None
        except ValueError:
            content = None
        if not isinstance(content, dict) or not isinstance(content.get("access_token"), str):
            said = hidden(server_text(response), (*self._account.secrets(), *form.values()))
            raise ServerRefused(
                f"no token was given ({response.status_code}: {said})",
                where=self._url,
                remedy="check user name, password and second factor",
            )
        refresh = content.get("refresh_token")
        return _Grant(
            access=content["access_token"],
            until=now + _seconds(content.get("expires_in"), 60.0),
            refresh=refresh if isinstance(refresh, str) else None,
            refresh_until=now + _seconds(content.get("refresh_expires_in"), 0.0),
        )


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else otherwise
