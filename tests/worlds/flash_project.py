"""Countries with flash floods, run as an operator runs them: rain in files, the built-in server, commands."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
import yaml
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from flows.cli.app import app
from flows.flash_floods import flash_floods
from flows.wiring.day import open_configuration
from flows.wiring.sandbox import open_sandbox
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import FlashPrepared, read_flash_floods
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from ibf_pipeline.synthetic.rain import parse_rain_wishes, write_rain
from tests.worlds.countries.flash_files import write_country
from tests.worlds.flash_block import FlashWorld

DAY = date(2026, 2, 15)
DISTRICTS = {"Alpha": ["A1"], "Beta": ["A2"]}
"""of 80 people each; 10 mm in an hour reach 40 of Alpha, 20 mm 80 of Alpha and 40 of Beta, 40 mm in 4 hours all"""
SECTION = {"districts": DISTRICTS, "durations_h": [1, 4], "raster_arcsec": 36, "time_zone": "Africa/Blantyre"}


def block(hour: int, day: date = DAY) -> IssueTime:
    """The block that begins at an hour of the day, or of a day after it."""
    return IssueTime(date.fromordinal(day.toordinal() + hour // 24), hour % 24)


@dataclass
class FlashRuns:
    """A country whose blocks are run one after the other."""

    config: str
    workspace: str
    iso3: str
    rain_folder: Path
    """where its sources of rain look"""

    @classmethod
    def of(cls, world: FlashWorld, workspace: Path) -> FlashRuns:
        """Of a country that is written and prepared already."""
        own = world.configuration.prepared_folder(world.country.iso3, world.country.hazard)
        made = cls(str(world.configuration.folder), str(workspace), world.country.iso3, world.folder / "rain")
        shutil.copytree(own, made.configuration.prepared_folder(made.iso3, "flash-floods"))
        shutil.rmtree(made.rain_folder, ignore_errors=True)
        return made

    @property
    def configuration(self) -> Configuration:
        return open_configuration(self.config, self.workspace)

    @property
    def country(self) -> FlashFloodCountry:
        return self.configuration.country_of(self.iso3, FlashFloodCountry)

    @cached_property
    def prepared(self) -> FlashPrepared:
        configuration = self.configuration
        folder = configuration.prepared_folder(self.iso3, "flash-floods")
        prepare_flash_floods(self.country, configuration.static_folder(self.country), folder)
        return read_flash_floods(folder, self.iso3)

    def rain(self, issue_time: IssueTime, wishes: str, **more: Any) -> None:
        """What the services have of a block."""
        layers, ground = self.prepared.layers, self.prepared.ground()
        write_rain(self.rain_folder, issue_time, parse_rain_wishes(wishes), layers, ground, self.country, **more)

    def run(self, issue_time: IssueTime, wishes: str | None = None, **more: Any) -> State:
        """A block; `wishes`: its rain, None where nothing new came."""
        if wishes is not None:
            self.rain(issue_time, wishes)
        where = {"config": self.config, "workspace": self.workspace}
        return flash_floods(self.iso3, str(issue_time), return_state=True, **where, **more)

    def invoke(self, *arguments: str) -> tuple[int, str]:
        """A command: its exit code, and what it prints."""
        result = CliRunner().invoke(app, [*arguments, "--config", self.config, "--workspace", self.workspace])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return getattr(result.exception, "exit_code", 99), f"{result.output}{result.exception!r}"
        return result.exit_code, result.output

    def folder(self, issue_time: IssueTime, runs: str = "runs") -> RunFolder:
        return RunFolder(Path(self.workspace) / runs, RunId(self.iso3, "flash-floods", issue_time))

    def found(self, issue_time: IssueTime, runs: str = "runs") -> FlashFloodFindings:
        return self.folder(issue_time, runs).found_of(FlashFloodFindings)

    def revisions(self, issue_time: IssueTime) -> list[Revision]:
        return self.folder(issue_time).revisions("sandbox")

    def notices(self, issue_time: IssueTime) -> list[tuple[str, str]]:
        """Kind and event of those of the newest revision."""
        notices = json.loads(self.revisions(issue_time)[-1].notices_file.read_text())["notices"]
        return [(notice["kind"], notice["event"]) for notice in notices]

    def portal(self, folder: str = "") -> Portal:
        """What the portal shows. `folder`: of the sandbox of exercises."""
        configuration = self.configuration
        if folder:
            paths = configuration.settings.paths
            paths = paths.model_copy(update={"sandbox": f"{paths.sandbox}/{folder}"})
            settings = configuration.settings.model_copy(update={"paths": paths})
            configuration = Configuration(configuration.folder, settings)
        with open_sandbox(configuration, configuration.country(self.iso3, "flash-floods")) as server:
            account = {"email": "pipeline@sandbox.example", "password": SANDBOX_PASSWORD}
            token = requests.post(f"{server.url}/user/login", json=account, timeout=10).json()["user"]["token"]

            def get(path: str) -> Any:
                answer = requests.get(f"{server.url}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)
                answer.raise_for_status()
                return answer.json()

            level = self.country.default_admin_level
            return Portal(
                get(f"event?countryCodeISO3={self.iso3}&disasterType=flash-floods"),
                [mail.event_names for mail in server.mails(self.iso3)],
                len(get(f"admin-areas/{self.iso3}/flash-floods/{level}")["features"]),
                {
                    category: {
                        each["properties"]["fid"]: each["properties"]["dynamicData"]
                        for each in get(f"point-data/{category}/{self.iso3}?disasterType=flash-floods")["features"]
                        if each["properties"]["dynamicData"]
                    }
                    for category in ("schools", "health_sites", "waterpoints", "gauges")
                },
            )


class FlashProject(FlashRuns):
    """The country XTV; each story has a folder of its own."""

    def __init__(self, root: Path, **section: Any) -> None:
        super().__init__(str(root / "config"), str(root / "work"), "XTV", root / "rain")
        self.root = root
        write_country(root / "static")
        (root / "config/countries").mkdir(parents=True)
        rain = {"kind": "rain-folder", "root": str(root / "rain")}
        target = {"kind": "ibf", "embedded_sandbox": True, "test_target": True, "exercises": True}
        sources = {"radar": {**rain, "role": "observed"}, "model": {**rain, "origin": "Model"}}
        self.settings(sources=sources, targets={"sandbox": target})
        country = {
            "iso3": "XTV", "name": "Two Valleys", "static": str(root / "static"), "admin_levels": [3],
            "default_admin_level": 3, "sources": list(sources), "hazards": {"flash-floods": {**SECTION, **section}},
        }  # fmt: skip
        (root / "config/countries/XTV.yaml").write_text(yaml.safe_dump(country))

    def settings(self, **changes: Any) -> None:
        """Write or change settings.yaml."""
        file = self.root / "config/settings.yaml"
        known = yaml.safe_load(file.read_text()) if file.is_file() else {}
        file.write_text(yaml.safe_dump({**known, **changes}))


class Portal:
    """What the portal shows."""

    def __init__(
        self,
        events: list[dict[str, Any]],
        mails: list[tuple[str, ...]],
        polygons: int,
        points: dict[str, dict[str, dict[str, str]]],
    ) -> None:
        self.events = {
            event["eventName"]: (event["alertLevel"], event["firstLeadTime"], event["firstTriggerLeadTime"])
            for event in events
        }
        self.areas = {
            event["eventName"]: {
                area["placeCode"]: area["mainExposureValue"]
                for area in event["alertAreas"]
                if area["alertLevel"] != "none"
            }
            for event in events
        }
        self.issued = {event["eventName"]: event["firstIssuedDate"][:16] for event in events}
        self.mails = mails
        self.polygons = polygons
        """of the national map"""
        self.points = points
        """category -> fid -> what is shown of it, where anything is"""


def at(hour: float, day: date = DAY) -> datetime:
    """A moment of the day, UTC."""
    return datetime.fromtimestamp(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hour * 3600, UTC)
