"""`ibf-pipeline runs`: what there is of each run, on this machine and in the store."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from flows.deployment.table import planned_deployments
from flows.prune import prune
from flows.wiring.day import open_configuration
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.publish.call import Call
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from tests.conftest import ROOT
from tests.worlds.countries.flood_findings import event, found

DAY = date(2026, 2, 15)
ABOUT = RevisionMetadata("2026-02-15T00:00:01Z", "sandbox", "http://portal", "current", "asked", True, "hash")
CALLS = [Call(1, "exposure", "POST", "/exposure"), Call(2, "notify", "POST", "/send", kind="end")]


def clock() -> datetime:
    return datetime(2026, 2, 15, 6, 12, tzinfo=UTC)


def said(config: Path, *arguments: str, code: int = 0, columns: int = 80) -> str:
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["runs", *arguments, "--config", str(config)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def installation(folder: Path, *, store: bool) -> Path:
    """The demo country, with or without a store; its configuration folder."""
    config = folder / "config"
    (config / "countries").mkdir(parents=True)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text(encoding="utf-8"))
    if store:
        settings |= {"store": {"url": f"file://{folder}/store"}, "records": f"sqlite:///{folder}/records.sqlite"}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    country = (ROOT / "config/countries/XDM.yaml").read_text(encoding="utf-8")
    (config / "countries/XDM.yaml").write_text(country, encoding="utf-8")
    return config


def run_of(
    config: Path,
    day: date,
    *,
    exercise: bool = False,
    states: tuple[tuple[int, str], ...] = (),
    withdraws: tuple[str, ...] = (),
) -> RunFolder:
    configuration = open_configuration(str(config))
    runs = configuration.path("runs/exercises" if exercise else "runs")
    run = RunFolder(runs, RunId("XDM", "floods", IssueTime(day)), configuration.storage)
    part = begin_findings(run)
    (part / "extents/flood_extent_0-day_XDM.tif").write_bytes(b"x" * 1000)
    keep_findings(
        run, part, {"source": "ftp", "arrived": "2026-02-15T05:40:00+00:00", "headline": "1 trigger, 3 warnings"}
    )
    if states:
        alerts = found([event("G1", "--TTT---", "max", {"01A": 5})], [], day)
        revision = keep_revision(
            run, "sandbox", 1, begin_revision(run, "sandbox", 1), alerts, CALLS, replace(ABOUT, withdraws=withdraws)
        )
        for call, state in states:
            revision.journal(clock).append(call, state)  # type: ignore[arg-type]
        revision.decided("abort", "Amina", clock)
    return run


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days and an exercise, in a store."""
    config = installation(tmp_path_factory.mktemp("runs"), store=True)
    run_of(config, DAY, states=((0, "begun"), (1, "done"), (2, "done")))
    run_of(config, date(2026, 2, 14), states=((0, "begun"), (1, "failed")))
    run_of(config, date(2026, 2, 13), exercise=True)
    return config


def test_runs_are_listed_the_newest_first(config: Path) -> None:
    here = "1 trigger, 3 warnings; files here and in the store, 0.0 MB"
    assert said(config, "list").splitlines() == [
        f"XDM/floods/2026-02-15            {here}",
        "  sandbox r1 finished, notified",
        f"XDM/floods/2026-02-14            {here}",
        "  sandbox r1 not finished: 2 of 2 calls left",
        f"exercises/XDM/floods/2026-02-13  {here}",
    ]


def test_runs_that_are_asked_for(config: Path) -> None:
    def names(*arguments: str) -> list[str]:
        return [each["run"].rpartition("/")[2] for each in json.loads(said(config, "list", *arguments, "--json"))]

    assert names() == ["2026-02-15", "2026-02-14", "2026-02-13"]
    assert names("--since", "2026-02-14") == ["2026-02-15", "2026-02-14"]
    assert names("--until", "2026-02-14") == ["2026-02-14", "2026-02-13"]
    assert names("--target", "sandbox", "--most", "1") == ["2026-02-15"]
    assert names("UGA") == names("--hazard", "typhoon") == names("--target", "files") == []


def test_on_a_narrow_terminal_no_date_is_cut(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = said(config, "list").splitlines()
    assert max(map(len, lines)) > 0
    text = "\n".join(lines)
    assert all(f"floods/2026-02-{day}" in text for day in (13, 14, 15))


def test_everything_of_a_run(config: Path) -> None:
    text = said(config, "show", "XDM/2026-02-15")
    assert "XDM/floods/2026-02-15\nfound: 1 trigger, 3 warnings\nsource: ftp\n" in text
    assert "sandbox r1 finished, notified\n  2 of 2 calls made, date 2026-02-15T00:00:01Z, http://portal\n" in text
    assert "arrived: 2026-02-15 05:40 UTC\n" in text
    assert "  decided 2026-02-15 06:12 UTC: abort by Amina\n" in text
    files = {each["name"]: each for each in json.loads(said(config, "show", "XDM/2026-02-15", "--json"))["files"]}
    extent = files["extents/flood_extent_0-day_XDM.tif"]
    assert (extent["bytes"], extent["here"], extent["pruned"], extent["part"]) == (1000, True, False, "extents")
    assert extent["key"].startswith("XDM/floods/2026-02-15/")


def test_files_are_brought_to_a_folder_of_ones_own(config: Path, tmp_path: Path) -> None:
    """From another machine, which has nothing of the run."""
    settings = yaml.safe_load((config / "settings.yaml").read_text(encoding="utf-8"))
    other = installation(tmp_path / "other", store=False)
    shared = {name: settings[name] for name in ("store", "records")}
    (other / "settings.yaml").write_text(yaml.safe_dump({**settings, **shared}), encoding="utf-8")
    assert "in the store" in said(other, "list", "--since", "2026-02-15", columns=200)
    output = said(other, "pull", "XDM/2026-02-15", "--only", "extents", "--to", str(tmp_path / "qgis"))
    assert output == f"1 files, 0.0 MB, in {tmp_path / 'qgis'}\n"
    files = [file for file in (tmp_path / "qgis").rglob("*") if file.is_file()]
    assert [file.name for file in files] == ["flood_extent_0-day_XDM.tif"]
    assert files[0].read_bytes() == b"x" * 1000
    nothing = CliRunner().invoke(app, ["runs", "pull", "XDM/2026-02-15", "--only", "report", "--config", str(other)])
    assert "there are no such files of XDM/floods/2026-02-15" in str(nothing.exception)


def test_a_bar_of_bytes_is_for_terminals_alone(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = ["runs", "pull", "XDM/2026-02-15", "--only", "extents", "--config", str(config), "--to"]
    assert CliRunner().invoke(app, [*pull, str(tmp_path / "log")]).stderr == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "1.0/1.0 kB" in CliRunner().invoke(app, [*pull, str(tmp_path / "terminal")]).stderr


def test_what_was_withdrawn_is_counted_in_the_list_and_named_where_the_run_is_shown(tmp_path: Path) -> None:
    config, done = installation(tmp_path, store=False), ((0, "begun"), (1, "done"), (2, "done"))
    run_of(config, DAY, states=done, withdraws=("Katonga", "Ssezibwa"))
    assert said(config, "list").splitlines()[1] == "  sandbox r1 withdrawal of 2 events, notified"
    assert "\n  takes back Katonga, Ssezibwa\n" in said(config, "show", "XDM/2026-02-15")


def test_without_a_store_runs_are_here(tmp_path: Path) -> None:
    config = installation(tmp_path, store=False)
    assert said(config, "list") == "no run is recorded\n"
    run_of(config, DAY)
    assert said(config, "list").splitlines()[0].endswith("files here, 0.0 MB")
    assert "1 files" in said(config, "pull", "XDM/2026-02-15", "--only", "extents", "--to", str(tmp_path / "qgis"))
    assert (tmp_path / "qgis/extents/flood_extent_0-day_XDM.tif").read_bytes() == b"x" * 1000


def test_old_files_are_deleted_after_a_look(config: Path) -> None:
    text = said(config, "prune", "--older-than", "1", "--dry-run")
    assert text.endswith("0 sets of files to delete, 0.0 MB\n")
    refused = CliRunner().invoke(app, ["runs", "prune", "--config", str(config)])
    assert "nobody can be asked here" in str(refused.exception)
    assert said(config, "prune", "--yes").endswith("0 sets of files deleted, 0.0 MB\n")


@pytest.mark.usefixtures("plain")
def test_what_is_old_is_deleted_every_sunday(config: Path, tmp_path: Path) -> None:
    def planned(where: Path) -> dict[str, str | None]:
        found = planned_deployments(open_configuration(str(where)), str(where), None)
        return {each.full_name: each.schedule for each in found}

    assert planned(config)["prune/prune"] == planned(installation(tmp_path, store=False))["prune/prune"] == "30 3 * * 0"
    for where in (config, tmp_path / "config"):
        state = prune(config=str(where), return_state=True)
        assert (state.name, state.message) == ("Completed", "0 sets of files deleted, 0.0 MB")


def test_without_a_store_old_reports_are_deleted_and_what_is_needed_stays(tmp_path: Path) -> None:
    """Reports of 1,000 bytes of 15 days, all of them too old: the first day is not finished, the last 10 stay whole."""
    config = installation(tmp_path, store=False)
    long_ago = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    pages = []
    for number in range(15):
        states = ((0, "begun"), (1, "failed")) if number == 0 else ()
        run = run_of(config, DAY + timedelta(days=number), states=states)
        pages.append(run.path / "report/report.html")
        pages[-1].parent.mkdir()
        pages[-1].write_bytes(b"x" * 1000)
        os.utime(pages[-1], (long_ago, long_ago))
    assert said(config, "prune", "--dry-run", columns=200).splitlines()[-3:] == [
        "4 sets of files to delete, 0.0 MB",
        "1 set of files older than that stays: it is not finished",
        "10 sets of files older than that stay: one of the newest 10 runs",
    ]
    assert all(page.is_file() for page in pages), "only shown"
    assert said(config, "prune", "--yes").endswith("4 sets of files deleted, 0.0 MB\n")
    assert [page.is_file() for page in pages] == [True, *[False] * 4, *[True] * 10]
    assert not pages[1].parent.exists()
    kept = {file.name for file in pages[1].parent.parent.rglob("*") if file.is_file()}
    assert kept == {"manifest.json", "flood_extent_0-day_XDM.tif"}, "findings stay"
    said(config, "prune", "--yes", "--kind", "run", "--older-than", "1")
    assert (pages[1].parent.parent / "extents").exists(), "it was put there today"
