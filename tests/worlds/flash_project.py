"""Countries with flash floods, run as an operator runs them: rain in files, the built-in server, commands."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from prefect.client.schemas.objects import State

from flows.flash_floods import flash_floods
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.prepare.flash_floods.store import FlashPrepared, read_flash_floods
from ibf_pipeline.synthetic.rain import parse_rain_wishes, write_rain
from tests.worlds.countries.flash_files import write_country
from tests.worlds.flash_block import FlashWorld
from tests.worlds.hazard_runs import HazardRuns
from tests.worlds.speedups import prepare_from_kept

DAY = date(2026, 2, 15)
DISTRICTS = {"Alpha": ["A1"], "Beta": ["A2"]}
"""of 80 people each; 10 mm in an hour reach 40 of Alpha, 20 mm 80 of Alpha and 40 of Beta, 40 mm in 4 hours all"""
SECTION = {"districts": DISTRICTS, "durations_h": [1, 4], "raster_arcsec": 36, "time_zone": "Africa/Blantyre"}


def block(hour: int, day: date = DAY) -> IssueTime:
    """The block that begins at an hour of the day, or of a day after it."""
    return IssueTime(date.fromordinal(day.toordinal() + hour // 24), hour % 24)


class FlashRuns(HazardRuns[FlashFloodFindings]):
    """A country whose blocks are run one after the other."""

    hazard = "flash-floods"
    kind = FlashFloodFindings

    @classmethod
    def of(cls, world: FlashWorld, workspace: Path) -> FlashRuns:
        """Of a country that is written and prepared already."""
        own = world.configuration.prepared_folder(world.country.iso3, world.country.hazard)
        made = cls(str(world.configuration.folder), str(workspace), world.country.iso3, world.folder / "rain")
        shutil.copytree(own, made.configuration.prepared_folder(made.iso3, "flash-floods"))
        shutil.rmtree(made.given, ignore_errors=True)
        return made

    @property
    def country(self) -> FlashFloodCountry:
        return self.configuration.country_of(self.iso3, FlashFloodCountry)

    @cached_property
    def prepared(self) -> FlashPrepared:
        configuration = self.configuration
        folder = configuration.prepared_folder(self.iso3, "flash-floods")
        prepare_from_kept(self.country, configuration.static_folder(self.country), folder)
        return read_flash_floods(folder, self.iso3)

    def rain(self, issue_time: IssueTime, wishes: str, **more: Any) -> None:
        """What the services have of a block."""
        layers, ground = self.prepared.layers, self.prepared.ground()
        write_rain(self.given, issue_time, parse_rain_wishes(wishes), layers, ground, self.country, **more)

    def run(self, issue_time: IssueTime, wishes: str | None = None, **more: Any) -> State:
        """A block; `wishes`: its rain, None where nothing new came."""
        if wishes is not None:
            self.rain(issue_time, wishes)
        where = {"config": self.config, "workspace": self.workspace}
        return flash_floods(self.iso3, str(issue_time), return_state=True, **where, **more)

    def portal(self, *, exercises: bool = False) -> Portal:
        """What the portal shows; or that of exercises."""
        with self.served(exercises=exercises) as (server, get):
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
