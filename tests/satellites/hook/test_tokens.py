"""Token sources on loopback; the DESP login with a page that asks for a one-time code fails and never prompts."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
import requests

from ibf_pipeline.errors import ConfigError, ServerRefused, ServerUnreachable
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.satellites.hook.settings import TokenSettings
from ibf_pipeline.satellites.hook.tokens import desp_login, roles_of, token_source
from tests.satellites.hook.conftest import ENVIRONMENT
from tests.worlds.services.hook import CLIENT_SECRET, DESP_PASSWORD, Loopback
from tests.worlds.services.hook_platform import Clock

OTP_PAGE = b'<html><form action="https://auth.test/otp"><input name="otp" type="text"></form></html>'
LOGIN_PAGE = b'<html><form action="https://auth.test/login"><input name="username"></form></html>'
WRONG_PAGE = b'<html><form action="x"></form><span id="input-error">Invalid username or password.</span></html>'


class Login:
    """The website's session: the login page, then whatever the account meets."""

    def __init__(self, after: bytes) -> None:
        self.after = after

    def __enter__(self) -> Login:
        return self

    def __exit__(self, *_: object) -> None: ...

    def get(self, url: str, **_: Any) -> requests.Response:
        return page(LOGIN_PAGE)

    def post(self, url: str, **_: Any) -> requests.Response:
        return page(self.after)


def page(content: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = 200, content
    return response


@pytest.mark.parametrize("after", [OTP_PAGE, WRONG_PAGE, b"<html></html>", b""])
def test_a_desp_login_fails_and_never_prompts(after: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtins, "input", lambda *_: pytest.fail("the worker would hang in a prompt"))
    with pytest.raises(ServerRefused) as caught:
        desp_login("somebody", DESP_PASSWORD, redact=Redactor(), session_factory=lambda: Login(after))
    assert "service account" in str(caught.value)
    assert ("one-time code" in str(caught.value)) == (after == OTP_PAGE)


@pytest.mark.parametrize("kind", ["service-account", "password"])
def test_grants_of_the_sister_services(kind: str, server: Loopback, clock: Clock) -> None:
    settings = TokenSettings(kind=kind, url=server.token_url, client_id="cdse-public" if kind == "password" else None)
    source = token_source(settings, ENVIRONMENT, now=clock, redact=Redactor(), timeout=5)
    first = source.token()
    assert source.token() == first
    assert source.renew() != first
    assert roles_of(first) == {"hook-workflows", "hook-low"}


def test_a_one_time_code_goes_with_the_password(server: Loopback, clock: Clock) -> None:
    settings = TokenSettings(
        kind="password", url=server.token_url, client_id="cdse-public", one_time_code_variable="CDSE_CODE"
    )  # fmt: skip
    with pytest.raises(ConfigError, match="CDSE_CODE is not set"):
        token_source(settings, ENVIRONMENT, now=clock, redact=Redactor(), timeout=5)
    source = token_source(settings, {**ENVIRONMENT, "CDSE_CODE": "123456"}, now=clock, redact=Redactor(), timeout=5)
    assert source.token()
    (form,) = server.forms
    assert (form["grant_type"], form["username"], form["totp"]) == ("password", "somebody", "123456")


def test_a_refused_secret_is_not_repeated_in_the_message(server: Loopback, clock: Clock) -> None:
    wrong = {**ENVIRONMENT, "DEDL_CLIENT_SECRET": "canary-wrong-secret"}
    settings = TokenSettings(kind="service-account", url=server.token_url)
    source = token_source(settings, wrong, now=clock, redact=Redactor(), timeout=5)
    with pytest.raises(ServerRefused, match="Invalid client credentials: <hidden>") as caught:
        source.token()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("status", ["429", "503"])
def test_a_realm_that_is_busy_has_refused_nothing(status: str, server: Loopback, clock: Clock) -> None:
    settings = TokenSettings(kind="service-account", url=server.token_url)
    source = token_source(settings, ENVIRONMENT, now=clock, redact=Redactor(), timeout=5)
    server.faults = [f"token {status}"]
    with pytest.raises(ServerUnreachable, match=rf"answered {status}: not now.*try again in some minutes"):
        source.token()
    assert source.token()


def test_what_is_missing_is_named(server: Loopback, clock: Clock) -> None:
    settings = TokenSettings(kind="service-account", url=server.token_url)
    with pytest.raises(ConfigError, match="DEDL_CLIENT_ID and DEDL_CLIENT_SECRET are not set"):
        token_source(settings, {}, now=clock, redact=Redactor(), timeout=5)
    nowhere = TokenSettings(kind="service-account", url="http://127.0.0.1:9/token")
    with pytest.raises(ServerUnreachable):
        token_source(nowhere, ENVIRONMENT, now=clock, redact=Redactor(), timeout=2).token()
    assert CLIENT_SECRET not in repr(token_source(settings, ENVIRONMENT, now=clock, redact=Redactor(), timeout=5))


def test_unreadable_tokens_have_unknown_roles() -> None:
    assert roles_of("opaque") is None
    assert roles_of("a.b.c") is None
