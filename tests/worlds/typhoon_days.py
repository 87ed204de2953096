"""Cycles of typhoon as tests publish them: made-up findings, and a sandbox of the Philippines on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent, TyphoonFindings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import CountrySeed, HazardSeed
from ibf_pipeline.targets.ibf.state import ask_events
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.target import Publication
from tests.sandbox.recorded_mails import visible
from tests.worlds.countries.flash_days import FlashDays
from tests.worlds.services.portal import rectangle
from tests.worlds.typhoon_findings import AREAS, INDICATORS, cycle, issue


def seed(codes: Sequence[str] = AREAS) -> CountrySeed:
    """The Philippines with these municipalities, squares side by side from 13 N 121 E on."""
    features = [
        {
            "type": "Feature",
            "properties": {"adm3_pcode": code, "adm3_en": f"Area {code[-3:]}", "adm2_pcode": "N", "adm2_en": "North"},
            "geometry": rectangle(121 + number % 41 / 10, 13 + number // 41 / 10, 0.1, 0.1),
        }
        for number, code in enumerate(codes)
    ]
    return CountrySeed(
        iso3="PHL",
        name="Philippines",
        admin_areas={3: {"type": "FeatureCollection", "features": features}},
        hazards=(HazardSeed("typhoon", (3,), 3, INDICATORS),),
    )


@dataclass
class TyphoonDays(FlashDays):
    """The country, a sandbox and the folder of runs."""

    codes: tuple[str, ...] = AREAS

    def run(self, issue_time: str) -> RunFolder:
        return RunFolder(self.runs, RunId("PHL", "typhoon", IssueTime.parse(issue_time)))

    def cycle(self, *events: TyphoonEvent, number: int = 0, **more: Any) -> tuple[TyphoonFindings, Publication]:
        """Publish storms in the n-th cycle; whatever happened before, the portal shows in the end what it must."""
        publishing = {name: more.pop(name) for name in ("notify", "capabilities", "overrides", "url") if name in more}
        result = cycle(*events, at=issue(number), **more)
        published = self.publish(result, **publishing)
        assert published is not None
        return result, published

    @contextmanager
    def target(self, **more: Any) -> Iterator[IbfTarget]:
        with super().target(**more) as target:
            yield replace(target, place_codes=self._codes)

    def _codes(self, prepared: Path, result: Findings) -> dict[int, Sequence[str]]:
        return {3: self.codes}

    def revisions(self, number: int = 0) -> list[Revision]:
        return self.run(issue(number)).revisions("sandbox")

    def listed(self) -> list[dict[str, Any]]:
        """GET event."""
        with self.target() as target:
            return list(ask_events(target.client, "PHL", "typhoon"))

    def events(self) -> dict[str, tuple[str, str | None, str | None, int]]:
        """Name -> level, first lead time, first trigger's, number of listed areas."""
        return {
            e["eventName"]: (e["alertLevel"], e["firstLeadTime"], e.get("firstTriggerLeadTime"), len(e["alertAreas"]))
            for e in self.listed()
        }

    def landfall(self) -> dict[str, tuple[bool, bool]]:
        """Name -> landfall, and whether it is too early to say."""
        told = {event["eventName"]: event["disasterSpecificProperties"] for event in self.listed()}
        return {name: (about["typhoonLandfall"], about["typhoonNoLandfallYet"]) for name, about in told.items()}

    def polygons(self, **query: str) -> list[dict[str, Any]]:
        """Of the national map, or of an event's."""
        features = self.get("/admin-areas/PHL/typhoon/3", **query).json()["features"]
        return [feature["properties"] for feature in features]

    def track(self, event: str | None = None) -> list[dict[str, Any]]:
        query = {} if event is None else {"eventName": event}
        return list(self.get("/typhoon-track/PHL", **query).json()["features"])

    @property
    def mails(self) -> list[tuple[str, ...]]:
        return [mail.event_names for mail in self.sandbox.mails("PHL")]

    @property
    def last_mail(self) -> list[str]:
        """The lines of the newest mail."""
        return visible(self.sandbox.mails("PHL")[-1].html)


def kinds(published: Publication | None) -> list[tuple[str, str]]:
    assert published is not None
    return [(notice.kind, notice.event) for notice in published.notices]
