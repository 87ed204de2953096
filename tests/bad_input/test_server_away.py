"""How long a server that is away is waited for: a setting of the target, and only of what publishes."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any

import pytest
import yaml

from flows.cli.check import check_country
from flows.wiring.day import now, open_day
from flows.wiring.plan import plan_day
from flows.wiring.targets import open_target
from ibf_pipeline.config.configuration import load
from ibf_pipeline.errors import ConfigError, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.targets.problems import Overrides
from tasks.runs import plan_revision
from tests.targets.test_server_away import Time
from tests.worlds.countries.tiny_day import ISSUE, TinyDay


def set_target(day: TinyDay, **keys: Any) -> None:
    """Change the settings of the target `portal`."""
    file = day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["targets"]["portal"] |= keys
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.mark.parametrize(("written", "seconds"), [({}, 600), ({"keep_trying_seconds": 0}, 0)])
def test_the_setting(day: TinyDay, written: dict[str, Any], seconds: float) -> None:
    set_target(day, **written)
    assert load(day.config).target("portal").keep_trying_seconds == seconds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-1, "greater than or equal to 0, found -1"),
        (3601, "less than or equal to 3600, found 3601"),
        (float("nan"), "found nan"),
        (float("inf"), "found inf"),
        ("ten minutes", "valid number, found 'ten minutes'"),
        (True, "valid number, found True"),
    ],
)
def test_a_time_that_is_none(day: TinyDay, value: object, said: str) -> None:
    set_target(day, keep_trying_seconds=value)
    error = day.refused(ConfigError)
    assert error.found.startswith("targets.portal.keep_trying_seconds: ")
    assert said in error.found
    assert (error.where.endswith("settings.yaml"), error.remedy) == (True, "correct this key")


@pytest.fixture
def time(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> Time:
    """The target is an address where nobody listens, and time is made up."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    set_target(day, url=f"http://127.0.0.1:{port}/api", attempts=5, keep_trying_seconds=60)
    time = Time()
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    monkeypatch.setattr("flows.wiring.targets.RetryPolicy", partial(RetryPolicy, sleep=time.sleep, clock=time))
    return time


def test_a_run_waits_for_a_server_that_is_away(day: TinyDay, time: Time) -> None:
    found = day.findings()
    opened = open_day(str(day.config), "XTY", ISSUE, None, workspace=str(day.root / "work"))
    with open_target(opened, notify=True) as target, pytest.raises(ServerUnreachable):
        plan_revision.fn(found, day.run_folder, target, overrides=Overrides(), now=now)
    assert time.slept == [1, 2, 4, 8, 16, 29]


def test_a_plan_and_a_check_do_not(day: TinyDay, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    work = str(day.root / "work")
    with pytest.raises(ServerUnreachable):
        plan_day(str(day.config), "XTY", ISSUE, None, work, notify=False)
    assert time.slept == [1, 2, 4, 8]
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    findings = check_country(str(day.config), "XTY", None, work)
    assert time.slept == [1, 2, 4, 8] * 2
    assert [finding.level for finding in findings if finding.subject == "portal"] == ["not checked"]
