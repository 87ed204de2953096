"""Where access tokens come from: an API key, an account's password, or a DESP account through destinelab.

Sources never ask a person anything: what they need is in the environment, or they fail with the remedy.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import requests

from ibf_pipeline.errors import ConfigError, IbfError, ServerRefused, ServerUnreachable
from ibf_pipeline.io.no_netrc import NoNetrc, as_it_is
from ibf_pipeline.satellites.hook.odata import server_text
from ibf_pipeline.satellites.hook.redaction import Redactor
from ibf_pipeline.satellites.hook.settings import INSTALL, Token

MARGIN: Final = timedelta(seconds=30)
"""a token this close to its end is not used any more"""


class TokenSource(Protocol):
    """Gives the token for `Authorization: Bearer`."""

    def token(self) -> str:
        """A token that is believed to be valid."""
        ...

    def renew(self) -> str:
        """A new token, whatever was believed: the last one was refused."""
        ...


class GrantToken:
    """A token by OAuth 2.0 client credentials or resource owner password (RFC 6749 sections 4.3 and 4.4)."""

    def __init__(
        self, url: str, form: Mapping[str, str], *, now: Callable[[], datetime], redact: Redactor, timeout: float
    ) -> None:
        self._url = url
        self._form = dict(form)
        self._now = now
        self._redact = redact
        self._timeout = timeout
        self._token: str | None = None
        self._until: datetime | None = None

    def token(self) -> str:
        """The kept token while it lives."""
        if self._token is None or self._until is None or self._now() >= self._until:
            return self.renew()
        return self._token

    def renew(self) -> str:
        """Ask the realm; ServerRefused with the remedy where it says no, ServerUnreachable where it is busy or down."""
        self._token = None
        try:
            response = requests.post(
                self._url, data=self._form, auth=as_it_is, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ServerUnreachable(
                f"the token endpoint did not answer ({type(error).__name__})",
                where=self._url,
                remedy="check the address and the network",
            ) from None
        if response.status_code != 200:
            said = self._redact(f"the token was refused ({response.status_code}: {server_text(response)})")
            if response.status_code == 429 or response.status_code >= 500:
                raise ServerUnreachable(said, where=self._url, remedy="the realm is busy or down: try again later")
            raise ServerRefused(said, where=self._url, remedy="check the account's name and secret in the environment")
        content = _json(response)
        token = content.get("access_token")
        if not isinstance(token, str) or not token:
            raise ServerRefused("the answer held no access_token", where=self._url, remedy="check the token's url")
        self._redact.know(token)
        seconds = content.get("expires_in")
        lifetime = timedelta(seconds=seconds) if isinstance(seconds, int | float) else timedelta(minutes=5)
        self._token, self._until = token, self._now() + max(lifetime - MARGIN, timedelta(0))
        return token


class DespUserToken:
    """A token of a DESP account through destinelab, behind a wall: a one-time-code page is an error, never a prompt."""

    def __init__(self, username: str, password: str, *, redact: Redactor, session_factory: Any = NoNetrc) -> None:
        self._username = username
        self._password = password
        self._redact = redact
        self._session_factory = session_factory
        self._token: str | None = None

    def token(self) -> str:
        """The kept token; whether it is still good shows when it is used, which spares two requests a call."""
        return self._token or self.renew()

    def renew(self) -> str:
        """Log in as the website does; ServerRefused where the account is wrong or wants a second factor."""
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
        self._token = None
        try:
            desp = destinelab.desp_auth.DESPAuth(
                self._username, self._password, otp_provider=_no_prompt, session_factory=self._session_factory
            )
            desp_token = desp.get_desp_token()
            self._redact.know(desp_token)
            with self._session_factory() as session:
                token = str(destinelab.dedl_auth.DEDLAuth(desp_token, request_post=session.post).get_token())
        except IbfError:
            raise
        except destinelab.errors.AuthNetworkError as error:
            raise ServerUnreachable(
                self._redact(f"the DESP login did not answer ({error})"), remedy="try again later"
            ) from None
        except Exception as error:
            # destinelab and the parsers below it raise many kinds; each of them is a login that failed
            raise ServerRefused(
                self._redact(f"the DESP login failed ({type(error).__name__}: {error})"),
                remedy="check DESP_USERNAME and DESP_PASSWORD by logging in with a browser, or use a service account",
            ) from None
        self._redact.know(token)
        self._token = token
        return token


def _no_prompt() -> str:
    raise ServerRefused(
        "the DESP account asks for a one-time code",
        expected="an account that can log in without a person",
        remedy="use a service account (an API key of My DataLake Services)",
    )


def token_source(
    settings: Token, environment: Mapping[str, str], *, now: Callable[[], datetime], redact: Redactor, timeout: float
) -> TokenSource:
    """The token source that the configuration names, with what it needs from the environment."""

    def values(*variables: str) -> list[str]:
        missing = unset(variables, environment)
        if missing:
            raise ConfigError(
                f"{variables_text(missing)} not set",
                where="destine.yaml",
                expected=f"the account of a token of kind {settings.kind}",
                remedy=f"export {' and '.join(missing)}",
            )
        return [environment[variable] for variable in variables]

    if settings.kind == "service-account":
        name, secret = values(settings.client_id_variable, settings.client_secret_variable)
        redact.know(secret)
        form = {
            "grant_type": "client_credentials",
            "client_id": name,
            "client_secret": secret,
            "scope": "openid",
        }
        return GrantToken(str(settings.url), form, now=now, redact=redact, timeout=timeout)
    further = (settings.one_time_code_variable,) if settings.one_time_code_variable else ()
    username, password, *codes = values(settings.username_variable, settings.password_variable, *further)
    redact.know(password, *codes)
    if settings.kind == "desp-user":
        return DespUserToken(username, password, redact=redact)
    form = {
        "grant_type": "password",
        "client_id": str(settings.client_id),
        "username": username,
        "password": password,
    }
    if codes:
        form["totp"] = codes[0]
    return GrantToken(str(settings.url), form, now=now, redact=redact, timeout=timeout)


def unset(variables: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    """The environment variables without a value, each once."""
    return [variable for variable in dict.fromkeys(variables) if not environment.get(variable)]


def variables_text(names: Sequence[str]) -> str:
    """`the environment variable A is` or `the environment variables A and B are`."""
    return f"the environment variable{'' if len(names) == 1 else 's'} {' and '.join(names)} " + (
        "is" if len(names) == 1 else "are"
    )


def roles_of(token: str) -> frozenset[str] | None:
    """Roles that a token names, at whatever depth; None where it cannot be read.

    Read without checking the signature: only to tell a person what is missing, never to allow anything.
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


def _json(response: requests.Response) -> Mapping[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
