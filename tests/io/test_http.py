"""The one HTTP client over real sockets: what was sent, what is repeated, where the token goes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerRefused, ServerUnreachable
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import BadRequest, Gone, NoAnswer, NoToken, Refused
from ibf_pipeline.io.pagination import pages
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.tokens import Token, TokenSource
from ibf_pipeline.security.encryption import require_encrypted
from tests.worlds.services.certificate import own_certificate
from tests.worlds.services.scripted_server import Says, ScriptedServer

ONCE = "look whether it arrived"
ONE_TRY = RetryPolicy(2, 1)


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does this with every connection; its address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    answer(connection)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()


def reads_and_hangs_up(connection: socket.socket) -> None:
    connection.recv(65536)


def answers_half(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")


def never_answers(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.recv(65536)  # until the client gives up


def client_of(
    url: str, retry_policy: RetryPolicy = ONE_TRY, *tokens: str, renew_on_status: tuple[int, ...] = (401,)
) -> Client:
    """A client whose account gets these tokens, one after the other."""
    left, redact = list(tokens), Redactor()
    source = TokenSource(lambda: Token(left.pop(0)), redact) if tokens else None
    return Client(Server(url, renew_on_status=renew_on_status), retry_policy, redact, tokens=source)


def failure(url: str, timeout: float = 2) -> NoAnswer:
    with pytest.raises(NoAnswer) as caught:
        client_of(url, RetryPolicy(timeout, 1)).ask("POST", "/x", json={})
    return caught.value


def test_nobody_listens_so_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}")
    assert (error.sent, error.passes) == ("not sent", True)
    assert "connection failed: Connection refused" in error.found


def test_a_handshake_that_fails_has_sent_nothing(tmp_path: Path) -> None:
    context = own_certificate(tmp_path)

    def shake_hands(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).recv(65536)

    with answering(shake_hands) as url:
        not_trusted = failure(url.replace("http:", "https:"))
        assert (not_trusted.sent, not_trusted.passes) == ("not sent", False)
        assert "certificate" in not_trusted.found
    with answering(reads_and_hangs_up) as url:
        broken_off = failure(url.replace("http:", "https:"))
        assert (broken_off.sent, broken_off.passes) == ("not sent", True)


@pytest.mark.parametrize(("answer", "timeout"), [(reads_and_hangs_up, 2), (answers_half, 2), (never_answers, 0.05)])
def test_a_connection_that_breaks_after_sending_leaves_it_unknown(
    answer: Callable[[socket.socket], None], timeout: float
) -> None:
    with answering(answer) as url:
        error = failure(url, timeout)
        assert (error.sent, error.passes) == ("unknown", True)
        with pytest.raises(OutcomeUnknown, match=r"POST /x was sent and its answer is unknown.*look whether it arr"):
            client_of(url, RetryPolicy(timeout, 3)).ask("POST", "/x", json={}, once=ONCE)


@pytest.mark.parametrize(("scheme", "sent"), [("https", "not sent"), ("http", "unknown")])
def test_a_proxy_that_breaks_off_has_passed_nothing_on_before_its_tunnel_stands(
    scheme: str, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with answering(reads_and_hangs_up) as proxy:
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy)
        monkeypatch.setenv(f"{scheme}_proxy", proxy)
        assert failure(f"{scheme}://portal.internal").sent == sent


def test_a_kept_connection_that_died_is_one_over_which_something_was_sent() -> None:
    """The second request goes over the connection of the first, which ends while it is under way."""

    def answers_once(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.recv(65536)

    with answering(answers_once) as url:
        client = client_of(url)
        assert client.read("GET", "/x") == {}
        with pytest.raises(NoAnswer) as caught:
            client.ask("GET", "/x")
        assert caught.value.sent == "unknown"
        assert client.ask("POST", "/x", once=ONCE).status_code == 200, "over a connection of its own"


@pytest.mark.parametrize(
    ("status", "sent", "passes"),
    [
        (429, "refused", True),
        (408, "unknown", False),
        (500, "unknown", False),
        (502, "unknown", True),
        (503, "unknown", True),
        (504, "unknown", True),
    ],
)
def test_what_an_answer_in_trouble_says(status: int, sent: str, passes: bool) -> None:
    with ScriptedServer({"/x": [Says(status)]}) as server:
        error = failure(server.url)
        assert (error.sent, error.passes) == (sent, passes)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (404, Gone), (409, Refused), (410, Gone), (418, Refused), (422, BadRequest)]
)
def test_a_refusal_is_said_once(status: int, kind: type[Refused]) -> None:
    with ScriptedServer({"/x": [Says(status, {"detail": "no good"})]}) as server:
        with pytest.raises(Refused, match=rf"POST /x answered {status}: no good") as caught:
            client_of(server.url, RetryPolicy(2, 3)).ask("POST", "/x")
        assert (type(caught.value), caught.value.status, len(server.heard)) == (kind, status, 1)


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_of_a_call_is_refused(status: int) -> None:
    with ScriptedServer({"/y": [Says(200)]}) as other:
        away = Says(status, headers={"Location": f"{other.url}/y?secret=1"})
        with (
            ScriptedServer({"/x": [away]}) as server,
            pytest.raises(Refused, match=rf"\({status}\) to {other.url}/y\."),
        ):
            client_of(server.url, ONE_TRY, "ours").ask("POST", "/x")
        assert other.heard == []


def test_a_download_follows_redirects_without_the_token_elsewhere() -> None:
    with ScriptedServer({"/there": [Says(200, "content")]}) as other:
        script = {
            "/here": [Says(302, headers={"Location": "/home"})],
            "/home": [Says(302, headers={"Location": f"{other.url}/there"})],
        }
        with ScriptedServer(script) as server:
            with client_of(server.url, ONE_TRY, "ours").open(f"{server.url}/here", {}) as response:
                assert response.content == b"content"
            assert [request.headers["authorization"] for request in server.heard] == ["Bearer ours"] * 2
        assert ["authorization" in request.headers for request in other.heard] == [False]


@pytest.mark.parametrize("place", ["http://[::1", "ftp://127.0.0.1/x", ""])
def test_a_download_that_is_sent_to_no_address_is_refused(place: str) -> None:
    with (
        ScriptedServer({"/x": [Says(302, headers={"Location": place})]}) as server,
        pytest.raises(Refused, match="redirect"),
    ):
        client_of(server.url).open(f"{server.url}/x", {})


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.org/x", True),
        ("http://example.org/x", False),
        ("http://8.8.8.8/x", False),
        ("http://134744072/x", False),  # 8.8.8.8 as one number
        ("http://[::ffff:8.8.8.8]/x", False),
        ("http://example.org./x", False),
        ("http://127.0.0.1:8000/x", True),
        ("http://[::1]/x", True),
        ("http://10.1.2.3/x", True),
        ("http://192.168.0.7/x", True),
        ("http://localhost:5000/x", True),
        ("http://portal/x", True),
        ("http://portal.local/x", True),
        ("http://host.docker.internal/x", True),
    ],
)
def test_only_private_hosts_go_without_tls(url: str, allowed: bool) -> None:
    if allowed:
        require_encrypted(url)
    else:
        with pytest.raises(ForbiddenByRule, match="public host without TLS"):
            require_encrypted(url)


def test_nothing_is_sent_to_a_public_host_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("its name was looked up"))
    with pytest.raises(ForbiddenByRule):
        client_of("http://example.org", ONE_TRY, "ours").ask("GET", "/x")
    with pytest.raises(ForbiddenByRule):
        client_of("https://example.org").open("http://example.org/x", {})


def test_a_refused_token_is_renewed_once() -> None:
    with ScriptedServer({"/x": [Says(200, {}), Says(401), Says(200, {}), Says(401)]}) as server:
        client = client_of(server.url, ONE_TRY, "first", "second", "third")
        client.ask("GET", "/x")
        client.ask("GET", "/x")
        with pytest.raises(Refused, match="answered 401"):
            client.ask("GET", "/x")
    used = [request.headers["authorization"].removeprefix("Bearer ") for request in server.heard]
    assert used == ["first", "first", "second", "second", "third"]


def test_a_token_that_was_just_obtained_is_not_renewed() -> None:
    with ScriptedServer({"/x": [Says(401)]}) as server:
        with pytest.raises(Refused, match="answered 401"):
            client_of(server.url, ONE_TRY, "first", "second").ask("GET", "/x")
        assert len(server.heard) == 1


@pytest.mark.parametrize(("renew_on_status", "tries"), [((401,), 1), ((401, 403), 2)])
def test_which_answers_renew_a_token_is_the_servers_own(renew_on_status: tuple[int, ...], tries: int) -> None:
    with ScriptedServer({"/y": [Says(200, {})], "/x": [Says(403)]}) as server:
        client = client_of(server.url, ONE_TRY, "first", "second", renew_on_status=renew_on_status)
        client.ask("GET", "/y")
        with pytest.raises(Refused, match="answered 403"):
            client.ask("GET", "/x")
        assert len(server.calls("/x")) == tries


@pytest.mark.parametrize("trouble", [NoAnswer("busy"), ServerRefused("wrong password")])
def test_where_no_token_can_be_had_nothing_was_sent(trouble: Exception) -> None:
    def fail() -> Token:
        raise trouble

    redact = Redactor()
    with ScriptedServer({"/x": [Says(201)]}) as server:
        client = Client(Server(server.url), ONE_TRY, redact, tokens=TokenSource(fail, redact))
        with pytest.raises((ServerUnreachable, NoToken), match=str(trouble)) as caught:
            client.ask("POST", "/x", once=ONCE)
        assert not isinstance(caught.value, OutcomeUnknown)
        assert server.heard == []


def test_what_must_not_be_repeated_is_repeated_only_where_it_was_turned_away() -> None:
    slept: list[float] = []
    retry_policy = RetryPolicy(2, 3, slept.append, keep_trying_seconds=600)
    with ScriptedServer({"/x": [Says(429, headers={"Retry-After": "3"}), Says(201)]}) as server:
        assert client_of(server.url, retry_policy).ask("POST", "/x", once=ONCE).status_code == 201
        assert [request.connection for request in server.heard] == [1, 2], "over a fresh connection each time"
    with ScriptedServer({"/x": [Says(503), Says(201)]}) as server:
        with pytest.raises(OutcomeUnknown, match="answered 503"):
            client_of(server.url, retry_policy).ask("POST", "/x", once=ONCE)
        assert len(server.heard) == 1
    assert slept == [3]


def test_an_empty_answer_is_taken_whatever_it_calls_itself() -> None:
    with ScriptedServer({"/x": [Says(201, "", {"Content-Type": "text/html; charset=utf-8"})]}) as server:
        assert client_of(server.url).ask("POST", "/x").status_code == 201


def test_a_web_page_is_no_answer() -> None:
    page = Says(200, "<html>Sign in</html>", {"Content-Type": "text/html"})
    with ScriptedServer({"/x": [page]}) as server:
        assert "POST /x was answered with a web page" in failure(server.url).found


PAGE = "<html><head><title>503 Service\n Temporarily &amp; Unavailable</title></head><body>nginx</body></html>"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Says(503, {"statusCode": 503, "message": "SMTP is down"}), "SMTP is down"),
        (Says(503, {"status": "error", "error": {"smtp": {"status": "down", "message": "no\n route"}}}), "no route"),
        (Says(503, "upstream connect error\nreset: ours-canary"), "upstream connect error reset: <hidden>"),
        (Says(503, PAGE, {"Content-Type": "text/html"}), "a web page (503 Service Temporarily & Unavailable)"),
        (Says(503, {"sent": {"target": {"message": "echo"}}}), "Service Unavailable"),
    ],
    ids=["words", "checks", "text", "page", "echo"],
)
def test_what_a_server_that_is_away_says_is_told_in_one_line(answer: Says, text: str) -> None:
    with ScriptedServer({"/x": [answer]}) as server:
        client = client_of(server.url, ONE_TRY, "ours-canary")
        with pytest.raises(NoAnswer) as silent:
            client.ask("GET", "/x")
        with pytest.raises(OutcomeUnknown) as unknown:
            client.ask("POST", "/x", once=ONCE)
    assert silent.value.found == f"GET /x answered 503: {text}"
    assert f"its answer is unknown (POST /x answered 503: {text})" in unknown.value.found


def test_no_secret_of_a_server_that_echoes_is_in_an_error() -> None:
    with ScriptedServer({"/x": [Says(400, "you sent Bearer ours-canary and x")]}) as server:
        with pytest.raises(Refused) as caught:
            client_of(server.url, ONE_TRY, "ours-canary").ask("GET", "/x", {"key": "in the query"})
        shown = f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert "answered 400: you sent Bearer <hidden> and x" in shown
    assert "canary" not in shown
    assert "query" not in shown


def test_pages_stay_on_their_host_and_end() -> None:
    script = {"/a": [Says(200, {"value": [1], "@odata.nextLink": "b?$skip=1"})], "/b": [Says(200, {"value": [2]})]}
    with ScriptedServer(script) as server:
        assert [page["value"] for page in pages(client_of(server.url), "a", {"$top": "1"})] == [[1], [2]]
        assert [request.path for request in server.heard] == ["/a?$top=1", "/b?$skip=1"]
    circle = {"/a": [Says(200, {"value": [], "@odata.nextLink": "a"})]}
    with ScriptedServer(circle) as server, pytest.raises(ServerRefused, match="go in circles"):
        list(pages(client_of(server.url), "a"))
    for odd in ("http://[::1", {"href": "b"}, 7):
        nowhere = {"/a": [Says(200, {"value": [], "@odata.nextLink": odd})]}
        with ScriptedServer(nowhere) as server, pytest.raises(ServerRefused, match="next page is not an address"):
            list(pages(client_of(server.url), "a"))
    with ScriptedServer() as other:
        away = {"/a": [Says(200, {"value": [], "@odata.nextLink": f"{other.url}/a"})]}
        with ScriptedServer(away) as server, pytest.raises(ServerRefused, match="another host"):
            list(pages(client_of(server.url, ONE_TRY, "ours"), "a"))
        assert other.heard == []


def test_a_file_is_sent_from_its_first_byte_at_every_try(tmp_path: Path) -> None:
    (tmp_path / "r.tif").write_bytes(b"raster")
    retry_policy = replace(ONE_TRY, attempts=2, sleep=lambda seconds: None)
    with ScriptedServer({"/x": [Says(500), Says(201)]}) as server:
        client_of(server.url, retry_policy).ask("POST", "/x", file=("r.tif", lambda: tmp_path / "r.tif"))
        assert [b"raster" in request.body for request in server.heard] == [True, True]
