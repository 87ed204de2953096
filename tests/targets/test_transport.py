"""Calls to an IBF server over real sockets: what is repeated, what is refused, and where the token goes."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ibf_pipeline.errors import OutcomeUnknown, ServerRefused, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.publisher import publish
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient, IbfTransport
from tests.worlds.countries.flood_days import clock
from tests.worlds.journals import journal_in
from tests.worlds.services.certificate import own_certificate
from tests.worlds.services.scripted_server import LOGIN, Says, ScriptedServer

UPLOAD = Call(1, "exposure", "POST", "/exposure", body={"countryCodeISO3": "UGA"})
END = Call(9, "notify", "POST", "/notification/send", body={"countryCodeISO3": "UGA"}, kind="end")
PASSWORD = 'pass "word" & more/ü'
SECOND_LOGIN = Says(200, {"user": {"token": "second-token", "userRole": "pipeline"}})


class Slept(list[float]):
    """Seconds that a client would have slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@contextmanager
def client_of(url: str, attempts: int = 3, timeout: float = 5) -> Iterator[tuple[IbfClient, Slept]]:
    slept = Slept()
    client = IbfClient(url, Credentials("me@example.org", PASSWORD), RetryPolicy(timeout, attempts, slept))
    try:
        yield client, slept
    finally:
        client.close()


def tokens(server: ScriptedServer, path: str) -> list[str]:
    return [request.headers.get("authorization", "none") for request in server.calls(path)]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_the_token_stays_here(status: int, tmp_path: Path) -> None:
    with ScriptedServer({"/api/exposure": [Says(201)]}) as other:
        away = Says(status, headers={"Location": f"{other.url}/api/exposure?token=x"})
        with ScriptedServer({"/api/exposure": [away]}) as server, client_of(server.url) as (client, slept):
            with pytest.raises(ServerRefused, match=rf"redirect \({status}\) to {other.url}/api/exposure\. What to do"):
                client.send(UPLOAD, tmp_path.joinpath)
            assert (tokens(server, "/api/exposure"), other.heard, slept) == (["Bearer first-token"], [], [])


def test_a_redirected_login_takes_no_password_along(tmp_path: Path) -> None:
    with ScriptedServer() as other:
        away = Says(307, headers={"Location": f"{other.url}/api/user/login"})
        with ScriptedServer({"/api/user/login": [away]}) as server, client_of(server.url) as (client, _):
            with pytest.raises(ServerRefused, match="login was answered with a redirect"):
                client.send(UPLOAD, tmp_path.joinpath)
            assert other.heard == []


@pytest.mark.parametrize("place", ["http://[::1", "http://\u00fc\u00e4/?t=first-token", "//", ""])
def test_a_redirect_to_an_odd_place_is_refused_alike(place: str, tmp_path: Path) -> None:
    text = refusal(Says(302, headers={"Location": place}), tmp_path)
    assert "redirect (302)" in text
    assert "first-token" not in text


def test_a_web_page_is_no_answer(tmp_path: Path) -> None:
    page = Says(200, "<html>Sign in</html>", {"Content-Type": "text/html; charset=utf-8"})
    with ScriptedServer({"/api/exposure": [page]}) as server, client_of(server.url) as (client, slept):
        with pytest.raises(ServerUnreachable, match=r"answered with a web page.*check the target's url"):
            client.send(UPLOAD, tmp_path.joinpath)
        assert (len(server.calls("/api/exposure")), len(slept)) == (3, 2), "a page of maintenance may go away"
    with ScriptedServer({"/api/notification/send": [page]}) as server, client_of(server.url) as (client, _):
        with pytest.raises(OutcomeUnknown, match="answered with a web page"):
            client.send(END, tmp_path.joinpath)
        assert len(server.calls("/api/notification/send")) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Sun, 22 Nov 2026 07:00:40 GMT", "Date": "Sun, 22 Nov 2026 07:00:00 GMT"}, 40),
        ({"Retry-After": "Sun, 22 Nov 2026 06:00:00 GMT", "Date": "Sun, 22 Nov 2026 07:00:00 GMT"}, 0),
        ({"Retry-After": "86400"}, 120),
    ],
    ids=["seconds", "date", "past", "a day"],
)
def test_retry_after(headers: dict[str, str], seconds: float, tmp_path: Path) -> None:
    script = {"/api/exposure": [Says(429, headers=headers), Says(201)]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, slept):
        assert client.send(UPLOAD, tmp_path.joinpath).status == 201
        assert slept == [seconds]


@pytest.mark.parametrize("text", ["soon", "", "-5", "Wed, 21 Oct 2026 07:28:00 -0000", "\u00b2"])
def test_a_retry_after_that_says_nothing(text: str, tmp_path: Path) -> None:
    headers = {"Retry-After": text, "Date": "Sun, 22 Nov 2026 07:00:00 GMT"}
    script = {"/api/exposure": [Says(429, headers=headers), Says(201)]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, slept):
        assert client.send(UPLOAD, tmp_path.joinpath).status == 201
        assert len(slept) == 1
        assert 0 <= slept[0] <= 30


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_expires_in_mid_run_is_renewed_once(status: int, tmp_path: Path) -> None:
    (tmp_path / "r.tif").write_bytes(b"raster")
    raster = Call(2, "raster", "POST", "/raster", file=FileBody("r.tif", "r.tif", "0"))
    script = {
        "/api/user/login": [LOGIN, SECOND_LOGIN],
        "/api/exposure": [Says(201)],
        "/api/raster": [Says(status, {"message": "Forbidden resource"}), Says(201)],
    }
    with ScriptedServer(script) as server, client_of(server.url) as (client, slept):
        client.send(UPLOAD, tmp_path.joinpath)
        client.send(raster, tmp_path.joinpath)
        assert tokens(server, "/api/raster") == ["Bearer first-token", "Bearer second-token"]
        assert all(b"raster" in request.body for request in server.calls("/api/raster")), "the file anew, not its rest"
        assert (tokens(server, "/api/user/login"), slept) == (["none", "none"], [])


def test_an_account_without_the_right_is_refused_with_the_remedy(tmp_path: Path) -> None:
    forbidden = Says(403, {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403})
    with ScriptedServer({"/api/exposure": [forbidden]}) as server, client_of(server.url) as (client, _):
        with pytest.raises(ServerRefused, match=r"answered 403: Forbidden resource.*the role `pipeline`"):
            client.send(UPLOAD, tmp_path.joinpath)
        assert len(server.calls("/api/exposure")) == 1, "the login was fresh: asking again changes nothing"


def test_one_connection_for_many_calls_and_a_fresh_one_for_the_last(tmp_path: Path) -> None:
    """The login, 30 uploads: one connection. A kept one may have died, and the notification must not meet that."""
    script = {"/api/exposure": [Says(201)], "/api/notification/send": [Says(201)]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, _):
        for _ in range(30):
            client.send(UPLOAD, tmp_path.joinpath)
        assert server.connections == 1
        client.send(END, tmp_path.joinpath)
        assert [request.connection for request in server.calls("/api/notification/send")] == [2]


def test_what_is_repeated_ends_after_the_attempts_allowed(tmp_path: Path) -> None:
    with ScriptedServer({"/api/exposure": [Says(502)]}) as server, client_of(server.url, attempts=4) as (client, slept):
        with pytest.raises(ServerUnreachable, match=r"answered 502.*then run again"):
            client.send(UPLOAD, tmp_path.joinpath)
        assert (len(server.calls("/api/exposure")), len(slept)) == (4, 3)


@pytest.mark.parametrize("status", [429, 403])
def test_a_notification_that_was_turned_away_is_sent_again(status: int, tmp_path: Path) -> None:
    script = {"/api/user/login": [LOGIN, SECOND_LOGIN], "/api/notification/send": [Says(status), Says(201)]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, _):
        client.login()
        assert client.send(END, tmp_path.joinpath).status == 201
        assert len(server.calls("/api/notification/send")) == 2


@pytest.mark.parametrize("trouble", [Says(500), Says(200, "<html>", {"Content-Type": "text/html"})])
def test_a_login_that_fails_before_the_notification_leaves_nothing_unknown(trouble: Says, tmp_path: Path) -> None:
    """After a crash the first thing that the resumed run needs is a token: the notification has not been sent."""
    script = {"/api/user/login": [trouble], "/api/notification/send": [Says(201)]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, _):
        journal = journal_in(tmp_path, clock)
        with pytest.raises(ServerUnreachable):
            publish([END], IbfTransport(client, tmp_path.joinpath), journal)
        assert (journal.progress().last_state(9), server.calls("/api/notification/send")) == ("failed", [])
    with ScriptedServer({"/api/notification/send": [Says(201)]}) as server, client_of(server.url) as (client, _):
        assert publish([END], IbfTransport(client, tmp_path.joinpath), journal).made == 1


def test_an_expired_token_and_a_login_that_fails_leave_nothing_unknown(tmp_path: Path) -> None:
    script = {"/api/user/login": [LOGIN, Says(500)], "/api/notification/send": [Says(403)]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, _):
        client.login()
        with pytest.raises(ServerUnreachable, match="login answered 500"):
            client.send(END, tmp_path.joinpath)


def test_what_the_server_names_as_wrong_is_shown_without_what_it_echoes(tmp_path: Path) -> None:
    body = {
        "message": "Something went wrong",
        "errors": [
            {"target": {"password": PASSWORD}, "property": "rows", "constraints": {"isNumber": "rows must be numbers"},
             "children": [{"constraints": {"isString": f"placeCode must be a string, not {PASSWORD}"}}]},
        ],
    }  # fmt: skip
    text = refusal(Says(400, body), tmp_path)
    assert "rows must be numbers; placeCode must be a string, not <hidden>" in text
    assert PASSWORD not in text


def refusal(says: Says, folder: Path) -> str:
    """What a person reads where a server answers an upload like this."""
    with (
        ScriptedServer({"/api/exposure": [says]}) as server,
        client_of(server.url) as (client, _),
        pytest.raises(ServerRefused) as caught,
    ):
        client.send(UPLOAD, folder.joinpath)
    return str(caught.value)


@pytest.mark.parametrize(
    "echo",
    [
        f"you sent {json.dumps({'password': PASSWORD})} with Bearer first-token",
        f"you sent password={quote(PASSWORD, safe='')} with Bearer first-token",
        "x" * 392 + PASSWORD,
    ],
    ids=["as JSON", "as a form", "cut off in its middle"],
)
def test_a_server_that_echoes_the_login_reveals_nothing(echo: str, tmp_path: Path) -> None:
    text = refusal(Says(418, echo), tmp_path)
    assert "<hidd" in text
    assert not [part for part in ("pass ", "%22word", "word\\", "first-token") if part in text]


def test_the_account_of_a_netrc_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer({"/api/exposure": [Says(201)]}) as server, client_of(server.url) as (client, _):
        client.send(UPLOAD, tmp_path.joinpath)
        assert tokens(server, "/api/exposure") == ["Bearer first-token"]


@contextmanager
def tls_server(folder: Path) -> Iterator[int]:
    """A TLS server with its own certificate: takes the login and breaks the encryption after any other request."""
    context = own_certificate(folder)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as stream:
                    while (request := stream.recv(65536)) and b"/user/login" in request:
                        if b"email" not in request:
                            stream.recv(65536)
                        body = b'{"user": {"token": "tls-token", "userRole": "pipeline"}}'
                        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                        stream.sendall(head % len(body) + body)
                    os.write(stream.fileno(), b"no TLS any more")
                    while os.read(stream.fileno(), 65536):
                        pass  # closed with a part unread, the connection is reset, and nobody reads the above
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def test_a_tls_connection_that_breaks_after_sending_leaves_it_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(tmp_path) as port:
        with client_of(f"https://127.0.0.1:{port}") as (client, _), pytest.raises(ServerUnreachable):
            client.send(END, tmp_path.joinpath)  # not trusted: nothing was sent
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        with client_of(f"https://127.0.0.1:{port}") as (client, _):
            client.login()
            with pytest.raises(OutcomeUnknown, match=r"connection failed: TLS \("):
                client.send(END, tmp_path.joinpath)


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with client_of(f"http://127.0.0.1:{port}") as (client, slept):
        with pytest.raises(ServerUnreachable, match=r"connection failed: .*refused") as caught:
            client.send(END, tmp_path.joinpath)
        assert not isinstance(caught.value, OutcomeUnknown)
        assert len(slept) == 2
        with pytest.raises(ServerUnreachable, match=r"GET /docs-json: connection failed: .*refused"):
            client.openapi()


def test_an_answer_that_is_no_json() -> None:
    script = {"/api/country": [Says(200, "hello")]}
    with (
        ScriptedServer(script) as server,
        client_of(server.url) as (client, _),
        pytest.raises(ServerRefused, match="GET /country did not answer with JSON"),
    ):
        client.get("/country")


@pytest.mark.parametrize("answer", [{"user": None}, {}, [], [1], None, "token"])
def test_a_login_without_a_token(answer: Any) -> None:
    script = {"/api/user/login": [Says(200, json.dumps(answer), {"Content-Type": "application/json"})]}
    with (
        ScriptedServer(script) as server,
        client_of(server.url) as (client, _),
        pytest.raises(ServerRefused, match="login answered without a token"),
    ):
        client.login()
