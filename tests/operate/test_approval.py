"""A held notification waits in the UI: a person approves or stops it there, or its time limit passes."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun, State
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Pending

from flows import approval, suspension
from flows.approval import StoppedTooLate, preview_page, settled_before
from flows.floods import floods
from flows.states import NotNotified, exit_code
from flows.wiring.day import now
from ibf_pipeline.errors import ServerUnreachable
from ibf_pipeline.io.atomic_files import write_json
from ibf_pipeline.runs.ledger import close
from ibf_pipeline.runs.revision import RevisionMetadata
from ibf_pipeline.runs.verification import Verification, keep_verification
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.notice import Notice
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.countries.projects import make_project
from tests.worlds.journals import planned
from tests.worlds.runs import flood_run
from tests.worlds.services.prefect_server import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("quick")]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    days = [date(2026, 2, day) for day in range(10, 17)]
    return make_project(tmp_path_factory.mktemp("project"), ("XDM",), dict.fromkeys(days, "two-events"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspension, "POLL_SECONDS", 0.3)


@contextmanager
def waiting_run(
    server: PrefectServer, config: str, workspace: Path, day: date, retried: FlowRun | None = None
) -> Iterator[tuple[FlowRun, list[State]]]:
    """A run that has come to its pause; its end is in the list after the block. `retried`: another attempt of it."""
    ended: list[State] = []
    given = {"country": "XDM", "issue_date": day, "approval": True, "config": config, "workspace": str(workspace)}

    def run() -> None:
        with temporary_settings(updates={PREFECT_API_URL: server.url}):
            ended.append(run_flow(floods, retried, given, return_type="state"))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield until_paused(f"floods-XDM-{day}"), ended
    finally:
        thread.join(timeout=90)
    assert not thread.is_alive()


def until_paused(name: str) -> FlowRun:
    with get_client(sync_client=True) as client:
        for _ in range(180):
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name])))
            paused = [run for run in runs if run.state.is_paused()]
            if paused:
                return paused[0]
            time.sleep(0.5)
    raise AssertionError(f"{name} never paused: {[run.state for run in runs]}")


def mails(workspace: Path) -> int:
    return len(Sandbox(workspace / "sandbox").mails("XDM"))


def decide(run: FlowRun, **decision: Any) -> None:
    with get_client(sync_client=True) as client:
        answer = client.resume_flow_run(run.id, run_input=decision)
    assert answer.status.value == "ACCEPT", answer


def test_a_person_sees_the_preview_and_approves(api: PrefectServer, config: str, workspace: Path) -> None:
    day, before = date(2026, 2, 10), mails(workspace)
    with waiting_run(api, config, workspace, day) as (run, ended):
        assert mails(workspace) == before
        with get_client(sync_client=True) as client:
            previews = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["preview-xdm"]}))
            (preview,) = [artifact for artifact in previews if artifact.flow_run_id == run.id]
        assert "# Approve the notification for Demoland XDM?" in preview.data
        assert "| G9003 |" in preview.data
        assert "```\n" in preview.data
        assert "no mail" not in preview.data
        decide(run, decision="approve", by="Amina")
    (state,) = ended
    assert (state.is_completed(), state.name) == (True, "Completed")
    assert state.message.endswith("approved by Amina")
    assert mails(workspace) == before + 1
    assert "Press Resume on the page of the run." in text_of_held(api, day)


def test_the_page_of_the_morning_says_that_it_waits(api: PrefectServer, tmp_path: Path) -> None:
    """Also where it is the last run of the day, after which nothing brings the page up to date."""
    today = now().date()
    config = make_project(tmp_path / "project", ("XDM",), {today: "two-events"})
    with waiting_run(api, config, tmp_path / "work", today) as (run, _):
        with get_client(sync_client=True) as client:
            pages = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["morning", "summary-xdm"]}))
        ours = {artifact.key: artifact.data for artifact in pages if artifact.flow_run_id == run.id}
        decide(run, decision="stop")
    page = ours["morning"]
    assert (
        f"\n[All countries of the day]({api.url.removesuffix('/api')}/artifacts/key/morning)\n" in ours["summary-xdm"]
    )
    assert "**0 of 1 country done.** 1 waits for a decision." in page
    assert "### Demoland XDM (XDM): Paused\n\nthe notification waits for an operator" in page
    assert "**What to do:** press Resume on the page of the run, " in page


def test_a_person_stops_it(api: PrefectServer, config: str, workspace: Path) -> None:
    day, before = date(2026, 2, 11), mails(workspace)
    with waiting_run(api, config, workspace, day) as (run, ended):
        decide(run, decision="stop")
    assert (ended[0].is_completed(), ended[0].name) == (True, "Notification stopped")
    assert ended[0].message == "2 triggers; doubtful forecast at G9007 (suspect); not notified: stopped"
    assert mails(workspace) == before


def test_a_newer_day_comes_first_and_the_person_who_approves_is_told_that_nobody_was_notified(
    api: PrefectServer, config: str, workspace: Path
) -> None:
    day, newer = date(2026, 2, 12), date(2026, 2, 13)
    with waiting_run(api, config, workspace, day) as (run, ended):
        assert floods("XDM", newer, config=config, workspace=str(workspace), return_state=True).is_completed()
        before = mails(workspace)
        decide(run, decision="approve", by="Amina")
    (state,) = ended
    assert (state.is_failed(), state.name) == (True, "Not notified")
    assert state.message.startswith("not notified: approved by Amina too late, revision 1 had been given up (")
    assert "2026-02-13" in state.message
    assert exit_code(state) == 1
    assert mails(workspace) == before


def test_a_run_that_is_held_and_waits_for_nobody_is_told(api: PrefectServer, config: str, workspace: Path) -> None:
    day = date(2026, 2, 14)
    state = floods("XDM", day, hold=True, config=config, workspace=str(workspace), return_state=True)
    assert (state.is_completed(), state.name) == (True, "Held")
    assert state.message.endswith("; held before the notification: approve or abort it with `ibf-pipeline resume`")
    text = text_of_held(api, day)
    assert text.startswith(
        "Demoland XDM, forecast of 2026-02-14: 2 triggers. Everything is on sandbox, and the notification waits for a "
        "person until 20"
    )
    assert " UTC; afterwards nobody is notified. Decide with `ibf-pipeline resume XDM/2026-02-14 --approve`" in text
    assert "/runs/flow-run/" in text


def text_of_held(server: PrefectServer, day: date) -> str:
    """What the server was told of a day's held notification, once; it takes a moment to get there."""
    of_run = {"id": [f"ibf-pipeline.run.XDM.floods.{day}"]}
    asked = {"filter": {"event": {"name": ["ibf-pipeline.held"]}, "resource": of_run}}
    for _ in range(120):
        answer = httpx.post(f"{server.url}/events/filter", json=asked, timeout=60)
        if answer.is_success and (found := answer.json()["events"]):
            (event,) = found
            return str(event["payload"]["text"])
        time.sleep(0.5)
    raise AssertionError(f"nothing was told of {day}")


@pytest.mark.parametrize(
    ("entries", "decision", "outcome"),
    [
        ((), "approve", "approved by Amina: people had been notified before"),
        ((), "late", "not approved here: people had been notified before"),
        ((), "stop", StoppedTooLate("stopped by Amina too late: the notification had been sent")),
        (("aborted by a person",), "stop", "not notified: stopped by Amina"),
        (("aborted by a person",), "approve", NotNotified("had been given up (aborted by a person)")),
        (("2026-02-13 is published",), "late", NotNotified("not notified: nobody approved it, revision 1 had been")),
    ],
)
def test_what_was_settled_while_the_run_waited(
    entries: tuple[str, ...], decision: Any, outcome: str | Exception, tmp_path: Path
) -> None:
    revision = planned(flood_run(tmp_path, "XTS", date(2026, 2, 10)))
    for why in entries:
        close(revision, now, why)
    if isinstance(outcome, str):
        assert settled_before(revision, decision, " by Amina") == outcome
    else:
        with pytest.raises(type(outcome), match=re.escape(str(outcome))):
            settled_before(revision, decision, " by Amina")


def test_the_preview_names_the_triggers_that_the_mail_leaves_out(tmp_path: Path) -> None:
    about = RevisionMetadata("2026-02-10T00:00:00Z", "portal", "http://portal", "current", "asked", True, "hash")
    revision = planned(flood_run(tmp_path, "XTS", date(2026, 2, 10)), about)
    day = found([], [])
    limit = datetime(2026, 2, 10, 18, tzinfo=UTC)
    assert "Not in this mail" not in preview_page(day, revision, limit)
    silent = [Notice("trigger without mail", name, "a trigger") for name in ("G1", "G2")]
    kept = [asdict(notice) for notice in (*silent, Notice("alert ended", "G3", "it ended"))]
    write_json(revision.folder.joinpath("notices.json"), {"notices": kept})
    assert "> **Not in this mail:** G1 and G2. A notice tells of each.\n" in preview_page(day, revision, limit)
    keep_verification(Verification("differs", limit, ("event G1: trigger expected, not shown",)), revision.kept)
    mind = "> **Mind:** the portal differs: event G1: trigger expected, not shown"
    assert mind in preview_page(day, revision, limit), "who approves has to know"


def test_the_preview_says_why_people_of_the_mail_are_others(tmp_path: Path) -> None:
    """Two stations share area A, which the portal shows with the first alone: 300 people, 100 of them at the second."""
    revision = planned(flood_run(tmp_path, "XTS", date(2026, 2, 10)))
    first = event("G1", "---TT---", "max", {"A": 300, "A1": 200})
    second = event("G2", "---TT---", "max", {"B": 50, "B1": 50, "A2": 100})
    limit = datetime(2026, 2, 10, 18, tzinfo=UTC)
    page = preview_page(found([first, second], []), revision, limit)
    assert (
        "The mail counts people by whole areas of level 1, and one that several stations share with one of them alone: "
        "G1: 200 here, 300 there; G2: 150 here, 50 there."
    ) in page
    alone = event("G3", "---TT---", "max", {"C": 70, "C1": 70})
    warning = event("G4", "---ww---", "med", {"D": 0, "D1": 0})
    assert "The mail counts" not in preview_page(found([alone], []), revision, limit)
    words = "Where the table has no number, people are not estimated, and the mail says 0."
    assert words in preview_page(found([alone, warning], []), revision, limit)


def test_the_preview_of_an_exercise_leaves_that_of_a_real_day_in_its_place(api: PrefectServer, tmp_path: Path) -> None:
    about = RevisionMetadata("2026-02-10T00:00:00Z", "portal", "http://portal", "current", "asked", True, "hash")
    revision = planned(flood_run(tmp_path, "XTS", date(2026, 2, 10)), about)
    day = found([], [])
    for exercise in (False, True):
        approval._keep_preview(replace(day, exercise=exercise), revision, datetime(2026, 2, 10, 18, tzinfo=UTC))
    keys = [f"preview-{day.country.lower()}", f"preview-{day.country.lower()}-exercise"]
    with get_client(sync_client=True) as client:
        kept = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": keys}))
    assert {artifact.key: artifact.description.startswith("EXERCISE. ") for artifact in kept} == {
        keys[0]: False,
        keys[1]: True,
    }


def test_a_time_limit_that_is_over_before_the_pause_begins_ends_it_too(
    api: PrefectServer, config: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uploading took longer than a person was given to decide."""
    day, before = date(2026, 2, 15), mails(workspace)
    monkeypatch.setattr(approval, "now", lambda: now() + timedelta(days=2))
    state = floods("XDM", day, approval=True, config=config, workspace=str(workspace), return_state=True)
    assert state.is_failed()
    assert str(state.message).startswith("not notified: nobody approved it until")
    assert mails(workspace) == before


def test_a_retry_of_the_run_that_failed_after_its_approval_asks_again(
    api: PrefectServer, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same flow run and the same revision, as the button Retry of the UI has it."""
    day = date(2026, 2, 16)

    def unreachable(*parts: Any) -> None:
        raise ServerUnreachable("connection refused")

    with monkeypatch.context() as patched, waiting_run(api, config, tmp_path, day) as (run, ended):
        patched.setattr(approval, "resume_run", unreachable)
        decide(run, decision="approve", by="Amina")
        for _ in range(120):
            if ended:
                break
            time.sleep(0.5)
    assert ended[0].is_failed()
    assert (ended[0].message, mails(tmp_path)) == ("connection refused", 0)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Pending())
        failed = client.read_flow_run(run.id)
    with waiting_run(api, config, tmp_path, day, failed) as (again, ended):
        decide(again, decision="approve", by="Berta")
    assert (again.id, again.run_count > run.run_count) == (run.id, True)
    assert str(ended[0].message).endswith("; approved by Berta")
    assert mails(tmp_path) == 1


def test_after_the_time_limit_nobody_is_notified(
    api: PrefectServer, config: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, before = date(2026, 2, 16), mails(workspace)
    alarms: list[threading.Timer] = []

    class ByHand(threading.Timer):
        def start(self) -> None:
            alarms.append(self)

    monkeypatch.setattr(suspension, "threading", SimpleNamespace(Event=threading.Event, Timer=ByHand))
    with waiting_run(api, config, workspace, day) as (run, ended):
        (alarm,) = alarms
        assert alarm.interval > 3600, "the time that the target gives a person"
        alarm.function(*alarm.args)
    assert ended[0].is_failed()
    assert ended[0].message.startswith("not notified: nobody approved it until")
    assert mails(workspace) == before
    (revision,) = flood_run(workspace / "runs", "XDM", day).revisions("sandbox")
    last = json.loads((revision.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["state"], last["error"]) == ("closed", "not notified: nobody approved it in time")
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(run.id).state.is_failed()
