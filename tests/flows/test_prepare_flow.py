"""The prepare flow under an embedded Prefect server, and the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.check import read_schedules
from flows.prepare import prepare_country
from ibf_pipeline.check.schedule import RunSchedule, check_schedules
from tests.conftest import ROOT
from tests.worlds.countries import tiny_country
from tests.worlds.services.prefect_server import PrefectServer


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration with the tiny country in it."""
    folder = tmp_path / "config"
    (folder / "countries").mkdir(parents=True)
    settings = {
        "sources": {"folder": {"kind": "folder", "root": "forecasts"}},
        "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True}},
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    content = tiny_country.country().model_dump(mode="json", exclude_unset=True)
    content["static"] = str(tiny_country.write_country(tmp_path / "static"))
    (folder / "countries" / "XTY.yaml").write_text(yaml.safe_dump(content))
    return str(folder)


@pytest.mark.prefect
@pytest.mark.usefixtures("api")
def test_the_flow_says_what_it_built_and_stops_with_the_remedy(config: str, tmp_path: Path) -> None:
    first = prepare_country("XTY", config, return_state=True)
    assert (first.name, first.message) == ("Completed", "12 parts built")
    assert prepare_country("XTY", config, return_state=True).message == "up to date"
    (tmp_path / "static" / "population.tif").unlink()
    failed = prepare_country("XTY", config, return_state=True)
    assert failed.is_failed()
    assert "static data of XTY are missing: population.tif" in str(failed.message)
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(first.state_details.flow_run_id)
        assert run.name == "prepare-XTY"


@pytest.mark.usefixtures("embedded")
def test_the_command_shows_its_steps_and_what_it_built(config: str) -> None:
    first = CliRunner().invoke(app, ["prepare", "XTY", "--config", config])
    assert first.exit_code == 0, first.output
    assert "1 of 9: boundaries\n" in first.output
    assert "9 of 9: tables of a day\n" in first.output
    assert "XTY: built: boundaries, stations, depth_RP10" in first.output
    again = CliRunner().invoke(app, ["prepare", "XTY", "--config", config])
    assert again.output.splitlines()[0] == "XTY: up to date"


@pytest.mark.usefixtures("embedded")
def test_the_command_says_what_a_run_would_note(config: str, tmp_path: Path) -> None:
    tiny_country.write_raster(tmp_path / "static" / "flood_maps" / "flood_map_XTY_RP10.tif", np.full((10, 20), 0.05))
    said = CliRunner().invoke(app, ["prepare", "XTY", "--config", config])
    assert "doubtful: the flood map of 10 years holds no water inside the country\n" in said.output


@pytest.mark.prefect
@pytest.mark.usefixtures("api")
def test_check_knows_the_schedules_of_the_server() -> None:
    """Two deployments of the country's own flow, one of them paused, one of all countries, and a source's sensor."""
    daily = DeploymentScheduleCreate(schedule=CronSchedule(cron="30 9 * * *", timezone="UTC"))
    with get_client(sync_client=True) as client:
        floods, everybody = client.create_flow_from_name("floods"), client.create_flow_from_name("all-countries")
        other, sensor = client.create_flow_from_name("intake"), client.create_flow_from_name("watch-source")
        for flow, name, parameters in (
            (floods, "XTY", {"country": "XTY"}),
            (everybody, "daily", {"countries": ["XTY", "XSQ"]}),
            (other, "intake", {}),
            (sensor, "archive", {"source": "archive"}),
        ):
            client.create_deployment(flow, name, parameters=parameters, schedules=[daily])
        client.create_deployment(floods, "old", parameters={"country": "XTY"}, schedules=[daily], paused=True)
    found = {entry.deployment: entry for entry in read_schedules({"archive": ("XSN",)}.__getitem__, "floods")}
    assert set(found) == {"floods/XTY", "floods/old", "all-countries/daily", "watch-source/archive"}
    assert found["floods/XTY"] == RunSchedule("floods/XTY", "30 9 * * * UTC", True, ("XTY",))
    assert not found["floods/old"].active
    (twice,) = check_schedules("XTY", list(found.values()))
    assert (twice.level, twice.found[:22]) == ("error", "2 schedules run XTY: f")
    (once,) = check_schedules("XSQ", list(found.values()))
    assert once.level == "fine"
    (waiting,) = check_schedules("XSN", list(found.values()))
    assert waiting.found == "one schedule runs XSN: watch-source/archive (30 9 * * * UTC)"


@pytest.mark.prefect
def test_a_reader_that_leaves_ends_no_work(prefect: PrefectServer, config: str, tmp_path: Path) -> None:
    """As `prepare XTY | head -1`: the layers are there although nobody has read more than one line."""
    command = [
        sys.executable,
        "-m",
        "flows.cli.app",
        "prepare",
        "XTY",
        "--config",
        config,
        "--workspace",
        str(tmp_path),
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=prefect.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("1 of 9: ")
    process.stdout.close()
    assert process.wait(120) == 0
    assert (tmp_path / "prepared" / "XTY" / "stamp.json").is_file()


@pytest.mark.parametrize(
    ("end", "environment"),
    [
        ("> {file}", {"PYTHONIOENCODING": "ascii", "COLUMNS": "3"}),
        ("> {file}", {"PYTHONIOENCODING": "utf-16"}),
        ("> /dev/full", {}),
        (">&- 2>&-", {}),
    ],
    ids=["cron, narrow", "UTF-16", "a full disk", "closed"],
)
def test_what_stands_at_the_end_of_a_pipe_fails_no_command(
    end: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """A line of what every command prints with, with letters that ASCII does not have and half a surrogate pair."""
    code = (
        "from flows.wiring.environment import outlive_readers; outlive_readers(); import sys; "
        "from flows.cli.terminal import console; console().print('Kéli\\u0148 \\udc80'); print('Kéli\\u0148 \\udc80'); "
        "sys.stdout.isatty(); sys.stderr.isatty(); print('Kéli\\u0148', file=sys.stderr)"
    )
    file = tmp_path / "out.txt"
    command = f'"$PYTHON" -c "$CODE" {end.format(file=file)}'
    more = {"PYTHON": sys.executable, "CODE": code, **environment}
    assert subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, env={**os.environ, **more}, check=False).returncode == 0
    if environment.get("PYTHONIOENCODING") == "ascii":
        assert file.read_text().splitlines()[-1] == "K?li? ?"
