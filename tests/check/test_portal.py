"""The portal part against the sandbox, and the command with its table, JSON and exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.country_setup import print_findings
from flows.cli.terminal import console
from ibf_pipeline.check.finding import Finding
from ibf_pipeline.check.portal import check_portal
from ibf_pipeline.check.schedule import RunSchedule, check_schedules
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from ibf_pipeline.targets.ibf.portal import IbfPortal
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.portal import OpenOnPortal, PortalState
from tests.worlds.countries import tiny_country

CODES = {1: ("01", "02"), 2: ("01A", "01B", "02A", "02B")}


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_country.write_country(tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="module")
def asked(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PortalState, Any]]:
    """What a server that is set up with the country's own files answers."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    seed = seed_from_static(static, "XTY", name="Tinyland", admin_levels=(1, 2), default_admin_level=1)
    sandbox.seed(seed)
    with sandbox:
        client = IbfClient(sandbox.url, Credentials("pipeline@sandbox.example", SANDBOX_PASSWORD), RetryPolicy(10, 1))
        portal = IbfPortal(client)
        yield portal.state("XTY", FLOODS), portal.map_layers("XTY", FLOODS)
        client.close()


def findings(static: Path, state: PortalState, layers: Any, **changes: Any) -> list[Finding]:
    country = tiny_country.country(**changes)
    return list(check_portal(state, layers, country, FLOODS, read_stations(static / "stations.csv"), CODES))


def bad(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.found) for finding in found if finding.level != "fine"]


def test_a_server_set_up_alike(static: Path, asked: tuple[PortalState, Any]) -> None:
    found = findings(static, *asked)
    assert bad(found) == []
    assert [finding.found for finding in found][1:] == [
        "levels [1, 2], default 1, as configured",
        "the 2 areas of level 1 are the same here and there",
        "the 4 areas of level 2 are the same here and there",
        "the 2 stations are the same here and there, names too",
        "indicators are set up: population_affected, population_affected_percentage",
        "map layers are set up: flood_extent, glofas_stations",
        "no event is open",
    ]


def test_a_server_set_up_otherwise(static: Path, asked: tuple[PortalState, Any]) -> None:
    state = replace(
        asked[0],
        role="viewer",
        admin_levels=(1, 2, 3),
        default_admin_level=2,
        place_codes={1: ("01", "02"), 2: ("01A", "01B", "02A", "02C"), 3: None},
        points={"glofas_stations": {"G1": "Uper", "G3": "Elsewhere"}},
        indicators=frozenset({"population_affected"}),
        not_checked=("last upload date",),
    )
    assert bad(findings(static, state, {"glofas_stations"})) == [
        ("error", "the account has the role viewer"),
        ("error", "admin_levels is [1, 2], on the server [1, 2, 3]"),
        ("error", "default_admin_level is 1, on the server 2"),
        ("error", "1 place codes of level 2 are unknown to the server: 02B"),
        ("warning", "1 areas of level 2 are on the server only: 02C"),
        ("warning", "stations that the server does not know: G2"),
        ("warning", "stations of the server that stations.csv does not list: G3"),
        ("warning", "stations named differently on the server: G1 ('Upper', there 'Uper')"),
        ("error", "indicators that are not set up on the server: population_affected_percentage"),
        ("warning", "map layers that the portal lacks for floods in this country: flood_extent (the flood extent)"),
        ("not checked", "last upload date: this server has no route for it"),
    ]


def test_what_a_change_of_event_naming_would_close(static: Path, asked: tuple[PortalState, Any]) -> None:
    """Open under the name scheme of before: `Upper` would be closed and come back as `G1`."""
    events = tuple(OpenOnPortal(name, is_trigger=True) for name in ("Upper", "G2", "Old gauge"))
    state = replace(asked[0], open_events=events)
    assert bad(findings(static, state, asked[1])) == [
        ("warning", "trigger 'Upper' is open; with event_name: station_code it is called 'G1'"),
        ("warning", "trigger 'Old gauge' is open on the server and belongs to no station of stations.csv"),
    ]
    assert bad(findings(static, state, asked[1], event_name="station_name")) == [
        ("warning", "trigger 'Old gauge' is open on the server and belongs to no station of stations.csv")
    ]


def schedule(name: str, countries: tuple[str, ...] | None, *, active: bool = True) -> RunSchedule:
    return RunSchedule(name, "0 7 * * * UTC", active, countries)


def test_one_schedule_a_country() -> None:
    one, everybody = schedule("floods/uga", ("UGA",)), schedule("all-countries/daily", None)
    levels = {
        "none": [finding.level for finding in check_schedules("UGA", [schedule("floods/ken", ("KEN",))])],
        "one": [finding.level for finding in check_schedules("UGA", [one])],
        "two": [finding.level for finding in check_schedules("UGA", [one, everybody])],
    }
    assert levels == {"none": ["warning"], "one": ["fine"], "two": ["error"]}
    archive, store = (
        RunSchedule(f"watch-source/{name}", "30 14 * * * UTC", True, ("UGA",), is_sensor=True) for name in ("a", "b")
    )
    found = {
        (finding.level, finding.found)
        for schedules in ([archive], [archive, store], [archive, one])
        for finding in check_schedules("UGA", schedules)
    }
    assert found == {
        ("fine", "one schedule runs UGA: watch-source/a (30 14 * * * UTC)"),
        ("fine", "2 sensors start UGA: watch-source/a (30 14 * * * UTC), watch-source/b (30 14 * * * UTC)"),
        ("error", "2 schedules run UGA: watch-source/a (30 14 * * * UTC), floods/uga (0 7 * * * UTC)"),
    }
    (paused,) = check_schedules("UGA", [schedule("floods/uga", ("UGA",), active=False)])
    assert (paused.level, paused.found) == ("warning", "the schedules of UGA are paused: floods/uga")


@pytest.fixture
def config(tmp_path: Path, static: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with the sandbox, a portal that is away, and one that is no portal."""
    for name in ("IBF_EMAIL", "IBF_PASSWORD", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "config"
    (folder / "countries").mkdir(parents=True)
    settings = {
        "sources": {"folder": {"kind": "folder", "root": str(tmp_path), "glofas_version": "4"}},
        "targets": {
            "sandbox": {"kind": "ibf", "embedded_sandbox": True},
            "away": {"kind": "ibf", "url": "http://127.0.0.1:9/api", "attempts": 1},
            "files": {"kind": "files", "folder": "out"},
        },
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    content = tiny_country.country().model_dump(mode="json", exclude_unset=True) | {"static": str(static)}
    (folder / "countries" / "XTY.yaml").write_text(yaml.safe_dump(content))
    return folder


def check(config: Path, *more: str) -> tuple[int, list[dict[str, str]]]:
    words = ["check", "XTY", "--json", "--config", str(config), "--workspace", str(config.parent / "work"), *more]
    result = CliRunner().invoke(app, words)
    return result.exit_code, json.loads(result.output)


def test_json_and_exit_code(config: Path, static: Path) -> None:
    code, rows = check(config)
    assert code == 0
    assert {row["level"] for row in rows} == {"warning", "not checked", "fine"}
    assert ("fine", "no event is open") in [(row["level"], row["found"]) for row in rows]
    file = config / "countries" / "XTY.yaml"
    file.write_text(file.read_text().replace("admin_levels:\n- 1\n- 2", "admin_levels:\n- 1\n- 2\n- 3"))
    code, rows = check(config)
    assert code == 1
    assert rows[0]["found"].startswith("missing below")
    assert rows[0]["found"].endswith("admin_areas/adm3.geojson")
    file.write_text("iso3: XTY\nnam: Tinyland\n")
    code, rows = check(config)
    assert (code, len(rows), rows[0]["subject"]) == (1, 1, "configuration")
    assert "nam: unknown key, did you mean 'name'?" in rows[0]["found"]


def test_a_portal_that_cannot_be_asked_is_not_an_error(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def portal(target: str) -> dict[str, str]:
        code, rows = check(config, "--target", target)
        assert code == 0
        (row,) = [row for row in rows if row["subject"] == "portal"]
        return row

    row = portal("away")
    assert row["level"] == "not checked"
    assert "the account of target away is not in the environment" in row["found"]
    monkeypatch.setenv("IBF_EMAIL", "pipeline@example.org")
    monkeypatch.setenv("IBF_PASSWORD", "canary-password")
    row = portal("away")
    assert (row["level"], "connection failed" in row["found"]) == ("not checked", True)
    assert "canary" not in json.dumps(row)
    assert portal("files")["level"] == "fine"


def test_the_table_keeps_long_names_readable(config: Path, static: Path, tmp_path: Path) -> None:
    """On a terminal of 100 columns every word of a long name is still there, in its column."""
    long = "Kagera-at-Kyaka-Ferry-" * 6
    country = tiny_country.write_country(tmp_path / "own")
    file = country / "stations.csv"
    file.write_text(file.read_text().replace("Upper", long).replace(",Na,", f",{long},"))
    other = config / "countries" / "XTY.yaml"
    other.write_text(other.read_text().replace(str(static), str(country)))
    words = ["check", "XTY", "--config", str(config), "--workspace", str(tmp_path / "work")]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "100"})
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 100
    found = "".join(re.sub(r"\s+", "", line[28:54]) for line in lines)
    assert long in found
    assert lines[-1] == "XTY: 3 warning, 4 not checked, 18 fine"


def test_on_a_narrow_terminal_names_of_files_stay_whole(config: Path, static: Path, tmp_path: Path) -> None:
    country = tiny_country.write_country(tmp_path / "own")
    (country / "station_admin_mapping.csv").unlink()
    other = config / "countries" / "XTY.yaml"
    other.write_text(other.read_text().replace(str(static), str(country)))
    words = ["check", "XTY", "--config", str(config), "--workspace", str(tmp_path / "work")]
    lines = CliRunner().invoke(app, words, env={"COLUMNS": "80"}).output.splitlines()
    assert lines[0] == f"error  static data: missing below {country}: station_admin_mapping.csv"
    assert lines[1].startswith(
        "    the country cannot be prepared, so no run is possible -> `ibf-pipeline fetch-static XTY` obtains"
    )


def test_many_findings_take_less_than_a_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty areas by name, and what is to be said of ten rasters, are not worth forty lines."""
    monkeypatch.setenv("COLUMNS", "120")
    areas = ", ".join(f"ZM{number:06d} in ZM{number:04d} (1%)" for number in range(40))
    told = [Finding("warning", "boundaries", areas, "an area counts as a whole", "nothing has to be done")]
    rasters = ("warning", "rasters"), ("it is read as a depth", "declare it")
    told += [Finding(*rasters[0], f"map {number} has no nodata", *rasters[1]) for number in range(10)]
    told += [Finding("fine", "stations", f"station {number} is there") for number in range(30)]
    print_findings("ZMB", told, console())
    lines = capsys.readouterr().out.splitlines()
    assert (len(lines), lines[-1]) == (15, "ZMB: 11 warning, 30 fine")
    assert lines[0].endswith(", ... (--json has them all)")
    assert lines.count("    it is read as a depth -> declare it") == 1
