"""Two machines of one installation: one portal, one database, one store; a home each, which can vanish.

What any machine has is the software with its configuration, the static data and the forecasts as their source has them:
nothing is written there. All else of a machine lies in its home. Each has a host name of its own, so that neither knows
of the other's processes whether they live.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import func, select

from flows.deployment.deploy import deploy as register
from ibf_pipeline.config.configuration import load
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.database import open_records
from ibf_pipeline.records.schema import ENTRY, LEASE, REVISION, RUN
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from tests.worlds.countries.projects import add_country, make_project
from tests.worlds.deployed_runs import wait_until
from tests.worlds.machine.machine import PATIENCE, POOL, ROOT, Machine
from tests.worlds.machine.site.sitecustomize import LEASE_SECONDS
from tests.worlds.services.postgres import PASSWORD, PostgresServer
from tests.worlds.services.prefect_server import PrefectServer
from tests.worlds.services.s3 import ENVIRONMENT, S3Server
from tests.worlds.services.turnstile import Turnstile

A, B, C = "alpha", "beta", "gamma"
"""names of machines"""
DAY, NEXT = date(2026, 2, 15), date(2026, 2, 16)
STORIES = {DAY: "two-events", NEXT: "trigger-after-warnings"}
MADE = 19
"""calls of XDP before its machine is gone"""


@dataclass
class Installation:
    """What the machines share."""

    folder: Path
    config: Path
    countries: tuple[str, ...]
    prefect: PrefectServer
    portal: Sandbox
    turnstile: Turnstile
    variables: dict[str, str]
    records: Database
    resumed: int = 0
    """revisions that another machine went on with"""
    repeated: int = 0
    """calls that may be made twice and were, because their end was not recorded when their machine was lost"""
    software_before: list[tuple[str, int, int]] = field(default_factory=list)
    """what any machine has, when nothing had run"""
    _bytes: Callable[[], int] = field(default=lambda: 0)

    def machine(self, name: str) -> Machine:
        """A machine with an empty home."""
        return Machine(name, self.folder / "homes" / name, self.config, self.variables)

    @contextmanager
    def beside(self, machine: Machine, *arguments: str) -> Iterator[Future[tuple[int, str]]]:
        """A command on a machine beside what is done to it; when the block ends nothing holds it any more."""
        with machine.begun_here(*arguments) as command:
            try:
                yield command
            finally:
                self.turnstile.let_all_through()

    def mails(self, iso3: str, day: date | None = None) -> int:
        """That the portal has sent, about a day or at all."""
        return sum(str(mail.moment).startswith(str(day or "")) for mail in self.portal.mails(iso3))

    def calls(self, iso3: str) -> int:
        """That the portal has carried out."""
        return self.turnstile.calls(iso3)

    def planned(self, iso3: str | None = None, day: date | None = None) -> int:
        """The calls of all revisions: of a country and day, or at all."""
        wanted = select(REVISION.c.plan)
        if iso3 is not None:
            wanted = wanted.where(REVISION.c.country == iso3)
        if day is not None:
            wanted = wanted.where(REVISION.c.issue_time == str(day))
        return sum(len(row.plan.splitlines()) for row in self.records.rows(wanted))

    def left(self, iso3: str, day: date) -> int:
        """Calls of a day's newest revision that the records do not know to be done."""
        of_day = select(REVISION).where(REVISION.c.country == iso3, REVISION.c.issue_time == str(day))
        newest = self.records.rows(of_day.order_by(REVISION.c.number.desc()))[0]
        done = select(ENTRY.c.call).where(ENTRY.c.revision == newest.id, ENTRY.c.call > 0, ENTRY.c.state == "done")
        return len(newest.plan.splitlines()) - len(self.records.rows(done.distinct()))

    def software(self) -> list[tuple[str, int, int]]:
        """What any machine has: files with their size and time."""
        files = (file for file in self.config.parent.rglob("*") if file.is_file())
        return sorted((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)

    def revisions(self, iso3: str, day: date) -> list[int]:
        """Their numbers, of a country's day."""
        wanted = select(REVISION.c.number).where(REVISION.c.country == iso3, REVISION.c.issue_time == str(day))
        return [row.number for row in self.records.rows(wanted.order_by(REVISION.c.number))]

    def await_lapse(self, iso3: str) -> None:
        """Until nobody can hold the country any more: who died on another machine gives nothing back."""

        def free() -> bool:
            rows = self.records.rows(select(LEASE).where(LEASE.c.name.startswith(f"{iso3}/")))
            return all(row.holder is None or row.expires < time.time() for row in rows)

        wait_until(free, f"the leases of {iso3} lapse", 200)

    def counts(self) -> dict[str, int]:
        """What there was in all, for the table at the end."""
        days = select(func.count()).select_from(
            select(RUN.c.country, RUN.c.issue_time).group_by(RUN.c.country, RUN.c.issue_time).subquery()
        )
        (country_days,) = self.records.rows(days)[0]
        (revisions,) = self.records.rows(select(func.count()).select_from(REVISION))[0]
        return {
            "countries": len(self.countries),
            "country-days": country_days,
            "revisions": revisions,
            "calls": sum(map(self.calls, self.countries)),
            "calls planned": self.planned(),
            "mails": sum(map(self.mails, self.countries)),
            "resumed": self.resumed,
            "calls repeated": self.repeated,
            "bytes in the store": self._bytes(),
        }


def table(counts: Mapping[str, int]) -> str:
    """Counts as people read them."""
    width = max(map(len, counts))
    return "\n".join(f"{name:<{width}} {value:>14,}" for name, value in counts.items())


@contextmanager
def installation(
    folder: Path,
    countries: Sequence[str],
    prefect: PrefectServer,
    postgres: PostgresServer,
    store: S3Server,
    lease_seconds: float | None = None,
) -> Iterator[Installation]:
    """An installation with a portal, a database and a bucket of its own, deployed; nothing has run.

    `lease_seconds`: until a lease that nobody renews is over, instead of the pipeline's own.
    """
    sections = {
        "records": postgres.url(postgres.empty(), password=False),
        "store": {"url": f"s3://{store.new_bucket()}/ibf", "endpoint_url": store.endpoint},
    }
    portal = Sandbox(folder / "portal")
    config = Path(make_project(folder / "software", countries, STORIES))
    for iso3 in countries:
        add_country(config, iso3, target="portal")
        static = ROOT / "data/fixtures/XDM" if iso3 == "XDM" else folder / "software/static" / iso3
        portal.seed(seed_from_static(static, iso3, name=iso3, admin_levels=(1, 2, 3), default_admin_level=2))
    variables = {
        **ENVIRONMENT,
        "IBF_RECORDS_PASSWORD": PASSWORD,
        "PREFECT_API_URL": prefect.url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLIENT_MAX_RETRIES": "20",  # a server on SQLite says 503 to a worker while it writes something else
        "DO_NOT_TRACK": "1",
        "IBF_EMAIL": "pipeline@sandbox.example",
        "IBF_PASSWORD": SANDBOX_PASSWORD,
        **({LEASE_SECONDS: str(lease_seconds)} if lease_seconds else {}),
    }
    with portal, Turnstile(portal.url) as turnstile, _environment(variables):
        _write_settings(config, turnstile.url, sections)
        configuration = load(config)
        kept = configuration.storage.store
        assert kept is not None
        made = Installation(
            folder, config, tuple(countries), prefect, portal, turnstile, variables,
            open_records(str(configuration.records)),
            _bytes=lambda: sum(each.size for each in kept.objects()),
        )  # fmt: skip
        made.software_before = made.software()
        with temporary_settings(updates={PREFECT_API_URL: prefect.url}):
            register(str(config), None)
            yield made


def _write_settings(config: Path, portal: str, sections: Mapping[str, Any]) -> None:
    file = config / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["paths"] = {name: f"${{IBF_HOME:-/nowhere}}/{name}" for name in ("prepared", "runs", "sandbox", "inputs")}
    settings["targets"] = {"portal": {"kind": "ibf", "url": portal, "timeout_seconds": PATIENCE}}
    settings["operations"] = {"work_pool": POOL}
    file.write_text(yaml.safe_dump({**settings, **sections}), encoding="utf-8")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """This process looks into records and store as a machine does."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def restarted(postgres: PostgresServer) -> Iterator[None]:
    """Stopped before the block, started after it."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def away(store: S3Server) -> Iterator[None]:
    """Every connection is broken off."""
    store.asked.clear()
    store.faults.away = True
    try:
        yield
    finally:
        store.faults.away = False
