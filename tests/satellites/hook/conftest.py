"""A loopback service, a client of it, an order desk and a configuration that points to it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.order_book import OrderBook, Quota
from ibf_pipeline.satellites.hook.order_desk import OrderDesk
from ibf_pipeline.satellites.hook.settings import TokenSettings
from ibf_pipeline.satellites.hook.tokens import token_source
from tests.worlds.services.hook import CLIENT_SECRET, DESP_PASSWORD, S3_SECRET, Loopback
from tests.worlds.services.hook_platform import Clock

ENVIRONMENT = {
    "DEDL_CLIENT_ID": "api-key",
    "DEDL_CLIENT_SECRET": CLIENT_SECRET,
    "DESP_USERNAME": "somebody",
    "DESP_PASSWORD": DESP_PASSWORD,
    "HOOK_S3_ACCESS_KEY": "hook-key",
    "HOOK_S3_SECRET_KEY": S3_SECRET,
}


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pause is the longest that chance allows: 1, 2, 4, 8, 16, then 30 seconds."""
    monkeypatch.setattr("random.uniform", lambda low, high: high)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[Loopback]:
    with Loopback(clock) as running:
        running.default_archive = archive({"product/measurement.txt": b"backscatter"})
        yield running


@pytest.fixture
def redact() -> Redactor:
    return Redactor()


def client_of(server: Loopback, clock: Clock, redact: Redactor | None = None) -> OdpClient:
    """A client of a running loopback service."""
    redact = redact or Redactor()
    token = TokenSettings(kind="service-account", url=server.token_url)
    source = token_source(token, ENVIRONMENT, now=clock, redact=redact, timeout=5)
    return OdpClient(server.odp, source, RetryPolicy(5, 3, clock.sleep), redact, clock)


@pytest.fixture
def client(server: Loopback, clock: Clock, redact: Redactor) -> Iterator[OdpClient]:
    opened = client_of(server, clock, redact)
    yield opened
    opened.close()


@pytest.fixture
def book(tmp_path: Path) -> OrderBook:
    return OrderBook(open_records(records_url(tmp_path / "book")))


@pytest.fixture
def open_desk(client: OdpClient, book: OrderBook, clock: Clock, redact: Redactor) -> Callable[..., OrderDesk]:
    def opened(per_month: int = 25, parallel: int = 1) -> OrderDesk:
        return OrderDesk(
            "dedl", client, book, Quota(per_month, parallel), environment=ENVIRONMENT, redact=redact, now=clock,
            settling=timedelta(seconds=120),
        )  # fmt: skip

    return opened


@pytest.fixture
def config(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Path:
    """The project's own destine.yaml, pointed at the loopback server; clock and pause are the fake clock's."""
    folder = tmp_path / "config"
    folder.mkdir()
    content = yaml.safe_load(Path("config/destine.yaml").read_text(encoding="utf-8"))
    content["services"]["dedl"] |= {"url": server.odp}
    content["services"]["dedl"]["token"]["url"] = server.token_url
    content["polling"] = {"attempts": 3}
    content["private_storage"] = {"endpoint_url": server.root, "bucket": "bucket"}
    (folder / "destine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "settings.yaml").write_text(Path("config/settings.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("flows.wiring.hook.clock", clock)
    monkeypatch.setattr("flows.wiring.hook.pause", clock.sleep)
    return folder


def archive(files: dict[str, bytes]) -> bytes:
    """A zip archive in memory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return stream.getvalue()
