"""The model in operation changes in front of the pipeline's eyes, and its files say nothing of it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import yaml

import flows.wiring.current_model as guard
from flows.wiring.day import open_configuration
from flows.wiring.inputs_fetch import fetch_and_read
from ibf_pipeline.discharge.version import VersionRefused
from tests.worlds.countries.tiny_day import ISSUE, TinyDay
from tests.worlds.services.ewds import KEY, Service, running


def beside_ewds(day: TinyDay, service: Service, **more: object) -> None:
    """The folder first, whose netCDF carries no version; the data store is the second source."""
    file = day.config / "settings.yaml"
    content = yaml.safe_load(file.read_text())
    content["sources"]["ewds"] = {"kind": "ewds", "url": service.url, "attempts": 2, "retry_seconds": 0.01, **more}
    file.write_text(yaml.safe_dump(content))
    day.configure(sources=["folder", "ewds"])


@pytest.fixture(autouse=True)
def today(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    day.bring_layers()
    monkeypatch.setenv("EWDS_KEY", KEY)
    set_clock(monkeypatch, 1)


def set_clock(monkeypatch: pytest.MonkeyPatch, days_after: int) -> None:
    moment = datetime.combine(ISSUE, time(12), UTC) + timedelta(days=days_after)
    monkeypatch.setattr(guard, "now", lambda: moment)


def refused_by_fetch(day: TinyDay) -> VersionRefused | None:
    return fetch_and_read(open_configuration(str(day.config), str(day.root / "work")), "XTY", ISSUE, None).refused


def test_a_form_that_lists_version_4_stops_a_run_from_another_source(
    day: TinyDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as service:
        beside_ewds(day, service)
        assert [event.flags for event in day.found().events] == ["--TTT---"]
        assert refused_by_fetch(day) is None
        service.form[0]["details"]["groups"][1]["values"] += ["version_4_0"]
        assert "the service lists version_4_0 among its legacy versions" in day.refused(VersionRefused).found
        assert "version_4_0" in str(refused_by_fetch(day)), "what inputs fetch says is what a run does"
        assert service.orders == []
        set_clock(monkeypatch, 2)
        assert refused_by_fetch(day) is None, "an older issue date is of the model of its own day"


def test_a_form_that_nobody_may_or_can_look_at_stops_nothing(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as service:
        service.form[0]["details"]["groups"][1]["values"] += ["version_4_0"]
        beside_ewds(day, service, check=False)
        assert refused_by_fetch(day) is None
        beside_ewds(day, service)
        monkeypatch.delenv("EWDS_KEY")
        assert refused_by_fetch(day) is None
        monkeypatch.setenv("EWDS_KEY", KEY)
        assert refused_by_fetch(day) is not None
    assert refused_by_fetch(day) is None, "the service is gone"
