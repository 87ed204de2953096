"""The heartbeat: what has not ended is named, and stands on the page of the morning."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter
from prefect.runtime import flow_run
from typer.testing import CliRunner

from flows import morning
from flows.cli.app import app
from flows.floods import floods
from flows.heartbeat import heartbeat
from flows.morning import morning_of
from flows.morning_records import Records
from flows.wiring.day import open_configuration
from flows.wiring.run_issue_time import issue_date_of_run
from tests.worlds.countries.projects import make_project
from tests.worlds.plain_calls import plain_calls
from tests.worlds.speedups import quick_days

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("quick")]
DAY = date(2026, 2, 15)


def test_the_heartbeat_names_every_country_whose_day_has_not_ended(api: object, tmp_path: Path) -> None:
    config = make_project(tmp_path / "project", ("XDM", "XDN"), stories={})
    state = heartbeat(date(2026, 1, 20), config, str(tmp_path / "ws"), return_state=True)
    assert state.is_failed()
    assert state.message == "not finished for 2026-01-20: XDM: there is no run; XDN: there is no run"
    with get_client(sync_client=True) as client:
        pages = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["morning"]}))
    newest = max(pages, key=lambda artifact: artifact.created)
    assert "**0 of 2 countries done.** 2 need somebody." in newest.data
    assert "### Demoland XDM (XDM): not finished in time\n\nthere is no run\n" in newest.data
    command = ["heartbeat", "--date", "2026-01-20", "--config", config, "--workspace", str(tmp_path / "ws")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "XDN: there is no run" in done.output


def test_the_heartbeat_names_a_held_day_and_one_that_only_looked(
    api: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so does the page, of the records: the server knows neither run."""
    monkeypatch.setattr(morning, "runs_of_day", lambda *_: [])
    config, workspace = make_project(tmp_path / "project", ("XDM", "XDN"), {DAY: "two-events"}), str(tmp_path / "ws")
    where = {"config": config, "workspace": workspace, "return_state": True}
    with plain_calls(), quick_days():
        looked = floods("XDM", DAY, publish=False, **where)
        assert looked.message == "2 triggers; doubtful forecast at G9007 (suspect); nothing was published"
        assert "; held before the notification" in floods("XDN", DAY, hold=True, **where).message
    said = heartbeat(DAY, config, workspace, return_state=True).message
    assert re.fullmatch(
        "not finished for 2026-02-15: XDM: nothing was published to sandbox; "
        "XDN: its notification waits for a person until [0-9-]{10} [0-9:]{5} UTC: Resume on the page of the run, "
        "or `ibf-pipeline resume XDN/2026-02-15` with `--approve` or `--abort`",
        said,
    ), said
    configuration = open_configuration(config, workspace)
    records = Records(configuration)
    with get_client(sync_client=True) as client:
        page = morning_of(client, DAY, configuration, records)
        tomorrow = morning_of(client, DAY + timedelta(days=1), configuration, Records(configuration))
    looked, held = page.items
    assert (looked.kind, looked.said.split(";")[0]) == ("needs", "nothing was published to sandbox")
    assert (held.kind, held.state) == ("decision", "2 triggers")
    (link,) = held.links
    assert (records.runs / link.address).is_file(), "the report"
    assert page.without == ()
    assert sum(alert.number for alert in page.triggers) == 4
    assert {alert.notes for alert in page.triggers if alert.subject.code == "XDN"} == {("nobody is notified yet",)}
    assert [item.state for item in tomorrow.items] == ["not run yet"] * 2
    assert {alert.notes for alert in tomorrow.triggers} == {("forecast of 2026-02-15",)}, "which still stand"
    assert [subject.code for subject in tomorrow.without] == ["XDM", "XDN"]


def test_a_country_that_was_deployed_on_a_day_is_asked_for_from_the_next_one_on(api: object, tmp_path: Path) -> None:
    config = make_project(tmp_path / "project", ("XDM", "XDN"), stories={})
    with get_client(sync_client=True) as client:
        made = client.create_deployment(client.create_flow_from_name("floods"), "XDM")
        created = client.read_deployment(made).created
    assert created is not None
    told = {
        day: heartbeat(created.date() + timedelta(days=day), config, str(tmp_path / "ws"), return_state=True)
        for day in (0, 1)
    }
    assert (told[0].name, told[0].message) == (
        "Failed", f"not finished for {created.date()}: XDN: there is no run"
    )  # fmt: skip
    assert "XDM: there is no run; XDN: there is no run" in str(told[1].message)
    (Path(config) / "countries/XDN.yaml").unlink()
    alone = heartbeat(created.date(), config, str(tmp_path / "ws"), return_state=True)
    assert (alone.name, alone.message) == (
        "Completed", f"0 days of {created.date()} finished; run from the next day on: XDM"
    )  # fmt: skip


def test_a_run_keeps_the_day_that_it_was_scheduled_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(flow_run.FIELDS, "scheduled_start_time", lambda: datetime(2026, 2, 15, 23, 59, tzinfo=UTC))
    assert issue_date_of_run(None) == DAY
    assert issue_date_of_run(date(2026, 2, 14)) == date(2026, 2, 14)
    assert issue_date_of_run("2026-02-13") == date(2026, 2, 13)
