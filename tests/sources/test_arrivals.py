"""When each day's forecast arrived, as the sensor noted it, and which start that suggests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

import flows.watch_source as sensor
from flows.wiring.day import open_configuration
from ibf_pipeline.config.sources import Waiting
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.sources import ewds_request
from ibf_pipeline.sources.arrivals import (
    ArrivalNotes,
    IssueArrival,
    arrival_statistics,
    read_arrivals,
    since_issue_text,
)
from ibf_pipeline.sources.watch import LookTimes
from tests.sources.test_cli_inputs import config, invoke  # noqa: F401 - a fixture
from tests.sources.test_sensor import Starter, use
from tests.worlds.countries.forecast_files import ISSUE, MEMBERS
from tests.worlds.services.ewds import KEY, Service, running


def at(clock: str, day: date = ISSUE) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+00:00")


def came(day: date, seen: str, missing: str | None) -> IssueArrival:
    return IssueArrival(day, "KEN", at(seen, day), None if missing is None else at(missing, day))


def test_the_start_that_would_have_missed_none_of_the_days() -> None:
    """September 2026: 10:10 on two days, 15:30 the week before."""
    days = [came(date(2026, 9, day), seen, missing) for day, seen, missing in (
        (14, "15:30", "15:20"), (21, "10:10", "10:05"), (22, "10:20", "10:10"),
    )]  # fmt: skip
    found = arrival_statistics(days)
    assert found is not None
    texts = (found.days, since_issue_text(found.middle), since_issue_text(found.latest), since_issue_text(found.start))
    assert texts == (3, "10:20", "15:30", "10:00")
    assert found.at_first_look == 0
    earlier = arrival_statistics([*days, came(date(2026, 9, 23), "10:00", None)])
    assert earlier is not None
    assert (since_issue_text(earlier.start), earlier.at_first_look, since_issue_text(earlier.middle)) == (
        "09:00",
        1,
        "10:15",
    )
    assert arrival_statistics([]) is None


def test_an_arrival_on_the_next_morning_and_one_just_after_midnight() -> None:
    next_day = IssueArrival(ISSUE, "KEN", at("01:20", ISSUE + timedelta(days=1)), at("23:50"))
    found = arrival_statistics([next_day])
    assert found is not None
    assert (since_issue_text(found.latest), since_issue_text(found.start)) == ("01:20 (+1)", "23:50")
    first = arrival_statistics([came(ISSUE, "00:20", None)])
    assert first is not None
    assert since_issue_text(first.start) == "00:00"


def notes(root: Path) -> ArrivalNotes:
    return ArrivalNotes(root, "ewds", ISSUE, LookTimes.of(ISSUE, Waiting()))


def test_the_earliest_look_of_any_country_counts(tmp_path: Path) -> None:
    of_day = notes(tmp_path)
    of_day.missing("KEN", at("10:00"))
    of_day.missing("UGA", at("10:10"))
    of_day.whole("KEN", at("10:20"))
    of_day.whole("UGA", at("10:30"))
    assert read_arrivals(tmp_path, "ewds") == [IssueArrival(ISSUE, "KEN", at("10:20"), at("10:10"))]
    of_day.whole("ZMB", at("10:15"))
    assert [each.country for each in read_arrivals(tmp_path, "ewds")] == ["ZMB"]


@pytest.mark.parametrize(("moment", "noted"), [(at("10:09"), 1), (at("10:10"), 0), (at("10:00", date(2026, 5, 1)), 0)])
def test_only_the_sensors_own_first_look_tells_without_one_before(tmp_path: Path, moment: datetime, noted: int) -> None:
    notes(tmp_path).whole("KEN", moment)
    assert len(read_arrivals(tmp_path, "ewds")) == noted


def test_damaged_notes_are_as_good_as_none_and_are_written_over(tmp_path: Path) -> None:
    file = tmp_path / "ewds" / "arrivals.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"2026-02-14": {"seen": "soon"}, "not a day": {}, "2026-02-13": 7}))
    assert read_arrivals(tmp_path, "ewds") == []
    notes(tmp_path).whole("KEN", at("10:00"))
    assert [each.issue_date for each in read_arrivals(tmp_path, "ewds")] == [ISSUE]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    ensemble = {"control_forecast": 1, "ensemble_perturbed_forecasts": MEMBERS - 1}
    monkeypatch.setattr(ewds_request, "MEMBERS_OF", ensemble)
    monkeypatch.setenv("EWDS_KEY", KEY)
    with running() as about:
        about.looks, about.days = 0, ["14"]
        yield about


def test_an_issue_that_appears_at_ten_past_ten_is_noted_and_listed(
    config: Path,  # noqa: F811
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = [at("10:00")]

    def sleep(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)
        service.days = ["14", "15"] if moment[0] >= at("10:10") else ["14"]

    monkeypatch.setattr(sensor, "clock", lambda: moment[0])
    monkeypatch.setattr(sensor, "sleep", sleep)
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    settings["sources"]["ewds"] |= {"url": service.url, "waiting": {}}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    use(config, "ewds")
    assert "ewds: no arrival was noted yet; its sensor looks from 10:00 UTC on" in invoke(config, "arrivals")[1]
    starter = Starter()
    sensor._watched(open_configuration(str(config), None), "ewds", IssueTime(ISSUE), starter)
    assert (sorted(starter.started), moment[0]) == (["AAA", "BBB"], datetime(2026, 2, 15, 10, 10, tzinfo=UTC))
    assert len(service.orders) == 2, "nothing is ordered before the service offers the day"
    code, output = invoke(config, "arrivals", "--source", "ewds")
    assert (code, "2026-02-15 10:10" in output, "2026-02-15 10:00" in output) == (0, True, True)
    assert 'ewds: 1 day; median 10:10, latest 10:10 UTC. They suggest first_look: "10:00"; it is' in output
    told = json.loads(invoke(config, "arrivals", "--json")[1])["ewds"]
    assert (told["suggested_first_look"], told["at_first_look"]) == ("10:00", 0)
    assert told["days"][0]["missing"] == "2026-02-15T10:00:00+00:00"
