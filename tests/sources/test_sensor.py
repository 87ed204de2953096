"""The sensor with real sources: nobody waits for another country, and what is wrong is called by its name."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

import flows.watch_source as sensor
from flows.wiring.day import open_configuration
from flows.wiring.inputs_fetch import fetch_and_read
from flows.wiring.looks import STILL_FETCHED, Looks
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.io.environment import WHERE_SET
from ibf_pipeline.sources.watch import Availability
from tests.sources.test_cli_inputs import config  # noqa: F401 - a fixture
from tests.worlds.countries.damage import truncate
from tests.worlds.countries.forecast_files import ISSUE, STATIONS
from tests.worlds.services.ewds import KEY, running

DAY = IssueTime(ISSUE)
WHOLE = Availability(True, True, "6 of 6 members")


def test_a_look_that_is_not_over_goes_on_and_answers_at_a_later_one() -> None:
    arrived, begun = threading.Event(), []

    def look(country: str) -> Availability:
        begun.append(country)
        if country == "BBB":
            assert arrived.wait(30)
        return WHOLE

    looks = Looks(look, 2)
    answers = looks(("AAA", "BBB"), 0.2)
    assert next(answers) == ("AAA", WHOLE), "while BBB is still looked at"
    assert list(answers) == [("BBB", STILL_FETCHED)]
    assert list(looks(("BBB",), 0.05)) == [("BBB", STILL_FETCHED)]
    arrived.set()
    assert list(looks(("BBB",), None)) == [("BBB", WHOLE)]
    assert sorted(begun) == ["AAA", "BBB"], "no second look beside the first one"
    looks.close()


class Starter:
    def __init__(self) -> None:
        self.started: list[str] = []

    def __call__(self, iso3: str, issue_time: IssueTime, hazard: str) -> None:
        self.started.append(iso3)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands at 14:30 and moves where the sensor sleeps; how long it slept."""
    slept: list[float] = []
    begin = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
    monkeypatch.setattr(sensor, "clock", lambda: begin + timedelta(seconds=sum(slept)))
    monkeypatch.setattr(sensor, "sleep", slept.append)
    return slept


def use(config: Path, *sources: str) -> None:  # noqa: F811
    for code in STATIONS:
        file = config / "countries" / f"{code}.yaml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "sources": list(sources)}))


def test_an_account_that_is_not_there_is_no_forecast_to_wait_for(
    config: Path,  # noqa: F811
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from flows.states import exit_code

    use(config, "ewds")
    monkeypatch.delenv("EWDS_KEY", raising=False)
    watched = sensor._watched(open_configuration(str(config), None), "ewds", DAY, Starter())
    state = sensor._ended("ewds", DAY, watched)
    assert pauses == []
    assert state.message == (
        "NOT possible: ewds of 2026-02-15 for AAA, BBB (settings.yaml: the account of source ewds is not in the "
        f"environment: EWDS_KEY is not set. What to do: {WHERE_SET}.)"
    )
    assert exit_code(state) == 1


def test_the_day_version_4_becomes_legacy_the_sensor_says_so_at_once(
    config: Path,  # noqa: F811
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(config, "ewds")
    monkeypatch.setenv("EWDS_KEY", KEY)
    with running() as service:
        service.form[0]["details"]["groups"][1]["values"] += ["version_4_0"]
        settings = yaml.safe_load((config / "settings.yaml").read_text())
        settings["sources"]["ewds"]["url"] = service.url
        (config / "settings.yaml").write_text(yaml.safe_dump(settings))
        starter = Starter()
        watched = sensor._watched(open_configuration(str(config), None), "ewds", DAY, starter)
    assert (starter.started, pauses, service.orders) == ([], [], [])
    assert set(watched.faulty) == {"AAA", "BBB"}
    assert "the service lists version_4_0 among its legacy versions" in watched.faulty["AAA"]


def test_damaged_static_data_of_one_country_are_named_and_stop_no_other(
    config: Path,  # noqa: F811
    pauses: list[float],
) -> None:
    configuration = open_configuration(str(config), None)
    stations = configuration.static_folder(configuration.country("AAA")) / "stations.csv"
    stations.write_text("stationCode,stationName,lat,lon,fid\nA,A,,,A\n")
    starter = Starter()
    watched = sensor._watched(configuration, "archive", DAY, starter)
    assert (starter.started, pauses) == (["BBB"], [])
    assert str(stations) in watched.faulty["AAA"]
    assert "What to do" in watched.faulty["AAA"]


def test_a_country_whose_file_is_broken_is_in_the_sensors_state(
    config: Path,  # noqa: F811
    pauses: list[float],
) -> None:
    from flows.states import exit_code

    file = config / "countries" / "AAA.yaml"
    file.write_text(file.read_text() + "\nunknown_key: 1\n")
    starter = Starter()
    watched = sensor._watched(open_configuration(str(config), None), "archive", DAY, starter)
    state = sensor._ended("archive", DAY, watched)
    assert (starter.started, pauses) == (["BBB"], [])
    assert str(state.message).startswith(f"NOT possible: archive of 2026-02-15 for AAA ({file}: unknown_key")
    assert str(state.message).endswith("; started BBB (6 of 6 members)")
    assert exit_code(state) == 1


def wait(config: Path, **until: str) -> None:  # noqa: F811
    """Source -> the end of its sensor's waiting."""
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    for source, end in until.items():
        settings["sources"][source]["waiting"] = {"until": end, "every_minutes": 120}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))


def test_a_source_behind_the_sensors_own_is_asked_when_the_waiting_ends(
    config: Path,  # noqa: F811
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing listens where the data store is said to be; the archive, which has no sensor, holds the day."""
    monkeypatch.setenv("EWDS_KEY", "k")
    use(config, "ewds", "archive")
    wait(config, ewds="20:00")
    configuration, starter = open_configuration(str(config), None), Starter()
    watched = sensor._watched(configuration, "ewds", DAY, starter)
    state = sensor._ended("ewds", DAY, watched)
    assert sum(pauses) == 5.5 * 3600, "14:30 to 20:00"
    assert starter.started == ["AAA", "BBB"]
    assert (state.is_completed(), str(state.message).endswith("; its run asks archive)")) == (True, True)
    read = fetch_and_read(configuration, "AAA", ISSUE, None)
    assert (read.files.source, str(read.complete)) == ("archive", "6 of 6 members")


@pytest.mark.parametrize(("archive", "started"), [("19:00", ["AAA", "BBB"]), ("22:00", [])])
def test_a_sensor_that_waits_longer_starts_the_run(
    config: Path,  # noqa: F811
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    archive: str,
    started: list[str],
) -> None:
    """With sensors for ewds (until 20:00) and the archive, and a folder without one."""
    monkeypatch.delenv("EWDS_KEY", raising=False)
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    settings["sources"]["mirror"] = {"kind": "folder", "root": str(tmp_path / "mirror")}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    use(config, "ewds", "archive", "mirror")
    wait(config, ewds="20:00", archive=archive)
    starter = Starter()
    watched = sensor._watched(open_configuration(str(config), None), "ewds", DAY, starter)
    assert starter.started == started
    assert set(watched.faulty) == {"AAA", "BBB"}, "the account that lacks stays named"


def test_a_damaged_member_in_a_folder_is_waited_for_as_a_missing_one(
    config: Path,  # noqa: F811
    pauses: list[float],
    tmp_path: Path,
) -> None:
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    settings["sources"]["mirror"] = {"kind": "folder", "root": str(tmp_path / "archive"), "glofas_version": "4"}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    use(config, "mirror")
    wait(config, mirror="20:00")
    member = sorted((tmp_path / "archive" / f"{ISSUE:%Y%m%d}").iterdir())[2]
    truncate(member, member.stat().st_size - 300)
    watched = sensor._watched(open_configuration(str(config), None), "mirror", DAY, Starter())
    assert sum(pauses) == 5.5 * 3600, "14:30 to 20:00"
    assert watched.started == {"AAA": "5 of 6 members", "BBB": "5 of 6 members"}
    read = fetch_and_read(open_configuration(str(config), None), "AAA", ISSUE, None)
    assert read.files.origin["not_used"][0].startswith(f"{member.name}: the file cannot be read")
