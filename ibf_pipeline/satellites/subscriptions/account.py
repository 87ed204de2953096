"""The account of a catalogue, and its tokens (Keycloak)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.tokens import Grant, Token, TokenSource
from ibf_pipeline.satellites.subscriptions.settings import Provider


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a catalogue; never printed."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    """a ready one, in place of the others"""


def account_from(name: str, provider: Provider, environment: Mapping[str, str]) -> Account:
    """The account of a provider, or the ready token; ConfigError names the variables that are not set."""
    if provider.token_variable and (token := environment.get(provider.token_variable, "").strip()):
        return Account("", "", token=token)
    if provider.token_url is None and provider.token_variable:
        raise ConfigError(
            f"provider {name} has no token_url, and {provider.token_variable} is not set",
            where="eodata.yaml",
            expected="a ready token, or the token endpoint of its account service",
            remedy=f"get a token as the catalogue's pages say and export it as {provider.token_variable}",
        )
    variables = (provider.username_variable, provider.password_variable)
    username, password = values_of(variables, environment, f"the account of provider {name}", "eodata.yaml")
    secret = environment.get(provider.totp_variable) if provider.totp_variable else None
    return Account(username, password, secret or None)


def tokens_of(
    name: str, provider: Provider, account: Account, redact: Redactor, now: Callable[[], float] = time.time
) -> TokenSource:
    """The token source of an account: a ready one, or its password, then the refresh token; ConfigError without a token
    endpoint.

    At CDSE a token lives 10 minutes and can be refreshed for 60; CREODIAS asks for the second factor.
    """
    if account.token is not None:
        redact.know(account.token)
        ready = Token(account.token)
        return TokenSource(lambda: ready, redact, now)
    if provider.token_url is None:
        raise ConfigError(
            f"provider {name} has no token_url",
            where="eodata.yaml",
            expected="the token endpoint of its account service",
            remedy="ask the operator of the catalogue and write it under the provider",
        )
    redact.know(account.password, account.totp_secret or "")
    grant = Grant(
        provider.token_url,
        {
            "grant_type": "password",
            "client_id": provider.client_id,
            "username": account.username,
            "password": account.password,
        },
        redact,
        timeout_seconds=provider.timeout_seconds,
        totp_secret=account.totp_secret,
        now=now,
    )
    return TokenSource(grant, redact, now)
