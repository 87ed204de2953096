"""The intake through Prefect: one observation run for each product and event, on a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from sqlalchemy import delete
from typer.testing import CliRunner

from flows.cli.app import app as cli
from flows.cli.subscriptions import subscriptions_app
from flows.intake import intake
from flows.observation_start import EVENT
from flows.wiring.subscriptions import open_eodata
from ibf_pipeline.records.schema import START
from ibf_pipeline.satellites.subscriptions.notification import read_notification
from tests.worlds.services.eodata_installation import RADAR_OVER_XTS, Installation, installed

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("api")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    with installed(tmp_path, monkeypatch) as installation:
        installation.declare(floods=RADAR_OVER_XTS)
        result = CliRunner().invoke(subscriptions_app, ["apply", "--yes", *installation.options])
        assert result.exit_code == 0, result.output
        yield installation


@flow(name="observe-event")
def observe_event(country: str, event: str, issue_date: str, product_id: str, product_name: str) -> None:
    """Stands where the observation flow will be."""


def deploy(name: str = "observe-event", **schema: object) -> None:
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(observe_event)
        client.create_deployment(flow_id, name, **schema)


def undeploy() -> None:
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        client.delete_deployment(client.read_deployment_by_name("observe-event/observe-event").id)


def observations() -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("observe-event/observe-event")
        return client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": [deployment.id]}))


def run(place: Installation, **more: bool):
    return intake(config=str(place.config), workspace=str(place.workspace), return_state=True, **more)


def announced(product: str) -> list[dict[str, object]]:
    """The Prefect events of a product; they arrive a moment later."""
    with get_client(sync_client=True) as client:
        for _ in range(60):
            answer = client._client.post("/events/filter", json={"filter": {"event": {"name": [EVENT]}}, "limit": 50})
            found = [event["payload"] for event in answer.json()["events"] if event["payload"]["product_id"] == product]
            if found:
                return found
            time.sleep(0.25)
    return []


def test_without_a_deployment_then_with_one(place: Installation):
    """The first product is announced only, until there is a deployment; the second starts one run, however often."""
    undeploy()
    first = place.publish_over_the_alert(1)
    for _ in range(2):
        state = run(place)
        assert state.message == (
            "0 observations started, 1 announced (there is no deployment observe-event/observe-event), "
            "0 products waiting"
        )
    eodata = open_eodata(str(place.config), str(place.workspace))
    assert "announced; there is no deployment" in eodata.inbox.entry(first).reason
    (event,) = announced(first)
    assert (event["country"], event["event"], event["flow_run"]) == ("XTS", "G1", None)

    deploy()
    assert run(place).message == "1 observations started, 0 products waiting"
    assert run(place).message == "0 observations started, 0 products waiting"
    (late,) = observations()
    assert late.parameters["product_id"] == first
    second = place.publish_over_the_alert(2, lose=True)  # no notification: the catalogue search finds it
    assert run(place).message == "0 observations started, 0 products waiting", "the search is not due yet"
    assert run(place, catch_up=True).message == "1 observations started, 0 products waiting"
    (made,) = [each for each in observations() if each.id != late.id]
    assert made.parameters["product_id"] == second
    assert made.idempotency_key == f"eodata:XTS:G1:{second}"
    eodata = open_eodata(str(place.config), str(place.workspace))
    (start,) = eodata.inbox.starts(second)
    assert start.run == str(made.id)
    with eodata.inbox._database.transaction() as connection:  # as after a crash before the note
        connection.execute(delete(START).where(START.c.product_id == second))
    run(place)
    assert {again.id for again in observations()} == {late.id, made.id}


def test_a_deployment_with_other_parameters_is_told_and_tried_again(place: Installation):
    schema = {"type": "object", "properties": {"river": {"type": "string"}}, "required": ["river"]}
    deploy("by-river", parameter_openapi_schema=schema, enforce_parameter_schema=True)
    file = place.config / "eodata.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**content, "trigger": {"deployment": "observe-event/by-river"}}), encoding="utf-8")
    product = place.publish_over_the_alert(4)
    state = run(place)
    assert state.is_failed()
    assert "a deployment with the parameters country, event, issue_date, product_id, product_name" in state.message
    eodata = open_eodata(str(place.config), str(place.workspace))
    assert eodata.inbox.entry(product).state == "waiting"
    queue = eodata.ledger.owned()[0].id
    place.catalogue.delete(queue)  # as if a person had deleted it: the search goes on without its queue
    lost = place.publish_over_the_alert(5)
    state = run(place, catch_up=True)
    assert "test, queue of floods: " in state.message
    eodata = open_eodata(str(place.config), str(place.workspace))
    assert eodata.inbox.entry(lost).state == "waiting"


def test_one_catalogue_in_trouble_fails_the_intake_alone(place: Installation):
    """The inbox is still compared with the alerts, and the message says what was wrong."""
    deploy()
    product = place.publish_over_the_alert(3)
    eodata = open_eodata(str(place.config), str(place.workspace))
    with eodata.client("test") as client:
        (queue,) = place.catalogue.queues
        eodata.inbox.store("test", "pull", client.read(queue).notifications)
    place.web.password = "changed"
    place.web.tokens.clear()
    state = run(place)
    assert state.is_failed()
    assert "1 observations started" in state.message
    assert "test, queue of floods: http://127.0.0.1" in state.message
    assert "the token endpoint answered 401" in state.message
    assert "canary" not in state.message
    eodata = open_eodata(str(place.config), str(place.workspace))
    assert eodata.inbox.entry(product).state == "triggered"


def test_a_push_of_a_further_subscription_gets_its_details(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is declared and nothing is ours: the receiver alone knows the provider."""
    deploy()
    with installed(tmp_path, monkeypatch) as place:
        product = place.publish_over_the_alert(9)
        pushed = {"SubscriptionId": "0000a001-0000-4000-8000-000000000001", "ProductId": product}
        eodata = open_eodata(str(place.config), str(place.workspace))
        assert eodata.providers_in_use() == []
        eodata.inbox.store("test", "push", [read_notification(pushed)])
        assert run(place).message == "1 observations started, 0 products waiting"


def test_the_intake_as_a_command(place: Installation, monkeypatch: pytest.MonkeyPatch):
    """From the catalogue to the start of an observation, and what trouble looks like."""
    deploy()
    product = place.publish_over_the_alert(6)
    result = CliRunner().invoke(cli, ["intake", *place.options])
    assert (result.exit_code, "1 observations started, 0 products waiting" in result.output) == (0, True)
    eodata = open_eodata(str(place.config), str(place.workspace))
    assert eodata.inbox.entry(product).state == "triggered"
    lost = place.publish_over_the_alert(7, lose=True)
    nothing = CliRunner().invoke(cli, ["intake", "--json", *place.options]).stdout
    assert json.loads(nothing) == {"state": "Completed", "message": "0 observations started, 0 products waiting"}
    assert "1 observations started" in CliRunner().invoke(cli, ["intake", "--catch-up", *place.options]).output
    eodata = open_eodata(str(place.config), str(place.workspace))
    assert eodata.inbox.entry(lost).state == "triggered"
    place.web.password = "changed"
    place.web.tokens.clear()
    result = CliRunner().invoke(cli, ["intake", "--catch-up", *place.options])
    said = "the token endpoint answered 401" in result.output
    assert (result.exit_code, said, "canary" in result.output) == (1, True, False)


def test_a_fault_of_ours_in_one_queue_keeps_nothing_else_from_its_work(
    place: Installation, monkeypatch: pytest.MonkeyPatch
):
    lost = place.publish_over_the_alert(8, lose=True)
    monkeypatch.setattr("flows.intake.pull_queue", lambda *_: 1 / 0)
    state = run(place, catch_up=True)
    assert state.is_failed()
    assert "test, queue of floods: ZeroDivisionError, see the log" in state.message
    eodata = open_eodata(str(place.config), str(place.workspace))
    assert eodata.inbox.entry(lost).state == "triggered"
