"""Days of a country that looks 10 days ahead, through its flow to a portal that shows 7: calls, notices, states."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State

from flows.scenario import scenario
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.stations import read_stations, read_thresholds
from ibf_pipeline.publish.call import Call
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.publication_history import publication_history
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.files import write_ftp_members
from ibf_pipeline.targets.ibf.revision import may_be_shown
from tests.bad_input.conftest import day as tiny_day  # noqa: F401 - a fixture
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_day import GRID, ISSUE, MEMBERS, TinyDay
from tests.worlds.lookback_words import said
from tests.worlds.runs import flood_run

LONG: dict[str, Any] = {
    "horizon": 10,
    "trigger": {"return_period": 5, "probability": 0.6, "lead_time_limit": 10},
    "classes": {"rule": "return-period", "probability": 0.6, "return_period": {"min": 1.5, "med": 2, "max": 5}},
}
BEYOND, LAPSED = "alert beyond what the portal shows", "trigger lapsed beyond what the portal shows"


@pytest.fixture
def day(tiny_day: TinyDay) -> TinyDay:  # noqa: F811
    """The tiny country looks 10 days ahead and publishes to the sandbox."""
    file = tiny_day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["targets"]["sandbox"] = {"kind": "ibf", "embedded_sandbox": True, "test_target": True}
    file.write_text(yaml.safe_dump(settings))
    tiny_day.configure(**LONG, target="sandbox")
    tiny_day.bring_layers()
    return tiny_day


def write(day: TinyDay, issue_date: date, wishes: str) -> None:
    stations = read_stations(day.static / "stations.csv")
    thresholds = read_thresholds(day.static / "thresholds.json", stations, {5.0})
    rule = tiny_country.country(**LONG).rule
    cube = make_ensemble(thresholds, rule, wishes, seed=issue_date.toordinal(), members=MEMBERS, lead_times=11)
    write_ftp_members(day.root / "forecasts", issue_date, cube, day.cells, GRID)


def run_of(day: TinyDay, issue_date: date) -> RunFolder:
    return flood_run(day.root / "work" / "runs", "XTY", issue_date)


def published(day: TinyDay, number: int, wishes: str) -> State:
    """Run the day `number` days after the first one."""
    write(day, ISSUE + timedelta(days=number), wishes)
    return day.flow(issue_date=ISSUE + timedelta(days=number))


def calls(day: TinyDay, number: int) -> list[Call]:
    (revision,) = run_of(day, ISSUE + timedelta(days=number)).revisions("sandbox")
    return revision.calls()


def notices(day: TinyDay, number: int) -> list[tuple[str, str]]:
    (revision,) = run_of(day, ISSUE + timedelta(days=number)).revisions("sandbox")
    kept = json.loads(revision.folder.joinpath("notices.json").read_text(encoding="utf-8"))["notices"]
    return [(notice["kind"], notice["event"]) for notice in kept]


def mails(day: TinyDay) -> list[tuple[str, ...]]:
    return [mail.event_names for mail in Sandbox(day.root / "work" / "sandbox").mails("XTY")]


def bodies(made: list[Call], key: str) -> list[dict[str, Any]]:
    return [call.body for call in made if call.body and key in call.body]


def test_a_trigger_comes_into_reach_and_moves_away_again(day: TinyDay) -> None:
    first = published(day, 0, "G1=---------TT")
    assert (first.name, said(first)) == ("Completed", f"1 trigger; {BEYOND}: G1 (9-day)")
    assert notices(day, 0) == [(BEYOND, "G1")]
    rows = bodies(calls(day, 0), "exposurePlaceCodes")
    assert {(row["eventName"], row["leadTime"]) for row in rows} == {(None, "1-day")}
    assert {amount["amount"] for row in rows for amount in row["exposurePlaceCodes"]} == {0}
    assert {(body["leadTime"], *(row["fid"] for row in body["dynamicPointData"]))
            for body in bodies(calls(day, 0), "dynamicPointData")} == {("7-day", "G1", "G2")}  # fmt: skip
    assert [call.file.name for call in calls(day, 0) if call.file] == [
        f"flood_extent_{lead_time}-day_XTY.tif" for lead_time in range(8)
    ]
    assert mails(day) == [], "a day without events is no mail of the portal's"

    second = published(day, 1, "G1=-------TTT-")
    assert (second.name, said(second)) == ("Completed", "1 trigger")
    assert notices(day, 1) == []
    flags = bodies(calls(day, 1), "alertsPerLeadTime")
    assert [[each["forecastTrigger"] for each in body["alertsPerLeadTime"]] for body in flags] == [[False] * 7 + [True]]
    assert {row["leadTime"] for row in bodies(calls(day, 1), "exposurePlaceCodes")} == {"7-day"}
    assert mails(day) == [("G1",)]

    third = published(day, 2, "G1=---------T-")
    assert (third.name, said(third)) == ("Completed", f"1 trigger; {BEYOND}: G1 (9-day); {LAPSED}: G1")
    assert notices(day, 2) == [(LAPSED, "G1")]
    assert mails(day) == [("G1",)]


def test_a_warning_with_a_trigger_beyond_is_published_as_a_warning(day: TinyDay) -> None:
    state = published(day, 0, "G1=-----w---T-:med")
    kind = "trigger beyond what the portal shows"
    assert (state.name, said(state)) == ("Completed", f"1 warning; {kind}: G1")
    assert notices(day, 0) == [(kind, "G1")]
    (flags,) = bodies(calls(day, 0), "alertsPerLeadTime")
    assert [(each["forecastAlert"], each["forecastTrigger"]) for each in flags["alertsPerLeadTime"]] == [
        (lead_time == 5, False) for lead_time in range(8)
    ]
    values = {body["key"]: body for body in bodies(calls(day, 0), "dynamicPointData") if body["leadTime"] == "5-day"}
    assert values["eapAlertClass"]["dynamicPointData"] == [{"fid": "G1", "value": "med"}]
    assert mails(day) == [("G1",)]


def test_a_forecast_that_ends_before_the_horizon_stops_the_day(day: TinyDay) -> None:
    """The files of the undamaged day have ten days, and the country looks at eleven."""
    error = day.refused(InputInvalid)
    assert error.found.startswith("lead times 10-day are missing")
    assert error.remedy == "lower `horizon` in the country's file, or choose a source that goes further"
    assert Path(str(error.where)).parent == day.forecast


def test_people_who_heard_of_a_trigger_beyond_were_not_told_by_the_portal(day: TinyDay) -> None:
    """Told of on 9-day, published without notifying on 7-day: on the next day it is a trigger that nobody knows of."""
    published(day, 0, "G1=---------TT")
    file = day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["targets"]["sandbox"]["notifications"] = False
    file.write_text(yaml.safe_dump(settings))
    state = published(day, 1, "G1=-------TTT-")
    assert said(state) == "1 trigger; nobody was notified"
    past = publication_history(run_of(day, ISSUE + timedelta(days=2)), "sandbox", may_be_shown)
    assert past.unnotified_triggers({"G1"}) == {"G1"}


def test_an_exercise_wishes_for_every_day_of_the_horizon(day: TinyDay) -> None:
    file = day.config / "settings.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["targets"]["sandbox"]["exercises"] = True
    file.write_text(yaml.safe_dump(settings))

    def exercise(wishes: str) -> State:
        where = {"config": str(day.config), "workspace": str(day.root / "work")}
        return scenario("XTY", wishes, ISSUE, **where, return_state=True)

    state = exercise("G1=---------T- G2=-T---------")
    assert (state.name, said(state)) == (
        "Completed",
        f"EXERCISE: 2 triggers; {BEYOND}: EXERCISE G1 (9-day); nobody was notified",
    )
    short = exercise("G1=-------T")
    assert short.is_failed()
    assert "`-------T` has 8 characters" in str(short.message)
