"""The Hook service opened for a command: settings, token, client, order book; clock and environment enter here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flows.wiring.day import now
from flows.wiring.environment import read_env_files
from flows.wiring.records import open_database
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.loader import named
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.records.legacy_files import require_files_taken_over
from ibf_pipeline.satellites.hook.archives import ArchiveLimits
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.order_book import OrderBook, Quota
from ibf_pipeline.satellites.hook.order_desk import OrderDesk
from ibf_pipeline.satellites.hook.settings import HookSettings, Service, load_hook_settings
from ibf_pipeline.satellites.hook.tokens import token_source

clock = now
pause = time.sleep


@dataclass(frozen=True, slots=True)
class Hook:
    """One service with the account of the environment."""

    configuration: Configuration
    settings: HookSettings
    name: str
    service: Service
    redact: Redactor
    retry_policy: RetryPolicy
    now: Callable[[], datetime]

    @property
    def downloads(self) -> Path:
        """Folder of the service's results: another one may give its orders the same numbers."""
        return self.configuration.path(self.settings.downloads.folder) / self.name

    @property
    def largest_bytes(self) -> int:
        """Of a download, and of an archive unpacked."""
        return int(self.settings.downloads.largest_gigabytes * 1e9)

    @property
    def archive_limits(self) -> ArchiveLimits:
        """What an archive may hold."""
        return ArchiveLimits(
            self.largest_bytes, self.settings.downloads.largest_ratio, self.settings.downloads.most_files
        )

    def client(self) -> OdpClient:
        """A client; ConfigError if the account is not in the environment."""
        tokens = token_source(
            self.service.token,
            os.environ,
            now=self.now,
            redact=self.redact,
            timeout=self.retry_policy.timeout_seconds,
        )
        return OdpClient(self._url(), tokens, self.retry_policy, self.redact, self.now)

    def _url(self) -> str:
        """The service's address; ConfigError if its variable is not set."""
        if self.service.url is not None:
            return self.service.url
        what, remedy = f"the address of service {self.name}", "ask the service's operator for it, and export it"
        return values_of([str(self.service.url_variable)], os.environ, what, "destine.yaml", remedy)[0]

    @contextmanager
    def desk(self) -> Iterator[tuple[OdpClient, OrderDesk]]:
        """A client and the desk with the order book."""
        with closing(self.client()) as client:
            yield client, self.desk_of(client, self.book())

    def book(self) -> OrderBook:
        """The order book in the records; ForbiddenByRule if an earlier version's is not in them."""
        database = open_database(self.configuration)
        require_files_taken_over(self.configuration.path(self.settings.order_book), database)
        return OrderBook(database)

    def desk_of(self, client: OdpClient, book: OrderBook) -> OrderDesk:
        """The desk of a client and a book."""
        return OrderDesk(
            self.name,
            client,
            book,
            Quota(*self.service.quota),
            environment=os.environ,
            redact=self.redact,
            now=self.now,
            settling=timedelta(seconds=self.settings.polling.settle_seconds),
            gone=timedelta(hours=self.settings.polling.gone_hours),
        )


def open_hook(config: str, service: str | None = None) -> Hook:
    """The service that is named, or the configuration's own; ConfigError with the names there are."""
    folder = Path(config)
    settings = load_hook_settings(folder)
    name = service or settings.service
    remedy = "add it under services, or choose another"
    chosen = named("service", name, settings.services, folder / "destine.yaml", remedy)
    retry_policy = RetryPolicy(
        settings.polling.timeout_seconds, settings.polling.attempts, lambda seconds: pause(seconds)
    )
    configuration = load(folder)
    read_env_files(configuration.path("."))
    return Hook(configuration, settings, name, chosen, Redactor(), retry_policy, lambda: clock())
