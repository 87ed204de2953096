"""What the sensor's look, `inputs fetch` and a run say of one ensemble, of kinds that nobody has listed one by one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import netCDF4
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flows.watch_source as sensor
from flows.wiring.day import open_configuration
from flows.wiring.inputs_fetch import fetch_and_read
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError, InputInvalid
from ibf_pipeline.sources.arrivals import ArrivalNotes
from ibf_pipeline.sources.watch import LookTimes
from tests.worlds.countries import damage
from tests.worlds.countries.tiny_day import ISSUE, MEMBERS, TinyDay

NOTED = datetime(2026, 2, 15, 12, tzinfo=UTC)
Spoil = Callable[[TinyDay], None]


def copies(day: TinyDay, original: int, members: list[int], *, whole: bool) -> None:
    """Members that hold another one's field: the whole, or but for a cell without a station, not rounded."""
    if not whole:
        damage.unround(day.member(number) for number in range(MEMBERS))
    for number in members:
        shutil.copy(day.member(original), day.member(number))
        if not whole:
            with netCDF4.Dataset(day.member(number), "a") as data:
                data["dis"][7, 0, 0] = 1.0 + number


def state(day: TinyDay, members: list[int], **attributes: str) -> None:
    for number in members:
        with netCDF4.Dataset(day.member(number), "a") as data:
            data.setncatts(attributes)


def sensor_says(day: TinyDay) -> str:
    configuration = open_configuration(str(day.config), str(day.root / "work"))
    country = configuration.country_of("XTY", FloodCountry)
    notes = ArrivalNotes(day.root, "folder", ISSUE, LookTimes(NOTED, NOTED, NOTED - NOTED))
    return sensor._look(configuration, "folder", country, IssueTime(ISSUE), notes).text


def fetch_says(day: TinyDay) -> IbfError | tuple[int, ...]:
    """Why a run would stop, or the members that are missing."""
    try:
        read = fetch_and_read(open_configuration(str(day.config), str(day.root / "work")), "XTY", ISSUE, None)
    except InputInvalid as error:
        return error
    return read.refused or read.complete.missing


def run_says(day: TinyDay) -> IbfError | tuple[int, ...]:
    done = day.flow(publish=False)
    return day.run_folder.findings().members_missing if done.is_completed() else done.result(raise_on_failure=False)


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[Spoil, str, tuple[int, ...]]:
    """A way to spoil an ensemble of ten, what all must say of it, or else the members that all must miss."""
    number = draw(st.sampled_from([1, 2, 4, 6, 9]))  # with five missing there are fewer than the country's six
    members = draw(st.permutations(range(1, MEMBERS)))[:number]
    kind = draw(st.sampled_from(["whole", "stations", "versions", "contradiction", "sound"]))
    if kind == "whole":
        said = "hold the same field on every day" if len(members) > MEMBERS / 2 else ""
        return lambda day: copies(day, 0, members, whole=True), said, tuple(sorted(members))
    if kind == "stations":
        said = "hold the values of another one" if len(members) > MEMBERS / 2 else ""
        return lambda day: copies(day, 0, members, whole=False), said, tuple(sorted(members))
    if kind == "versions":
        rest = [number for number in range(MEMBERS) if number not in members]

        def two_versions(day: TinyDay) -> None:
            state(day, members, title="GloFAS v5")
            state(day, rest, title="GloFAS v4")

        return two_versions, "files of GloFAS versions 4 and 5 lie together", ()
    if kind == "contradiction":
        return lambda day: state(day, members, title="GloFAS v5", product_version="4.1"), "contradict each other", ()
    return lambda day: None, "", ()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=spoiled())
def test_sensor_fetch_and_run_say_the_same(case: tuple[Spoil, str, tuple[int, ...]], day: TinyDay) -> None:
    spoil, said, missing = case
    fresh(day)
    spoil(day)
    fetched, ran, looked = fetch_says(day), run_says(day), sensor_says(day)
    if said:
        assert isinstance(fetched, InputInvalid)
        assert isinstance(ran, InputInvalid)
        assert fetched.found == ran.found
        assert ran.found in looked
        assert said in ran.found
    else:
        assert fetched == ran == missing
        assert looked == f"{MEMBERS - len(missing)} of {MEMBERS} members"


def test_a_declared_version_that_the_files_contradict_stops_the_run_and_is_said_before(day: TinyDay) -> None:
    """Members of v5 in all files, their source declares v4."""
    state(day, list(range(MEMBERS)), title="GloFAS operational, version 5.0")
    day.configure(accepted_versions=["5"])
    fetched, ran = fetch_says(day), run_says(day)
    assert isinstance(fetched, VersionRefused)
    assert isinstance(ran, VersionRefused)
    assert fetched.found == ran.found == "the forecast is of GloFAS v5.0, its source declares v4"


@pytest.fixture(autouse=True)
def sound(day: TinyDay) -> Path:
    """A copy of the sound forecast, which each example begins with."""
    day.bring_layers()
    shutil.copytree(day.forecast, day.root / "sound")
    return day.root / "sound"


def fresh(day: TinyDay) -> None:
    shutil.rmtree(day.forecast)
    shutil.copytree(day.root / "sound", day.forecast)
