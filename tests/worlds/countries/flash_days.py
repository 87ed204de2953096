"""Blocks of flash floods of the two valleys as tests publish them: from rain to a sandbox on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests
import xarray as xr

from flows.hazard_run import publish_revisions
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, CountrySeed, HazardSeed, PointSeed, Sandbox
from ibf_pipeline.targets.ibf.revision import Destination
from ibf_pipeline.targets.ibf.state import ask_events
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import Publication
from tasks.runs import plan_revision, publish_revision
from tests.worlds.countries.two_valleys import AREAS, at, block, found, rain
from tests.worlds.services.portal import rectangle

PIPELINE = Credentials("pipeline@sandbox.example", SANDBOX_PASSWORD)
EXPOSED = {
    "A1": dict.fromkeys((3, 4, 5, 6), 20.5),
    "B1": dict.fromkeys((15, 16, 17, 18), 20.5),
}
"""82 mm in 4 hours: 212 people in A1 from hour 4 on, a trigger, and in B1 from 16 on, a warning"""
GAUGES = (
    RiverGauge("5", "Upper bridge", {at(-1): 3.0000001, at(-24): 2.5}, {2: 2.0}, {"warning": 2.5, "trigger": 4.0}),
    RiverGauge("6", "Lower bridge", {at(-2): 1.25}),
)


def seed() -> CountrySeed:
    """The country as its portal knows it: areas in a row, three schools, two gauges, three roads."""
    features = [
        {
            "type": "Feature",
            "properties": {"ADM3_PCODE": code, "ADM3_EN": f"Area {code}", "ADM2_PCODE": "D", "ADM2_EN": "District"},
            "geometry": rectangle(30 + place, 0, 1, 1),
        }
        for place, code in enumerate(AREAS)
    ]
    return CountrySeed(
        iso3="XTV",
        name="Two Valleys",
        admin_areas={3: {"type": "FeatureCollection", "features": features}},
        hazards=(HazardSeed("flash-floods", (3,), 3, ("population_affected", "nr_affected_buildings")),),
        points={
            "schools": tuple(PointSeed(fid, f"School {fid}", 0.5, 30.5) for fid in ("7", "9", "16", "40")),
            "gauges": tuple(PointSeed(fid, f"Gauge {fid}", 0.5, 30.5) for fid in ("5", "6")),
        },
        lines={"roads": (99, 120, 300), "buildings": ()},
    )


def clock() -> datetime:
    """A clock that stands still."""
    return datetime(2026, 11, 22, 15, tzinfo=UTC)


@dataclass
class FlashDays:
    """The country, a sandbox and the folder of runs."""

    runs: Path
    sandbox: Sandbox
    retry_policy: RetryPolicy = field(default_factory=lambda: RetryPolicy(attempts=2, sleep=lambda seconds: None))

    def run(self, issue: str) -> RunFolder:
        return RunFolder(self.runs, RunId("XTV", "flash-floods", IssueTime.parse(issue)))

    def keep(self, result: FlashFloodFindings) -> RunFolder:
        """Put findings into their run folder, with 18 rasters of a few bytes."""
        run = self.run(str(result.issue_time))
        folder = begin_findings(run)
        write_findings_json(result, folder / "events.json")
        for extent in result.extents:
            (folder / "extents" / extent.file_name).write_bytes(f"{extent.lead_time} {extent.events}".encode())
        keep_findings(run, folder, {"headline": result.headline, "source": result.source})
        return run

    def block(
        self, wet: Any, number: int = 0, before: FlashFloodFindings | None = None, **more: Any
    ) -> tuple[FlashFloodFindings, Publication | None]:
        """A whole block: `wet` as `two_valleys.rain` takes it."""
        cube = wet if isinstance(wet, xr.DataArray) else rain(wet, block(number))
        publishing = {name: more.pop(name) for name in ("notify", "capabilities", "overrides", "url") if name in more}
        result = found(cube, before, **more)
        return result, self.publish(result, **publishing)

    def publish(
        self,
        result: FlashFloodFindings,
        *,
        overrides: Overrides | None = None,
        end: NotificationMode | None = None,
        **more: Any,
    ) -> Publication | None:
        """Plan and make the calls; whatever happened before, the portal shows in the end what it must."""
        run = self.keep(result)
        opened, publish = partial(self.target, **more), partial(publish_revision.fn, end=end)
        made = publish_revisions(opened, result, run, overrides or Overrides(), clock, plan_revision.fn, publish)
        for each in made:
            assert each.verified is not None
            assert (each.verified.verdict, each.verified.differences) == ("agrees", ()), each.verified
        return made[-1] if made else None

    @contextmanager
    def target(self, *, notify: bool = True, capabilities: str = "auto", url: str | None = None) -> Iterator[IbfTarget]:
        client = IbfClient(url or self.sandbox.url, PIPELINE, self.retry_policy)
        destination = Destination("sandbox", client.base, notify)
        try:
            yield IbfTarget(client, destination, self.runs, clock, capabilities, place_codes=all_codes)
        finally:
            client.close()

    def revisions(self, number: int = 0) -> list[Revision]:
        return self.run(block(number)).revisions("sandbox")

    def get(self, path: str, **query: str) -> requests.Response:
        """What the server answers to a person's question."""
        account = {"email": PIPELINE.email, "password": PIPELINE.password}
        token = requests.post(f"{self.sandbox.url}/user/login", json=account, timeout=10).json()["user"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.sandbox.url}{path}", params=query, headers=headers, timeout=20)

    def events(self) -> dict[str, tuple[str, str | None, str | None, int]]:
        """Name -> level, first lead time, first trigger's, number of listed areas."""
        with self.target() as target:
            listed = ask_events(target.client, "XTV", "flash-floods")
        return {
            e["eventName"]: (e["alertLevel"], e["firstLeadTime"], e.get("firstTriggerLeadTime"), len(e["alertAreas"]))
            for e in listed
        }

    def points(self, category: str) -> dict[str, dict[str, str]]:
        """The points that show values."""
        answer = self.get(f"/point-data/{category}/XTV", disasterType="flash-floods").json()
        shown = (feature["properties"] for feature in answer["features"])
        return {p["fid"]: p["dynamicData"] for p in shown if p["dynamicData"]}

    def exposed_roads(self) -> dict[int, str | None]:
        return {line.fid: line.lead_time for line in self.sandbox.lines("roads", "XTV") if line.exposed}

    @property
    def mails(self) -> list[tuple[str, ...]]:
        return [mail.event_names for mail in self.sandbox.mails("XTV")]


def all_codes(prepared: Path, result: Findings) -> dict[int, Sequence[str]]:
    return {3: AREAS}
