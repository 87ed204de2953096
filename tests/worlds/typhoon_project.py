"""A country with typhoon, run as an operator runs it: tracks in BUFR files, the built-in server, commands."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from prefect.client.schemas.objects import State

from flows.typhoon import typhoon
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.sources.tracks.files import NO_CYCLONES
from ibf_pipeline.synthetic.track_files import write_tracks
from tests.worlds.countries.typhoon_islands import SECTION, write_country
from tests.worlds.hazard_runs import HazardRuns
from tests.worlds.storms import Storm, cycle

DAY = date(2026, 2, 10)


def issued(hour: int) -> IssueTime:
    """The cycle that begins so many hours after midnight of the day."""
    return IssueTime(DAY + timedelta(days=hour // 24), hour % 24)


def moment(hour: float) -> datetime:
    """So many hours after midnight of the day, UTC."""
    return datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(hours=hour)


class TyphoonRuns(HazardRuns[TyphoonFindings]):
    """A country whose cycles are run one after the other."""

    hazard = "typhoon"
    kind = TyphoonFindings

    def tracks(self, issue_time: IssueTime, *storms: Storm) -> None:
        """What the service has of a cycle; of no storm the file that says so."""
        folder = self.given / issue_time.start.strftime("%Y%m%d%H")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if storms:
            write_tracks(cycle(issue_time, storms), folder / "tracks.bufr")
        else:
            (folder / NO_CYCLONES).touch()

    def run(self, issue_time: IssueTime, storms: Sequence[Storm] | None = None, **more: Any) -> State:
        """A cycle; `storms`: what it has, None where nothing new came."""
        if storms is not None:
            self.tracks(issue_time, *storms)
        where = {"config": self.config, "workspace": self.workspace}
        return typhoon(self.iso3, str(issue_time), return_state=True, **where, **more)

    def portal(self, *, exercises: bool = False) -> Portal:
        """What the portal shows; or that of exercises."""
        with self.served(exercises=exercises) as (server, get):
            events = get(f"event?countryCodeISO3={self.iso3}&disasterType=typhoon")
            return Portal(
                events,
                {each["eventName"]: get(f"typhoon-track/{self.iso3}?eventName={each['eventName']}") for each in events},
                [mail.event_names for mail in server.mails(self.iso3)],
                len(get(f"admin-areas/{self.iso3}/typhoon/3")["features"]),
            )


class TyphoonProject(TyphoonRuns):
    """Two islands; each story has a folder of its own."""

    def __init__(self, root: Path, **section: Any) -> None:
        super().__init__(str(root / "config"), str(root / "work"), "XTI", root / "tracks")
        self.root = root
        write_country(root / "static")
        (root / "config/countries").mkdir(parents=True)
        target = {"kind": "ibf", "embedded_sandbox": True, "test_target": True, "exercises": True}
        self.settings(
            sources={"tracks": {"kind": "tracks-folder", "root": str(root / "tracks")}}, targets={"sandbox": target}
        )
        country = {
            "iso3": "XTI", "name": "Two Islands", "static": str(root / "static"), "admin_levels": [3],
            "default_admin_level": 3, "sources": ["tracks"], "hazards": {"typhoon": {**SECTION, **section}},
        }  # fmt: skip
        (root / "config/countries/XTI.yaml").write_text(yaml.safe_dump(country))


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a track as the portal gives it."""

    moment: datetime
    lat: float
    lon: float
    wind: int
    """km/h"""
    category: str
    landfall: bool
    closest: bool

    @classmethod
    def of(cls, feature: dict[str, Any]) -> Point:
        given, (lon, lat) = feature["properties"], feature["geometry"]["coordinates"]
        return cls(
            datetime.fromisoformat(given["timestampOfTrackpoint"]), lat, lon, given["windspeed"], given["category"],
            given["firstLandfall"], given["closestToLand"],
        )  # fmt: skip


class Portal:
    """What the portal shows."""

    def __init__(
        self,
        events: list[dict[str, Any]],
        tracks: dict[str, Any],
        mails: list[tuple[str, ...]],
        polygons: int,
    ) -> None:
        self.events = {
            event["eventName"]: (event["alertLevel"], event["firstLeadTime"], event["firstTriggerLeadTime"])
            for event in events
        }
        self.states = {
            event["eventName"]: (
                event["disasterSpecificProperties"]["typhoonLandfall"],
                event["disasterSpecificProperties"]["typhoonNoLandfallYet"],
            )
            for event in events
        }
        """event -> landfall, no landfall yet"""
        self.areas = {
            event["eventName"]: sorted(
                area["placeCode"] for area in event["alertAreas"] if area["alertLevel"] != "none"
            )
            for event in events
        }
        self.issued = {event["eventName"]: event["firstIssuedDate"][:16] for event in events}
        self.points = {event: [Point.of(each) for each in track["features"]] for event, track in tracks.items()}
        """event -> its track"""
        self.mails = mails
        self.polygons = polygons
        """of the national map"""
