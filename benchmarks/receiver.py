"""Notifications per second that the receiver accepts durably, over HTTP on loopback.

Run: python -m benchmarks.receiver [notifications]

Side by side: the receiver in a process of its own under load from eight connections, and the inbox alone in a loop.
At the end the receiver is killed (SIGKILL) and every notification that it answered with 204 must be in its records.
"""

from __future__ import annotations

import base64
import http.client
import json
import multiprocessing
import signal
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.notification import read_notification

CONNECTIONS = 8
SUBSCRIPTION = "0000a001-0000-4000-8000-000000000001"
AUTHORIZATION = "Basic " + base64.b64encode(b"receiver:benchmark").decode()
ATTRIBUTES = [{"@odata.type": "#OData.CSC.StringAttribute", "Name": f"name{n}", "Value": "x" * 20} for n in range(24)]


def notification(number: int) -> dict[str, Any]:
    """About 3 kB: half of the CREODIAS document's sample."""
    product = str(uuid.UUID(int=number))
    ring = [[30, 0], [32, 0.4], [31.6, 2], [29.6, 1.6], [30, 0]]
    return {
        "SubscriptionEvent": "created",
        "ProductId": product,
        "ProductName": f"S1A_IW_GRDH_1SDV_{number:06d}.SAFE",
        "SubscriptionId": SUBSCRIPTION,
        "NotificationDate": "2026-11-20T12:00:00.000Z",
        "value": {
            "Id": product,
            "Name": f"S1A_IW_GRDH_1SDV_{number:06d}.SAFE",
            "ContentDate": {"Start": "2026-11-20T10:00:00.000Z", "End": "2026-11-20T10:00:25.000Z"},
            "PublicationDate": "2026-11-20T11:00:00.000Z",
            "GeoFootprint": {"type": "Polygon", "coordinates": [ring]},
            "Attributes": ATTRIBUTES,
        },
    }


def inbox_in(folder: Path) -> Inbox:
    """The inbox in the records of a folder."""
    return Inbox(open_records(records_url(folder)), lambda: datetime.now(UTC))


def serve(folder: str, port: Any) -> None:
    """The receiver in a process of its own."""
    import socket

    import uvicorn

    from ibf_pipeline.satellites.subscriptions.receiver import Admission, build_receiver

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    port.value = listener.getsockname()[1]
    admission = Admission("receiver", "benchmark", {SUBSCRIPTION: "cdse"}.get)
    app = build_receiver(admission, inbox_in(Path(folder)), lambda: datetime.now(UTC))
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


def send(port: int, bodies: list[bytes]) -> tuple[int, list[float]]:
    """Post bodies one after the other on one connection: how many were accepted, and the seconds of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    accepted, seconds = 0, []
    headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
    for body in bodies:
        begun = time.perf_counter()
        connection.request("POST", "/notifications", body, headers)
        answer = connection.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - begun)
        accepted += answer.status == 204
    connection.close()
    return accepted, seconds


def over_http(count: int, folder: Path) -> tuple[float, float]:
    """Notifications a second, and the 99th percentile of the answers in milliseconds."""
    bodies = [json.dumps(notification(number + 1)).encode() for number in range(count)]
    port = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=serve, args=(str(folder / "received"), port), daemon=True)
    process.start()
    for _ in range(600):
        if port.value:
            break
        time.sleep(0.05)
    send(port.value, bodies[:1])
    begun = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answers = list(pool.map(lambda part: send(port.value, bodies[1 + part :: CONNECTIONS]), range(CONNECTIONS)))
    took = time.perf_counter() - begun
    assert process.pid is not None
    process.kill()
    process.join(timeout=10)
    assert process.exitcode == -signal.SIGKILL
    accepted = 1 + sum(number for number, _ in answers)
    kept = len(inbox_in(folder / "received").entries())
    assert kept == accepted == count, f"answered {accepted}, kept {kept}, sent {count}"
    seconds = sorted(value for _, values in answers for value in values)
    return (count - 1) / took, 1000 * seconds[int(0.99 * len(seconds))]


def inbox_alone(count: int, folder: Path) -> float:
    """Notifications a second of the inbox in a loop, one transaction each, without HTTP."""
    items = [read_notification(notification(number + 1)) for number in range(count)]
    inbox = inbox_in(folder / "alone")
    begun = time.perf_counter()
    for item in items:
        inbox.store("cdse", "push", [item])
    return count / (time.perf_counter() - begun)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    with tempfile.TemporaryDirectory() as folder:
        rate, slowest = over_http(count, Path(folder))
        alone = inbox_alone(count, Path(folder))
    size = len(json.dumps(notification(1)))
    print(f"{count} notifications of {size} bytes, {CONNECTIONS} connections, each on disk before its 204")
    print(f"receiver over HTTP   {rate:8.0f} a second, 99 % answered within {slowest:.0f} ms; all kept after SIGKILL")
    print(f"inbox without HTTP   {alone:8.0f} a second")
    print(f"ratio                {rate / alone:8.2f}")


if __name__ == "__main__":
    main()
