"""Every way to a token, against an endpoint on loopback; time is made up."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from ibf_pipeline.errors import ConfigError, ServerRefused
from ibf_pipeline.io.http_errors import NoAnswer, Refused
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.tokens import Grant, Token, TokenSource, token_expiry
from tests.worlds.services.scripted_server import Says, ScriptedServer

CLIENT = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "canary-secret"}
PASSWORD = {"grant_type": "password", "client_id": "public", "username": "me", "password": "canary-password"}
TOTP_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""the key of RFC 6238, appendix B, in base32"""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def gives(token: str, **more: Any) -> Says:
    return Says(200, {"access_token": token, "expires_in": 600, **more})


def source_of(server: ScriptedServer, form: dict[str, str], clock: Clock, **more: Any) -> TokenSource:
    redact = Redactor()
    return TokenSource(Grant(f"{server.url}/token", form, redact, timeout_seconds=2, now=clock, **more), redact, clock)


def forms(server: ScriptedServer) -> list[dict[str, str]]:
    return [{name: values[0] for name, values in parse_qs(heard.body.decode()).items()} for heard in server.heard]


@pytest.mark.parametrize("form", [CLIENT, PASSWORD], ids=["client credentials", "password"])
def test_a_token_is_kept_until_shortly_before_its_end(form: dict[str, str], clock: Clock) -> None:
    with ScriptedServer({"/token": [gives("first"), gives("second")]}) as server:
        source = source_of(server, form, clock)
        assert (source.is_held, source.token(), source.is_held) == (False, "first", True)
        clock.now += 569
        assert source.token() == "first"
        clock.now += 1  # 30 s before its end
        assert source.token() == "second"
        assert forms(server) == [form, form]
        assert ["authorization" in heard.headers for heard in server.heard] == [False, False]


def test_a_refresh_token_is_used_while_it_lives_and_then_the_password_again(clock: Clock) -> None:
    answers = [gives(f"token-{n}", refresh_token=f"refresh-{n}", refresh_expires_in=3600) for n in (1, 2, 3)]
    with ScriptedServer({"/token": answers}) as server:
        source = source_of(server, PASSWORD, clock)
        source.token()
        assert source.renew() == "token-2"
        clock.now += 3570
        assert source.token() == "token-3"
    refresh = {"grant_type": "refresh_token", "client_id": "public", "refresh_token": "refresh-1"}
    assert forms(server) == [PASSWORD, refresh, PASSWORD]


def test_a_session_that_ended_early_is_begun_anew(clock: Clock) -> None:
    first = gives("first", refresh_token="r", refresh_expires_in=3600)
    with ScriptedServer({"/token": [first, Says(400, {"error": "invalid_grant"}), gives("second")]}) as server:
        source = source_of(server, PASSWORD, clock)
        source.token()
        assert source.renew() == "second"
    assert [form["grant_type"] for form in forms(server)] == ["password", "refresh_token", "password"]


def test_the_second_factor(clock: Clock) -> None:
    """RFC 6238, appendix B: at 59 s the key's code is 94287082, of which services ask for the last six digits."""
    clock.now = 59
    with ScriptedServer({"/token": [gives("first")]}) as server:
        assert source_of(server, PASSWORD, clock, totp_secret=TOTP_SECRET).token() == "first"
        assert forms(server) == [{**PASSWORD, "totp": "287082"}]
        with pytest.raises(ConfigError, match="second factor cannot be used"):
            source_of(server, PASSWORD, clock, totp_secret="no base32!").token()


def test_a_ready_token() -> None:
    assert TokenSource(lambda: Token("ready"), Redactor()).token() == "ready"


def test_a_wrong_account_is_refused_and_its_secret_not_shown(clock: Clock) -> None:
    said = Says(401, {"error": "invalid_client", "error_description": "no client with canary-secret"})
    with ScriptedServer({"/token": [said]}) as server:
        redact = Redactor("canary-secret")
        grant = Grant(f"{server.url}/token", CLIENT, redact, now=clock)
        with pytest.raises(Refused, match=r"answered 401: no client with <hidden>.*check the account") as caught:
            grant()
    assert "canary" not in f"{caught.value!r} {vars(caught.value)} {grant!r} {Token('canary')!r}"


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_endpoint_has_refused_nothing(status: int, clock: Clock) -> None:
    with ScriptedServer({"/token": [Says(status), gives("first")]}) as server:
        source = source_of(server, CLIENT, clock)
        with pytest.raises(NoAnswer, match=f"answered {status}"):
            source.token()
        assert source.token() == "first"


@pytest.mark.parametrize("answer", [{}, [], {"access_token": ""}, {"access_token": 7}])
def test_an_answer_without_a_token(answer: Any, clock: Clock) -> None:
    with (
        ScriptedServer({"/token": [Says(200, answer)]}) as server,
        pytest.raises(ServerRefused, match="without an access_token"),
    ):
        source_of(server, CLIENT, clock).token()


def test_a_token_endpoint_that_redirects_gets_no_second_request(clock: Clock) -> None:
    with ScriptedServer() as other:
        away = Says(307, headers={"Location": f"{other.url}/token"})
        with ScriptedServer({"/token": [away]}) as server, pytest.raises(Refused, match="redirect"):
            source_of(server, PASSWORD, clock).token()
        assert other.heard == []


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b.c", "e30.e30.x", "e30.eyJleHAiOiJzb29uIn0.x", "e30.W10.x", "a.é.c"]
)
def test_a_token_that_says_no_end_has_none(text: str) -> None:
    assert token_expiry(text) is None
