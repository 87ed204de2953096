"""What people are told, by a real server in its own time; the runs' states are set without a worker.

Who is told what is proven in `test_who_is_told`; here it arrives by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.states import Crashed, Late
from shapely import Point

from flows.deployment.automations import watching_runs
from flows.deployment.deploy import deploy
from flows.deployment.table import planned_deployments
from flows.history import OBSERVATION_TAG
from flows.observation_start import start_observation
from flows.observe_event import observe_event
from flows.states import FAILED, NOT_NOTIFIED, NOTIFICATION_UNCONFIRMED, RunOutcome
from flows.wiring.day import open_configuration
from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent
from ibf_pipeline.satellites.subscriptions.inbox import InboxEntry
from ibf_pipeline.satellites.subscriptions.matching import ObservationRequest
from ibf_pipeline.satellites.subscriptions.settings import TriggerSettings
from tests.worlds.countries.projects import make_project
from tests.worlds.services.prefect_server import PrefectServer
from tests.worlds.services.webhook import Webhook, webhook

pytestmark = pytest.mark.prefect
TROUBLE = "Satellite observation has trouble"


@pytest.fixture
def told(acting_api: PrefectServer, tmp_path: Path) -> Iterator[Webhook]:
    """An installation whose messages arrive here; its automations are gone afterwards."""
    config = Path(make_project(tmp_path / "project", ("XDM",), stories={}))
    settings = yaml.safe_load((config / "settings.yaml").read_text(encoding="utf-8"))
    operations = {"notification_block": "custom-webhook/told-of-trouble", "work_pool": "told", "late_after_minutes": 1}
    settings["operations"] = operations
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with webhook() as told:
        texts = {"subject": "{{subject}}", "body": "{{body}}"}
        block = CustomWebhookNotificationBlock(name="told", url=told.url, json_data=texts)
        block.save("told-of-trouble", overwrite=True)
        deploy(str(config), None)
        yield told
        settings["operations"] = {"work_pool": "told"}
        (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        deploy(str(config), None)


def fail(deployment: str, message: str, outcome: RunOutcome = FAILED, **parameters: object) -> None:
    run: Any = run_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, outcome.state(message), force=True)


def until(told: Webhook, subject: str, words: str, again: Callable[[], None] | None = None) -> None:
    """Wait for a message. A server on SQLite may lose one: what can be caused `again` is, once."""
    begun = time.monotonic()
    while not any(each["subject"] == subject and words in each["body"] for each in told.messages):
        if again is not None and time.monotonic() - begun > 100:
            again()
            again = None
        assert time.monotonic() - begun < 240, f"{subject}: {words} not in {told.messages}"
        time.sleep(0.5)


@pytest.mark.story
def test_a_catalogue_that_is_down_is_told_once_and_not_as_a_flood_run(told: Webhook) -> None:
    event = {"country": "XDM", "issue_date": "2026-02-15", "event": "G5220"}
    for _ in range(3):
        fail("intake/intake", "cdse: no answer")
    until(told, TROUBLE, "cdse: no answer")
    for _ in range(3):
        fail("observe-event/observe-event", "the month's budget is used up", **event)
    until(told, TROUBLE, "the month's budget is used up")
    for _ in range(3):
        fail("floods/XDM", "the disk is full")
    until(told, "Forecast run failed", "the disk is full")
    assert len({each["body"] for each in told.messages if each["subject"] == TROUBLE}) == 2, "one of each flow"
    assert not [each for each in told.messages if each["subject"] != TROUBLE and "disk" not in each["body"]]


@pytest.mark.story
@pytest.mark.parametrize(
    ("outcome", "message", "subject"),
    [
        (NOTIFICATION_UNCONFIRMED, "notification unconfirmed: no answer", "Notification unconfirmed"),
        (NOT_NOTIFIED, "not notified: approved too late", "Nobody was notified of an alert"),
        (FAILED, "the server refused call 7 of 31", "Forecast run failed"),
    ],
    ids=["unconfirmed", "not notified", "failed"],
)
def test_a_failed_run_is_told_under_its_own_subject(
    outcome: RunOutcome, message: str, subject: str, told: Webhook
) -> None:
    fail("floods/XDM", message, outcome)
    until(told, subject, message, again=lambda: fail("floods/XDM", message, outcome))
    assert set(told.subjects()) == {subject}


@pytest.mark.story
def test_a_run_that_has_not_begun_is_told_by_its_deployment_and_hour(told: Webhook) -> None:
    """It has no name of its own before it begins."""
    due = datetime.now(UTC) - timedelta(hours=1)

    def be_late() -> None:
        run: Any = run_deployment("floods/XDM", scheduled_time=due, timeout=0, as_subflow=False)
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run.id, Late(scheduled_time=due), force=True)

    be_late()
    until(told, "Forecast run is late", f"floods/XDM of {due:%Y-%m-%d %H:%M}", be_late)


@pytest.mark.story
def test_a_run_that_crashed_before_it_began_is_told_by_its_deployment(told: Webhook) -> None:
    def crash() -> None:
        run: Any = run_deployment("floods/XDM", timeout=0, as_subflow=False)
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run.id, Crashed(message="no place for its process"), force=True)

    crash()
    until(told, "Forecast run crashed", ": no place for its process", crash)
    assert all(each["body"].startswith("floods/XDM, ") for each in told.messages)


def test_the_intake_starts_the_observation_that_is_deployed(api: PrefectServer, tmp_path: Path) -> None:
    """With parameters that it takes: the server itself lets unknown ones pass, and a worker fails on them."""
    deploy(make_project(tmp_path / "project", ("XDM",), stories={}), None)
    alerted = AlertedEvent("XDM", "G5220", date(2026, 2, 15), "max", 2, Point(38.5, 9.5))
    name, passed = "S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_1B2C.SAFE", datetime.now(UTC)
    product = InboxEntry(
        "0000a001-0000-4000-8000-000000000001", "cdse", "waiting", "", name, "IW_GRDH_1S", passed, passed, None, 0,
        passed, None,
    )  # fmt: skip
    rules = TriggerSettings()
    started = start_observation(ObservationRequest("eodata:XDM:G5220:1", alerted, product), rules.deployment)
    assert started is not None
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(started))
        deployed = client.read_deployment_by_name(rules.deployment)
    assert run.deployment_id == deployed.id
    assert {**run.parameters, **deployed.parameters} == run.parameters
    taken = observe_event.validate_parameters(run.parameters)
    assert (taken["country"], taken["issue_date"], taken["event"]) == ("XDM", date(2026, 2, 15), "G5220")
    assert (taken["product_name"], taken["product_id"]) == (name, product.product_id)
    assert "ibf-observation" in run.tags


def test_a_dead_run_of_every_deployment_is_noticed(tmp_path: Path) -> None:
    config = make_project(tmp_path / "project", ("XDM",), stories={})
    (watching,) = watching_runs()
    watched = watching.model_dump(mode="json")["trigger"]["match_related"]["prefect.resource.id"]
    planned = planned_deployments(open_configuration(str(config)), str(config), None)
    assert {f"prefect.tag.{item.tag}" for item in planned} == set(watched)
    assert {item.flow.name for item in planned if item.tag == OBSERVATION_TAG} == {"intake", "observe-event"}
