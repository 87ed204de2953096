"""The heartbeat and the page of the morning: what has not ended is named, and stands on top."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import flow_run
from prefect.states import Completed, Crashed, Failed, Running
from typer.testing import CliRunner

from flows import morning
from flows.cli.app import app
from flows.floods import floods
from flows.heartbeat import heartbeat
from flows.morning import is_of_today, issue_date_of, morning_page, newest_runs
from flows.states import HELD, NOT_ALL_PUBLISHED, PORTAL_AWAITED, STOPPED
from flows.wiring.issue_date import issue_date_of_run
from tests.worlds.countries.projects import make_project
from tests.worlds.plain_calls import plain_calls
from tests.worlds.quick import quick_days

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("quick")]
DAY = date(2026, 2, 15)


def named(day: date) -> dict[str, str]:
    return {f"floods-{iso3}-{day}": iso3 for iso3 in ("XDM", "XDN", "XDO")}


def run(state: object) -> FlowRun:
    return FlowRun(id=uuid4(), flow_id=uuid4(), name="floods", state=state)


def test_what_needs_a_person_stands_on_top() -> None:
    runs = {
        "KEN": run(Completed(message="no alert")),
        "UGA": run(Crashed(message="no sign of life")),
        "XDM": run(Failed(message="input not available yet: a | b")),
        "XDN": run(Running()),
    }
    page = morning_page(DAY, ["KEN", "SSD", "UGA", "XDM", "XDN"], runs)
    assert "# Forecasts of Sun 2026-02-15\n\n1 of 5 countries done." in page
    order = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][2:]
    assert order == ["XDM", "UGA", "SSD", "XDN", "KEN"]
    assert "| SSD | not run yet |  |" in page
    assert r"a \| b |" in page


def test_what_is_published_and_not_told_is_not_done() -> None:
    runs = {
        "KEN": run(Completed(message="1 trigger")),
        "SSD": run(HELD.state("3 triggers; held before the notification: approve or abort it")),
        "UGA": run(STOPPED.state("1 trigger; not notified: stopped by Amina")),
        "XDM": run(NOT_ALL_PUBLISHED.state("1 trigger; alert could not be published: G9006 (no areas in the mapping)")),
        "XDN": run(Failed(message="no country KEN")),
    }
    page = morning_page(DAY, ["KEN", "SSD", "UGA", "XDM", "XDN"], runs)
    assert "\n\n1 of 5 countries done. 4 of them need a person.\n\n" in page
    order = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][2:]
    assert order == ["XDN", "SSD", "UGA", "XDM", "KEN"]


def test_a_portal_that_is_half_made_is_the_first_line_and_an_awaited_one_is_not_done() -> None:
    runs = {
        "KEN": run(HELD.state("3 triggers; held before the notification")),
        "UGA": run(PORTAL_AWAITED.state("the portal is unreachable; attempt 2 of 12")),
    }
    lines = morning_page(DAY, ["KEN", "UGA"], runs, first=["**UGA: the portal shows no alerts.**"]).splitlines()
    assert lines[:3] == ["**UGA: the portal shows no alerts.**", "", "# Forecasts of Sun 2026-02-15"]
    assert "0 of 2 countries done. 2 of them need a person." in lines
    assert [line.split("|")[1].strip() for line in lines if line.startswith("| ")][2:] == ["UGA", "KEN"]


def test_a_run_that_published_nothing_or_elsewhere_is_not_the_days_run(api: object) -> None:
    day = date(2026, 1, 21)

    def add(iso3: str, state: object, **parameters: object) -> None:
        with get_client(sync_client=True) as client:
            client.create_flow_run(floods, parameters=parameters, name=f"floods-{iso3}-{day}", state=state)

    add("XDM", Failed(message="server refused"), publish=True)
    add("XDM", Completed(message="looked"), publish=False)
    add("XDM", Completed(message="shadow"), target="files")
    add("XDN", Completed(message="elsewhere"), target="nope")
    add("XDO", Completed(message="its own"), target="sandbox")
    with get_client(sync_client=True) as client:
        newest = newest_runs(client, named(day), dict.fromkeys(("XDM", "XDN", "XDO"), "sandbox"))
    assert {iso3: run.state.message for iso3, run in newest.items()} == {"XDM": "server refused", "XDO": "its own"}


def test_the_newest_of_more_runs_than_a_server_gives_at_once_counts(
    api: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date(2026, 1, 22)
    monkeypatch.setattr(morning, "_MOST_RUNS", 2)
    with get_client(sync_client=True) as client:
        for hour, message in ((15, "input not available yet"), (16, "server refused"), (17, "no alert")):
            state = Failed(message=message) if hour < 17 else Completed(message=message)
            state.state_details.scheduled_time = datetime(2026, 1, 22, hour, tzinfo=UTC)
            client.create_flow_run(floods, parameters={}, name=f"floods-XDM-{day}", state=state)
        newest = newest_runs(client, named(day), {"XDM": "sandbox"})
    assert newest["XDM"].state.message == "no alert"


def test_a_run_that_a_sensor_starts_after_midnight_is_on_the_page_of_its_day() -> None:
    night = datetime(2026, 2, 16, 1, 30, tzinfo=UTC)
    assert is_of_today(DAY, night, ["watched", "XDM"])
    assert not is_of_today(DAY, night, ["backfill", "XDM"])
    assert not is_of_today(date(2026, 2, 14), night, ["watched", "XDM"])
    assert is_of_today(DAY, datetime(2026, 2, 15, 15, tzinfo=UTC), [])


def test_the_heartbeat_names_every_country_whose_day_has_not_ended(api: object, tmp_path: Path) -> None:
    config = make_project(tmp_path / "project", ("XDM", "XDN"), stories={})
    state = heartbeat(date(2026, 1, 20), config, str(tmp_path / "ws"), return_state=True)
    assert state.is_failed()
    assert state.message == "not finished for 2026-01-20: XDM: there is no run; XDN: there is no run"
    with get_client(sync_client=True) as client:
        pages = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["morning"]}))
    newest = max(pages, key=lambda artifact: artifact.created)
    assert "0 of 2 countries done." in newest.data
    command = ["heartbeat", "--date", "2026-01-20", "--config", config, "--workspace", str(tmp_path / "ws")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "XDN: there is no run" in done.output


def test_the_heartbeat_names_a_held_day_and_one_that_only_looked(api: object, tmp_path: Path) -> None:
    config, workspace = make_project(tmp_path / "project", ("XDM", "XDN"), {DAY: "two-events"}), str(tmp_path / "ws")
    where = {"config": config, "workspace": workspace, "return_state": True}
    with plain_calls(), quick_days():
        looked = floods("XDM", DAY, publish=False, **where)
        assert looked.message == "2 triggers; doubtful forecast at G9007 (suspect); nothing was published"
        assert "; held before the notification" in floods("XDN", DAY, hold=True, **where).message
    assert heartbeat(DAY, config, workspace, return_state=True).message == (
        "not finished for 2026-02-15: XDM: nothing was published to sandbox; "
        "XDN: its publication to sandbox is not finished: `ibf-pipeline resume XDN/2026-02-15`"
    )


def test_a_run_keeps_the_day_that_it_was_scheduled_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(flow_run.FIELDS, "scheduled_start_time", lambda: datetime(2026, 2, 15, 23, 59, tzinfo=UTC))
    assert issue_date_of_run(None) == DAY
    assert issue_date_of_run(date(2026, 2, 14)) == date(2026, 2, 14)
    assert issue_date_of_run("2026-02-13") == date(2026, 2, 13)
    assert issue_date_of("not-a-date", datetime(2026, 2, 15, 23, 59, tzinfo=UTC)) is None
    assert issue_date_of(None, datetime(2026, 2, 15, 23, 59, tzinfo=UTC)) == DAY
