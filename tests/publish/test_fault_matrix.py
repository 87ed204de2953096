"""Calls of a plan under every fault: after resuming, the server is as after an undisturbed run.

One call of each kind on a busy day; every single call, and a day without alerts, in the long stories.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import IbfError, OutcomeUnknown, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.verification import read_verification
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.ibf.lookback.verification import look_back
from ibf_pipeline.targets.ibf.publication import carry_out
from ibf_pipeline.targets.ibf.revision import Destination
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.problems import Overrides
from tasks.runs import plan_revision
from tests.worlds.countries.flood_days import PIPELINE, FloodDays, SharedServers, clock
from tests.worlds.countries.stories import STORIES
from tests.worlds.services.faulty_proxy import Fault, FaultyProxy
from tests.worlds.services.snapshot import snapshot

ISSUE = date(2026, 2, 15)
ATTEMPTS = 2
SHORT = 0.06
"""seconds until a client gives up on an answer that never comes"""
DAYS = {"busiest": STORIES["busiest"].wishes, "no-alert": ""}
ONCE: tuple[Fault, ...] = ("429", "401", "403")
"""faults that the client gets over by itself"""
UNCLEAR: tuple[Fault, ...] = ("reset before", "reset after", "timeout", "timeout after", "500", "502")
"""faults after which nobody can say whether the notification was carried out"""
FAULTS: tuple[Fault, ...] = tuple(fault for fault in get_args(Fault) if fault != "kill")


class Stage:
    """A country on a fresh sandbox with one revision planned, behind a proxy."""

    def __init__(self, days: FloodDays, revision: Revision, proxy: FaultyProxy) -> None:
        self.days, self.revision, self.proxy = days, revision, proxy
        self.calls = revision.calls()

    @property
    def one_of_each_kind(self) -> list[Call]:
        """The first call of every kind, where numbers make no kinds, the last before the notification, and this."""
        kinds: dict[str, Call] = {}
        for call in self.calls:
            kinds.setdefault(f"{call.method} {call.path} {call.kind} {re.sub(r'[0-9]+', 'n', call.step)}", call)
        chosen = {call.number: call for call in (*kinds.values(), *self.calls[-2:])}
        return [chosen[number] for number in sorted(chosen)]

    def go_on_until(self, call: Call) -> None:
        """Make the calls before this one, undisturbed."""
        if self.next_call() < call.number:
            with pytest.raises(_Stop):
                self.carry_out(progress=_stop_after(call.number - 1))
        assert self.next_call() == call.number, "nothing is lost and nothing is made twice"

    def carry_out(self, *, fault: Fault = "500", **more: Any) -> None:
        """Publish with a client whose token is not fresh: 401 and 403 then mean that it has expired."""
        client = IbfClient(self.proxy.url, PIPELINE, RetryPolicy(20.0, ATTEMPTS, lambda seconds: None))
        try:
            if self.proxy.listening:
                client.login()
            if fault.startswith("timeout"):
                client._client.retry_policy = replace(client._client.retry_policy, timeout_seconds=SHORT)
            carry_out(self.revision, client, clock, **more)
        finally:
            client.close()

    def next_call(self) -> int:
        """The first call not known to be done."""
        done = self.revision.state().progress.done
        return next((call.number for call in self.calls if call.number not in done), len(self.calls) + 1)

    def require_as(self, undisturbed: dict[str, Any]) -> None:
        """The server is as after an undisturbed run, and shows what was written down before the first call."""
        assert snapshot(self.days.sandbox) == undisturbed
        client = IbfClient(self.days.sandbox.url, PIPELINE)
        verified = look_back(self.revision, client, clock)
        client.close()
        assert (verified.verdict, verified.differences) == ("agrees", ())

    @property
    def mails(self) -> int:
        return len(self.days.sandbox.mails("XDM"))


class LaterStage(Stage):
    """The second run of a day, planned and not begun; mails are those since then."""

    def __init__(self, days: Any, revision: Revision, proxy: FaultyProxy) -> None:
        super().__init__(days, revision, proxy)
        self._before = len(days.mails)

    @property
    def mails(self) -> int:
        return len(self.days.mails) - self._before


def later_undisturbed(
    folder: Path, planned: Callable[[Path, Sandbox], tuple[Any, Revision]]
) -> tuple[dict[str, Any], int]:
    """Snapshot and number of mails after a second run without faults."""
    with Sandbox(folder / "box") as sandbox:
        days, revision = planned(folder, sandbox)
        before = len(days.mails)
        with days.target() as target:
            target.carry_out(revision)
        return snapshot(sandbox), len(days.mails) - before


@pytest.fixture(scope="module", params=["busiest", pytest.param("no-alert", marks=pytest.mark.story)])
def wishes(request: pytest.FixtureRequest) -> str:
    return DAYS[request.param]


@pytest.fixture
def stage(
    wishes: str, tmp_path: Path, servers: SharedServers, demo_country: FloodCountry, demo_prepared: Path,
    demo_layers: Any, monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:  # fmt: skip
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    sandbox = servers.empty()
    with FaultyProxy(sandbox.url) as proxy:
        days = FloodDays(demo_country, *demo_layers, demo_prepared, tmp_path / "runs", sandbox)
        found, run = days.find(wishes, ISSUE)
        client = IbfClient(sandbox.url, PIPELINE)
        target = IbfTarget(client, Destination("sandbox", client.base, True), days.prepared, clock)
        revision = plan_revision.fn(found, run, target, overrides=Overrides(), now=clock)
        client.close()
        assert revision is not None
        yield Stage(days, revision, proxy)


@pytest.fixture(scope="module")
def undisturbed(
    wishes: str, tmp_path_factory: pytest.TempPathFactory, servers: SharedServers, demo_country: FloodCountry,
    demo_prepared: Path, demo_layers: Any,
) -> tuple[dict[str, Any], int]:  # fmt: skip
    """Snapshot and number of mails after a run without faults."""
    sandbox = servers.empty()
    runs = tmp_path_factory.mktemp("undisturbed")
    days = FloodDays(demo_country, *demo_layers, demo_prepared, runs, sandbox)
    days.day(wishes, ISSUE)
    return snapshot(sandbox), len(sandbox.mails("XDM"))


@pytest.mark.parametrize("fault", FAULTS)
def test_one_call_of_each_kind_spoiled(fault: Fault, stage: Stage, undisturbed: tuple[dict[str, Any], int]) -> None:
    """The walk is spoiled at one call of each kind until the run gives up, and resumed."""
    assert 5 < len(stage.one_of_each_kind) < len(stage.calls)
    spoil(fault, stage, stage.one_of_each_kind, undisturbed)


@pytest.mark.story
@pytest.mark.parametrize("fault", FAULTS)
def test_every_call_spoiled_in_turn(
    fault: Fault, stage: Stage, undisturbed: tuple[dict[str, Any], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first call is spoiled until the run gives up; it is resumed, the next call is spoiled, and so on."""
    spoil(fault, stage, stage.calls, undisturbed)
    with capsys.disabled():
        print(f"\nfault matrix: {fault}: {len(stage.calls)} of {len(stage.calls)} calls spoiled and resumed", end=" ")


def spoil(fault: Fault, stage: Stage, calls: Sequence[Call], undisturbed: tuple[dict[str, Any], int]) -> None:
    """Spoil these calls in turn, the last of which notifies; everything is in its place in the end."""
    met = 0
    for call in calls[:-1]:
        stage.go_on_until(call)
        if fault in ONCE:
            stage.proxy.spoil(fault, 1)
            with pytest.raises(_Stop):
                stage.carry_out(progress=_stop_after(call.number))
            continue
        if fault == "refused":
            stage.proxy.refuse()
        else:
            stage.proxy.spoil(fault, ATTEMPTS)
        with pytest.raises(ServerUnreachable):
            stage.carry_out(fault=fault)
        if fault == "refused":
            stage.proxy.listen()
        else:
            met += ATTEMPTS
            stage.proxy.wait_until_met(met)
        with pytest.raises(_Stop):
            stage.carry_out(progress=_stop_after(call.number))
    stage.go_on_until(calls[-1])
    _spoil_the_end(stage, fault, undisturbed[1])
    assert stage.revision.state().is_finished
    stage.require_as(undisturbed[0])


class _Stop(IbfError):
    """Ends a walk after a call, so that the next one can be spoiled."""


def _stop_after(number: int) -> Callable[[int, int], None]:
    def stop(done: int, of: int) -> None:
        if done >= number:
            raise _Stop("stopped by the test")

    return stop


def _spoil_the_end(stage: Stage, fault: Fault, mails: int) -> None:
    """The last call: unclear faults leave it unknown; a person decides. Clear ones are got over."""
    end = stage.calls[-1]
    assert (end.kind, stage.next_call()) == ("end", end.number)
    assert stage.mails == 0
    if fault not in UNCLEAR:
        if fault == "refused":
            stage.proxy.refuse()
            with pytest.raises(ServerUnreachable):
                stage.carry_out()
            stage.proxy.listen()
        else:
            stage.proxy.spoil(fault, 1)
        stage.carry_out()
        assert stage.mails == mails
        return
    met = stage.proxy.spoiled
    stage.proxy.spoil(fault, 1)
    with pytest.raises(OutcomeUnknown, match="notification log"):
        stage.carry_out(fault=fault)
    stage.proxy.wait_until_met(met + 1)
    assert read_verification(stage.revision.kept) is not None, "it was looked at all the same"
    sent = fault in ("reset after", "timeout after")
    assert stage.mails == (mails if sent else 0)
    with pytest.raises(OutcomeUnknown, match="may have been carried out before"):
        stage.carry_out()  # resumed without a decision: not sent again
    assert stage.mails == (mails if sent else 0)
    stage.carry_out(end="assume" if sent else "again")
    assert stage.mails == mails


class _DyingClient(IbfClient):
    """Kills its own process at one call."""

    def __init__(self, url: str, number: int, when: str) -> None:
        super().__init__(url, PIPELINE, RetryPolicy(5, ATTEMPTS, lambda seconds: None))
        self.number, self.when = number, when

    def send(self, call: Call, folder: Path, content: bytes | None = None) -> Answer:
        if (call.number, self.when) == (self.number, "before sending"):
            os.kill(os.getpid(), signal.SIGKILL)
        answer = super().send(call, folder, content)
        if (call.number, self.when) == (self.number, "before the journal"):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


KILLED = ("before sending", "after sending", "before the journal")


@pytest.mark.parametrize("when", KILLED)
def test_killed_at_one_call_of_each_kind(when: str, stage: Stage, undisturbed: tuple[dict[str, Any], int]) -> None:
    """SIGKILL of the publishing process at one call of each kind; the next process goes on where it died."""
    kill(when, stage, stage.one_of_each_kind, undisturbed)


@pytest.mark.story
@pytest.mark.parametrize("when", KILLED)
def test_killed_at_every_call(
    when: str, stage: Stage, undisturbed: tuple[dict[str, Any], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL of the publishing process at every call in turn; each next process goes on where the last one died."""
    kill(when, stage, stage.calls, undisturbed)
    with capsys.disabled():
        print(f"\nfault matrix: kill -9 {when}: {len(stage.calls)} of {len(stage.calls)} calls", end=" ")


def kill(when: str, stage: Stage, calls: Sequence[Call], undisturbed: tuple[dict[str, Any], int]) -> None:
    """Kill a publishing process at each of these calls, the last of which notifies."""
    child = 0

    def kill_child() -> None:
        os.kill(child, signal.SIGKILL)

    stage.proxy.on_kill = kill_child
    for call in calls:
        stage.go_on_until(call)
        if when == "after sending":
            stage.proxy.spoil("kill", 1)
        child = os.fork()
        if child == 0:
            _die_at(stage, call.number, when)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the process was killed, it did not end by itself"
        if call.kind != "end":
            with pytest.raises(_Stop):
                stage.carry_out(progress=_stop_after(call.number))
    sent = when != "before sending"
    assert stage.mails == (undisturbed[1] if sent else 0)
    with pytest.raises(OutcomeUnknown):
        stage.carry_out()
    stage.carry_out(end="assume" if sent else "again")
    assert stage.mails == undisturbed[1]
    stage.require_as(undisturbed[0])


def _die_at(stage: Stage, number: int, when: str) -> None:
    """In the forked child: publish until killed; it never returns to the test."""
    try:
        carry_out(stage.revision, _DyingClient(stage.proxy.url, number, when), clock)
    finally:
        os._exit(0)
