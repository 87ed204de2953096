"""A country with typhoon, run as an operator runs it: tracks in BUFR files, the built-in server, commands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from flows.cli.app import app
from flows.typhoon import typhoon
from flows.wiring.day import of_exercises, open_configuration
from flows.wiring.sandbox import open_sandbox
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from ibf_pipeline.sources.tracks.files import NO_CYCLONES
from ibf_pipeline.synthetic.track_files import write_tracks
from tests.worlds.countries.typhoon_islands import SECTION, write_country
from tests.worlds.storms import Storm, cycle

DAY = date(2026, 2, 10)


def issued(hour: int) -> IssueTime:
    """The cycle that begins so many hours after midnight of the day."""
    return IssueTime(DAY + timedelta(days=hour // 24), hour % 24)


def moment(hour: float) -> datetime:
    """So many hours after midnight of the day, UTC."""
    return datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(hours=hour)


@dataclass
class TyphoonRuns:
    """A country whose cycles are run one after the other."""

    config: str
    workspace: str
    iso3: str
    folder_of_tracks: Path
    """where its source of tracks looks"""

    @property
    def configuration(self) -> Configuration:
        return open_configuration(self.config, self.workspace)

    def tracks(self, issue_time: IssueTime, *storms: Storm) -> None:
        """What the service has of a cycle; of no storm the file that says so."""
        folder = self.folder_of_tracks / issue_time.start.strftime("%Y%m%d%H")
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

    def invoke(self, *arguments: str) -> tuple[int, str]:
        """A command: its exit code, and what it prints."""
        result = CliRunner().invoke(app, [*arguments, "--config", self.config, "--workspace", self.workspace])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return getattr(result.exception, "exit_code", 99), f"{result.output}{result.exception!r}"
        return result.exit_code, result.output

    def folder(self, issue_time: IssueTime, runs: str = "runs") -> RunFolder:
        return RunFolder(Path(self.workspace) / runs, RunId(self.iso3, "typhoon", issue_time))

    def found(self, issue_time: IssueTime, runs: str = "runs") -> TyphoonFindings:
        return self.folder(issue_time, runs).found_of(TyphoonFindings)

    def revisions(self, issue_time: IssueTime) -> list[Revision]:
        return self.folder(issue_time).revisions("sandbox")

    def notices(self, issue_time: IssueTime) -> list[tuple[str, str]]:
        """Kind and event of those of the newest revision."""
        notices = json.loads(self.revisions(issue_time)[-1].notices_file.read_text())["notices"]
        return [(notice["kind"], notice["event"]) for notice in notices]

    def portal(self, *, exercises: bool = False) -> Portal:
        """What the portal shows; or that of exercises."""
        configuration = of_exercises(self.configuration) if exercises else self.configuration
        with open_sandbox(configuration, configuration.country(self.iso3, "typhoon")) as server:
            account = {"email": "pipeline@sandbox.example", "password": SANDBOX_PASSWORD}
            token = requests.post(f"{server.url}/user/login", json=account, timeout=10).json()["user"]["token"]

            def get(path: str) -> Any:
                answer = requests.get(f"{server.url}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)
                answer.raise_for_status()
                return answer.json()

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

    def settings(self, **changes: Any) -> None:
        """Write or change settings.yaml."""
        file = self.root / "config/settings.yaml"
        known = yaml.safe_load(file.read_text()) if file.is_file() else {}
        file.write_text(yaml.safe_dump({**known, **changes}))


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
