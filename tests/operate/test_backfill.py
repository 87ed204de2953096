"""The backfill flow in this process: in order, resumable, without mails unless twice confirmed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter

from flows.backfill import backfill, started
from flows.floods import floods
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.sandbox import Sandbox
from tests.worlds.countries.projects import make_project
from tests.worlds.countries.stories import write_day

pytestmark = pytest.mark.usefixtures("plain", "quick")


def test_it_stops_at_a_day_without_input_and_goes_on_there(tmp_path: Path) -> None:
    stories = {date(2026, 2, 1): "no-alert", date(2026, 2, 3): "trigger-today"}
    config = make_project(tmp_path / "project", ("XDM",), stories)
    days = {"country": "XDM", "date_from": date(2026, 2, 1), "date_to": date(2026, 2, 3)}
    where = {"config": config, "workspace": str(tmp_path / "ws")}
    state = backfill(**days, **where, return_state=True)
    assert state.is_failed()
    assert state.message.startswith("1 day run, 0 published before; stopped at 2026-02-02: input not available yet: ")
    write_day(tmp_path / "project" / "forecasts", "warning-only", date(2026, 2, 2))
    state = backfill(**days, **where, return_state=True)
    assert (state.is_completed(), state.message) == (True, "2 days run, 1 published before")
    assert Sandbox(tmp_path / "ws" / "sandbox").mails("XDM") == []
    write_day(tmp_path / "project" / "forecasts", "no-alert", date(2026, 1, 31))
    state = backfill("XDM", date(2026, 1, 31), date(2026, 1, 31), **where, return_state=True)
    assert state.is_failed(), "it would rewrite what people were told later"
    assert "stopped at 2026-01-31" in state.message


@pytest.mark.usefixtures("api")
def test_a_published_day_whose_alert_has_no_areas_stops_nothing_and_is_named(tmp_path: Path) -> None:
    stories = {date(2026, 2, 1): "unmapped-only", date(2026, 2, 2): "no-alert"}
    where = {"config": make_project(tmp_path / "project", ("XDM",), stories), "workspace": str(tmp_path / "ws")}
    days = {"country": "XDM", "date_from": date(2026, 2, 1), "date_to": date(2026, 2, 2)}
    state = backfill(**days, **where, return_state=True)
    assert state.is_failed()
    assert state.message.startswith(
        "2 days run, 0 published before; 2026-02-01 is published, but: alert could not be published: G9006 "
    )
    assert "stopped" not in state.message
    state = backfill(**days, **where, return_state=True)
    assert (state.is_completed(), state.message) == (True, "0 days run, 2 published before")
    with get_client(sync_client=True) as client:
        kept = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["backfill-xdm"]}))
    first, second = (str(table.data) for table in sorted(kept, key=lambda table: table.created)[-2:])
    for row in ("2026-02-01", "G9006", "2026-02-02", "no alert"):
        assert row in first
    assert second.count("published before") == 2


@pytest.mark.usefixtures("api")
def test_a_waiting_run_that_would_notify_people_is_not_taken_over_by_a_backfill_that_must_not() -> None:
    """The first backfill was cancelled while its day waited for a worker."""
    deployed = floods.to_deployment("XDS", parameters={"country": "XDS"}).apply()
    for notify in (True, False, False):
        started("floods", "XDS", None, {"notify": notify}, IssueTime(date(2026, 2, 1)), notify=notify)
    with get_client(sync_client=True) as client:
        runs = FlowRunFilter(deployment_id={"any_": [deployed]})
        waiting = client.read_flow_runs(flow_run_filter=runs)
        client.delete_deployment(deployed)
    assert sorted(run.parameters["notify"] for run in waiting) == [False, True]


@pytest.mark.parametrize(
    ("first", "last", "options", "why"),
    [
        (date(2026, 2, 1), date(2026, 2, 3), {"notify": True}, "asked for once"),
        (date(2026, 2, 3), date(2026, 2, 1), {}, "the first day first"),
    ],
)
def test_it_refuses(first: date, last: date, options: dict[str, bool], why: str, tmp_path: Path) -> None:
    config = make_project(tmp_path / "project", ("XDM",), {})
    state = backfill("XDM", first, last, config=config, workspace=str(tmp_path), **options, return_state=True)
    assert state.is_failed()
    assert why in state.message
