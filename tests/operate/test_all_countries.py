"""All countries from the command line's side, in processes of this machine: isolated from each other, one summary."""

from __future__ import annotations

import os
import signal
from datetime import date
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter

from flows.all_countries import all_countries
from flows.country_process import CountryJob, CountryOutcome
from flows.outcome import exit_code
from flows.wiring import open_configuration
from ibf_pipeline.run_folder import RunFolder
from tests.worlds.countries.projects import SUNDAY, add_country, make_project
from tests.worlds.quick import prepare_from_kept

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("api")]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_project(tmp_path_factory.mktemp("project"), ("XDM", "XDN"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, config: str) -> Path:
    """The demo country's layers are there; its copy's are built by its run."""
    folder = tmp_path_factory.mktemp("workspace")
    opened = open_configuration(config, str(folder))
    country = opened.country("XDM")
    prepare_from_kept(country, opened.static_folder(country), opened.prepared_folder("XDM"))
    return folder


def test_every_country_has_its_day_though_one_fails(config: str, workspace: Path, tmp_path: Path) -> None:
    folder = Path(config)
    add_country(folder, "XDO", static=str(tmp_path / "nothing-here"))
    (folder / "countries" / "XDP.yaml").write_text("iso3: XDP\ncolour: blue\n", encoding="utf-8")
    try:
        state = all_countries(SUNDAY, config=config, workspace=str(workspace), limit=2, return_state=True)
    finally:
        for iso3 in ("XDO", "XDP"):
            (folder / "countries" / f"{iso3}.yaml").unlink()
    assert state.is_failed()
    assert state.message.startswith("2 of 4 countries done; XDO: ")
    assert "unknown key" in state.message
    assert exit_code(state) == 1
    for iso3 in ("XDM", "XDN"):
        (revision,) = RunFolder(workspace / "runs", iso3, SUNDAY).revisions("sandbox")
        assert revision.calls()[-1].path == "/notification/send"
    with get_client(sync_client=True) as client:
        ours = client.read_flow_run(state.state_details.flow_run_id)
        since = FlowRunFilter(start_time={"after_": ours.start_time})
        runs = {run.name: run.state.name for run in client.read_flow_runs(flow_run_filter=since)}
    assert runs["floods-XDM-2026-02-15"] == runs["floods-XDN-2026-02-15"] == "Completed"
    assert runs["floods-XDO-2026-02-15"] == runs["all-countries-2026-02-15"] == "Failed"


def test_input_that_is_missing_everywhere_is_code_3(config: str, workspace: Path) -> None:
    state = all_countries(date(2026, 2, 1), ["XDM"], config=config, workspace=str(workspace), return_state=True)
    assert state.message.startswith("0 of 1 countries done; XDM: input not available yet: ")
    assert exit_code(state) == 3


def test_a_country_that_is_not_configured_is_refused_before_anything_runs(config: str, tmp_path: Path) -> None:
    state = all_countries(SUNDAY, ["XDM", "KEN"], config=config, workspace=str(tmp_path), return_state=True)
    assert state.message == "no country KEN. Expected: XDM, XDN."
    assert not (tmp_path / "runs").exists()


def test_a_process_that_dies_takes_no_other_country_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import all_countries as module

    monkeypatch.setattr(module, "run_country", die_in_xdm)
    jobs = [CountryJob(iso3, SUNDAY, None, "config", None) for iso3 in ("XDM", "XDN", "XDO")]
    first, *others = module.run_jobs(jobs, limit=1)
    assert (first.country, first.state, first.exit_code) == ("XDM", "Crashed", 1)
    assert [(other.country, other.message) for other in others] == [("XDN", "no alert"), ("XDO", "no alert")]


def die_in_xdm(job: CountryJob, api_url: str) -> CountryOutcome:
    if job.country == "XDM":
        os.kill(os.getpid(), signal.SIGKILL)
    return CountryOutcome(job.country, "Completed", "no alert", 0, 0.0)


def test_the_configured_limit_is_taken(config: str) -> None:
    file = Path(config) / "settings.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(yaml.safe_dump({**yaml.safe_load(before), "operations": {"parallel_countries": 0}}))
    try:
        with pytest.raises(Exception, match="parallel_countries"):
            open_configuration(config)
    finally:
        file.write_text(before, encoding="utf-8")
