"""A canary as password and token: after runs that succeed and runs that fail it is in no file and in no output.

On every day, publications without Prefect: their files, words and logs. In the long stories the flows run in a process
and a workspace of their own, with a Prefect server of its own below that workspace: its database, its logs, run
folders, journals, previews and reports are searched byte by byte. The sandbox's own files lie elsewhere: a server has
to know its accounts. The door in front of it echoes both secrets in every refusal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import IbfError
from ibf_pipeline.targets.ibf.transport import Credentials
from tests.conftest import ROOT
from tests.worlds.countries.flood_days import FloodDays, open_sandbox
from tests.worlds.countries.stories import Story, write_day
from tests.worlds.services.guarded_door import GuardedDoor
from tests.worlds.services.prefect_server import prefect_server

ISSUE = date(2026, 2, 15)
PASSWORD = 'CANARY"word&7/ü'
TOKEN = "eyJhbGciOi.CANARYtoken.9x"
TROUBLES = ("password", "500", "refused", "html", "redirect", "expiry", "none")
EXPECTED = {
    "password": "the login was refused",
    "500": "answered 500: Internal server error of Bearer <hidden> <hidden>",
    "refused": "<hidden> is no good",
    "html": "answered with a web page",
    "redirect": "redirect (302)",
    "expiry": "",
    "none": "",
}
"""what a run says in the end, where it cannot get over its trouble"""
IN_RUNS = ("password", "500", "expiry", "none")
"""of the whole runs: those of which Prefect's logs and states have something different to keep"""
CHILD = """
import json, sys, traceback
from datetime import date
from pathlib import Path
from flows.wiring.environment import set_prefect_defaults
work = Path(sys.argv[1])
set_prefect_defaults(work / "prefect")
import flows.hazard_run as module
from flows.floods import floods
from flows.cli.outcome import exit_code, print_outcome
from rich.console import Console
answers, write_report = {}, module.write_run_report
workspace = str(work / "workspace")
for trouble in sys.argv[2:]:
    module.write_run_report = write_report if trouble in ("500", "none") else lambda *parts: None  # it takes long
    options = {"config": str(work / "config"), "workspace": workspace}
    state = floods("XDM", date(2026, 2, 15), trouble, take_over=True, return_state=True, **options)
    print_outcome(state, options["config"], "XDM", date(2026, 2, 15), trouble, workspace, Console())
    error = state.data
    if isinstance(error, BaseException):
        print(repr(error), str(error), vars(error))
        traceback.print_exception(error)
    answers[trouble] = [exit_code(state), str(state.message)]
(work / "answers.json").write_text(json.dumps(answers))
"""


def written(secret: str) -> set[bytes]:
    """A secret as it may stand in a file: plain, in JSON, in JSON within JSON, in an address."""
    in_json = json.dumps(secret)[1:-1]
    plain_json = json.dumps(secret, ensure_ascii=False)[1:-1]
    forms = {secret, in_json, plain_json, json.dumps(in_json)[1:-1], quote(secret, safe=""), quote_plus(secret)}
    return {form.encode() for form in forms} | {secret.encode("utf-16-le"), b"CANARY"}


FORMS = written(PASSWORD) | written(TOKEN)


def leaks(folder: Path) -> list[str]:
    """Files below a folder that hold a secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if any(form in path.read_bytes() for form in FORMS)]


@pytest.fixture(scope="module")
def door(
    tmp_path_factory: pytest.TempPathFactory, configuration: Configuration, demo_country: FloodCountry
) -> Iterator[GuardedDoor]:
    static = configuration.static_folder(demo_country)
    with (
        open_sandbox(tmp_path_factory.mktemp("sandbox"), static, [demo_country]) as sandbox,
        GuardedDoor(sandbox.url, PASSWORD, TOKEN) as door,
    ):
        yield door


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, door: GuardedDoor) -> Path:
    """The workspace after all the runs."""
    work = tmp_path_factory.mktemp("work")
    (work / "config/countries").mkdir(parents=True)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text())
    settings["sources"]["demo"]["root"] = str(work / "forecasts")
    for trouble in IN_RUNS:
        settings["targets"][trouble] = {"kind": "ibf", "url": f"{door.url}/{trouble}/api", "attempts": 2}
    (work / "config/settings.yaml").write_text(yaml.safe_dump(settings))
    country = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text())
    country["static"] = str(ROOT / "data/fixtures/XDM")
    (work / "config/countries/XDM.yaml").write_text(yaml.safe_dump(country))
    write_day(work / "forecasts", Story("canary", "one trigger", "G9001=--TT----"), ISSUE)
    account = {"IBF_EMAIL": "canary@example.org", "IBF_PASSWORD": PASSWORD}
    with prefect_server(work / "prefect", quiet=True) as server:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(work), *IN_RUNS],
            cwd=ROOT, env={**os.environ, **account, "PREFECT_API_URL": server.url}, capture_output=True, timeout=400,
            check=False,
        )  # fmt: skip
    assert (work / "answers.json").is_file(), done.stderr.decode()[-3000:]
    (work / "output.txt").write_bytes(done.stdout + done.stderr)
    return work


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_secret_is_in_what_a_publication_writes_or_says(
    trouble: str, portal: FloodDays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    account = Credentials("canary@example.org", PASSWORD)
    monkeypatch.setattr("tests.worlds.countries.flood_days.PIPELINE", account)
    found, run = portal.find("G9001=--TT----", ISSUE)
    said, ending = "", None
    with GuardedDoor(portal.sandbox.url, PASSWORD, TOKEN) as door:
        try:
            portal.publish(found, run, url=f"{door.url}/{trouble}/api")
        except IbfError as error:
            ending = error
            said = "\n".join([repr(error), str(error), str(vars(error)), *traceback.format_exception(error)])
    assert (ending is None) == (trouble in ("expiry", "none")), said
    assert ending is None or EXPECTED[trouble] in str(ending)
    assert (door.logins > 1) == (trouble == "expiry"), "the expired token was renewed"
    assert door.strangers == 0
    (tmp_path / "words.txt").write_text(said + caplog.text, encoding="utf-8")
    assert leaks(tmp_path) == []


@pytest.mark.prefect
@pytest.mark.story
def test_the_runs_met_their_troubles(work: Path, door: GuardedDoor) -> None:
    answers = json.loads((work / "answers.json").read_text())
    for trouble in ("password", "500"):
        assert (answers[trouble][0], EXPECTED[trouble] in answers[trouble][1]) == (1, True), answers[trouble]
    assert {trouble: answers[trouble][0] for trouble in ("expiry", "none")} == {"expiry": 0, "none": 0}
    assert door.logins > len(IN_RUNS), "the expired token was renewed"
    assert door.guarded > 100, "the canary token opened the door"
    assert door.strangers == 0


@pytest.mark.prefect
@pytest.mark.story
def test_no_secret_is_in_any_file_or_output(work: Path) -> None:
    names = {path.name for path in work.rglob("*")}
    assert {"journal.jsonl", "plan.jsonl", "preview.json", "report.html", "prefect.db", "output.txt"} <= names
    assert b"Internal server error of Bearer <hidden>" in (work / "output.txt").read_bytes()
    databases = b"".join(path.read_bytes() for path in (work / "prefect").glob("prefect.db*"))
    assert b"the login was refused" in databases, "state messages and logs of the runs are in it"
    assert leaks(work) == []


@pytest.mark.parametrize("secret", [PASSWORD, TOKEN])
def test_the_search_finds_a_secret_that_is_there(secret: str, tmp_path: Path) -> None:
    for number, text in enumerate((secret, json.dumps({"a": secret}), quote(secret, safe=""))):
        (tmp_path / f"{number}.txt").write_text(text, encoding="utf-8")
    assert len(leaks(tmp_path)) == 3
