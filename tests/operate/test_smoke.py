"""The whole installation on one machine: a server, workers, schedules, a killed worker, messages, the UI.

One story, told in order; what several tests look at happens once, in the fixtures.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter, LogFilter
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.events.schemas.automations import AutomationCore
from prefect.events.schemas.events import ResourceSpecification
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled

from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox, seed_from_static
from tests.conftest import ROOT
from tests.worlds.countries.projects import make_project
from tests.worlds.deployed_runs import wait_until
from tests.worlds.lookback_words import unlooked
from tests.worlds.runs import flood_run
from tests.worlds.services.browser import open_tab
from tests.worlds.services.faulty_proxy import FaultyProxy
from tests.worlds.services.prefect_server import PrefectServer, kill_with_children, same_again
from tests.worlds.services.webhook import Webhook, webhook

pytestmark = [pytest.mark.prefect, pytest.mark.story]

COUNTRIES = ("XDM", "XDN", "XDO")
PATIENCE = 600
HELD_BACK = 1000
"""seconds after which the server has sent on what it held back, 15 minutes, because it lost the event before"""


@dataclass
class Story:
    """What was set up, and the flow runs that the tests look at."""

    prefect: PrefectServer
    config: Path
    workspace: Path
    today: date
    told: Webhook
    portal: Sandbox
    deployed: str = ""
    runs: dict[str, FlowRun] = field(default_factory=dict)


@pytest.fixture(scope="module")
def installation(acting: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Configuration, webhook, a portal beside the sandbox; deployed with the command."""
    folder = tmp_path_factory.mktemp("installation")
    today = datetime.now(UTC).date()
    back = [today - timedelta(days=days) for days in (3, 2, 1)]
    stories = {today: "busiest", **dict(zip(back, ("warning-only", "two-events", "no-alert"), strict=True))}
    config = Path(make_project(folder / "project", COUNTRIES, stories))
    portal = Sandbox(folder / "portal")
    portal.seed(
        seed_from_static(ROOT / "data/fixtures/XDM", "XDM", name="D", admin_levels=(1, 2, 3), default_admin_level=2)
    )
    with temporary_settings(updates={PREFECT_API_URL: acting.url}), webhook() as told, portal:
        texts = {"subject": "{{subject}}", "body": "{{body}}"}
        CustomWebhookNotificationBlock(name="ibf", url=told.url, json_data=texts).save("ibf", overwrite=True)
        story = Story(acting, config, folder / "workspace", today, told, portal)
        set_up(story, portal.url)
        done = acting.command("ibf-pipeline", "deploy", "--config", str(config), "--workspace", str(story.workspace))
        assert done.returncode == 0, done.stdout + done.stderr
        story.deployed = done.stdout
        yield story


def set_up(story: Story, portal_url: str) -> None:
    file = story.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["operations"] = {"notification_block": "custom-webhook/ibf", "work_pool": "smoke"}
    settings["targets"]["portal"] = {"kind": "ibf", "url": portal_url}
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.fixture(scope="module")
def story(installation: Story) -> Iterator[Story]:
    """A worker that dies in the middle of a publication; then two workers that share the rest of the day.

    What people are told of runs while nothing else does: a server on SQLite can lose an event when it is busy.
    """
    story = installation
    os.environ.update(IBF_EMAIL="pipeline@sandbox.example", IBF_PASSWORD=SANDBOX_PASSWORD)
    notice_dead_runs_sooner()
    proxy = FaultyProxy(story.portal.url)
    set_up(story, proxy.url)
    with story.prefect.worker("smoke") as doomed:
        proxy.on_kill = lambda: kill_with_children(doomed.pid)
        proxy.spoil("kill", times=1)
        story.runs["killed"] = start("floods/XDM", target="portal")
        wait_until(lambda: doomed.poll() is not None, "the worker is killed")
    os.environ["PREFECT_WORKER_QUERY_SECONDS"] = "1"
    with story.prefect.worker("smoke", "--limit", "2"), story.prefect.worker("smoke", "--limit", "2"):
        story.runs["killed"] = until_ended(story.runs["killed"])
        days = {"date_from": str(story.today - timedelta(days=3)), "date_to": str(story.today - timedelta(days=1))}
        story.runs["backfill"] = start("backfill/backfill", country="XDN", **days)
        story.runs["other country"] = start("floods/XDO")
        story.runs["same country"] = start("floods/XDN", publish=False)
        for name in ("backfill", "other country", "same country"):
            story.runs[name] = until_ended(story.runs[name])
        story.runs["failing"] = fail_one()
        story.runs["next attempt"] = until_ended(start("floods/XDM", target="portal"))
        story.runs["held"] = until_ended(start("floods/XDM", hold=True))
        cancel_one()
        yield story
    for name in ("IBF_EMAIL", "IBF_PASSWORD", "PREFECT_WORKER_QUERY_SECONDS"):
        os.environ.pop(name, None)


def notice_dead_runs_sooner() -> None:
    """For XDM after 45 seconds without a sign of life instead of 120: runs give one every 30."""
    with get_client(sync_client=True) as client:
        (watching,) = client.read_automations_by_name("ibf: runs without a sign of life")
        sooner = AutomationCore.model_validate(watching.model_dump(exclude={"id", "owner_resource"}))
        sooner.trigger.within = timedelta(seconds=45)
        tag = {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.XDM"}
        sooner.trigger.match_related = ResourceSpecification.model_validate(tag)
        client.update_automation(watching.id, sooner)


def start(deployment: str, at: datetime | None = None, **parameters: Any) -> FlowRun:
    run: Any = run_deployment(deployment, parameters=parameters, scheduled_time=at, timeout=0, as_subflow=False)
    assert isinstance(run, FlowRun)
    return run


def fail_one() -> FlowRun:
    return until_ended(start("floods/XDO", at=datetime(2026, 1, 1, 15, tzinfo=UTC)))


def cancel_one() -> None:
    cancelled = start("floods/XDO", at=datetime.now(UTC) + timedelta(days=2))
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(cancelled.id, Cancelled(), force=True)


def until_ended(run: FlowRun) -> FlowRun:
    def ended() -> FlowRun | None:
        with get_client(sync_client=True) as client:
            now = client.read_flow_run(run.id)
        return now if now.state is not None and now.state.is_final() else None

    return wait_until(ended, f"{run.name} ends")


def until_told(story: Story, subject: str, again: Callable[[], Any] | None = None) -> None:
    """Wait for a message. A server on SQLite may lose one: what can be caused again is, once."""
    with contextlib.suppress(AssertionError if again else ()):
        wait_until(lambda: subject in story.told.subjects(), subject, PATIENCE / 5 if again else HELD_BACK)
        return
    assert again is not None
    again()
    wait_until(lambda: subject in story.told.subjects(), subject)


def named(run: FlowRun) -> tuple[str, str, str]:
    assert run.state is not None
    return run.name, str(run.state.name), unlooked(str(run.state.message))


def test_every_country_is_scheduled(installation: Story) -> None:
    assert "floods/XDN" in installation.deployed
    with get_client(sync_client=True) as client:
        wanted = {client.read_deployment_by_name(f"floods/{iso3}").id: iso3 for iso3 in COUNTRIES}

        def scheduled() -> bool:
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": list(wanted)}))
            times = {wanted[r.deployment_id]: r.expected_start_time for r in runs if r.deployment_id in wanted}
            return set(times) == set(COUNTRIES) and all(time.hour == 15 and time.minute < 15 for time in times.values())

        wait_until(scheduled, "runs within a quarter of an hour of 15:00 UTC for every country")


def test_a_worker_runs_the_day_and_leaves_artifacts(story: Story) -> None:
    run = story.runs["other country"]
    assert named(run) == (
        f"floods-XDO-{story.today}",
        "Not all published",
        "5 triggers, 2 warnings; alert could not be published: G9O06 (no areas in the mapping); "
        "doubtful forecast at G9O07 (suspect)",
    )
    with get_client(sync_client=True) as client:
        artifacts = {
            artifact.key or artifact.type: artifact
            for artifact in client.read_artifacts(flow_run_filter=FlowRunFilter(id={"any_": [run.id]}))
        }
        logs = client.read_logs(LogFilter(flow_run_id={"any_": [run.id]}), limit=200)
    assert {"summary-xdo", "events-xdo", "areas-xdo", "stations-xdo", "changes-xdo", "progress", "morning"} <= set(
        artifacts
    )
    assert "# Demoland XDO: 5 triggers, 2 warnings" in artifacts["summary-xdo"].data
    assert "data:image/png;base64," in artifacts["summary-xdo"].data
    assert artifacts["events-xdo"].data.count("G9O08") == 1
    assert artifacts["progress"].data == 100.0
    assert any(log.name == "ibf_pipeline.tasks" and "5 triggers, 2 warnings" in log.message for log in logs)


def test_a_backfill_is_one_run_a_day_in_order(story: Story) -> None:
    assert named(story.runs["backfill"])[1:] == ("Completed", "3 days run, 0 published before")
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(tags={"all_": ["backfill"]}))
        (table,) = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["backfill-xdn"]}))
    runs.sort(key=lambda run: run.start_time)
    assert [run.name[-10:] for run in runs] == [str(story.today - timedelta(days=days)) for days in (3, 2, 1)]
    assert [unlooked(str(run.state.message)) for run in runs] == [
        "1 warning; nobody was notified; doubtful forecast at G9N07 (suspect)",
        "2 triggers; nobody was notified; doubtful forecast at G9N07 (suspect); alert ended: G9N04",
        "no alert; doubtful forecast at G9N07 (suspect); alert ended: G9N03 and G9N08",
    ]
    assert "2 triggers" in table.data
    assert Sandbox(story.workspace / "sandbox").mails("XDN") == []


def test_a_country_never_runs_twice_at_once_and_others_go_on_beside_it(story: Story) -> None:
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(name={"like_": "floods-XDN"}))
    begun = story.runs["killed"].start_time
    ours = [run for run in runs if run.name.startswith("floods-XDN") and run.end_time and run.start_time > begun]
    same = sorted((run.start_time, run.end_time) for run in ours)
    assert len(same) == 4
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(same))


def test_a_day_without_input_fails_in_one_line_and_somebody_is_told(story: Story) -> None:
    until_told(story, "Forecast run waits for its input", again=lambda: story.runs.update({"failing": fail_one()}))
    name, state, message = named(story.runs["failing"])
    assert (name, state) == ("floods-XDO-2026-01-01", "Input not available"), "the day that it was scheduled for"
    assert message.startswith("input not available yet: ")
    assert "\n" not in message
    (told,) = {m["body"] for m in story.told.messages if m["subject"] == "Forecast run waits for its input"}
    assert told.startswith("floods-XDO-2026-01-01: input not available yet: ")
    assert str(story.runs["failing"].id) in told
    assert "Forecast run failed" not in story.told.subjects(), "in one automation's words"


def test_what_the_portal_does_not_tell_is_sent_on_as_it_is(story: Story) -> None:
    """Three runs of two countries have an alert that the portal cannot show; the server may lose the news of one."""
    subject = "alert could not be published: "
    wait_until(lambda: any(told.startswith(subject) for told in story.told.subjects()), "a notice arrives")
    for told in (message for message in story.told.messages if message["subject"].startswith(subject)):
        code = told["subject"].removeprefix(subject)
        country = {"G9006": "XDM", "G9N06": "XDN", "G9O06": "XDO"}[code]
        assert told["body"] == (
            f"Demoland {country}, forecast of {story.today}: {code} (Daro at Beles) is alerted and has no areas in "
            "the mapping: the portal cannot show it. Tell the recipients yourself."
        )
    assert "An alert could not be published" not in story.told.subjects(), "told once"


def test_a_killed_worker_is_seen_and_the_next_attempt_resumes_without_doubling(story: Story) -> None:
    _, state, message = named(story.runs["killed"])
    assert state == "Crashed"
    assert message.startswith("no sign of life for ")
    until_told(story, "Forecast run crashed")
    assert named(story.runs["next attempt"])[1] == "Not all published"
    (revision,) = flood_run(story.workspace / "runs", "XDM", story.today).revisions("portal")
    done = [entry.call for entry in revision.state().progress.entries if entry.state == "done"]
    assert sorted(done) == [call.number for call in revision.calls()], "every call once"
    assert len(story.portal.mails("XDM")) == 1


def test_a_held_notification_and_a_cancelled_run_are_told(story: Story) -> None:
    assert named(story.runs["held"])[2].endswith(
        "held before the notification: approve or abort it with `ibf-pipeline resume`"
    )
    for subject, words, again in (
        ("Alert waits for approval", f"ibf-pipeline resume XDM/{story.today} --approve", None),
        ("Forecast run cancelled", "neither sent nor given up", cancel_one),
    ):
        until_told(story, subject, again)
        assert any(words in message["body"] for message in story.told.messages if message["subject"] == subject)


def test_the_morning_page_has_every_country(story: Story) -> None:
    """It is written once a run has ended, so the newest may still be to come."""
    row = re.compile(r"### Demoland XDM \(XDM\): Held")

    def page() -> str:
        with get_client(sync_client=True) as client:
            pages = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["morning"]}))
        return str(max(pages, key=lambda artifact: artifact.created).data)

    wait_until(lambda: row.search(page()), "the page has the last run")
    newest = page()
    assert f"Flood forecasts of {story.today:%a %Y-%m-%d}" in newest
    assert "- Demoland XDN (XDN): **not run yet**" in newest, "its run was not to publish"
    assert re.search(r"\[Demoland XDN \(XDN\)\]\(http://.*\): \*\*it was not to publish\*\*", newest)
    assert "No portal can show " in newest


@pytest.fixture(scope="module")
def pages(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the UI of a server that has all of it and nothing to do: workers and automations keep the first one
    busy, and on SQLite such a server has been seen to answer nobody for minutes.
    """
    with same_again(story.prefect, tmp_path_factory.mktemp("pages") / "home") as server:
        yield server.url.removesuffix("/api")


@pytest.mark.parametrize(
    ("page", "texts"),
    [
        ("/runs/flow-run/{run}", ["floods-XDO-{today}", "Completed", "prepared layers of XDO"]),
        ("/artifacts/artifact/{summary-xdo}", ["Demoland XDO", "G9O08", "45,016"]),
        ("/artifacts/artifact/{morning}", ["Flood forecasts of", "XDM", "5 triggers, 2 warnings"]),
        ("/deployments", ["XDM", "XDN", "XDO", "all-countries", "heartbeat"]),
    ],
)
def test_the_ui_shows_it(page: str, texts: list[str], story: Story, pages: str, tmp_path: Path) -> None:
    newest = httpx.post(f"{pages}/api/artifacts/latest/filter", json={}, timeout=60).json()
    known = {artifact["key"]: artifact["latest_id"] for artifact in newest}
    known |= {"run": str(story.runs["other country"].id), "today": str(story.today)}
    address = pages + page.format(**known)
    shot = Path(os.environ.get("IBF_SCREENSHOTS", tmp_path)) / f"{page.strip('/').split('/')[-1].strip('{}')}.png"
    wanted = [text.format(**known) for text in texts]
    with open_tab(tmp_path / "profile") as tab:
        tab.size(1400, 1800)
        tab.open(address)
        for text in wanted:
            tab.wait(f"document.documentElement.outerHTML.includes({json.dumps(text)})", seconds=60)
        tab.screenshot(shot)
    assert shot.stat().st_size > 10_000
