"""The flow under a Prefect server, and what a person sees of it."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, LogFilter
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, temporary_settings
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.compare import compare_day
from flows.floods import floods
from flows.states import exit_code
from flows.wiring.day import now, open_configuration
from flows.wiring.sandbox import open_sandbox
from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerUnreachable, UsageError
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer
from ibf_pipeline.targets.ibf.transport import IbfTransport
from tests.conftest import ROOT
from tests.worlds.countries.flood_days import PIPELINE
from tests.worlds.countries.stories import write_day
from tests.worlds.journals import once_more
from tests.worlds.lookback_words import said
from tests.worlds.plain_calls import plain_calls
from tests.worlds.runs import flood_run
from tests.worlds.services.prefect_server import PrefectServer

pytestmark = pytest.mark.usefixtures("plain", "quick")
ISSUE = date(2026, 2, 15)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The project's configuration, with forecasts in a folder of our own."""
    folder = tmp_path_factory.mktemp("project") / "config"
    (folder / "countries").mkdir(parents=True)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text())
    settings["sources"]["demo"]["root"] = str(folder.parent / "forecasts")
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    country = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text())
    country["static"] = str(ROOT / "data/fixtures/XDM")
    (folder / "countries/XDM.yaml").write_text(yaml.safe_dump(country))
    write_day(folder.parent / "forecasts", "busiest", ISSUE)
    write_day(folder.parent / "forecasts", "unmapped-only", date(2026, 2, 16))
    write_day(folder.parent / "forecasts", "members-30", date(2026, 2, 17))
    return str(folder)


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def demo_day(prefect: PrefectServer, quick: None, config: str, workspace: str) -> State:
    """The end of the first day's run."""
    with temporary_settings(updates={PREFECT_API_URL: prefect.url}):
        return floods("XDM", ISSUE, config=config, workspace=workspace, return_state=True)


@pytest.fixture(scope="module")
def hidden_day(quick: None, demo_day: State, config: str, workspace: str) -> State:
    """The end of the next day's, whose only alert cannot be shown."""
    with plain_calls():
        return floods("XDM", date(2026, 2, 16), config=config, workspace=workspace, return_state=True)


def test_the_demo_day(demo_day: State, workspace: str) -> None:
    state = demo_day
    assert state.is_completed()
    assert said(state) == (
        "5 triggers, 2 warnings; alert could not be published: G9006 (no areas in the mapping); "
        "doubtful forecast at G9007 (suspect)"
    )
    run = flood_run(Path(workspace) / "runs", "XDM", ISSUE)
    assert run.is_whole
    (revision,) = run.revisions("sandbox")
    assert revision.calls()[-1].path == "/notification/send"
    assert {file.name for file in (run.path / "extents").iterdir()} == {
        f"flood_extent_{lead_time}-day_XDM.tif" for lead_time in range(8)
    }


@pytest.mark.usefixtures("api")
def test_the_run_is_named_after_country_and_date_and_has_a_task_a_stage(demo_day: State) -> None:
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(demo_day.state_details.flow_run_id)
        assert run.name == "floods-XDM-2026-02-15"
        names = {task.name for task in client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [run.id]}))}
    assert names == {
        "prepared layers of XDM",
        "GloFAS forecast of 2026-02-15 for XDM from demo",
        "discharge at the stations of XDM",
        "events of XDM",
        "flood extents and findings of XDM",
        "plan the calls of XDM for sandbox",
        "publish XDM to sandbox, revision 1",
        "report of XDM",
        "artifacts of XDM",
    }


@pytest.mark.usefixtures("api")
def test_the_run_leaves_artifacts_and_its_log(demo_day: State) -> None:
    own = {"any_": [demo_day.state_details.flow_run_id]}
    with get_client(sync_client=True) as client:
        kept = client.read_artifacts(flow_run_filter=FlowRunFilter(id=own))
        for _ in range(60):  # the log is sent on by and by
            logs = client.read_logs(LogFilter(flow_run_id=own), limit=200)
            messages = [log.message for log in logs if log.name == "ibf_pipeline.tasks"]
            if said := any("5 triggers, 2 warnings" in message for message in messages):
                break
            time.sleep(0.5)
    assert said
    artifacts = {artifact.key or artifact.type: artifact for artifact in kept}
    assert {"summary-xdm", "events-xdm", "areas-xdm", "stations-xdm", "changes-xdm", "progress"} <= set(artifacts)
    assert "# Demoland: 5 triggers, 2 warnings" in artifacts["summary-xdm"].data
    assert "data:image/png;base64," in artifacts["summary-xdm"].data
    assert artifacts["events-xdm"].data.count("G9008") == 1
    assert artifacts["progress"].data == 100.0


@pytest.mark.usefixtures("demo_day")
def test_what_the_portal_shows_is_compared_with_the_run(config: str, workspace: str) -> None:
    """Its own upload agrees in every event; another day is no difference, but nothing to compare with."""
    where = ("--target", "sandbox", "--config", config, "--workspace", workspace)
    code, output = invoke("compare", "XDM", *where)
    assert code == 0, output
    assert "2026-02-15: 6 of 6 events agree with sandbox" in output
    code, output = invoke("compare", "XDM", "--kept", *where)
    assert (code, output.split("\n")[:2]) == (
        0, ["2026-02-15: 6 agrees", "1 days compared, 1 without a difference"]
    )  # fmt: skip
    with pytest.raises(ForbiddenByRule, match="sandbox shows the day 2026-02-15, not 2026-02-14"):
        compare_day(config, "XDM", date(2026, 2, 14), "sandbox", workspace)
    with pytest.raises(UsageError, match="target files is not a portal"):
        compare_day(config, "XDM", ISSUE, "files", workspace)


@pytest.mark.usefixtures("demo_day")
def test_run_again_is_nothing_to_do(config: str, workspace: str) -> None:
    code, output = invoke("run", "XDM", "--date", "2026-02-15", "--config", config, "--workspace", workspace)
    assert code == 0, output
    assert len(flood_run(Path(workspace) / "runs", "XDM", ISSUE).revisions("sandbox")) == 1


def test_a_day_without_forecast_says_so(config: str, workspace: str) -> None:
    state = floods("XDM", date(2026, 2, 1), config=config, workspace=workspace, return_state=True)
    assert state.is_failed()
    assert str(state.message).startswith("input not available yet: ")
    assert exit_code(state) == 3
    assert not flood_run(Path(workspace) / "runs", "XDM", date(2026, 2, 1)).path.exists()


@pytest.mark.parametrize(
    ("country", "day", "target", "why"),
    [
        ("XDM", "not-a-date", None, "issue_date is 'not-a-date'. Expected: a day such as 2026-02-15. "),
        ("KEN", "2026-02-15", None, "there is no country 'KEN'"),
        ("XDM", "2026-02-15", "nope", "nope"),
    ],
)
@pytest.mark.usefixtures("api")
def test_what_a_run_cannot_be_asked_for_is_said_in_one_line_of_a_run_with_a_name(
    country: str, day: str, target: str | None, why: str, config: str, tmp_path: Path
) -> None:
    asked: Any = day
    state = floods(country, asked, target, config=config, workspace=str(tmp_path), return_state=True)
    assert state.is_failed()
    assert why in str(state.message)
    assert "\n" not in str(state.message)
    assert exit_code(state) == 2
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
    assert run.name == f"floods-{country}-{day}"


def test_a_deployment_is_not_run_for_another_country(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.hazard_run.deployment", SimpleNamespace(id="some"))
    monkeypatch.setattr("flows.hazard_run.flow_run", SimpleNamespace(tags=["ibf-pipeline", "floods", "XDN"]))
    state = floods("XDM", ISSUE, config=config, workspace=str(tmp_path), return_state=True)
    assert state.message == (
        "deployment floods/XDN is asked for the country XDM. Expected: XDN. What to do: run the deployment floods/XDM."
    )
    assert not (tmp_path / "runs").exists()


def test_too_few_members_are_input_not_available_yet(config: str, workspace: str) -> None:
    state = floods("XDM", date(2026, 2, 17), config=config, workspace=workspace, return_state=True)
    assert "30 of 51 ensemble members" in str(state.message)
    assert exit_code(state) == 3
    assert not flood_run(Path(workspace) / "runs", "XDM", date(2026, 2, 17)).is_whole


def test_an_alert_that_cannot_be_shown_is_a_failed_run(hidden_day: State, workspace: str) -> None:
    state = hidden_day
    assert state.is_failed()
    assert said(state) == (
        "alert could not be published: G9006 (no areas in the mapping); 1 trigger; "
        "doubtful forecast at G9007 (suspect); alert ended: G9001, G9002, G9003 and 3 more"
    )
    assert exit_code(state) == 1
    revision = flood_run(Path(workspace) / "runs", "XDM", date(2026, 2, 16)).revisions("sandbox")[0]
    assert revision.calls()[-1].path == "/notification/send", "the station went out with its class all the same"


def test_plan_prints_the_order_and_publishes_nothing(config: str, tmp_path: Path) -> None:
    code, output = invoke(
        "plan", "XDM", "--date", "2026-02-15", "--target", "sandbox", "--config", config, "--workspace", str(tmp_path)
    )
    assert code == 0, output
    assert "nothing was published" in output
    assert "exposure, level 1" in output
    run = flood_run(tmp_path / "runs", "XDM", ISSUE)
    assert run.revisions("sandbox") == []
    assert (run.path / "targets/sandbox/.r0.part/plan.jsonl").is_file()


@pytest.mark.usefixtures("hidden_day")
def test_withdraw_takes_an_event_back(config: str, workspace: str) -> None:
    code, output = invoke(
        "withdraw", "XDM/2026-02-16", "--config", config, "--workspace", workspace, "--event", "G9006"
    )
    assert code == 0, output
    assert "G9006, Daro at Beles (trigger)" in output
    assert "No other alert is in force." in output
    revision = flood_run(Path(workspace) / "runs", "XDM", date(2026, 2, 16)).revisions("sandbox")[-1]
    assert (revision.number, revision.about().withdraws) == (2, ("G9006",))
    classes = [call.body for call in revision.calls() if call.step.endswith("eapAlertClass")]
    values = {point["fid"]: point["value"] for body in classes if body for point in body["dynamicPointData"]}
    assert values["G9006"] == "no"
    page = (Path(workspace) / "runs/XDM/floods/2026-02-16/report/report.html").read_text(encoding="utf-8")
    assert "1 alert was withdrawn by an operator, please do not act on it: Daro at Beles (G9006)." in page


def test_resume_writes_the_report_again(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ("--config", config, "--workspace", str(tmp_path))
    assert invoke("run", "XDM", "--date", "2026-02-15", "--hold", *place)[0] == 0
    page = tmp_path / "runs/XDM/floods/2026-02-15/report/report.html"
    text = page.read_text(encoding="utf-8")
    made = re.search(r"(\d+) of (\d+) calls made; 1 waiting for an operator(?:'|&#39;)s approval", text)
    assert made, text[text.index("Calls made and") :][:400]
    assert int(made[1]) + 1 == int(made[2])

    def broken(*parts: object) -> Path:
        raise ZeroDivisionError("a font without height")

    with monkeypatch.context() as patched:
        patched.setattr("flows.wiring.decisions.rewrite_report", broken)
        code, output = invoke("resume", "XDM/2026-02-15", "--approve", *place)
    assert code == 0, output  # the report is behind, people were told
    code, _ = invoke("resume", "XDM/2026-02-15", *place)
    assert code == 1  # nothing is unfinished; the report is written all the same
    assert f"all {made[2]} calls made" in page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("api")
def test_a_notice_is_sent_on_by_whoever_gets_to_it(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose notification the server turned away; the person who then resumes it tells nothing again."""
    place = ("--config", config, "--workspace", str(tmp_path))
    sent: list[str] = []
    monkeypatch.setattr(
        "flows.notice_events.send_events", lambda events: sent.extend(each.payload["event"] for each in events)
    )
    send = IbfTransport.send

    def turned_away(self: IbfTransport, call: Call) -> Answer:
        if call.kind == "end":
            raise ServerUnreachable("answered 429")
        return send(self, call)

    with monkeypatch.context() as patched:
        patched.setattr(IbfTransport, "send", turned_away)
        code, output = invoke("run", "XDM", "--date", "2026-02-16", *place)
    assert (code, sent) == (1, ["G9006", "the inputs"]), output  # and that the forecast at G9007 is suspect
    code, output = invoke("resume", "XDM/2026-02-16", *place)
    assert (code, sent) == (0, ["G9006", "the inputs"]), f"told again: {output}"
    assert "NOTICE alert could not be published" in output


def test_a_held_day_is_withdrawn_and_nobody_decides_about_it_any_more(config: str, tmp_path: Path) -> None:
    """The portal shows what was uploaded before the notification was held: withdrawing takes it back from there."""
    where = ["--config", config, "--workspace", str(tmp_path)]
    code, output = invoke("run", "XDM", "--date", "2026-02-16", "--hold", *where)
    assert (code, "held before the notification" in output) == (1, True), output
    assert "published to sandbox only in part: 29 of 30 calls; next is call 30, notify" in output
    run = flood_run(tmp_path / "runs", "XDM", date(2026, 2, 16))
    held = run.revisions("sandbox")[0]
    for decision in ("--assume-notified", "--notify-again"):
        assert invoke("resume", "XDM/2026-02-16", decision, *where)[0] == 1, "its fate is not unknown"
    last = run.revisions("sandbox")[0].calls()[-1].number
    assert held.state().progress.last_state(last) == "held"
    code, output = invoke("withdraw", "XDM/2026-02-16", "--all", *where)
    assert (code, "- G9006, " in output) == (0, True), output
    assert [revision.number for revision in run.revisions("sandbox")] == [1, 2]
    assert held.state().is_closed
    assert invoke("resume", "XDM/2026-02-16", "--approve", *where)[0] == 1, "nothing is left to approve"
    code, output = invoke("run", "XDM", "--date", "2026-02-16", *where)
    assert (code, "G9006 was withdrawn by revision 2" in output) == (1, True), output


def test_an_unconfirmed_notification_outlives_an_abort_until_a_person_decides(config: str, tmp_path: Path) -> None:
    """Exit code 4 again and again, no new revision, and both decisions are still there."""
    where = ["--config", config, "--workspace", str(tmp_path)]
    days = ("XDM/2026-02-15", "XDM/2026-02-16")
    for name, decision, words in zip(
        days, ("--assume-notified", "--notify-again"), ("is taken as sent", "1 of 30 calls made now"), strict=True
    ):
        iso3, issue_date = name.split("/")
        assert "held before" in invoke("run", iso3, "--date", issue_date, "--hold", *where)[1]
        run = flood_run(tmp_path / "runs", iso3, date.fromisoformat(issue_date))
        (revision,) = run.revisions("sandbox")
        revision.journal(now).append(revision.calls()[-1].number, "unknown")
        code, output = invoke("resume", name, "--abort", *where)
        assert (code, "its notification is unconfirmed: people may have been notified" in output) == (0, True), output
        code, output = invoke("run", iso3, "--date", issue_date, *where)
        assert (code, "was given up, and its notification may have gone out" in output) == (4, True), output
        refused = CliRunner().invoke(app, ["resume", name, *where])
        assert isinstance(refused.exception, OutcomeUnknown), "nothing is unfinished, and one is unconfirmed"
        code, output = invoke("resume", name, decision, *where)
        assert (code, words in output) == (0, True), output
        _, output = invoke("run", iso3, "--date", issue_date, *where)
        assert len(run.revisions("sandbox")) == 1, "the same content is nothing to do"
        assert output.rstrip().endswith("; nothing to publish: sandbox has this very content"), output
        assert "published to sandbox" not in output


def test_a_backfill_stops_at_the_first_day_that_is_not_published(config: str, tmp_path: Path) -> None:
    code, output = invoke(
        "backfill",
        "XDM",
        "--from",
        "2026-02-15",
        "--to",
        "2026-02-18",
        "--config",
        config,
        "--workspace",
        str(tmp_path),
    )
    assert code == 3, "the exit code of the day that it stopped at"
    assert "2026-02-15: 5 triggers, 2 warnings" in output
    assert "2026-02-16: alert could not be published: G9006 (no areas in the mapping)" in output
    assert "stopped at 2026-02-16" not in output, "its station was published with its class"
    assert "stopped at 2026-02-17" in output
    assert "2026-02-18" not in output
    (revision,) = flood_run(tmp_path / "runs", "XDM", ISSUE).revisions("sandbox")
    assert revision.calls()[-1].query == {"noNotifications": "true"}
    code, output = invoke(
        "backfill",
        "XDM",
        "--from",
        "2026-02-15",
        "--to",
        "2026-02-15",
        "--config",
        config,
        "--workspace",
        str(tmp_path),
    )
    assert (code, "published before, skipped" in output) == (0, True)


def test_a_backfill_does_not_pass_over_a_day_whose_later_revision_is_unfinished(config: str, tmp_path: Path) -> None:
    where = ["--config", config, "--workspace", str(tmp_path)]
    assert invoke("run", "XDM", "--date", "2026-02-15", *where)[0] == 0
    (first,) = flood_run(tmp_path / "runs", "XDM", ISSUE).revisions("sandbox")
    once_more(first)
    code, output = invoke("backfill", "XDM", "--from", "2026-02-15", "--to", "2026-02-15", *where)
    assert (code, "revision 2 is unfinished and ends with a notification" in output) == (1, True), output
    assert "stopped at 2026-02-15" in output


def test_a_backfill_repairs_a_day_whose_later_revision_was_given_up_half_way(config: str, tmp_path: Path) -> None:
    where = ["--config", config, "--workspace", str(tmp_path)]
    past = ["backfill", "XDM", "--from", "2026-02-15", "--to", "2026-02-15", *where]
    assert invoke("run", "XDM", "--date", "2026-02-15", *where)[0] == 0
    run = flood_run(tmp_path / "runs", "XDM", ISSUE)

    def given_up() -> None:
        once_more(run.revisions("sandbox")[-1]).journal(now).append(1, "done")
        assert invoke("resume", "XDM/2026-02-15", "--abort", *where)[0] == 0

    given_up()
    code, output = invoke(*past)
    assert (code, "skipped" in output) == (0, False), output
    assert [revision.number for revision in run.revisions("sandbox")] == [1, 2, 3]
    assert "published before, skipped" in invoke(*past)[1]
    invoke("run", "XDM", "--date", "2026-02-16", *where)
    given_up()
    assert "published before, skipped" in invoke(*past)[1], "it could not be published after a later day"


def test_withdraw_takes_the_consent_that_its_refusal_asks_for(config: str, tmp_path: Path) -> None:
    """Somebody else has uploaded the same day after us."""
    where = ["--config", config, "--workspace", str(tmp_path)]
    assert invoke("run", "XDM", "--date", "2026-02-15", *where)[0] == 0
    configuration = open_configuration(config, str(tmp_path))
    with open_sandbox(configuration, configuration.country("XDM")) as portal:
        upload(portal.url, {
            "countryCodeISO3": "XDM", "disasterType": "floods", "adminLevel": 2, "leadTime": "3-day",
            "eventName": "theirs", "dynamicIndicator": "population_affected", "date": f"{ISSUE}T09:00:00Z",
            "exposurePlaceCodes": [{"placeCode": "XD0102", "amount": 5}],
        })  # fmt: skip
        place = {"countryCodeISO3": "XDM", "disasterType": "floods"}
        requests.post(f"{portal.url}/notification/send?noNotifications=true", json=place, timeout=10).raise_for_status()
    command = ["withdraw", "XDM/2026-02-15", "--event", "G9005", *where]
    refused = CliRunner().invoke(app, command)
    assert "somebody else publishes there; replace it with --take-over" in str(refused.exception)
    code, output = invoke(*command, "--take-over", "--accept-blind", "theirs")
    assert (code, "- G9005, " in output) == (0, True), output


def upload(url: str, body: dict[str, Any]) -> None:
    """An exposure upload by another pipeline."""
    account = {"email": PIPELINE.email, "password": PIPELINE.password}
    token = requests.post(f"{url}/user/login", json=account, timeout=10).json()["user"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    requests.post(f"{url}/admin-area-dynamic-data/exposure", json=body, headers=headers, timeout=10).raise_for_status()


@pytest.mark.parametrize("command", ["demo", "run", "plan", "resume", "withdraw", "backfill", "prepare", "sandbox"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    code, output = invoke(command, "--help")
    assert code == 0
    assert "Example: ibf-pipeline" in output


def test_a_broken_picture_does_not_fail_the_day(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*parts: object) -> bytes:
        raise ZeroDivisionError("a font without height")

    monkeypatch.setattr("ibf_pipeline.report.writer.overview_map", broken)
    state = floods("XDM", ISSUE, config=config, workspace=str(tmp_path), return_state=True)
    assert state.is_completed()
    run = flood_run(tmp_path / "runs", "XDM", ISSUE)
    assert run.revisions("sandbox")[0].calls()[-1].path == "/notification/send"
    assert not (run.path / "report" / "report.html").exists()
    monkeypatch.undo()
    code, _ = invoke("report", str(run.path), "--config", config)
    assert code == 0
    calls = len(run.revisions("sandbox")[0].calls())
    assert f"all {calls} calls made" in (run.path / "report" / "report.html").read_text(encoding="utf-8")
