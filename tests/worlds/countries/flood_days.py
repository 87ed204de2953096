"""Flood days as tests run them: the flow's own stages without Prefect, against a sandbox on loopback."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import requests
import xarray as xr
from shapely.geometry import box, mapping, shape

from flows.hazard_run import publish_revisions
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.store import ExtentTiles
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.report.writer import event_maps
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from ibf_pipeline.sandbox.vocabulary import ApiVersion
from ibf_pipeline.sources import ForecastFiles
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.targets.ibf.revision import Destination
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import Publication
from tasks.floods import find_events, record_findings
from tasks.runs import plan_revision, publish_revision
from tests.worlds.countries.gaps import with_gaps
from tests.worlds.runs import flood_run

PIPELINE = Credentials("pipeline@sandbox.example", SANDBOX_PASSWORD)
_UPLOADED = (
    "early_action_status", "event_area", "exposure", "lead_time_alert", "mail", "map_image", "point_value",
    "typhoon_track",
)  # fmt: skip
"""tables that uploads, people and notifications fill"""


def clock() -> datetime:
    """A clock that stands still: nothing under test depends on it."""
    return datetime(2026, 11, 22, 15, tzinfo=UTC)


def ensemble(
    layers: CountryLayers,
    country: FloodCountry,
    wishes: str,
    issue_date: date,
    *,
    missing: Sequence[str] = (),
    **more: Any,
) -> xr.DataArray:
    """The cube that makes a wish list true, as the reader would give it."""
    cube = make_ensemble(layers.thresholds, country.rule, wishes, seed=issue_date.toordinal(), **more)
    cube = with_gaps(cube, missing=missing)
    return cube.assign_coords(outside=("station", [False] * cube.sizes["station"])).assign_attrs(
        source="wish list", glofas_version="4", issue_date=issue_date.isoformat()
    )


@dataclass
class FloodDays:
    """A country, a sandbox and the folder of runs."""

    country: FloodCountry
    layers: CountryLayers
    tiles: ExtentTiles
    prepared: Path
    runs: Path
    sandbox: Sandbox
    retry_policy: RetryPolicy = field(default_factory=lambda: RetryPolicy(attempts=3, sleep=lambda seconds: None))
    mailed_only: tuple[str, ...] | None = None
    """of the target: what it mails about where the country is none of them"""
    storage: Storage | None = None
    """that it shares with other machines, whose runs are in other folders"""

    def run(self, issue_date: date) -> RunFolder:
        """The folder of a day."""
        return flood_run(self.runs, self.country.iso3, issue_date, self.storage)

    def find(self, wishes: str, issue_date: date, **more: Any) -> tuple[FloodFindings, RunFolder]:
        """Run the forecast of a wish list up to the finished run folder; equal days are found once and copied."""
        run = self.run(issue_date)
        wanted = (str(self.prepared), self.country.model_dump_json(), wishes, issue_date, repr(sorted(more.items())))
        if wanted not in _found_before():
            cube = ensemble(self.layers, self.country, wishes, issue_date, **more)
            found = find_events.fn(self.country.iso3, cube, self.layers, self.country)
            files = ForecastFiles("wish list", (), "4")
            where = (run, self.prepared)
            record_findings.fn(self.country.iso3, found, cube, self.tiles, self.country, files, *where)
            kept = Path(tempfile.mkdtemp(prefix="found-", dir=_found_folder().name))
            for name in ("events.json", "forecast.nc", "extents", "manifest.json"):
                _copy(run.path / name, kept / name)
            _found_before()[wanted] = (found, kept)
            return found, run
        found, kept = _found_before()[wanted]
        partial_folder = begin_findings(run)
        for name in ("events.json", "forecast.nc", "extents"):
            _copy(kept / name, partial_folder / name)
        keep_findings(run, partial_folder, json.loads((kept / "manifest.json").read_text(encoding="utf-8")))
        return found, run

    def publish(
        self,
        findings: FloodFindings,
        run: RunFolder,
        *,
        notify: bool = True,
        capabilities: str = "auto",
        url: str | None = None,
        overrides: Overrides | None = None,
        hold_until: datetime | None = None,
        end: NotificationMode | None = None,
    ) -> Publication | None:
        """Plan and make the calls, as often as the flow would; the last publication, None where nothing was to do.

        Whatever happened before, the portal shows in the end what it must.
        """
        publish = partial(publish_revision.fn, end=end)
        opened = partial(self.target, notify=notify, capabilities=capabilities, url=url, hold_until=hold_until)
        published = publish_revisions(opened, findings, run, overrides or Overrides(), clock, plan_revision.fn, publish)
        for each in published:
            assert each.verified is not None
            assert (each.verified.verdict, each.verified.differences) == ("agrees", ()), each.verified
        return published[-1] if published else None

    @contextmanager
    def target(
        self,
        *,
        notify: bool = True,
        capabilities: str = "auto",
        url: str | None = None,
        hold_until: datetime | None = None,
    ) -> Iterator[IbfTarget]:
        """The sandbox as a target, open for a day."""
        client = IbfClient(url or self.sandbox.url, PIPELINE, self.retry_policy)
        destination = Destination("sandbox", client.base, notify, hold_until)
        draw = partial(event_maps, self.prepared) if self.country.map_image else None
        try:
            given = (client, destination, self.prepared, clock, capabilities, draw)
            yield IbfTarget(*given, mailed_only=self.mailed_only)
        finally:
            client.close()

    def revisions(self, issue_date: date) -> list[Revision]:
        """The revisions of a day."""
        return self.run(issue_date).revisions("sandbox")

    def day(self, wishes: str, issue_date: date, **more: Any) -> tuple[FloodFindings, Publication | None]:
        """A whole day."""
        found, run = self.find(wishes, issue_date)
        return found, self.publish(found, run, **more)

    def get(self, path: str, **query: str) -> Any:
        """What the server answers to a person's question."""
        account = {"email": PIPELINE.email, "password": PIPELINE.password}
        token = requests.post(f"{self.sandbox.url}/user/login", json=account, timeout=10).json()["user"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{self.sandbox.url}{path}", params=query, headers=headers, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def events(self) -> dict[str, dict[str, Any]]:
        """The active events of the portal, by name."""
        found = self.get("/event", countryCodeISO3=self.country.iso3, disasterType="floods")
        return {event["eventName"]: event for event in found}

    def values(self, level: int, indicator: str, event: str | None = None) -> dict[str, float]:
        """An indicator of a level, by place code."""
        query = {"eventName": event} if event else {}
        rows = self.get(f"/admin-area-dynamic-data/{self.country.iso3}/{level}/{indicator}/floods", **query)
        return {row["placeCode"]: row["value"] for row in rows}


@cache
def _found_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="days-of-tests-")


@cache
def _found_before() -> dict[tuple[Any, ...], tuple[FloodFindings, Path]]:
    """What this process has found already: findings, and a folder with their files."""
    return {}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


class SharedServers:
    """One server of a generation for all tests of a process; whoever asks for it finds it as after its seed."""

    def __init__(self, folder: Path, static: Path, country: FloodCountry) -> None:
        self._folder, self._static, self._country = folder, static, country
        self._running: dict[ApiVersion, Sandbox] = {}

    def empty(self, behaves_like: ApiVersion = "current") -> Sandbox:
        """A running server that knows the country, and of which nobody has asked anything yet."""
        sandbox = self._running.get(behaves_like)
        if sandbox is None:
            folder = self._folder / behaves_like
            sandbox = open_sandbox(folder, self._static, [self._country], behaves_like=behaves_like).start()
            sandbox._backend.store.run("PRAGMA synchronous = OFF")  # no test pulls the plug
            self._running[behaves_like] = sandbox
        with sandbox._backend.store.transaction() as store:
            for table in _UPLOADED:
                store.run(f"DELETE FROM {table}")  # noqa: S608
        for kind in ("flood_extents", "rainfall_extents"):
            for file in sandbox._backend.raster_folder(kind).iterdir():
                file.unlink()
        return sandbox

    def stop(self) -> None:
        for sandbox in self._running.values():
            sandbox.stop()


def open_sandbox(folder: Path, static: Path, countries: Iterable[FloodCountry], **more: Any) -> Sandbox:
    """A sandbox that knows the countries; to be used as a context manager."""
    sandbox = Sandbox(folder, **more)
    for country in countries:
        seed = seed_from_static(
            static,
            country.iso3,
            name=country.name,
            admin_levels=country.admin_levels,
            default_admin_level=country.default_admin_level,
        )
        sandbox.seed(replace(seed, admin_areas={level: boxed(areas) for level, areas in seed.admin_areas.items()}))
    return sandbox


def boxed(areas: dict[str, Any]) -> dict[str, Any]:
    """The areas with their bounding boxes for shapes: every plan asks for all of them, and only maps look at them."""
    features = [{**f, "geometry": mapping(box(*shape(f["geometry"]).bounds))} for f in areas["features"]]
    return {**areas, "features": features}
