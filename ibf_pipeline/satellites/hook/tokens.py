"""Where access tokens come from: an API key, an account's password, or a DESP account through destinelab.

Sources never ask for input: what they need is in the environment, or they fail with the remedy.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from ibf_pipeline.errors import ConfigError, IbfError, ServerRefused, ServerUnreachable
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.session import Session
from ibf_pipeline.io.tokens import Grant, Token, TokenSource, totp_code
from ibf_pipeline.satellites.hook.settings import INSTALL
from ibf_pipeline.satellites.hook.settings import TokenSettings as Settings

_FOLLOWING: Final = partial(Session, follows=True)


def desp_login(
    username: str,
    password: str,
    *,
    redact: Redactor,
    session_factory: Callable[[], Any] = _FOLLOWING,
    one_time_code: Callable[[], str] | None = None,
) -> Token:
    """A token of a DESP account through destinelab, as the website logs in, behind a wall: a one-time-code page is
    answered with `one_time_code`, and an error without it, never a prompt.

    ServerRefused if the account is wrong or wants a second factor that is not there. Whether a token is still good
    shows when it is used, which spares two requests a call.
    """
    try:
        import destinelab.dedl_auth
        import destinelab.desp_auth
        import destinelab.errors
    except ImportError:
        raise ConfigError(
            "the package destinelab is not installed",
            expected="it, for tokens of kind desp-user",
            remedy=f"{INSTALL}, or use a service account",
        ) from None
    logging.getLogger("destinelab").setLevel(logging.WARNING)
    try:
        desp = destinelab.desp_auth.DESPAuth(
            username, password, otp_provider=one_time_code or _no_prompt, session_factory=session_factory
        )
        desp_token = desp.get_desp_token()
        redact.know(desp_token)
        with session_factory() as session:
            return Token(str(destinelab.dedl_auth.DEDLAuth(desp_token, request_post=session.post).get_token()))
    except IbfError:
        raise
    except destinelab.errors.AuthNetworkError as error:
        raise ServerUnreachable(redact(f"the DESP login did not answer ({error})"), remedy="try again later") from None
    except Exception as error:
        # destinelab and the parsers below it raise many kinds; each of them is a login that failed
        raise ServerRefused(
            redact(f"the DESP login failed ({type(error).__name__}: {error})"),
            remedy="check DESP_USERNAME and DESP_PASSWORD by logging in with a browser, or use a service account",
        ) from None


def _no_prompt() -> str:
    raise ServerRefused(
        "the DESP account asks for a one-time code",
        expected="the secret behind it (the text beside the QR code) in the variable that totp_variable names",
        remedy="export it, or use a service account (an API key of My DataLake Services)",
    )


def token_source(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    now: Callable[[], datetime],
    redact: Redactor,
    timeout: float,
) -> TokenSource:
    """The token source that the configuration names, with what it needs from the environment."""

    what = f"the account of a token of kind {settings.kind}"
    values = partial(values_of, environment=environment, what=what, where="destine.yaml")
    if settings.kind == "service-account":
        name, secret = values((settings.client_id_variable, settings.client_secret_variable))
        redact.know(secret)
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret, "scope": "openid"}
    else:
        further = (settings.one_time_code_variable,) if settings.one_time_code_variable else ()
        username, password, *codes = values((settings.username_variable, settings.password_variable, *further))
        redact.know(password, *codes)
        form = {
            "grant_type": "password",
            "client_id": str(settings.client_id),
            "username": username,
            "password": password,
            **({"totp": codes[0]} if codes else {}),
        }
    second = environment.get(settings.totp_variable) if settings.totp_variable else None
    redact.know(second or "")

    def seconds() -> float:
        return now().timestamp()

    if settings.kind == "desp-user":
        codes_of = (lambda: totp_code(second, seconds(), str(settings.totp_variable))) if second else None
        return TokenSource(partial(desp_login, username, password, redact=redact, one_time_code=codes_of), redact)
    grant = Grant(str(settings.url), form, redact, timeout_seconds=timeout, totp_secret=second or None, now=seconds)
    return TokenSource(grant, redact, seconds)


def roles_of(token: str) -> frozenset[str] | None:
    """Roles that a token names, at whatever depth; None if it cannot be read.

    Read without checking the signature: only to report what is missing, never to allow anything.
    """
    try:
        payload = token.split(".")[1]
        content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return None
    found: set[str] = set()

    def collect(part: Any) -> None:
        if isinstance(part, Mapping):
            for key, entry in part.items():
                if key == "roles" and isinstance(entry, list):
                    found.update(str(role) for role in entry)
                else:
                    collect(entry)

    collect(content)
    return frozenset(found)
