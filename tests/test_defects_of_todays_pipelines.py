"""The defects of today's production pipelines, each with a test that fails where we have it too.

The numbers are those of the list "Defects of the production pipeline" that was gathered by reading them. Without a
counterpart here:

* 7 has one in part: no list of data sets is asked for "the latest" one, the issue date is always named.
* 21 (an object store with a cost that grows with the square of the areas): there is none, tables are arrays; the
  benchmarks show the cost.
* of 8, queries put together from text: nothing here queries by text; of 15, the download itself: a daily run
  downloads no population.
* of 19, the merging of a second model's raster in one country: there are no exceptions for countries.
"""

from __future__ import annotations

import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import rasterio
import yaml

from flows.wiring.day import now
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.reader import find_files, read_cube
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import ExtentTiles, read_prepared, station_cells
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.runs.extents import write_extent
from ibf_pipeline.sources import FolderSource
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284
from ibf_pipeline.targets.ibf.planner import PlanParameters, plan_calls
from ibf_pipeline.targets.ibf.timestamp import revision_timestamp
from tests.conftest import ROOT
from tests.worlds.countries import damage, tiny_country
from tests.worlds.countries.flood_days import ensemble
from tests.worlds.countries.stories import write_day

ISSUE = date(2026, 2, 15)
Demo = tuple[CountryLayers, ExtentTiles]


@pytest.fixture
def told(demo_layers: Demo, demo_country: FloodCountry) -> Any:
    """What a wish list of the demo country means."""

    def tell(wishes: str, **changes: Any) -> FloodFindings:
        cube = ensemble(demo_layers[0], demo_country, wishes, ISSUE)
        return find(cube, demo_layers[0], demo_country.model_copy(update=changes))

    return tell


def planned(findings: FloodFindings, layers: CountryLayers) -> list[Call]:
    """The calls for a current server that knows the prepared areas."""
    codes = {level: [area.place_code for area in layers.level(level)] for level in findings.admin_levels}
    extents = {extent.lead_time: FileBody(extent.file_name, extent.file_name, "0" * 64) for extent in findings.extents}
    return plan_calls(
        findings,
        PlanParameters(revision_timestamp(FLOODS, findings.issue_time, 1, None), codes, extents),
        API_FROM_0_284,
    )


def days_sent(calls: list[Call], event: str) -> str:
    """The flags of an event as they are sent: T trigger, w alert, - neither."""
    (body,) = [c.body for c in calls if c.event == event and c.body and "alertsPerLeadTime" in c.body]
    return "".join(
        "T" if day["forecastTrigger"] else "w" if day["forecastAlert"] else "-" for day in body["alertsPerLeadTime"]
    )


def exposure(calls: list[Call], indicator: str) -> list[dict[str, Any]]:
    """The bodies of the uploads of an indicator."""
    return [call.body for call in calls if call.body and call.body.get("dynamicIndicator") == indicator]  # type: ignore[misc]


@pytest.mark.parametrize("days", ["TTT-----", "wTT-----", "wwTT----", "wwwTT---", "wwwwTT--", "-wwwTTw-", "w-wwwT--"])
def test_defect_01_trigger_lost_after_two_warning_days(told: Any, demo_layers: Demo, days: str) -> None:
    """The loop over lead times ended at the second warning day: a later trigger was never uploaded."""
    found = told(f"G9001={days}")
    (event,) = found.events
    assert (event.trigger, event.lead_time) == (True, days.index("T"))
    assert days_sent(planned(found, demo_layers[0]), "G9001") == days


def test_defect_02_exposure_accumulates_over_lead_times(told: Any, demo_layers: Demo, tmp_path: Path) -> None:
    """Lead time n counted and drew the union of lead times 0..n.

    G9002 triggers on 1-day, G9004 on 4-day: each has the people that it has alone, and its own day's raster alone.
    """
    both, first, second = told("G9002=-T------ G9004=----T---"), told("G9002=-T------"), told("G9004=----T---")
    people = {event.name: event.people for event in both.events}
    assert people == {"G9002": first.events[0].people, "G9004": second.events[0].people}
    assert min(people.values()) > 0
    wet = wet_areas(both.publishable_events, 3)
    assert set(wet[1]).isdisjoint(wet[4])
    cells = [write_extent(wet[day], demo_layers[1], tmp_path / f"{day}.tif") for day in range(8)]
    assert [count > 0 for count in cells] == [False, True, False, False, True, False, False, False]


def test_two_events_on_one_lead_time_share_one_raster(told: Any, demo_layers: Demo, tmp_path: Path) -> None:
    """Checklist: its wet cells are those of both, which lie in different areas."""
    wet = [wet_areas(told(w).events, 3)[3] for w in ("G9003=---T----", "G9008=---T----")]
    both = told("G9003=---T---- G9008=---T----")
    assert both.extents[3].events == tuple(event.name for event in both.events)
    cells = [write_extent(areas, demo_layers[1], tmp_path / "one.tif") for areas in wet]
    assert write_extent(wet_areas(both.events, 3)[3], demo_layers[1], tmp_path / "both.tif") == sum(cells)


def test_defect_03_the_empty_raster_is_uninitialised_memory(demo_layers: Demo, tmp_path: Path) -> None:
    """Memory is filled with numbers first, so that any of it that reached a raster would show."""
    rubbish = np.full(8_000_000, 7.5, dtype=np.float32)
    del rubbish
    areas = sorted(demo_layers[0].mapping["G9002"])
    write_extent({}, demo_layers[1], tmp_path / "empty.tif")
    write_extent(dict.fromkeys(areas, 10.0), demo_layers[1], tmp_path / "wet.tif")
    with rasterio.open(tmp_path / "empty.tif") as raster:
        assert (raster.nodata, float(np.abs(raster.read(1)).max())) == (0, 0)
    with rasterio.open(tmp_path / "wet.tif") as raster, rasterio.open(demo_layers[1].areas) as numbers:
        inside = [demo_layers[1].place_codes.index(code) + 1 for code in areas]
        depth, number = raster.read(1), numbers.read(1)
    assert depth[np.isin(number, inside)].max() > 0
    assert not depth[~np.isin(number, inside)].any()


def test_defect_04_grand_parents_are_not_triggered(told: Any, demo_layers: Demo) -> None:
    """Levels were walked from the top: a trigger of level 3 reached level 2 after level 1 had been looked at."""
    found = told("G9002=-TT-----")
    (event,) = found.events
    calls = planned(found, demo_layers[0])
    for level in (1, 2, 3):
        (body,) = [body for body in exposure(calls, "forecast_trigger") if body["adminLevel"] == level]
        codes = {row["placeCode"]: row["amount"] for row in body["exposurePlaceCodes"]}
        assert codes == {demo_layers[0].ancestor(area.place_code, level): 1 for area in event.areas_of(3)}


def test_defect_05_a_zero_byte_file_is_taken_for_a_download(demo_layers: Demo, tmp_path: Path) -> None:
    """It stopped every later download too; here it is an error that names it, and a whole file ends the error."""
    folder = write_day(tmp_path, "trigger-today", ISSUE)
    file = folder / "dis_07_2026021500.nc"
    content = file.read_bytes()
    damage.truncate(file, 0)
    for _ in range(2):
        with pytest.raises(InputInvalid, match=r"dis_07_2026021500\.nc: the file is empty"):
            read_cube(find_files(folder), station_cells(demo_layers[0]), ISSUE)
    file.write_bytes(content)
    assert read_cube(find_files(folder), station_cells(demo_layers[0]), ISSUE).sizes["member"] == 51


def test_defect_06_lead_time_0_is_taken_for_none(told: Any, demo_layers: Demo) -> None:
    """`if lead_time:` gave the first entry of any lead time where 0-day was asked for."""
    found = told("G9002=T---www-")
    (event,) = found.events
    assert (event.lead_time, event.first_trigger, event.flags) == (0, 0, "T---www-")
    station = found.station("G9002")
    assert station.values is not None
    assert (station.values.lead_time, station.values.alert_class) == (0, "max")
    assert station.values.forecast_level > station.values.trigger_level
    bodies = exposure(planned(found, demo_layers[0]), "population_affected")
    assert {body["leadTime"] for body in bodies} == {"0-day"}


def test_defect_07_the_latest_data_set_is_an_arbitrary_one(tmp_path: Path) -> None:
    """It took the last element of a set: here the day asked for is the day that is read, or none."""
    for day in (14, 16, 13):
        (tmp_path / f"202602{day}").mkdir()
        (tmp_path / f"202602{day}" / f"dis_00_202602{day}00.nc").touch()
    source = FolderSource("folder", tmp_path, "4")
    assert [file.name for file in source.fetch(date(2026, 2, 14)).files] == ["dis_00_2026021400.nc"]
    with pytest.raises(InputMissing, match="no forecast of 2026-02-15"):
        source.fetch(ISSUE)


def test_defect_08_filters_by_place_and_lead_time_compare_the_level(told: Any, demo_layers: Demo) -> None:
    """Every row's place code is of the level, and every lead time the event's own.

    The region of G9004 is shown with G9002, a trigger: G9004 has rows on the levels below only.
    """
    found = told("G9002=-TT----- G9005=-----TT- G9004=---ww---:min")
    lead_times = {event.name: f"{event.lead_time}-day" for event in found.events}
    for indicator in ("population_affected", "forecast_severity", "forecast_trigger"):
        bodies = exposure(planned(found, demo_layers[0]), indicator)
        levels_of = {(body["eventName"], body["adminLevel"]) for body in bodies}
        assert levels_of == {(name, level) for name in lead_times for level in (1, 2, 3)} - {("G9004", 1)}
        assert len(bodies) == len(levels_of)
        for body in bodies:
            assert body["leadTime"] == lead_times[body["eventName"]]
            levels = {demo_layers[0].areas[row["placeCode"]].admin_level for row in body["exposurePlaceCodes"]}
            assert levels == {body["adminLevel"]}


def test_defect_09_dates_of_the_import_and_local_time_stamped_as_utc(
    told: Any, demo_layers: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a computer fourteen hours ahead of UTC the date of the calls is the issue date, in UTC."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        dates = {call.body["date"] for call in planned(told("G9002=-TT-----"), demo_layers[0]) if call.body}
        assert dates == {"2026-02-15T00:00:01Z"}
        assert revision_timestamp(FLOODS, IssueTime(ISSUE), 3, None) == datetime(2026, 2, 15, 0, 0, 3, tzinfo=UTC)
        first = now()
        assert first.utcoffset() == timedelta(0)
        time.sleep(0.01)
        assert now() > first, "asked for when it is needed, not once when it is imported"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_defect_10_alerts_per_lead_time_never_end(told: Any, demo_layers: Demo) -> None:
    """From the first day on every later one was sent as a trigger, although the forecast falls again."""
    assert days_sent(planned(told("G9002=-wTT--w-"), demo_layers[0]), "G9002") == "-wTT--w-"


def test_defect_11_an_area_without_threshold_ends_the_upload(tmp_path: Path) -> None:
    """Areas have no thresholds of their own here; one without flood, people or station is a row of 0 like others."""
    static = tiny_country.write_country(tmp_path / "static")
    dry = np.zeros((10, 20))
    dry[0, 6:] = 1.0
    for period in (10, 20):
        tiny_country.write_raster(static / "flood_maps" / f"flood_map_XTY_RP{period}.tif", dry * period / 10)
    country = tiny_country.country()
    prepare_floods(country, static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    (event,) = find(ensemble(layers, country, "G1=--TT----", ISSUE, members=10), layers, country).events
    assert {area.place_code: area.people for area in event.areas_of(2)} == {"01A": 0, "01B": 8}


@pytest.mark.parametrize(("wishes", "zeros"), [("G9006=--TTT---", True), ("G9006=--TTT--- G9002=-TT-----", False)])
def test_defect_12_the_no_alert_upload_follows_an_active_trigger(
    told: Any, demo_layers: Demo, wishes: str, zeros: bool
) -> None:
    """A triggered station without areas: its class goes out, and zeros only where no other event is uploaded."""
    found = told(wishes)
    assert [event.name for event in found.unpublishable_events] == ["G9006"]
    assert "event G9006 has no areas in the mapping: it cannot be shown in the portal" in found.notes
    calls = planned(found, demo_layers[0])
    assert any(body["eventName"] is None for body in exposure(calls, "population_affected")) == zeros
    classes = {
        row["fid"]: row["value"]
        for call in calls
        if call.body and call.body.get("key") == "eapAlertClass"
        for row in call.body["dynamicPointData"]
    }
    assert classes["G9006"] == "max"
    assert all(body["exposurePlaceCodes"] for body in exposure(calls, "population_affected")), "no empty bodies"


@pytest.mark.parametrize("members", [51, 50, 34, 33, 0])
def test_defect_13_missing_members_shrink_the_denominator_in_silence(
    demo_layers: Demo, demo_country: FloodCountry, members: int
) -> None:
    """All missing ended in a KeyError. The share is of those present; how many are missing is said."""
    layers = demo_layers[0]
    cube = ensemble(layers, demo_country, "G9002=-TT-----", ISSUE)
    cube = cube.isel(member=slice(51 - members, None))
    if members < demo_country.members.minimum:
        with pytest.raises(InputMissing, match=f"{members} of 51 ensemble members are there. Expected: at least 34"):
            find(cube, layers, demo_country)
        return
    found = find(cube, layers, demo_country)
    assert found.members_missing == tuple(range(51 - members))
    assert found.station("G9002").members == (members,) * 8
    assert any(note.startswith(f"{members} of 51 members are there") for note in found.notes) == (members < 51)


def test_defect_14_missing_discharge_reads_as_no_flood(demo_layers: Demo, demo_country: FloodCountry) -> None:
    """NaN became 0 m3/s. Here such a station is blind: in no call, named in the notes."""
    layers = demo_layers[0]
    cube = ensemble(layers, demo_country, "G9002=-TT-----", ISSUE)
    cube = cube.where(~((cube["station"] == "G9002") & (cube["lead_time"] == 2)))
    found = find(cube, layers, demo_country)
    assert found.events == ()
    assert found.station("G9002").condition == "blind"
    sent = {
        row["fid"]
        for call in planned(found, layers)
        if call.body and "dynamicPointData" in call.body
        for row in call.body["dynamicPointData"]
    }
    assert sent == {station.code for station in layers.stations} - {"G9002"}


def test_defect_15_population_is_fetched_in_every_run_and_a_web_page_is_taken_for_it(tmp_path: Path) -> None:
    """A day reads the prepared tables alone; what is no raster is refused when they are built."""
    static = tiny_country.write_country(tmp_path / "static")
    country = tiny_country.country()
    prepare_floods(country, static, tmp_path / "prepared")
    shutil.rmtree(static)
    layers, tiles = read_prepared(tmp_path / "prepared", "XTY")
    found = find(ensemble(layers, country, "G1=--TT----", ISSUE, members=10), layers, country)
    assert found.events[0].people == 20
    assert write_extent(wet_areas(found.events, 2)[2], tiles, tmp_path / "extent.tif") == 10
    static = tiny_country.write_country(tmp_path / "static")
    (static / "population.tif").write_text("<html>503 Service Unavailable</html>")
    with pytest.raises(InputInvalid, match="the population raster cannot be read"):
        prepare_floods(country, static, tmp_path / "again")


@pytest.mark.parametrize("content", [None, "404 Not FloodFindings", '{"error": "not found"}', '{"features": []}'])
def test_defect_16_missing_boundaries_raise_something_else_than_is_caught(tmp_path: Path, content: str | None) -> None:
    """Whatever is there instead of boundaries ends in the pipeline's own error, which the flow catches."""
    static = tiny_country.write_country(tmp_path / "static")
    file = static / "admin_areas" / "adm2.geojson"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(InputInvalid, match=r"adm2\.geojson"):
        prepare_floods(tiny_country.country(), static, tmp_path / "prepared")


def test_defect_17_borders_are_counted_twice(demo_layers: Demo, tmp_path: Path) -> None:
    """All touched cells of all areas held up to 0.7 % more people than the raster, and single areas twice theirs.

    The tiny country has 9 rows of two people a cell; 01A takes 5.5 columns of them, 01B 4.5, the others 5 each: with
    whole cells 01A would have 108 people and 01B 90. The smallest area of the demo is an enclave smaller than a
    forecast cell; it has its own 41,250.5 people.
    """
    static = tiny_country.write_country(tmp_path / "static")
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    tiny = {area.place_code: area.population for area in read_prepared(tmp_path / "prepared", "XTY")[0].areas.values()}
    expected = {"01": 180, "02": 180, "01A": 99, "01B": 81, "02A": 90, "02B": 90}
    assert tiny == pytest.approx(expected)
    layers = demo_layers[0]
    with rasterio.open(ROOT / "data/fixtures/XDM/population.tif") as raster:
        values = raster.read(1, masked=True).filled(0).astype(float)
    total = values[values > 0].sum()
    for level in (1, 2, 3):
        assert sum(area.population for area in layers.level(level)) == pytest.approx(total, rel=1e-6)
    assert layers.areas["XD030306"].population == pytest.approx(41_250.5, rel=1e-4)


def test_defect_18_zero_and_false_are_taken_for_missing(tmp_path: Path, configuration: Configuration) -> None:
    """And class settings were accepted because `and` stood for `or`."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    file = folder / "countries" / "XDM.yaml"
    content = yaml.safe_load(file.read_text())
    content["trigger"]["lead_time_limit"] = 0
    content["people"] = {"percentage": False}
    file.write_text(yaml.safe_dump(content))
    country = load(folder).country("XDM")
    assert (country.rule.trigger_lead_time_limit, country.people.percentage) == (0, False)
    content["classes"]["probability"] = {"min": 0.6, "max": 0.6}
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match="rule `return-period` takes one probability"):
        load(folder).country("XDM")


def test_defect_19_days_are_used_as_positions(demo_layers: Demo, tmp_path: Path) -> None:
    """A lead time is found by its stamp: a file whose days stand in another order gives the same cube."""
    folder = write_day(tmp_path, "trigger-today", ISSUE)
    cells = station_cells(demo_layers[0])
    expected = read_cube(find_files(folder), cells, ISSUE)
    for file in find_files(folder):
        with netCDF4.Dataset(file, "a") as data:
            order = np.random.default_rng(1).permutation(len(data["time"]))
            data["dis"][:] = data["dis"][:][order]
            data["time"][:] = data["time"][:][order]
    np.testing.assert_array_equal(read_cube(find_files(folder), cells, ISSUE).values, expected.values)


def test_defect_20_percentages_of_0_to_100(told: Any, demo_layers: Demo) -> None:
    """The portal expects a share: people affected of the people of the same area."""
    found = told("G9002=-TT-----")
    people, share = (
        {
            row["placeCode"]: row["amount"]
            for body in exposure(planned(found, demo_layers[0]), indicator)
            for row in body["exposurePlaceCodes"]
        }
        for indicator in ("population_affected", "population_affected_percentage")
    )
    assert set(people) == set(share)
    assert max(share.values()) > 0
    for code, value in share.items():
        assert 0 <= value <= 1
        assert value == pytest.approx(people[code] / max(demo_layers[0].areas[code].population, 1), abs=0.01)
