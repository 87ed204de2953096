"""One chain of attempts a day: which of two goes on, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Completed, Running, Scheduled

from flows import attempts
from flows.states import PORTAL_AWAITED, PORTAL_STAYED_AWAY

SINCE = datetime(2026, 2, 15, 15, 10, tzinfo=UTC)
EARLIER, LATER = SINCE - timedelta(minutes=20), SINCE + timedelta(minutes=20)
DAY = {"country": "XDM", "hazard": "floods", "issue_time": "2026-02-15", "target": "portal"}


def other(state: State, since: datetime = EARLIER, **changes: Any) -> FlowRun:
    return FlowRun(
        id=uuid4(), flow_id=uuid4(), state=state, parameters={**DAY, "since": since.isoformat(), **changes}
    )  # fmt: skip


def another(monkeypatch: pytest.MonkeyPatch, *runs: FlowRun) -> attempts.OtherAttempts | None:
    monkeypatch.setattr(attempts, "deployment", SimpleNamespace(id=uuid4()))
    monkeypatch.setattr(attempts, "_attempts", lambda after: list(runs))
    return attempts.another_chain({**DAY, "attempt": 2}, SINCE)


@pytest.mark.parametrize("state", [Scheduled(), Running()])
def test_the_chain_of_the_earlier_failure_goes_on_alone(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    said = another(monkeypatch, other(PORTAL_AWAITED.state("attempt 1 of 12")), other(state))
    assert said == attempts.OtherAttempts(f"attempts after the failure of {EARLIER.isoformat()} go on", False)
    for same in (other(state, SINCE), other(state, LATER), other(state, country="XDN"), other(state, target="live")):
        assert another(monkeypatch, same) is None


def test_a_day_whose_attempts_are_over_has_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    said = another(monkeypatch, other(PORTAL_STAYED_AWAY.state("no further attempt is made")))
    assert said == attempts.OtherAttempts(f"the attempts after the failure of {EARLIER.isoformat()} are over", True)


def test_after_an_outage_that_ended_well_another_one_has_attempts_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = (other(PORTAL_AWAITED.state("attempt 1 of 12")), other(Completed(message="2 triggers")))
    assert another(monkeypatch, *ended) is None


def test_a_server_that_does_not_say_keeps_no_attempt_from_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "deployment", SimpleNamespace(id=uuid4()))

    def no_answer(after: datetime) -> list[FlowRun]:
        raise ConnectionError("refused")

    monkeypatch.setattr(attempts, "_attempts", no_answer)
    assert attempts.another_chain({**DAY, "attempt": 2}, SINCE) is None


def test_outside_a_deployment_nothing_is_scheduled() -> None:
    assert attempts.schedule_attempt({**DAY, "attempt": 2, "since": SINCE.isoformat()}, LATER) is None
    attempts.cancel_attempt(None)
