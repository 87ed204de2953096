"""The concurrency limit that keeps runs of one country apart, on a real server."""

from __future__ import annotations

import contextvars
import threading
from pathlib import Path

import pytest
from prefect.concurrency.sync import concurrency

from flows.deployment.deploy import deploy
from flows.wiring import limits
from flows.wiring.limits import limit_name, one_at_a_time
from ibf_pipeline.errors import ConfigError
from tests.worlds.countries.projects import make_project

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("api")]


def test_a_run_waits_while_another_one_holds_the_country_and_no_other_country_does(tmp_path: Path) -> None:
    deploy(make_project(tmp_path / "project", ("XDY", "XDZ"), stories={}), None)  # no other test holds these
    has_it = threading.Event()

    def run() -> None:
        with one_at_a_time("floods", "XDY"):
            has_it.set()

    with concurrency(limit_name("floods", "XDY"), strict=True):
        waiting = threading.Thread(target=contextvars.copy_context().run, args=(run,))  # knows the same server
        waiting.start()
        with one_at_a_time("floods", "XDZ"):
            assert not has_it.wait(timeout=2), "the country is held"
    waiting.join(timeout=120)
    assert has_it.is_set()


def test_a_run_of_a_deployment_does_not_go_on_without_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with one_at_a_time("floods", "QQQ"):
        pass  # of the command line, where no limit was made
    monkeypatch.setattr(limits.deployment, "id", "some", raising=False)
    with pytest.raises(ConfigError, match="no concurrency limit ibf-floods-QQQ"), one_at_a_time("floods", "QQQ"):
        pytest.fail("it must not begin")
