"""The runs of a day as the page of the morning has them: what needs somebody, waits, or was made good."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending, Running, Scheduled, Suspended

from flows import morning_runs
from flows.floods import floods
from flows.heartbeat import heartbeat
from flows.morning import about_to_wait, page_day, write_morning
from flows.morning_rows import Rows, as_overdue, country_rows
from flows.morning_runs import CountryRun, page_issue_times, runs_of_day
from flows.states import (
    HELD,
    NOT_ALL_PUBLISHED,
    NOT_NOTIFIED,
    PORTAL_AWAITED,
    PORTAL_DIFFERS,
    PORTAL_UNREACHABLE,
    SKIPPED,
    STOPPED,
    WATCHED,
)
from flows.wiring.day import open_configuration
from flows.wiring.hazards import CountryHazardKey
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.report.morning.content import PageSubject
from tests.worlds.countries.projects import make_project

DAY = date(2026, 2, 15)
NOW = datetime(2026, 2, 15, 16, 20, tzinfo=UTC)
UGA = CountryHazardKey("UGA", "floods", "UGA")
MWI = CountryHazardKey("MWI", "flash-floods", "MWI flash-floods")
AN_ATTEMPT = "attempt 2 of 12, the next one is made at 2026-02-15 16:30 UTC"


def run(state: Any, hour: int = 15, minute: int = 7, **parameters: Any) -> FlowRun:
    due = datetime(2026, 2, 15, hour, minute, tzinfo=UTC)
    return FlowRun(id=uuid4(), flow_id=uuid4(), name="x", state=state, expected_start_time=due, parameters=parameters)


def known(state: Any, hour: int = 15, *, attempt: bool = False, **parameters: Any) -> CountryRun:
    return CountryRun(UGA, IssueTime(DAY), run(state, hour, **parameters), attempt)


def rows(*runs: CountryRun) -> Rows:
    newest_first = sorted(runs, key=lambda each: each.due, reverse=True)
    return country_rows(PageSubject(runs[0].of.iso3 if runs else "UGA"), newest_first, "portal", NOW)


@pytest.mark.parametrize(("deployment", "state"), [(uuid4(), "Suspended"), (None, "Paused")])
def test_a_run_that_is_about_to_wait_is_called_as_in_the_list_of_runs(deployment: Any, state: str) -> None:
    at_work = known(Running())
    at_work.run.deployment_id = deployment
    item = rows(about_to_wait(at_work)).item
    assert (item.kind, item.state) == ("decision", state)


@pytest.mark.parametrize(
    ("state", "kind", "said", "remedy"),
    [
        (Completed(message="1 trigger; checked on the portal at 15:12 UTC"), "done", "1 trigger", ""),
        (STOPPED.state("1 trigger; not notified: stopped by Amina"), "done", "Notification stopped", ""),
        (NOT_ALL_PUBLISHED.state("5 triggers; alert could not be published: G9006"), "done", "Not all published", ""),
        (PORTAL_DIFFERS.state("the portal differs: G1"), "needs", "Portal differs", "`ibf-pipeline verify`"),
        (Failed(message="no account. What to do: export it."), "needs", "Failed", "export it."),
        (Crashed(message="no sign of life"), "needs", "Crashed", "run it again: it goes on where it ended"),
        (Cancelled(), "needs", "Cancelled", "`ibf-pipeline resume UGA/2026-02-15`"),
        (NOT_NOTIFIED.state("nobody approved it"), "needs", "Not notified", "tell the recipients yourself"),
        (HELD.state("3 triggers"), "decision", "Held", "`ibf-pipeline resume UGA/2026-02-15 --approve`"),
        (
            NOT_ALL_PUBLISHED.state(f"3 triggers; {HELD.words}: approve or abort it with `ibf-pipeline resume`"),
            "decision",
            "Held",
            "`ibf-pipeline resume UGA/2026-02-15 --approve`",
        ),
        (Suspended(), "decision", "Suspended", "press Resume on the page of the run"),
        (PORTAL_AWAITED.state(AN_ATTEMPT), "waits", "Portal awaited", ""),
        (PORTAL_UNREACHABLE.state("away"), "needs", "Portal unreachable", "where none does"),
        (Running(), "waits", "at work", ""),
        (State(type=StateType.SCHEDULED, name="Late"), "waits", "late: due at 15:07 UTC", ""),
        (State(type=StateType.SCHEDULED, name="AwaitingConcurrencySlot"), "waits", "queued since 15:07 UTC", ""),
        (Pending(), "waits", "queued since 15:07 UTC", ""),
    ],
)
def test_a_run_is_what_its_state_asks_of_people(state: Any, kind: str, said: str, remedy: str) -> None:
    item = rows(known(state)).item
    assert item.kind == kind
    assert item.state.startswith(said)
    assert remedy in item.remedy
    assert bool(item.remedy) == (kind in ("needs", "decision")), "who has to do something is told what"


def test_what_has_not_begun_says_when_it_will() -> None:
    assert rows().item.state == "not run yet"
    assert rows(known(Scheduled(), hour=18)).item.state == "planned for 18:07 UTC"
    failed = rows(known(Failed(message="no forecast")), known(Scheduled(), hour=18))
    assert (failed.item.kind, failed.item.said) == ("needs", "no forecast. Another run of it is planned for 18:07 UTC.")
    done = rows(known(Completed(message="no alert")), known(Scheduled(), hour=18))
    assert (done.item.kind, done.item.state) == ("done", "no alert"), "a second look takes nothing back"


def test_a_portal_that_was_away_waits_for_its_next_attempt() -> None:
    away = known(PORTAL_UNREACHABLE.state("the portal is unreachable"))
    assert rows(away).item.kind == "needs"
    assert rows(away, known(Scheduled(), hour=17, attempt=True)).item.kind == "waits"


def test_a_run_for_another_target_is_said_and_is_not_the_day() -> None:
    shadow = known(Completed(message="1 trigger"), hour=16, target="shadow")
    looked = known(Completed(message="1 trigger"), hour=17, publish=False)
    of_day = rows(known(Failed(message="server refused"), target="portal"), shadow, looked)
    assert of_day.item.state == "Failed"
    assert [(item.state, item.said) for item in of_day.elsewhere] == [
        ("it was not to publish", "Completed, 1 trigger"), ("to the target shadow", "Completed, 1 trigger"),
    ]  # fmt: skip
    alone = rows(shadow)
    assert (alone.item.kind, alone.item.state, len(alone.elsewhere)) == ("waits", "not run yet", 1)


def block(hour: int, state: Any) -> CountryRun:
    return CountryRun(MWI, IssueTime(DAY, hour), run(state, min(hour + 4, 16), 45))


def test_a_failed_hour_is_not_hidden_by_a_later_one() -> None:
    """It is said as made good once one was published; until then it needs somebody as the newest does."""
    failed, now_failed = block(0, Failed(message="the disk is full")), block(6, Failed(message="the disk is full"))
    good = rows(failed, block(6, Completed(message="no alert")))
    assert (good.item.kind, good.item.when, good.further) == ("done", "2026-02-15 06 UTC", [])
    assert [(item.state, item.said, item.when) for item in good.resolved] == [
        ("Failed", "the disk is full", "2026-02-15 00 UTC")
    ]
    bad = rows(failed, now_failed)
    assert [item.when for item in (bad.item, *bad.further)] == ["2026-02-15 06 UTC", "2026-02-15 00 UTC"]
    at_work = rows(failed, block(6, Running()))
    assert (at_work.item.kind, [item.kind for item in at_work.further]) == ("waits", ["needs"])


def test_a_later_hour_does_not_tell_people_what_nobody_told_them() -> None:
    told = rows(block(0, NOT_NOTIFIED.state("nobody approved it")), block(6, Completed(message="no alert")))
    assert (told.item.kind, [item.state for item in told.further], told.resolved) == ("done", ["Not notified"], [])


def test_what_is_not_finished_in_time_needs_somebody() -> None:
    item = as_overdue(rows().item, "there is no run")
    assert (item.kind, item.state, item.said) == ("needs", "not finished in time", "there is no run")
    at_work = as_overdue(rows(known(Running())).item, "there is no run")
    assert at_work.said == "there is no run (at work)"
    failed = rows(known(Failed(message="no account"))).item
    assert as_overdue(failed, "there is no run") is failed, "which says more"


def test_the_page_of_several_hours_looks_back_over_the_night() -> None:
    early = datetime(2026, 2, 15, 2, 50, tzinfo=UTC)
    assert [str(each) for each in page_issue_times(TYPHOON, DAY, early)] == [
        "2026-02-14T00", "2026-02-14T06", "2026-02-14T12", "2026-02-14T18", "2026-02-15T00",
    ]  # fmt: skip
    assert [str(each) for each in page_issue_times(FLOODS, DAY, early)] == ["2026-02-15"]
    whole = page_issue_times(TYPHOON, date(2026, 2, 14), early)
    assert [str(each) for each in whole] == ["2026-02-14T00", "2026-02-14T06", "2026-02-14T12", "2026-02-14T18"]


def test_a_run_stands_on_the_page_of_the_day_it_is_news_of() -> None:
    night, evening = datetime(2026, 2, 16, 1, 30, tzinfo=UTC), datetime(2026, 2, 15, 15, tzinfo=UTC)
    asked = {"issue_date": str(DAY)}
    assert page_day("floods", asked, night, [WATCHED, "XDM"]) == DAY, "a sensor that waited beyond midnight"
    assert page_day("floods", asked, night, ["backfill", "XDM"]) is None
    assert page_day("floods", {"issue_date": "2026-02-14"}, night, [WATCHED]) is None
    assert page_day("floods", {}, evening, []) == DAY
    assert page_day("floods", {"issue_date": "not-a-date"}, evening, []) is None
    assert page_day("typhoon", {}, datetime(2026, 2, 16, 2, 45, tzinfo=UTC), []) == date(2026, 2, 16), "of 18 UTC"
    assert page_day("typhoon", {"issue_time": "2026-02-10T18"}, night, []) is None


def add(iso3: str, state: Any, due: datetime | None = None, name: str = "", **parameters: Any) -> None:
    if due is not None:
        state.state_details.scheduled_time = due
    with get_client(sync_client=True) as client:
        client.create_flow_run(floods, parameters={"country": iso3, **parameters}, name=name or None, state=state)


def test_runs_that_wait_are_known_before_they_have_a_name(api: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a server gives at once."""
    monkeypatch.setattr(morning_runs, "MOST_RUNS", 2)
    day = date(2026, 1, 22)
    at = [datetime(2026, 1, 22, hour, tzinfo=UTC) for hour in range(24)]
    for state in (Failed(message="no input"), Failed(message="refused"), Completed(message="no alert")):
        add("XDM", state, name=f"floods-XDM-{day}")
    add("XDM", SKIPPED.state("nothing to do"), name=f"resume-floods-XDM-{day}")
    add("XDN", State(type=StateType.SCHEDULED, name="Late"), at[15])
    add("XDO", Scheduled(), at[20])
    add("XDO", Scheduled(), at[21], issue_date="2026-01-10")
    countries = [CountryHazardKey(iso3, "floods", iso3) for iso3 in ("XDM", "XDN", "XDO")]
    with get_client(sync_client=True) as client:
        found = runs_of_day(client, countries, day, at[19])
    by_country = {iso3: [each for each in found if each.of.iso3 == iso3] for iso3 in ("XDM", "XDN", "XDO")}
    assert [each.message for each in by_country["XDM"]] == ["no alert", "refused", "no input"]
    assert [(each.state, each.due) for each in by_country["XDN"]] == [("Late", at[15])]
    assert [(each.state, each.due) for each in by_country["XDO"]] == [("Scheduled", at[20])], (
        "the other is of another day"
    )


def test_it_is_written_although_the_records_are_away(
    api: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says that alerts are missing, never that there is none."""
    config = make_project(tmp_path / "project", ("XDM",), stories={})
    configuration = open_configuration(config, str(tmp_path / "ws"))
    (tmp_path / "ws" / "runs" / "records.sqlite").mkdir(parents=True)
    day = date(2026, 1, 23)
    add("XDM", Completed(message="1 trigger"), name=f"floods-XDM-{day}")
    with get_client(sync_client=True) as client:
        of = client.create_flow_run(heartbeat, parameters={}, state=Running())
        write_morning(day, configuration, of.id)
        (page,) = [
            each.data
            for each in client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["morning"]}))
            if each.flow_run_id == of.id
        ]
    assert "**1 of 1 country done.**" in page
    assert "> **Mind:** the records cannot be read, so that alerts are missing on this page: " in page
    assert "## Nothing is known yet" in page
    assert (tmp_path / "ws" / "runs" / "morning" / "newest.html").is_file()
