"""The receiver under attack and under storm: 2xx only for what is on disk."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import logging
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.errors import WriteFailed
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.satellites.subscriptions.entity import EndpointAccount, SubscriptionRequest
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.receiver import Admission, build_receiver
from ibf_pipeline.satellites.subscriptions.reconciliation import apply_subscriptions
from ibf_pipeline.satellites.subscriptions.server import serving
from ibf_pipeline.satellites.subscriptions.settings import ReceiverSettings
from ibf_pipeline.satellites.subscriptions.subscription_plan import DeclaredSubscription
from tests.satellites.subscriptions.test_recorded import sample
from tests.worlds.services.catalogue import radar_product
from tests.worlds.services.catalogue_account import HERE, NOON, RADAR, Clock, World
from tests.worlds.services.catalogue_web import Served

OURS = "0000a001-0000-4000-8000-000000000001"
ACCOUNT = ("receiver", "canary:receiver-Pässword")


@contextmanager
def receiver(
    folder: Path, *, provider_of: Callable[[str], str | None] = {OURS: "cdse"}.get, **more: Any
) -> Iterator[tuple[str, Inbox]]:
    megabytes = more.pop("max_megabytes", 100)
    inbox = Inbox(open_records(records_url(folder), wait_seconds=0.2), Clock(), megabytes)
    admission = Admission(*ACCOUNT, provider_of, **more)
    with Served(build_receiver(admission, inbox, Clock())) as served:
        yield f"http://127.0.0.1:{served.port}", inbox


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


GOOD = basic(*ACCOUNT)


def notification(number: int, subscription: str = OURS, key: str = "value", event: str = "created") -> dict[str, Any]:
    product = radar_product(number, NOON, HERE)
    return {
        "SubscriptionEvent": event,
        "ProductId": product["Id"],
        "ProductName": product["Name"],
        "SubscriptionId": subscription,
        "NotificationDate": "2026-11-20T12:00:00.000Z",
        key: product,
    }


def post(url: str, body: Any, headers: dict[str, str] | None = None) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(
        f"{url}/notifications", data=data, headers=GOOD if headers is None else headers, timeout=30
    ).status_code


@pytest.mark.parametrize("key", ["value", "Value"])
def test_a_notification_is_on_disk_when_it_is_answered(tmp_path: Path, key: str):
    with receiver(tmp_path) as (url, _):
        assert post(url, notification(1, key=key)) == 204
        (entry,) = Inbox(open_records(records_url(tmp_path)), Clock()).entries()  # as another process sees it
    assert (entry.state, entry.provider, entry.acquired) == ("waiting", "cdse", NOON)


def test_the_documents_own_notification(tmp_path: Path):
    content = sample("creodias", "notification")
    with receiver(tmp_path, provider_of={content["SubscriptionId"]: "creodias"}.get) as (url, inbox):
        assert post(url, content) == 204
        assert inbox.entries()[0].name.startswith("S1A_S3_GRDH_1SDV_20230801T152912")


def test_attacks_store_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]):
    """Every attack by its own status; the counts are the health page's."""
    caplog.set_level(logging.DEBUG)
    fine = notification(1)
    wrong = [
        {},
        basic("receiver", "wrong"),
        basic("other", ACCOUNT[1]),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + "A" * 5000},
        {"Authorization": GOOD["Authorization"].replace("Basic", "Bearer")},
        {"Authorization": b"Basic \xff\xfe"},
    ]
    attacks: list[tuple[str, int, Any, Any]] = [
        *(("wrong credentials", 401, fine, headers) for headers in wrong),
        ("ten megabytes", 413, b"x" * 10_000_000, GOOD),
        ("not JSON", 400, b"product=1", GOOD),
        ("not UTF-8", 400, b'{"ProductId": "\xff"}', GOOD),
        ("deep JSON", 400, b"[" * 200_000, GOOD),
        ("empty", 400, b"", GOOD),
        ("a list", 422, [fine], GOOD),
        ("no ids", 422, {"value": {}}, GOOD),
        ("dashes for an id", 422, {**fine, "ProductId": "--------"}, GOOD),
        ("another product inside", 422, {**fine, "ProductId": "00000000-0000-0000-0000-0000000000ff"}, GOOD),
        ("SQL for an id", 422, {**fine, "ProductId": "1'; DROP TABLE eodata_product; --"}, GOOD),
        ("foreign subscription", 403, notification(1, "ffffffff-0000-4000-8000-000000000001"), GOOD),
    ]
    with receiver(tmp_path) as (url, inbox):
        answers = [(name, expected, _status(url, body, headers)) for name, expected, body, headers in attacks]
        assert [answer for answer in answers if answer[1] != answer[2]] == []
        health = requests.get(f"{url}/health", timeout=10).json()
        assert inbox.counts() == {"incomplete": 0, "waiting": 0, "triggered": 0, "ignored": 0, "notifications": 0}
        assert post(url, fine) == 204, "and it still works"
    counts = health["since start"]
    assert counts == {
        "wrong credentials": 7,
        "too large": 1,
        "no JSON": 4,
        "not a notification": 5,
        "foreign subscription": 1,
    }
    with capsys.disabled():
        print(f"\nreceiver attacks refused: {sum(counts.values())} of {len(attacks)}: {counts}")
    assert "canary" not in caplog.text + json.dumps(health)
    assert GOOD["Authorization"].split()[1] not in caplog.text


def _status(url: str, body: Any, headers: dict[str, str]) -> int:
    """The answer, read also when the server closes while ten megabytes are still on their way."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    host, port = url.removeprefix("http://").split(":")
    head = [f"POST /notifications HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(data)}\r\n".encode()]
    head += [
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
        for name, value in headers.items()
    ]
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"".join(head) + b"\r\n" + data[:60_000])
        return int(connection.recv(1000).split()[1]) if len(data) > 1_000_000 else _after(connection, data[60_000:])


def _after(connection: socket.socket, rest: bytes) -> int:
    with contextlib.suppress(OSError):  # refused before it was all read
        connection.sendall(rest)
    return int(connection.recv(1000).split()[1])


def test_a_body_without_a_length_is_counted_as_it_comes(tmp_path: Path):
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 50_000

    with receiver(tmp_path, body_limit=100_000) as (url, _):
        try:
            status = requests.post(f"{url}/notifications", data=chunks(), headers=GOOD, timeout=20).status_code
        except requests.ConnectionError:  # closed while it was still being sent
            status = 413
        assert status == 413
        assert requests.get(f"{url}/health", timeout=10).json()["since start"] == {"too large": 1}


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path):
    with receiver(tmp_path, body_seconds=0.3) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(
                b"POST /notifications HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n"
                + f"Authorization: {GOOD['Authorization']}\r\n\r\n".encode()
            )
            assert b" 408 " in connection.recv(1000)


def test_503_while_the_inbox_is_locked_and_204_afterwards(tmp_path: Path):
    with receiver(tmp_path) as (url, inbox):
        with open_records(records_url(tmp_path)).transaction():
            assert post(url, notification(1)) == 503
        assert inbox.entries() == []
        assert post(url, notification(1)) == 204
        assert requests.get(f"{url}/health", timeout=10).json()["since start"] == {"not stored": 1, "stored": 1}


def test_503_when_the_inbox_is_full_and_nothing_is_claimed(tmp_path: Path):
    with receiver(tmp_path, max_megabytes=1, body_limit=1_000_000) as (url, inbox):
        statuses = []
        for number in range(1, 12):
            content = notification(number)
            content["value"]["Padding"] = "x" * 200_000
            statuses.append(post(url, content))
        assert set(statuses) == {204, 503}
        assert len(inbox.entries()) == statuses.count(204)
        with pytest.raises(WriteFailed, match=r"full.* `ibf-pipeline inbox prune`, or raise inbox\.max_megabytes"):
            inbox.store("cdse", "push", [])
        kept, health = statuses.count(204), requests.get(f"{url}/health", timeout=10)
        assert health.status_code == 503
        assert health.json()["status"].endswith(f"; {kept} of {kept} products are not settled")
        assert inbox.prune(NOON + timedelta(days=1)) == 0, "nothing is settled"
        assert inbox.prune(NOON + timedelta(days=1), ["waiting"]) == kept
        assert post(url, notification(12)) == 204, "what was dropped makes room"
        assert requests.get(f"{url}/health", timeout=10).json()["status"] == "ok"


def test_a_storm_with_duplicates_is_kept_once_each(tmp_path: Path):
    """500 posts by 16 connections: 100 products, each five times, 50 posts with a wrong password among them."""
    assert storm(tmp_path, 100) == ({204: 450, 401: 50}, 90, 450)


@pytest.mark.story
def test_a_storm_of_5000_with_duplicates_is_kept_once_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """5,000 posts by 16 connections: 1,000 products, each five times, 500 posts with a wrong password among them."""
    counts, products, stored = storm(tmp_path, 1000)
    with capsys.disabled():
        print(f"\nreceiver storm: {counts}, {products} products, {stored} notifications")
    assert (counts, products, stored) == ({204: 4500, 401: 500}, 900, 4500)


def storm(folder: Path, products: int) -> tuple[dict[int, int], int, int]:
    """Post each product five times, every tenth post with a wrong password: answers, products and posts kept."""
    bodies = [json.dumps(notification(number % products + 1)).encode() for number in range(5 * products)]
    local = threading.local()

    def send(number: int) -> int:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        headers = basic("receiver", "wrong") if number % 10 == 9 else GOOD
        local.connection.request("POST", "/notifications", bodies[number], headers)
        answer = local.connection.getresponse()
        answer.read()
        return int(answer.status)

    with receiver(folder) as (url, inbox):
        with ThreadPoolExecutor(16) as pool:
            counts = Counter(pool.map(send, range(5 * products)))
        return dict(counts), len(inbox.entries()), inbox.counts()["notifications"]


def test_the_catalogues_own_deliveries(every: World, tmp_path: Path):
    """Three tries each; a receiver that is away loses them, and the duplicates of a slow one do no harm."""
    account = EndpointAccount(*ACCOUNT)
    request = SubscriptionRequest("push", RADAR, endpoint="https://floods.example.org/notifications", account=account)
    apply_subscriptions(every.client, every.ledger, [DeclaredSubscription("floods", request)])
    answers: list[int] = []

    with receiver(tmp_path / "receiver", provider_of=every.ledger.provider_of) as (url, inbox):

        def deliver(endpoint: str, name: str, password: str, content: dict[str, Any]) -> int:
            """The public name is the loopback receiver's here; the first try of each product 2 is lost on the way."""
            assert endpoint == "https://floods.example.org/notifications"
            status = post(url, content, basic(name, password))
            lost = content["ProductId"] == radar_product(2, NOON, HERE)["Id"] and not answers
            answers.append(status)
            return 504 if lost or content["ProductId"] == radar_product(3, NOON, HERE)["Id"] else status

        every.catalogue.deliver = deliver
        for number in (2, 1, 3):
            every.catalogue.publish(radar_product(number, NOON, HERE))
        assert [statuses for _, statuses in every.catalogue.deliveries] == [(504, 204), (204,), (504, 504, 504)]
        assert len(inbox.entries()) == 3
        assert inbox.counts()["notifications"] == 6


def crossing(corners: int, seed: int = 1) -> list[list[float]]:
    """A ring around the world that crosses itself about corners^2 / 6 times."""
    chance = random.Random(seed)
    ring = [[chance.uniform(-180, 180), chance.uniform(-90, 90)] for _ in range(corners)]
    return [*ring, ring[0]]


@pytest.mark.parametrize("corners", [25, 300, 20_000])
def test_a_footprint_that_crosses_itself_costs_no_time(tmp_path: Path, corners: int):
    """Repairing a ring of 300 corners takes 40 seconds, in which nothing else would be received."""
    content = notification(1)
    content["value"]["GeoFootprint"] = {"type": "Polygon", "coordinates": [crossing(corners)]}
    with receiver(tmp_path) as (url, inbox):
        begun = time.monotonic()
        assert post(url, content) == 204
        assert time.monotonic() - begun < 3
        assert requests.get(f"{url}/health", timeout=1).json()["since start"] == {"stored": 1}
        footprint = inbox.entries()[0].footprint
    assert footprint is not None
    assert footprint.is_valid
    assert footprint.area > 10_000  # of 64,800 square degrees


ENDPOINTS = ["/", "/notifications", "/notifications/", "/catalogue-notifications:8000", "//", "/a/b?c=d", "/health"]
"""paths of endpoints as the documents write them (`https://example.com:8000/`), and others"""


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_push_to_any_path_is_stored_and_counted(tmp_path: Path, path: str):
    with receiver(tmp_path) as (url, inbox):
        pushed = requests.post(url + path, json=notification(1), headers=GOOD, timeout=10, allow_redirects=False)
        assert (pushed.status_code, len(inbox.entries())) == (204, 1)
        health = requests.get(f"{url}/health", timeout=10).json()
    assert health["since start"] == {"stored": 1}
    assert health["subscriptions"] == {OURS: {"stored": 1, "last": "2026-11-20T12:00:00.000Z", "peer": "127.0.0.1"}}
    assert health["last"]["stored"]["path"] == path.partition("?")[0].replace(":", "%3A")


def test_every_request_is_counted_and_logged_with_peer_time_and_subscription(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "ibf_pipeline")
    foreign = "ffffffff-0000-4000-8000-000000000001"
    by_proxy = {**GOOD, "X-Forwarded-For": "198.51.100.7"}
    with receiver(tmp_path) as (url, _):
        answers = [
            requests.request(method, url + path, json=content, headers=headers, timeout=10).status_code
            for method, path, content, headers in (
                ("POST", "/a", notification(1), by_proxy),
                ("POST", "/b", notification(1, foreign), by_proxy),
                ("POST", "/c", notification(1), {}),
                ("GET", "/d%0aforged", None, {}),
                ("HEAD", "/", None, {}),
                ("BREW", "/", None, {}),
            )
        ]
        health = requests.get(f"{url}/health", timeout=10).json()
    assert answers == [204, 403, 401, 405, 405, 405]
    assert health["since start"] == {"stored": 1, "foreign subscription": 1, "wrong credentials": 1, "not a POST": 3}
    assert health["last"]["foreign subscription"] == {
        "time": "2026-11-20T12:00:00.000Z", "peer": "198.51.100.7", "method": "POST", "path": "/b",
        "subscription": foreign,
    }  # fmt: skip
    said = [record.getMessage() for record in caplog.records if record.name.endswith("tally")]
    assert said[:4] == [
        f"POST /a from 198.51.100.7, subscription {OURS}: stored",
        f"POST /b from 198.51.100.7, subscription {foreign}: the subscription is not one of ours",
        "POST /c from 127.0.0.1, subscription unknown: wrong credentials",
        "GET /d%0Aforged from 127.0.0.1, subscription unknown: notifications are posted",
    ]
    assert len(said) == 6


@pytest.mark.parametrize("begins", [b"", b"POST /notifications HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["idle", "slow"])
def test_headers_that_do_not_come_are_given_up(tmp_path: Path, begins: bytes):
    """Sent drop by drop, or not at all; a request that comes in time is answered by the same server."""
    inbox = Inbox(open_records(records_url(tmp_path)), Clock(), 100)
    app = build_receiver(Admission(*ACCOUNT, {OURS: "cdse"}.get), inbox, Clock())
    with Served(app, serving(app, ReceiverSettings(header_seconds=0.4), 0)) as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(begins)
            begun, closed = time.monotonic(), False
            while not closed and time.monotonic() - begun < 60:
                with contextlib.suppress(OSError):
                    connection.sendall(b"x" if begins else b"")
                connection.settimeout(0.05)
                try:
                    closed = connection.recv(100) == b""
                except TimeoutError:
                    continue
                except ConnectionResetError:  # what the server had not read when it closed is answered so
                    closed = True
            assert closed
        assert post(f"http://127.0.0.1:{served.port}", notification(1)) == 204
    assert app.tally.counts == {"no headers": 1, "stored": 1}


@pytest.mark.parametrize("sent", [b"GARBAGE\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"])
def test_what_the_server_answers_itself_is_counted_too(tmp_path: Path, caplog: pytest.LogCaptureFixture, sent: bytes):
    inbox = Inbox(open_records(records_url(tmp_path)), Clock(), 100)
    app = build_receiver(Admission(*ACCOUNT, {OURS: "cdse"}.get), inbox, Clock())
    with Served(app, serving(app, ReceiverSettings(), 0)) as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(sent)
            assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
        health = requests.get(f"http://127.0.0.1:{served.port}/health", timeout=10).json()
    assert health["since start"] == {"no HTTP": 1}
    assert health["last"] == {"no HTTP": {"time": "2026-11-20T12:00:00.000Z", "peer": "127.0.0.1"}}
    assert "no request from 127.0.0.1: Invalid HTTP request received." in caplog.messages


def test_more_than_are_taken_at_once_are_counted_and_told_to_come_again(tmp_path: Path):
    """The first is held up while it is looked at; health is told all the while."""
    inbox = Inbox(open_records(records_url(tmp_path)), Clock(), 100)
    asked, go_on = threading.Event(), threading.Event()

    def provider_of(_: str) -> str:
        asked.set()
        assert go_on.wait(10)
        return "cdse"

    app = build_receiver(Admission(*ACCOUNT, provider_of, at_once=1), inbox, Clock())
    with Served(app, serving(app, ReceiverSettings(), 0)) as served, ThreadPoolExecutor(1) as pool:
        url = f"http://127.0.0.1:{served.port}"
        first = pool.submit(post, url, notification(1))
        assert asked.wait(10)
        refused = requests.post(f"{url}/b", json=notification(2), headers=GOOD, timeout=10)
        health = requests.get(f"{url}/health", timeout=10).json()
        go_on.set()
        assert first.result(10) == 204
        assert post(url, notification(2)) == 204
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert health["since start"] == {"too many": 1}
    assert (health["last"]["too many"]["peer"], health["last"]["too many"]["path"]) == ("127.0.0.1", "/b")


def test_half_a_character_and_a_fault_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = notification(1)
    content["value"]["Name"] = "bad \ud800 name"
    with receiver(tmp_path) as (url, inbox):
        assert post(url, content) == 204
        assert inbox.entries()[0].name == "bad ? name"
        monkeypatch.setattr(inbox, "store", lambda *_: 1 / 0)
        assert post(url, notification(2)) == 500
        assert requests.get(f"{url}/health", timeout=10).json()["since start"] == {"stored": 1, "failed": 1}
