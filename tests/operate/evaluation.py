"""Our automations in Prefect's own server code, in one process: what happens to runs, and who is told what of it.

States are set through the server's API, its events are evaluated by its triggers, and its actions send what they have
rendered to a webhook. The queues between them are replaced, and the clock is moved by hand: nothing is waited for.
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import json
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun, State
from prefect.events.schemas.automations import AutomationCore
from prefect.server import api
from prefect.server.api.server import create_app
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.events import actions, messaging, triggers
from prefect.server.events.clients import PrefectServerEventsClient
from prefect.server.events.models.automations import automations_session, create_automation, delete_automation
from prefect.server.events.ordering import EventArrivedEarly
from prefect.server.events.schemas.automations import Automation, EventTrigger, Posture
from prefect.server.events.schemas.events import Event, ReceivedEvent
from prefect.states import Failed, Late, Pending, Running, Scheduled, Suspended

from flows.automation_version import ServerAutomations, adapt_state, of_automations
from flows.deployment.automations import SIGNS_OF_LIFE, resume_automation, telling_people, watching_runs
from flows.deployment.table import planned_deployments
from flows.notice_events import held_event, notice_event
from flows.states import NOT_NOTIFIED, OUTCOMES, PORTAL_UNREACHABLE
from flows.wiring.day import open_configuration
from ibf_pipeline.config.settings import Operations
from ibf_pipeline.targets.notice import Notice
from tests.operate.versions import OF_VERSION_1
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.services.webhook import Webhook, webhook

LATE_AFTER = timedelta(minutes=1)
Told = list[dict[str, str]]


async def load(ours: AutomationCore) -> Automation:
    """Known to the server from now on, for as long as it is kept: its trigger refers to it only weakly."""
    wanted = Automation.model_validate({**ours.model_dump(mode="json"), "id": uuid.uuid4()})
    async with automations_session(begin_transaction=True) as session:
        automation = await create_automation(session, wanted)
    triggers.load_automation(automation)
    return automation


async def unload(automation: Automation) -> None:
    """No longer known to the server, nor when it next looks into its database, which it does when that has changed."""
    async with automations_session(begin_transaction=True) as session:
        await delete_automation(session, automation.id)
    triggers.forget_automation(automation.id)


def trigger_of(automation: Automation) -> EventTrigger:
    (trigger,) = automation.triggers_of_type(EventTrigger)
    return trigger


@dataclass
class Evaluated:
    """The server's code, and what it has sent."""

    client: PrefectClient
    received: Webhook
    block: uuid.UUID
    """that sends to it"""
    automations: list[Automation] = field(default_factory=list)
    emitted: list[ReceivedEvent] = field(default_factory=list)
    """by the server, of states of runs; not evaluated yet"""
    queued: list[bytes] = field(default_factory=list)
    """actions that were triggered and not taken yet"""

    async def start(self, deployment: str, due: datetime | None = None, **parameters: Any) -> FlowRun:
        """A run of a deployment that waits for a worker."""
        known = await self.client.read_deployment_by_name(deployment)
        state = None if due is None else State(type="SCHEDULED", state_details={"scheduled_time": due})
        return await self.client.create_flow_run_from_deployment(known.id, state=state, parameters=parameters)

    async def enter(self, run: FlowRun, *states: State, later: timedelta = timedelta()) -> ReceivedEvent:
        """The run goes through these states; the event of the last one. `later`: than the clock says."""
        for state in states:
            await self.client.set_flow_run_state(run.id, state, force=True)
        last = self.emitted[-1]
        await self.evaluate(later)
        return last

    async def evaluate(self, later: timedelta = timedelta()) -> None:
        """What the server has emitted meanwhile; `later` makes it something that happens then."""
        while self.emitted:
            happened = self.emitted.pop(0)
            if later:
                happened = happened.model_copy(update={"occurred": happened.occurred + later, "follows": None})
            await self.happens(happened)

    async def happens(self, happened: ReceivedEvent) -> None:
        """An event, and what is done about it."""
        await triggers.reactive_evaluation(happened)
        await self._act()

    async def _act(self) -> None:
        """As a consumer of its own does, once the evaluation has let go of the database."""
        async with actions.consumer() as act:
            while self.queued:
                await act(SimpleNamespace(data=self.queued.pop(0), attributes={}))

    async def time_passes(self, since: ReceivedEvent, passed: timedelta) -> None:
        """The automations that wait for what does not come look again, so long after an event."""
        for trigger in map(trigger_of, self.automations):
            if trigger.posture == Posture.Proactive:
                await triggers.proactive_evaluation(trigger, since.occurred + passed)
        await self._act()
        await self.evaluate()

    def told(self) -> Told:
        """The messages since the last time."""
        messages = list(self.received.messages)
        self.received.messages.clear()
        return messages


@asynccontextmanager
async def evaluated(config: str) -> AsyncIterator[Evaluated]:
    """Our deployments and automations; messages go to a webhook."""
    async with PrefectClient(create_app(ephemeral=True)) as client:
        with webhook() as received:
            texts = {"subject": "{{subject}}", "body": "{{body}}"}
            block = CustomWebhookNotificationBlock(name="told", url=received.url, json_data=texts)
            block_id = await block._save("told", client=client)
            for item in planned_deployments(open_configuration(config), config, None):
                flow = await client.create_flow_from_name(item.flow.name)
                tags = [item.tag, *item.tags]
                await client.create_deployment(flow, item.name, tags=tags, parameters=item.parameters)
            server = Evaluated(client, received, block_id)

            async def emit(self: PrefectServerEventsClient, happened: Event) -> ReceivedEvent:
                server.emitted.append(happened.receive())
                return server.emitted[-1]

            PrefectServerEventsClient.emit = emit  # type: ignore[method-assign]
            operations = Operations(late_after_minutes=int(LATE_AFTER / timedelta(minutes=1)))
            attempts = resume_automation(operations, (await client.read_deployment_by_name("resume/resume")).id)
            for ours in (*telling_people(operations, block_id), *watching_runs(), attempts):
                server.automations.append(await load(ours))
            messaging.create_actions_publisher = lambda: _Queue(server.queued)  # type: ignore[assignment]
            yield server


class _Queue:
    """Stands where actions are queued."""

    def __init__(self, queued: list[bytes]) -> None:
        self._queued = queued

    async def __aenter__(self) -> _Queue:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def publish_data(self, data: bytes, attributes: dict[str, str]) -> None:
        self._queued.append(data)


async def ends(
    server: Evaluated, cases: dict[str, list[str]], found: ServerAutomations | None = None
) -> dict[str, Any]:
    """What is told of each run of a deployment that ends in an outcome of ours with a message.

    `found`: what the run finds of our automations, where they are not those of today.
    """
    answers = {}
    for name, (deployment, outcome, message) in cases.items():
        run = await server.start(deployment)
        before = [] if outcome == "Crashed" else [Pending(), Running()]
        state = OUTCOMES[outcome].state(message)
        await server.enter(run, *before, state if found is None else adapt_state(state, found))
        answers[name] = {"name": run.name, "id": str(run.id), "told": server.told()}
    return answers


async def before_deploy(server: Evaluated, cases: dict[str, list[str]]) -> dict[str, Any]:
    """The same with automations of version 1, as after an upgrade; and a run that ends well before it would be dead."""
    for automation in server.automations:
        await unload(automation)
    text = OF_VERSION_1.read_text(encoding="utf-8").replace(str(uuid.UUID(int=0)), str(server.block))
    earlier = [AutomationCore.model_validate(each) for each in json.loads(text)]
    server.automations = [await load(each) for each in earlier]
    await triggers.reconcile_automations(force=True)  # as a server does by itself, from its database
    found = of_automations(earlier)
    answers: dict[str, Any] = {"ends": await ends(server, cases, found)}
    run = await server.start("floods/XDM")
    begun = await server.enter(run, Pending(), Running())
    await server.happens(_sign(begun, timedelta(seconds=1)))
    await server.enter(run, adapt_state(NOT_NOTIFIED.state("not notified: approved too late"), found))
    await server.time_passes(begun, timedelta(seconds=SIGNS_OF_LIFE + 5))
    state = (await server.client.read_flow_run(run.id)).state
    return {**answers, "not dead": state.name if state else ""}


async def troubles(server: Evaluated) -> dict[str, Told]:
    """Three failures of two flows that look from above, and of a flood run; the intake's once more, hours later."""
    told: dict[str, Told] = {}
    failures = {
        "intake/intake": "cdse: no answer",
        "observe-event/observe-event": "used up",
        "floods/XDM": "the disk is full",
    }
    for deployment, message in failures.items():
        for _ in range(3):
            await server.enter(await server.start(deployment), Failed(message=message))
        told[deployment] = server.told()
    for hours in (5, 7):
        await server.enter(
            await server.start("intake/intake"), Failed(message="still down"), later=timedelta(hours=hours)
        )
        told[f"{hours} hours on"] = server.told()
    return told


async def lateness(server: Evaluated) -> dict[str, Any]:
    """Two runs that were due an hour ago, of which a worker takes one; and one that a person has answered."""
    due = datetime.now(UTC) - timedelta(hours=1)
    runs = [await server.start("floods/XDM", due) for _ in range(2)]
    begins = [await server.enter(run, Late(scheduled_time=due)) for run in runs]
    await server.enter(runs[1], Pending())
    answered = await server.start("floods/XDM")
    resumed = Scheduled(name="Resuming", scheduled_time=datetime.now(UTC))
    begins.append(await server.enter(answered, Pending(), Running(), Suspended(), resumed))
    told = {"at once": server.told()}
    for name, passed in (("before", LATE_AFTER * 0.9), ("after", LATE_AFTER * 1.1), ("again", LATE_AFTER * 3)):
        await server.time_passes(begins[-1], passed)
        told[name] = server.told()
    return {"due": f"{due:%Y-%m-%d %H:%M}", "late": str(runs[0].id), "answered": str(answered.id), **told}


async def life(server: Evaluated) -> dict[str, Any]:
    """Three runs give a sign of life; one of them ends, one gives another sign, and of one nothing more is heard."""
    answers: dict[str, Any] = {}
    runs = {name: await server.start("floods/XDM") for name in ("ends", "goes on", "is gone")}
    signs = {}
    for name, run in runs.items():
        signs[name] = await server.enter(run, Pending(), Running())
        await server.happens(_sign(signs[name], timedelta(seconds=1)))
    await server.enter(runs["ends"], NOT_NOTIFIED.state("not notified: approved too late"))
    await server.happens(_sign(signs["goes on"], timedelta(seconds=SIGNS_OF_LIFE - 1)))
    server.told()  # of the one that ended
    for name, seconds in (("before", SIGNS_OF_LIFE - 5), ("after", SIGNS_OF_LIFE + 5)):
        await server.time_passes(signs["is gone"], timedelta(seconds=seconds))
        states = {each: (await server.client.read_flow_run(run.id)).state for each, run in runs.items()}
        answers[name] = {each: [state.name, state.message or ""] for each, state in states.items() if state}
    answers["told"] = server.told()
    return answers


def _sign(of: ReceivedEvent, later: timedelta) -> ReceivedEvent:
    """A sign of life that a run gives so long after another event of it."""
    update = {"event": "prefect.flow-run.heartbeat", "occurred": of.occurred + later, "id": uuid.uuid4()}
    return of.model_copy(update={**update, "follows": None})


async def outages(server: Evaluated) -> list[dict[str, Any]]:
    """What is started for runs that found their portal away: of a schedule, of a person with parameters, of an exercise
    and of an attempt itself, which ends under another name.
    """
    due = datetime(2026, 2, 15, 15, tzinfo=UTC)
    asked = {"issue_date": "2026-02-14", "target": "portal", "notify": False}
    cases: list[tuple[str, datetime | None, dict[str, Any]]] = [
        ("floods/XDM", due, {}), ("floods/XDM", None, asked), ("scenario/scenario", None, {"country": "XDM"})
    ]  # fmt: skip
    resume = await server.client.read_deployment_by_name("resume/resume")
    filtered = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[resume.id]))
    started, known = [], {run.id for run in await server.client.read_flow_runs(flow_run_filter=filtered)}
    for deployment, at, parameters in cases:
        run = await server.start(deployment, at, **parameters)
        ended = PORTAL_UNREACHABLE.state("the portal is unreachable: nothing was sent")
        happened = await server.enter(run, Pending(), Running(), ended)
        for each in await server.client.read_flow_runs(flow_run_filter=filtered):
            if each.id not in known:
                known.add(each.id)
                later = each.expected_start_time - happened.occurred if each.expected_start_time else timedelta()
                started.append({
                    "of": run.parameters, "parameters": each.parameters, "failed": happened.occurred.isoformat(),
                    "minutes later": round(later.total_seconds() / 60), "tags": each.tags,
                })  # fmt: skip
    server.told()
    return started


async def words(server: Evaluated) -> Told:
    """What our flows say themselves: of a notice, and of a notification that waits."""
    day = found([event("G1", "--TT----", "max", {"A": 3, "A1": 3})], [], date(2026, 2, 15))
    said = (
        notice_event(day, Notice("alert ended", "G7", "Testland: the alert at G7 has ended.")),
        held_event(day, "portal", "2026-02-15 18:00 UTC", "Press Resume on the page of the run."),
    )
    for each in said:
        happened = Event.model_validate(each.model_dump(mode="json"))
        await server.happens(happened.receive())
    return server.told()


STEP, BEGIN = timedelta(minutes=15), datetime(2027, 1, 1, tzinfo=UTC)


async def silence(first: float, days: int) -> list[float]:
    """Hours since the last heartbeat at which its absence is told, within nine days."""
    (ours,) = [item for item in telling_people(Operations(), uuid.uuid4()) if item.name.endswith("silent scheduler")]
    automation = await load(ours)
    told, beats = [], [BEGIN + timedelta(hours=first + 24 * day) for day in range(days)]

    async def act(firing: object) -> None:
        told.append((at - beats[-1]) / timedelta(hours=1))

    usual, triggers.act = triggers.act, act
    at, following = BEGIN, BEGIN
    while at < BEGIN + timedelta(days=9):
        if at in beats:
            await triggers.reactive_evaluation(_heartbeat(at))
        if at >= following:
            following = await triggers.proactive_evaluation(trigger_of(automation), at)
        at += STEP
    triggers.act = usual
    await unload(automation)
    return told


def _heartbeat(at: datetime) -> ReceivedEvent:
    flow = {
        "prefect.resource.id": "prefect.flow.1",
        "prefect.resource.role": "flow",
        "prefect.resource.name": "heartbeat",
    }
    return ReceivedEvent(
        occurred=at, received=at, event="prefect.flow-run.Completed", id=uuid.uuid4(), payload={},
        resource={"prefect.resource.id": f"prefect.flow-run.{uuid.uuid4()}"}, related=[flow],
    )  # fmt: skip


def wait_for_the_database() -> None:
    """Every transaction asks for the right to write when it begins, and waits for it.

    The server's own begin with reading. One that wants to write later, when another has written meanwhile, fails at
    once: SQLite waits for nobody then ("database is locked").
    """
    usual = AioSqliteConfiguration.begin_transaction
    AioSqliteConfiguration.begin_transaction = (  # type: ignore[method-assign]
        lambda self, session, with_for_update=False: usual(self, session, with_for_update=True)
    )


async def held_back(order: str) -> list[int]:
    """Seconds for which an order of events holds an event back whose leader never came, of some that are tried."""
    ordering = importlib.import_module(order).CausalOrdering(scope=order)
    waited = []
    for seconds in (30, 59, 61, 600, 899, 901):
        received = datetime.now(UTC) - timedelta(seconds=seconds)
        resource = {"prefect.resource.id": f"prefect.flow-run.{seconds}"}
        what = Event(occurred=received, event="prefect.flow-run.Failed", resource=resource, id=uuid.uuid4())
        happened = what.model_copy(update={"follows": uuid.uuid4()}).receive(received=received)
        try:
            await ordering.wait_for_leader(happened)
        except EventArrivedEarly:
            if happened not in await ordering.get_lost_followers():
                waited.append(seconds)
    return waited


async def main(config: str, cases: dict[str, Any]) -> None:
    """Everything at once: the server's code takes long to load, and its tables long to make."""
    wait_for_the_database()
    api.server.create_app = cache(create_app)  # each action asks for it, and is long about whether it is the same
    answers: dict[str, Any] = {"silence": [await silence(*case) for case in cases["silence"]]}
    await triggers.reset_events_clock()
    async with evaluated(config) as server:
        answers["ends"] = await ends(server, cases["ends"])
        answers["troubles"] = await troubles(server)
        answers["lateness"] = await lateness(server)
        answers["words"] = await words(server)
        answers["outages"] = await outages(server)
        answers["life"] = await life(server)
        answers["before deploy"] = await before_deploy(server, cases["ends"])
    orders = ("prefect.server.events.ordering.memory", "flows.deployment.event_order")  # the second changes the first
    answers["held back"] = {order: await held_back(order) for order in orders}
    print(json.dumps(answers))


if __name__ == "__main__":
    faulthandler.dump_traceback_later(300, exit=True)
    asyncio.run(main(sys.argv[1], json.load(sys.stdin)))
