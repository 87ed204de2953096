"""The commands of the inputs, as a person at the terminal sees them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from ibf_pipeline.errors import InputMissing, UsageError
from tests.worlds.countries import tiny_country
from tests.worlds.countries.forecast_files import GRID, ISSUE, MEMBERS, PLACES, STATIONS, write_members
from tests.worlds.services.ewds import KEY, Service, running


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two countries of the small globe, with a folder, an archive and the data store."""
    folder = tmp_path / "config"
    (folder / "countries").mkdir(parents=True)
    for code, stations in STATIONS.items():
        static = tmp_path / "static" / code
        static.mkdir(parents=True)
        rows = [
            f"{station},{station},{GRID.top - 0.05 * (PLACES[station][0] + 0.5):.3f},"
            f"{GRID.left + 0.05 * (PLACES[station][1] + 0.5):.3f},{station}"
            for station in stations
        ]
        (static / "stations.csv").write_text("stationCode,stationName,lat,lon,fid\n" + "\n".join(rows) + "\n")
        content = tiny_country.country().model_dump(mode="json", exclude_unset=True)
        content |= {"iso3": code, "static": str(static), "sources": ["archive"], "target": "files"}
        content["members"] = {"expected": MEMBERS, "minimum": 4}
        (folder / "countries" / f"{code}.yaml").write_text(yaml.safe_dump(content))
    settings = {
        "sources": {
            "archive": {"kind": "object-store", "url": f"file://{tmp_path / 'archive'}", "glofas_version": "4"},
            "ewds": {"kind": "ewds", "url": "http://127.0.0.1:9/api", "attempts": 2, "retry_seconds": 0.01},
        },
        "targets": {"files": {"kind": "files", "folder": str(tmp_path / "out")}},
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    write_members(tmp_path / "archive")
    return folder


def other_machine(config: Path, home: Path) -> Path:
    """The same configuration in another home; records and store are those of both."""
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    shared = config.parent / "shared"
    shared.mkdir(exist_ok=True)
    settings |= {"records": f"sqlite:///{shared / 'records.sqlite'}", "store": {"url": f"file://{shared / 'store'}"}}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    shutil.copytree(config, home / "config")
    return home / "config"


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as about:
        yield about


def invoke(config: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["inputs", *arguments, "--config", str(config)], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_fetch_list_and_prune(config: Path) -> None:
    assert "nothing was fetched yet" in invoke(config, "list")[1]
    code, output = invoke(config, "fetch", "AAA", "--date", "2026-02-15")
    assert code == 0, output
    assert "AAA 2026-02-15 from source archive: 6 files" in output
    assert "GloFAS version 4" in output
    assert "6 of 6 members; at least 4 are needed: whole" in output
    assert "1,705.0" in output, "station A1 on 7-day, largest member 5"
    code, output = invoke(config, "list")
    assert "archive" in output
    assert "AAA 6, BBB 6" in output, "both countries' cuts were made on the way"
    assert "0 days deleted, 1 left" in invoke(config, "prune", "--largest-gigabytes", "0")[1], "used just now"
    assert "1 days deleted, 0 left" in invoke(config, "prune", "--largest-gigabytes", "0", "--keep-hours", "0")[1]


def test_what_programs_read(config: Path, tmp_path: Path) -> None:
    code, output = invoke(config, "fetch", "AAA", "--date", "2026-02-15", "--json")
    told = json.loads(output)
    assert (code, told["source"], told["glofas_version"], len(told["files"])) == (0, "archive", "4", 6)
    assert told["members"] == {"fewest": 6, "expected": 6, "minimum": 4, "missing": []}
    assert max(told["discharge"]["A1"]) == 1705
    for number in (2, 3, 4):
        (tmp_path / "archive" / f"{ISSUE:%Y%m%d}" / f"dis_0{number}_2026021500.nc").unlink()
    code, output = invoke(config, "fetch", "AAA", "--date", "2026-02-15", "--again", "--json")
    assert (code, json.loads(output)["members"]["missing"]) == (3, [2, 3, 4])
    (listed,) = json.loads(invoke(config, "list", "--json")[1])
    assert (listed["source"], listed["issue_date"]) == ("archive", "2026-02-15")
    assert json.loads(invoke(config, "arrivals", "--source", "archive", "--json")[1]) == {"archive": {"days": []}}
    pruned = json.loads(invoke(config, "prune", "--largest-gigabytes", "0", "--keep-hours", "0", "--json")[1])
    assert ([day["source"] for day in pruned["deleted"]], pruned["left"]) == (["archive"], [])


def test_static_data_behind_urls_are_copied_for_all_countries_before_a_global_file_is_fetched(
    config: Path, tmp_path: Path
) -> None:
    """Else the second country would find no part of its own, and fetch the 6 members once more."""
    for code in STATIONS:
        file = config / "countries" / f"{code}.yaml"
        content = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**content, "static": f"file://{content['static']}"}))
    work = tmp_path / "work"
    arguments = ("--date", "2026-02-15", "--workspace", str(work))
    assert invoke(config, "fetch", "AAA", *arguments)[0] == 0
    cuts = sorted(file.name for file in (work / "inputs/archive/20260215/BBB").glob("*.nc"))
    assert cuts == [f"dis_0{member}_2026021500.nc" for member in range(MEMBERS)]


def test_an_incomplete_ensemble_is_shown_and_too_few_have_their_exit_code(config: Path, tmp_path: Path) -> None:
    day = tmp_path / "archive" / f"{ISSUE:%Y%m%d}"
    (day / "dis_02_2026021500.nc").unlink()
    code, output = invoke(config, "fetch", "AAA", "--date", "2026-02-15")
    assert (code, "missing members: 02" in output, "usable, but incomplete" in output) == (0, True, True)
    for number in (3, 4):
        (day / f"dis_0{number}_2026021500.nc").unlink()
        (tmp_path / f"fetched/archive/20260215/AAA/dis_0{number}_2026021500.nc").unlink()
    code, output = invoke(config, "fetch", "AAA", "--date", "2026-02-15")
    assert (code, "3 of 6 members" in output, "too few" in output) == (3, True, True)


def test_a_day_is_fetched_anew_on_demand(config: Path, tmp_path: Path) -> None:
    """A correction of the same size and time, which nothing tells; then a member that is gone."""
    import os

    import netCDF4

    arguments = ("fetch", "AAA", "--date", "2026-02-15")
    assert "1,705.0" in invoke(config, *arguments)[1]
    for file in (tmp_path / "archive" / f"{ISSUE:%Y%m%d}").iterdir():
        before = file.stat()
        with netCDF4.Dataset(file, "a") as data:
            data["dis"][:] = data["dis"][:] + 1000
        assert file.stat().st_size == before.st_size
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "1,705.0" in invoke(config, *arguments)[1]
    code, output = invoke(config, *arguments, "--again")
    assert (code, "2,705.0" in output, "because an operator asked for it" in output) == (0, True, True)
    assert "2,705.0" in invoke(config, *arguments)[1]
    (tmp_path / "archive" / f"{ISSUE:%Y%m%d}" / "dis_02_2026021500.nc").unlink()
    assert "6 of 6 members" in invoke(config, *arguments)[1]
    assert "5 of 6 members" in invoke(config, *arguments, "--again")[1]


def test_a_day_that_is_not_there(config: Path) -> None:
    with pytest.raises(InputMissing, match="no forecast of 2026-02-16"):
        invoke(config, "fetch", "AAA", "--date", "2026-02-16")


def test_a_source_that_is_not_configured_is_bad_usage(config: Path) -> None:
    with pytest.raises(UsageError, match="there is no source 'nope'") as wrong:
        invoke(config, "fetch", "AAA", "--source", "nope")
    assert wrong.value.exit_code == 2


def test_a_model_that_changes_between_two_orders(
    config: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    settings["sources"]["ewds"]["url"] = service.url
    settings.pop("glofas_process_ids", None)
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("EWDS_KEY", KEY)
    service.looks, service.limit = 0, 10**6
    said = []
    for country, ids in (("AAA", (5, 21)), ("BBB", (5, 22))):
        service.ids = ids
        code, output = invoke(config, "fetch", country, "--source", "ewds", "--date", "2026-02-15")
        said.append((code, "GRIB process ids 5, background" in output, "background process 22 is none of" in output))
    assert said == [(0, True, False), (1, True, True)]


def test_the_data_store_with_its_account(
    config: Path, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    settings["sources"]["ewds"]["url"] = service.url
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("EWDS_KEY", KEY)
    service.looks = 0
    service.limit = 10**6
    arguments = ("fetch", "BBB", "--source", "ewds", "--date", "2026-02-15", "--verbose")
    code, output = invoke(config, *arguments)
    assert (code, "a run would stop" in output, "accepted_process_ids: [128]" in output) == (1, True, True)
    for version, wanted in (("5", 1), ("4", 0)):
        settings["glofas_process_ids"] = {version: [128]}
        (config / "settings.yaml").write_text(yaml.safe_dump(settings))
        code, again = invoke(config, *arguments)
        assert (code, "of GloFAS v5, the thresholds are of v4" in again) == (wanted, bool(wanted))
    assert "BBB 2026-02-15 from source ewds: 1 files" in output
    assert "GRIB process ids 128, background 21" in output
    assert "GloFAS version not told" in output
    assert "6 of 6 members" in output
    assert "order job-1 is successful" in caplog.text
    assert KEY not in output + caplog.text


@pytest.mark.parametrize("command", ["list", "fetch", "watch", "prune"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, ["inputs", command, "--help"])
    assert "Example: ibf-pipeline inputs" in result.output


def test_what_another_machine_has_fetched_is_listed_and_brought(config: Path, tmp_path: Path) -> None:
    other = other_machine(config, tmp_path / "other")
    assert invoke(config, "fetch", "AAA", "--date", str(ISSUE))[0] == 0
    assert f"only in the store: archive {ISSUE}, " in invoke(other, "list")[1]
    (tmp_path / "archive").rename(tmp_path / "away")
    code, said = invoke(other, "fetch", "AAA", "--date", str(ISSUE))
    assert code == 0, said
    assert "only in the store" not in invoke(other, "list")[1]
