"""A server that is away for a while: the calls of a plan wait for it, the notification does not. Time is made up."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from ibf_pipeline.errors import IbfError, OutcomeUnknown, ServerUnreachable
from ibf_pipeline.io.http_errors import may_pass
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.tokens import Token
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.publisher import Answer, publish
from ibf_pipeline.targets.ibf.lookback.verification import TIME_LIMIT, DeadlineReader
from ibf_pipeline.targets.ibf.publication import notification_log_words
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient, IbfTransport
from tests.targets.test_transport import tls_server
from tests.worlds.countries.flood_days import clock
from tests.worlds.journals import journal_in
from tests.worlds.services.faulty_proxy import FaultyProxy
from tests.worlds.services.scripted_server import LOGIN, Says, ScriptedServer

ACCOUNT = Credentials("me@example.org", "a password")
PATHS = ("/exposure", "/alerts", "/stations", "/raster", "/process", "/notification/send")
RASTER = FileBody("r.tif", "r.tif", "0")
PLAN = [
    Call(number, path.strip("/"), "POST", path, body=None if path == "/raster" else {"countryCodeISO3": "UGA"},
         file=RASTER if path == "/raster" else None,
         kind={"/process": "preview", "/notification/send": "end"}.get(path, "write"))  # type: ignore[arg-type]
    for number, path in enumerate(PATHS, 1)
]  # fmt: skip
ONCE_EACH = dict.fromkeys(PATHS, 1)
FIRST, END = PLAN[0], PLAN[-1]


class Time:
    """Seconds that only pass while a client sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.then: Callable[[], None] = lambda: None
        """done after every sleep"""

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        self.then()


class Portal(ScriptedServer):
    """Answers 201 to every call of the plan, and what it is told to while it is away."""

    def __init__(self) -> None:
        super().__init__({f"/api{path}": [Says(201)] for path in PATHS})
        self.says: Says | None = None

    def answer(self, path: str) -> Says:
        return self.says or super().answer(path)

    def tries(self) -> dict[str, int]:
        """How often each call of the plan has arrived, in the order of their first arrivals."""
        found: dict[str, int] = {}
        for request in self.heard:
            path = request.path.removeprefix("/api")
            if path in PATHS:
                found[path] = found.get(path, 0) + 1
        return found


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pause is the longest that chance allows: 1, 2, 4, 8, 16, then 30 seconds."""
    monkeypatch.setattr("random.uniform", lambda low, high: high)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    (tmp_path / "r.tif").write_bytes(b"raster")
    with Portal() as server:
        yield server


@contextmanager
def client_of(url: str, seconds: float = 600, attempts: int = 5) -> Iterator[tuple[IbfClient, Time]]:
    time = Time()
    client = IbfClient(url, ACCOUNT, RetryPolicy(20, attempts, time.sleep, seconds, time))
    try:
        yield client, time
    finally:
        client.close()


def walk(client: IbfClient, folder: Path, after_call: Callable[[int], None] = lambda number: None) -> Journal:
    """Publish the plan."""
    journal = journal_in(folder, clock)

    def told(call: Call, answer: Answer) -> None:
        after_call(call.number)

    publish(PLAN, IbfTransport(client, folder.joinpath), journal, on_answer=told)
    return journal


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("last_before", [1, 2, 3, 4])
def test_a_server_that_answers_that_it_is_away_for_20_seconds_does_not_fail_the_day(
    status: int, last_before: int, portal: Portal, tmp_path: Path
) -> None:
    """Tried after 0, 1, 3, 7, 15 and 31 seconds; five attempts had ended after 15."""
    with client_of(portal.url) as (client, time):

        def go_away(number: int) -> None:
            portal.says = Says(status) if number == last_before else None

        def come_back() -> None:
            portal.says = portal.says if time.now < 20 else None

        time.then = come_back
        journal = walk(client, tmp_path, go_away)
        assert time.slept == [1, 2, 4, 8, 16]
    spoiled = PATHS[last_before]
    assert list(portal.tries()) == list(PATHS)
    assert portal.tries() == ONCE_EACH | {spoiled: 6}
    assert journal.progress().done == {1, 2, 3, 4, 5, 6}
    assert [b"raster" in request.body for request in portal.calls("/api/raster")] == [True] * portal.tries()["/raster"]


@pytest.mark.parametrize("how", ["refused", "reset", "name not known"])
def test_a_server_without_a_connection_for_20_seconds_does_not_fail_the_day(
    how: str, portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with FaultyProxy(portal.url) as proxy, client_of(proxy.url) as (client, time):

        def go_away(number: int) -> None:
            if number != 2:
                return
            if how == "reset":
                proxy.spoil("reset before", 1000)
                return
            proxy.refuse()
            client.close()  # the kept connection is gone with the server
            if how == "name not known":
                proxy.listen()
                monkeypatch.setattr(socket, "getaddrinfo", unknown)

        def come_back() -> None:
            if time.now >= 20:
                monkeypatch.setattr(socket, "getaddrinfo", resolve)
                proxy.times = 0
                if not proxy.listening:
                    proxy.listen()

        time.then = come_back
        journal = walk(client, tmp_path, go_away)
        assert time.slept == [1, 2, 4, 8, 16]
    assert list(portal.tries()) == list(PATHS)
    assert portal.tries() == ONCE_EACH
    assert journal.progress().done == {1, 2, 3, 4, 5, 6}


def test_the_login_before_a_call_waits_as_well(portal: Portal, tmp_path: Path) -> None:
    portal.says = Says(503)
    with client_of(portal.url) as (client, time):

        def come_back() -> None:
            portal.says = portal.says if time.now < 20 else None

        time.then = come_back
        walk(client, tmp_path)
        assert (time.slept, len(portal.calls("/api/user/login"))) == ([1, 2, 4, 8, 16], 6)
    assert portal.tries() == ONCE_EACH


def test_a_server_that_stays_away_fails_the_day_after_ten_minutes(
    portal: Portal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """1 + 2 + 4 + 8 + 16 s, 18 times 30 s, and the 29 s that are left of 600: 25 tries."""
    with client_of(portal.url) as (client, time):

        def go_away(number: int) -> None:
            portal.says = Says(503) if number == 2 else None

        with caplog.at_level("WARNING"), pytest.raises(ServerUnreachable, match=r"call 3, stations.*answered 503"):
            walk(client, tmp_path, go_away)
        assert time.slept == [1, 2, 4, 8, 16, *[30] * 18, 29]
        assert time.now == 600
    assert portal.tries() == {"/exposure": 1, "/alerts": 1, "/stations": 25}
    journal = journal_in(tmp_path, clock)
    assert (journal.progress().done, journal.progress().last_state(3), journal.progress().last_state(4)) == (
        {1, 2},
        "failed",
        None,
    )
    said = [record.getMessage().partition("; trying again ")[2] for record in caplog.records]
    assert len(said) == 24, "each repetition is told"
    assert said[5] == "in 30 s (attempt 6 failed, 31 s after the first, at most 600 s)"
    assert said[-1] == "in 29 s (attempt 24 failed, 571 s after the first, at most 600 s)"


def test_the_time_of_a_call_begins_with_its_own_first_failure(portal: Portal, tmp_path: Path) -> None:
    """Two calls in turn, each with a server that is away for 31 of 40 seconds."""
    with client_of(portal.url, seconds=40) as (client, time):
        for number in (1, 2):
            portal.says = Says(502)
            back = 31 * number

            def come_back(back: int = back) -> None:
                portal.says = portal.says if time.now < back else None

            time.then = come_back
            assert client.send(PLAN[number], tmp_path.joinpath).status == 201
        assert time.slept == [1, 2, 4, 8, 16] * 2


@pytest.mark.parametrize(
    ("asked", "slept"),
    [
        ("50", [50, 50, 20]),
        ("86400", [120]),
        ("0", [0, 0, 0, 0, 16, 30, 30, 30, 14]),
    ],
    ids=["a while", "a day", "no time"],
)
def test_a_server_that_says_when_to_come_again_is_never_waited_for_beyond_the_end(
    asked: str, slept: list[float], portal: Portal, tmp_path: Path
) -> None:
    """120 seconds are allowed. The first five tries take it by its word, even where that leaves it no time."""
    portal.says = Says(429, headers={"Retry-After": asked})
    with client_of(portal.url, seconds=120) as (client, time):
        client._tokens._kept = Token("known")
        with pytest.raises(ServerUnreachable, match="answered 429"):
            client.send(FIRST, tmp_path.joinpath)
        assert time.slept == slept
    assert portal.tries() == {"/exposure": len(slept) + 1}


@pytest.mark.parametrize("says", [Says(500), Says(200, "<html>", {"Content-Type": "text/html"})], ids=["500", "page"])
def test_what_is_wrong_for_good_keeps_its_five_attempts(says: Says, portal: Portal, tmp_path: Path) -> None:
    """The real server answers 500 to what it does not know, however often it is asked."""
    with client_of(portal.url) as (client, time):
        client.login()
        portal.says = says
        with pytest.raises(ServerUnreachable):
            client.send(FIRST, tmp_path.joinpath)
        assert time.slept == [1, 2, 4, 8]
    assert portal.tries() == {"/exposure": 5}


def test_what_a_server_answers_while_it_starts_does_not_use_up_the_attempts(tmp_path: Path) -> None:
    """Nine times away, then four times not ready: the fifth 500 would end it, the fourth does not."""
    answers = [*[Says(502)] * 9, *[Says(500)] * 4, Says(201)]
    with ScriptedServer({"/api/exposure": answers}) as server, client_of(server.url) as (client, time):
        assert client.send(FIRST, tmp_path.joinpath).status == 201
        assert len(time.slept) == 13


@pytest.mark.parametrize("attempts", [1, 5])
def test_without_time_the_attempts_are_the_limit(attempts: int, portal: Portal, tmp_path: Path) -> None:
    with client_of(portal.url, seconds=0, attempts=attempts) as (client, time):
        client.login()
        portal.says = Says(503)
        with pytest.raises(ServerUnreachable):
            client.send(FIRST, tmp_path.joinpath)
        assert len(time.slept) == attempts - 1
    assert portal.tries() == {"/exposure": attempts}


def test_a_notification_answered_503_is_sent_once_and_unknown(portal: Portal, tmp_path: Path) -> None:
    with client_of(portal.url) as (client, time):

        def go_away(number: int) -> None:
            portal.says = Says(503) if number == 5 else None

        with pytest.raises(OutcomeUnknown, match="was sent and its answer is unknown"):
            walk(client, tmp_path, go_away)
        assert time.slept == []
    assert portal.tries() == ONCE_EACH
    assert journal_in(tmp_path, clock).progress().last_state(6) == "unknown"


@pytest.mark.parametrize("how", ["refused", "turned away", "login"])
def test_a_notification_that_was_not_carried_out_keeps_its_five_attempts(
    how: str, portal: Portal, tmp_path: Path
) -> None:
    with FaultyProxy(portal.url) as proxy, client_of(proxy.url) as (client, time):

        def go_away(number: int) -> None:
            if number != 5:
                return
            if how == "refused":
                proxy.refuse()
                return
            portal.says = Says(429 if how == "turned away" else 503)
            if how == "login":
                client._tokens._kept = None

        with pytest.raises(ServerUnreachable) as caught:
            walk(client, tmp_path, go_away)
        assert not isinstance(caught.value, OutcomeUnknown)
        assert time.slept == [1, 2, 4, 8]
    sent = portal.tries().get(END.path, 0)
    assert (sent, len(portal.calls("/api/user/login"))) == {
        "refused": (0, 1), "turned away": (5, 1), "login": (0, 6),
    }[how]  # fmt: skip
    assert journal_in(tmp_path, clock).progress().last_state(6) == "failed"


def test_nobody_waits_for_the_log_of_notifications_to_hear_that_one_is_unknown() -> None:
    script = {"/api/user/login": [LOGIN], "/api/notification/log": [Says(503)]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, time):
        assert notification_log_words(client, "UGA", "floods").startswith("nothing can tell")
        assert (len(server.calls("/api/notification/log")), time.slept) == (5, [1, 2, 4, 8])


def test_a_certificate_that_is_not_trusted_keeps_its_five_attempts(tmp_path: Path) -> None:
    with tls_server(tmp_path) as port, client_of(f"https://127.0.0.1:{port}") as (client, time):
        with pytest.raises(ServerUnreachable, match="certificate"):
            client.send(FIRST, tmp_path.joinpath)
        assert time.slept == [1, 2, 4, 8]


@contextmanager
def closing() -> Iterator[int]:
    """A server that hangs up on whoever begins to speak TLS, as one does that stops."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def test_a_server_that_hangs_up_on_tls_is_waited_for(tmp_path: Path) -> None:
    with closing() as port, client_of(f"https://127.0.0.1:{port}", seconds=60) as (client, time):
        with pytest.raises(ServerUnreachable):
            client.send(FIRST, tmp_path.joinpath)
        assert time.slept == [1, 2, 4, 8, 16, 29]


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (requests.ConnectTimeout(), True),
        (requests.ReadTimeout(), True),
        (requests.ConnectionError("refused"), True),
        (requests.exceptions.ChunkedEncodingError(), True),
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(ssl.SSLEOFError())), True),
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(ssl.SSLCertVerificationError())), False),
        (requests.exceptions.SSLError(), False),
        (requests.exceptions.InvalidURL(), False),
        (requests.exceptions.ContentDecodingError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_errors_may_pass(error: requests.RequestException, passes: bool) -> None:
    assert may_pass(error) is passes


def test_a_question_in_between_waits_as_well() -> None:
    """What people have decided is read again before a revision that broke off is gone on with."""
    answers = [*[Says(504)] * 7, Says(200, [])]
    with ScriptedServer({"/api/event": answers}) as server, client_of(server.url) as (client, time):
        assert client.get_if_there("/event") == []
        assert time.slept == [1, 2, 4, 8, 16, 30, 30]
    with ScriptedServer({"/api/event": [Says(504)]}) as server, client_of(server.url) as (client, time):
        with pytest.raises(IbfError):
            client.get_if_there("/event", keep_trying=False)
        assert time.slept == [1, 2, 4, 8]


def test_what_is_prepared_is_sent_as_it_would_have_been_anyway(portal: Portal, tmp_path: Path) -> None:
    call = Call(1, "exposure", "POST", "/exposure", body={"name": "Bahía", "rows": [{"amount": 0.1}, None], "on": True})
    with client_of(portal.url) as (client, _):
        transport = IbfTransport(client, tmp_path.joinpath)
        transport.prepare([call])
        transport.send(call)
        client.send(call, tmp_path.joinpath)
    prepared, plain = portal.calls("/api/exposure")
    by_requests = requests.Request("POST", portal.url, json=call.body).prepare()
    for request in (prepared, plain):
        assert request.body == by_requests.body
        assert request.headers["content-type"] == by_requests.headers["Content-Type"]


def test_a_look_that_nobody_may_wait_for_is_over_soon() -> None:
    """Whatever a Retry-After header asks for, and however long each of many answers takes."""
    says = {"/api/user/login": [LOGIN], "/api/event": [Says(503, headers={"Retry-After": "120"})]}
    with ScriptedServer(says) as server, client_of(server.url) as (client, time):
        with pytest.raises(IbfError):
            client.hurried().get("/event", keep_trying=False)
        assert time.slept == [5], "the limits of a look, not those of the target"
    with ScriptedServer({"/api/event": [Says(200, [])]}) as server, client_of(server.url) as (client, time):
        now = iter([clock(), clock() + TIME_LIMIT / 2, clock() + TIME_LIMIT * 2])
        asked = DeadlineReader(client, clock() + TIME_LIMIT, lambda: next(now))
        assert [asked.get("/event", keep_trying=False), asked.get_if_there("/event", keep_trying=False)] == [[], []]
        with pytest.raises(ServerUnreachable, match="not read to the end within 2 minutes"):
            asked.get_if_there("/event", keep_trying=False)
        assert len(server.calls("/api/event")) == 2
