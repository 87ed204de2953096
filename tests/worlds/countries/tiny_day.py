"""A whole flood day of the tiny country through its flow, towards a server that counts its requests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xarray as xr
import yaml
from prefect.client.schemas.objects import State
from pytest_httpserver import HTTPServer

from flows.floods import floods
from ibf_pipeline.discharge.cells import cell_centre, locate
from ibf_pipeline.errors import ForbiddenByRule, IbfError
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.stations import read_stations, read_thresholds
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.files import glofas_window, write_ftp_members
from tests.worlds.countries import tiny_country
from tests.worlds.countries.ewds_grib import write_ewds_grib
from tests.worlds.runs import flood_run

ISSUE = date(2026, 2, 15)
TRIGGER = "G1=--TTT---"
"""the wish of an undamaged day: a trigger at 2-day, four members more than needed of ten"""
MEMBERS = 10
GRID = glofas_window(10.0, 0.9, 10.2, 1.0)


@dataclass
class TinyDay:
    """Configuration, static data and forecast in a folder, all sound until a test spoils something."""

    root: Path
    server: HTTPServer

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def static(self) -> Path:
        return self.root / "static"

    @property
    def country_file(self) -> Path:
        return self.config / "countries" / "XTY.yaml"

    @property
    def forecast(self) -> Path:
        """The folder of the issue date."""
        return self.root / "forecasts" / f"{ISSUE:%Y%m%d}"

    @property
    def prepared(self) -> Path:
        return self.root / "work" / "prepared" / "XTY"

    @property
    def run_folder(self) -> RunFolder:
        return flood_run(self.root / "work" / "runs", "XTY", ISSUE)

    def member(self, number: int) -> Path:
        """The file of a member."""
        return self.forecast / f"dis_{number:02d}_{ISSUE:%Y%m%d}00.nc"

    def build(self) -> TinyDay:
        """Write everything; static data and forecast are made once a process and copied."""
        made = _made_once()
        for name in ("static", "forecasts"):
            shutil.copytree(made / name, self.root / name)
        (self.config / "countries").mkdir(parents=True)
        settings = {
            "sources": {"folder": {"kind": "folder", "root": "forecasts", "glofas_version": "4"}},
            "targets": {
                "portal": {"kind": "ibf", "url": self.server.url_for("/api"), "test_target": True, "attempts": 1},
                "live": {"kind": "ibf", "url": self.server.url_for("/api"), "attempts": 1},
            },
        }
        (self.config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        self.configure()
        return self

    def bring_layers(self) -> None:
        """The layers as `prepare` makes them of the sound static data, for tests of what comes after it."""
        shutil.copytree(_prepared_once(), self.prepared, dirs_exist_ok=True)

    def configure(self, **changes: Any) -> None:
        """Write the country's file, some keys changed."""
        content = tiny_country.country().model_dump(mode="json", exclude_unset=True)
        content |= {"static": str(self.static), "target": "portal", **changes}
        self.country_file.write_text(yaml.safe_dump(content), encoding="utf-8")

    @cached_property
    def cells(self) -> dict[str, tuple[int, int]]:
        """Each station's row and column in the forecast's grid."""
        stations = read_stations(self.static / "stations.csv")
        return {station.code: locate(*cell_centre(station.lat, station.lon), GRID) for station in stations}

    def to_files(self) -> TinyDay:
        """The same, published to a folder, for tests that are of no portal."""
        file = self.config / "settings.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["targets"]["files"] = {"kind": "files", "folder": str(self.root / "published")}
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        self.configure(target="files")
        self.bring_layers()
        return self

    def ensemble(
        self, wishes: str, members: int = MEMBERS, lead_times: int = 8, issue_date: date = ISSUE
    ) -> xr.DataArray:
        """The cube that makes a wish list true, with other numbers on every day."""
        stations = read_stations(self.static / "stations.csv")
        thresholds = read_thresholds(self.static / "thresholds.json", stations, {5.0})
        rule = tiny_country.country().rule
        return make_ensemble(
            thresholds, rule, wishes, seed=abs((issue_date - ISSUE).days), members=members, lead_times=lead_times
        )

    def write_forecast(
        self, wishes: str, *, layout: str = "ftp", issue_date: date = ISSUE, lead_times: int = 8, **more: Any
    ) -> Path:
        """Write the forecast of a wish list in place of the other one; returns the day's folder."""
        root = self.root / "forecasts"
        folder = root / f"{issue_date:%Y%m%d}"
        for file in folder.glob("*"):
            file.unlink()
        cube = self.ensemble(wishes, lead_times=lead_times, issue_date=issue_date)
        if layout == "ewds":
            write_ewds_grib(folder / "glofas.grib2", issue_date, cube, self.cells, GRID, **more)
        else:
            write_ftp_members(root, issue_date, cube, self.cells, GRID, **more)
        return folder

    def flow(self, *, publish: bool = True, issue_date: date = ISSUE, target: str | None = None) -> State:
        """The country's flow."""
        return floods(
            "XTY", issue_date, target, publish=publish, config=str(self.config), workspace=str(self.root / "work"),
            return_state=True,
        )  # fmt: skip

    def findings(self) -> FloodFindings:
        """What a sound day finds; nothing is published."""
        state = self.flow(publish=False)
        assert state.is_completed(), state.message
        return self.run_folder.findings()

    def refused(self, kind: type[IbfError], **more: Any) -> IbfError:
        """Run the day, which must stop with an error of this kind: no call made, and no run taken for a whole one."""
        earlier = self.files_of_run()
        state = self.flow(**more)
        assert state.is_failed(), state.message
        error = state.result(raise_on_failure=False)
        assert type(error) is kind, error
        assert all((error.found, error.expected, error.remedy)), f"a part of the message is missing: {error}"
        assert error.where or kind is ForbiddenByRule, f"nothing says where: {error}"
        assert self.server.log == [], "a call went out"
        if earlier:
            assert self.files_of_run() == earlier, "the earlier run was touched"
        assert self.run_folder.is_whole == bool(earlier)
        return error

    def files_of_run(self) -> dict[str, bytes]:
        """The findings of the run on disk, nothing of unfinished ones."""
        folder = self.run_folder.path
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".part" not in path.relative_to(folder).parts
        }


@cache
def _kept_folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="tiny-day-of-tests-")


@cache
def _made_once() -> Path:
    """A folder with sound static data and a sound forecast, which nobody alters."""
    root = Path(_kept_folder().name) / "made"
    day = TinyDay(root, server=None)  # type: ignore[arg-type]
    tiny_country.write_country(day.static)
    day.write_forecast(TRIGGER)
    return root


@cache
def _prepared_once() -> Path:
    """Layers of the sound static data, which nobody alters."""
    folder = Path(_kept_folder().name) / "prepared" / "XTY"
    prepare_floods(tiny_country.country(), _made_once() / "static", folder)
    return folder


def edit_json(file: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file; `change` returns the new content or alters the old one."""
    content = json.loads(file.read_text(encoding="utf-8"))
    changed = change(content)
    file.write_text(json.dumps(content if changed is None else changed), encoding="utf-8")


def edit_text(file: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
