"""A catalogue, a client and an inbox in one clock: what most tests need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.satellites.subscriptions.account import Account
from ibf_pipeline.satellites.subscriptions.client import CatalogueClient
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.ledger import Ledger
from ibf_pipeline.satellites.subscriptions.settings import IntakeSettings, Provider
from tests.worlds.services.catalogue import Catalogue
from tests.worlds.services.catalogue_web import Served, Web
from tests.worlds.services.dialects import CDSE, Dialect

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSWORD = "canary-account-password"
TOTP_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""the key of RFC 6238, appendix B, in base32"""
RADAR = "Collection/Name eq 'SENTINEL-1'"
HERE = (30.0, 0.0, 32.0, 2.0)
"""west, south, east, north"""
ELSEWHERE = (60.0, 40.0, 62.0, 42.0)


@dataclass
class Clock:
    """A clock that is set by hand."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class World:
    """All the parts, over HTTP on loopback."""

    clock: Clock
    catalogue: Catalogue
    web: Web
    client: CatalogueClient
    database: Database
    inbox: Inbox
    ledger: Ledger
    settings: IntakeSettings = field(default_factory=IntakeSettings)
    slept: list[float] = field(default_factory=list)


def provider_of(dialect: Dialect, port: int, **more: object) -> Provider:
    """A provider's settings, as config/eodata.yaml has them, at a loopback port."""
    return Provider.model_validate(
        {
            "base_url": f"http://127.0.0.1:{port}/odata/v1",
            "token_url": f"http://127.0.0.1:{port}/token",
            "username_variable": "EODATA_TEST_USERNAME",
            "password_variable": "EODATA_TEST_PASSWORD",
            "totp_variable": "EODATA_TEST_TOTP",
            "running_limit": dialect.running_limit,
            "events": dialect.events,
            "cancelled": dialect.cancelled,
            "timeout_seconds": 10,
            **more,
        }
    )


@contextmanager
def open_world(server: Served, tmp_path: Path, dialect: Dialect = CDSE, *, totp: bool = False) -> Iterator[World]:
    """A world that is empty at noon of 20 November 2026, on a server that all tests share."""
    with ExitStack() as stack:
        clock = Clock()
        catalogue = Catalogue(dialect, clock)
        web = Web(catalogue, PASSWORD)
        server.app.app = web.app()
        provider = provider_of(dialect, server.port)
        account = Account("analyst", PASSWORD, TOTP_SECRET if totp else None)
        slept: list[float] = []
        opened = CatalogueClient(
            dialect.name, provider, account, sleep=slept.append, now=lambda: clock().timestamp()
        )  # fmt: skip
        client = stack.enter_context(opened)
        database = open_records(records_url(tmp_path))
        yield World(
            clock, catalogue, web, client, database, Inbox(database, clock), Ledger(database, clock), slept=slept
        )
