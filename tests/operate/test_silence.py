"""When the server says that the heartbeat is missing: its own evaluation of our definition, the clock moved by hand."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.prefect

SERVER = """
import asyncio, json, sys, uuid
from datetime import UTC, datetime, timedelta
from flows.automations import telling_people
from ibf_pipeline.config import Operations
from prefect.server.database import provide_database_interface
from prefect.server.events import triggers
from prefect.server.events.models.automations import automations_session, create_automation
from prefect.server.events.schemas.automations import Automation
from prefect.server.events.schemas.events import ReceivedEvent

STEP, BEGIN = timedelta(minutes=15), datetime(2027, 1, 1, tzinfo=UTC)

def heartbeat(at):
    return ReceivedEvent(
        occurred=at, received=at, event="prefect.flow-run.Completed", id=uuid.uuid4(), payload={},
        resource={"prefect.resource.id": f"prefect.flow-run.{uuid.uuid4()}"},
        related=[{"prefect.resource.id": "prefect.flow.1", "prefect.resource.role": "flow",
                  "prefect.resource.name": "heartbeat"}],
    )

async def main(first, days):
    await provide_database_interface().create_db()
    (ours,) = [item for item in telling_people(Operations(), uuid.uuid4()) if item.name.endswith("silent scheduler")]
    wanted = Automation.model_validate({**ours.model_dump(mode="json"), "id": uuid.uuid4()})
    async with automations_session(begin_transaction=True) as session:
        triggers.load_automation(await create_automation(session, wanted))
    (trigger,) = triggers.triggers.values()
    told, beats = [], [BEGIN + timedelta(hours=first + 24 * day) for day in range(days)]
    async def act(firing):
        told.append((at - beats[-1]) / timedelta(hours=1))
    triggers.act = act
    at, following = BEGIN, BEGIN
    while at < BEGIN + timedelta(days=9):
        if at in beats:
            await triggers.reactive_evaluation(heartbeat(at))
        if at >= following:
            following = await triggers.proactive_evaluation(trigger, at)
        at += STEP
    print(json.dumps(told))

asyncio.run(main(float(sys.argv[1]), int(sys.argv[2])))
"""


@pytest.mark.parametrize(("first", "days"), [(20.5, 4), (1, 3), (12, 5)])
def test_it_is_said_25_hours_after_the_last_heartbeat(first: float, days: int, tmp_path: Path) -> None:
    """Wherever the last one falls in the server's own rhythm: without an `after` it was told 50 to 75 hours on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-c", SERVER, str(first), str(days)], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False, env={**kept, "PREFECT_HOME": str(tmp_path), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said[0] == 25.0
    assert all(later - earlier >= 25 for earlier, later in itertools.pairwise(said)), "and seldom again"
