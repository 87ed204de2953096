"""A folder of plain files as the target, through the flow and the commands; what it holds is opened as people would."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import rasterio
import yaml
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from flows.cli.app import app
from flows.floods import floods
from flows.states import exit_code
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, IbfError
from tests.conftest import ROOT
from tests.worlds.countries.stories import write_day
from tests.worlds.plain_calls import plain_calls
from tests.worlds.runs import flood_run

pytestmark = pytest.mark.usefixtures("plain", "quick")
ISSUE = date(2026, 2, 15)
NEXT = date(2026, 2, 16)
TABLES = {f"{name}.{kind}" for name in ("events", "areas", "stations") for kind in ("csv", "csvt", "geojson", "json")}
RASTERS = {f"flood_extent_{lead_time}-day_XDM.tif" for lead_time in range(8)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose demo country has a files target `shadow`."""
    root = tmp_path_factory.mktemp("project")
    (root / "config/countries").mkdir(parents=True)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text())
    settings["sources"]["demo"]["root"] = str(root / "forecasts")
    settings["targets"]["shadow"] = {"kind": "files", "folder": str(root / "shadow")}
    (root / "config/settings.yaml").write_text(yaml.safe_dump(settings))
    country = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text())
    country["static"] = str(ROOT / "data/fixtures/XDM")
    (root / "config/countries/XDM.yaml").write_text(yaml.safe_dump(country))
    write_day(root / "forecasts", "busiest", ISSUE)
    write_day(root / "forecasts", "no-alert", NEXT)
    return root


def run(project: Path, issue_date: date = ISSUE, **more: object) -> State:
    options = {"config": str(project / "config"), "workspace": str(project / "work"), "return_state": True}
    return floods("XDM", issue_date, "shadow", **options, **more)  # type: ignore[call-overload]


def invoke(project: Path, *arguments: str) -> tuple[int, str, BaseException | None]:
    where = ["--target", "shadow", "--config", str(project / "config"), "--workspace", str(project / "work")]
    result = CliRunner().invoke(app, [*arguments, *where])
    return result.exit_code, result.output, result.exception


def shown(project: Path, issue_date: date = ISSUE) -> Path:
    return project / "shadow" / "XDM" / issue_date.isoformat()


def revisions(project: Path, issue_date: date = ISSUE) -> list[int]:
    run_folder = flood_run(project / "work" / "runs", "XDM", issue_date)
    return [revision.number for revision in run_folder.revisions("shadow")]


@pytest.fixture(scope="module")
def day(quick: None, project: Path) -> State:
    """The end of the first day's run."""
    with plain_calls():
        return run(project)


@pytest.fixture(scope="module")
def next_day(quick: None, day: State, project: Path) -> tuple[int, str]:
    """The next one is written by a backfill of both; its exit code and what it says."""
    with plain_calls():
        return invoke(project, "backfill", "XDM", "--from", "2026-02-15", "--to", "2026-02-16")[:2]


def test_a_day_in_a_folder(project: Path, day: State) -> None:
    state = day
    assert state.is_completed(), state.message
    folder = shown(project)
    assert {file.name for file in folder.iterdir()} == TABLES | RASTERS | {"day.json"}
    assert [entry.name for entry in folder.parent.iterdir()] == [ISSUE.isoformat()], "nothing half-written beside it"

    found = flood_run(project / "work" / "runs", "XDM", ISSUE).findings()
    assert (len(found.events), len(found.publishable_events)) == (7, 6)
    events = gpd.read_file(folder / "events.geojson")
    assert (len(events), events.crs.to_epsg()) == (7, 4326)
    assert sorted(events["event"]) == sorted(event.name for event in found.events)
    assert list(events.loc[~events["published"].astype(bool), "event"]) == ["G9006"]
    areas = gpd.read_file(folder / "areas.geojson")
    deepest = areas[areas["admin_level"] == found.admin_levels[-1]]
    assert deepest.geometry.notna().all()
    people = sum(event.people for event in found.events if event.flood_map is not None)
    assert deepest["people_affected"].sum() == people > 0

    spreadsheet = pd.read_csv(folder / "areas.csv", encoding="utf-8-sig", dtype={"place_code": str})
    assert list(spreadsheet["place_code"]) == list(areas["place_code"])
    assert spreadsheet["people_affected"].fillna(-1).tolist() == areas["people_affected"].fillna(-1).tolist()
    records = json.loads((folder / "stations.json").read_text(encoding="utf-8"))
    assert [row["station_code"] for row in records] == [station.code for station in found.stations]
    assert pd.read_json(folder / "events.json").shape[0] == 7

    run_folder = flood_run(project / "work" / "runs", "XDM", ISSUE)
    for lead_time in range(8):
        name = f"flood_extent_{lead_time}-day_XDM.tif"
        with rasterio.open(folder / name) as raster:
            assert (raster.crs.to_epsg(), raster.dtypes[0]) == (4326, "float32")
        assert (folder / name).read_bytes() == run_folder.extent(name).read_bytes()


@pytest.mark.usefixtures("day")
def test_the_plan_is_the_files_and_then_the_day(project: Path) -> None:
    revision = flood_run(project / "work" / "runs", "XDM", ISSUE).revisions("shadow")[0]
    calls = revision.calls()
    assert len(calls) == len(TABLES | RASTERS) + 1 == 21
    assert {call.method for call in calls[:-1]} == {"PUT"}
    assert (calls[-1].method, calls[-1].path) == ("SHOW", "/XDM/2026-02-15")
    assert all(call.repeatable for call in calls), "nobody is notified"


@pytest.mark.usefixtures("day")
def test_the_same_again_is_nothing_to_do(project: Path) -> None:
    before, numbers = shown(project).stat().st_ino, revisions(project)
    assert run(project).is_completed()
    assert (revisions(project), shown(project).stat().st_ino) == (numbers, before)


@pytest.mark.usefixtures("day")
def test_a_day_that_somebody_deleted_is_written_again(project: Path) -> None:
    before = revisions(project)[-1]
    shutil.rmtree(shown(project))
    assert run(project).is_completed()
    assert revisions(project)[-2:] == [before, before + 1]
    assert json.loads((shown(project) / "day.json").read_text())["date"] == f"2026-02-15T00:00:{before + 1:02}Z"


def test_other_days_do_not_touch_it(project: Path, day: State, request: pytest.FixtureRequest) -> None:
    before = shown(project).stat().st_ino
    code, output = request.getfixturevalue("next_day")
    assert (code, "2026-02-15: published before, skipped" in output, "2026-02-16: no alert" in output) == (
        0,
        True,
        True,
    )
    assert len(gpd.read_file(shown(project, NEXT) / "events.geojson")) == 0
    assert pd.read_csv(shown(project, NEXT) / "events.csv", encoding="utf-8-sig").empty
    assert shown(project).stat().st_ino == before


@pytest.mark.usefixtures("next_day")
def test_plan_shows_the_files_and_writes_none(project: Path) -> None:
    shutil.rmtree(shown(project, NEXT))
    code, output, _ = invoke(project, "plan", "XDM", "--date", "2026-02-16")
    assert (code, "capabilities `files`" in output, "stations.geojson" in output) == (0, True, True)
    assert not shown(project, NEXT).exists()
    assert run(project, NEXT).is_completed()


def test_nothing_can_be_held(project: Path) -> None:
    state = run(project, NEXT, hold=True)
    assert exit_code(state) == 1
    assert "there is no notification to hold" in str(state.message)


@pytest.mark.usefixtures("next_day")
def test_a_folder_of_somebody_else_is_not_replaced_unasked(project: Path) -> None:
    theirs = shown(project, NEXT)
    shutil.rmtree(theirs)
    theirs.mkdir()
    (theirs / "events.csv").write_text("theirs")
    state = run(project, NEXT)
    assert exit_code(state) == 1
    assert "somebody else publishes there; replace it with --take-over" in str(state.message)
    assert [file.name for file in theirs.iterdir()] == ["events.csv"]
    assert run(project, NEXT, take_over=True).is_completed()
    assert {file.name for file in theirs.iterdir()} == TABLES | RASTERS | {"day.json"}


@pytest.mark.usefixtures("day")
def test_an_event_is_taken_back(project: Path) -> None:
    name = gpd.read_file(shown(project) / "events.geojson")["event"].iloc[0]
    revision = len(revisions(project)) + 1
    code, output, _ = invoke(project, "withdraw", "XDM/2026-02-15", "--event", name)
    assert code == 0, output
    assert f"- {name}, " in output
    events = gpd.read_file(shown(project) / "events.geojson")
    assert (len(events), name in set(events["event"])) == (6, False)
    assert name not in set(gpd.read_file(shown(project) / "areas.geojson")["event"])
    state = run(project)
    assert f"{name} was withdrawn by revision {revision}" in str(state.message)
    assert run(project, publish_withdrawn=True).is_completed()
    assert len(gpd.read_file(shown(project) / "events.geojson")) == 7


@pytest.mark.usefixtures("day")
def test_a_full_folder_is_an_error_and_the_day_stays_as_it_was(project: Path) -> None:
    """A file stands where the new day is put together; once it is gone, the run is resumed."""
    before = {file.name: file.read_bytes() for file in shown(project).iterdir()}
    hidden = shown(project).with_name(".2026-02-15.part")
    hidden.write_text("in the way")
    name = "G9001" if "G9001" in (shown(project) / "events.csv").read_text("utf-8-sig") else "G9002"
    code, _, error = invoke(project, "withdraw", "XDM/2026-02-15", "--event", name)
    assert (code, isinstance(error, IbfError)) == (1, True)
    assert "could not be written" in str(error)
    assert {file.name: file.read_bytes() for file in shown(project).iterdir()} == before
    hidden.unlink()
    code, output, _ = invoke(project, "resume", "XDM/2026-02-15")
    assert (code, "21 of 21 calls made now" in output) == (0, True), output
    assert name not in set(gpd.read_file(shown(project) / "events.geojson")["event"])


@pytest.mark.usefixtures("day")
def test_a_person_has_nothing_to_decide(project: Path) -> None:
    *_, error = invoke(project, "resume", "XDM/2026-02-15", "--notify-again")
    assert isinstance(error, ForbiddenByRule)
    *_, error = invoke(project, "withdraw", "XDM/2026-02-15", "--event", "G1")
    assert isinstance(error, ConfigError)
