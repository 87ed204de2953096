"""From the discharge cube to what was found: the demo's stories, missing input, and people that add up."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import ExtentTiles, read_prepared
from ibf_pipeline.runs.findings import read_findings_json, write_findings_json
from tests.worlds.countries import tiny_country
from tests.worlds.countries.flood_days import ensemble
from tests.worlds.countries.stories import STORIES, story_ensemble

ISSUE = date(2026, 2, 15)
Demo = tuple[CountryLayers, ExtentTiles]


def told(story: str, demo: Demo, country: FloodCountry, **changes: Any) -> FloodFindings:
    """What a story of the demo country means."""
    cube = story_ensemble(STORIES[story], ISSUE).sel(member=list(STORIES[story].members))
    cube = cube.assign_coords(outside=("station", [False] * cube.sizes["station"]))
    cube = cube.assign_attrs(source=story, glofas_version="4", issue_date=ISSUE.isoformat())
    return find(cube, demo[0], country.model_copy(update=changes))


def people_by_level(findings: FloodFindings) -> dict[int, int]:
    return {
        level: sum(area.people for event in findings.events for area in event.areas_of(level))
        for level in findings.admin_levels
    }


@pytest.mark.parametrize("story", [name for name in STORIES if name != "members-30"])
def test_every_story_is_found_as_it_is_told(story: str, demo_layers: Demo, demo_country: FloodCountry) -> None:
    found = told(story, demo_layers, demo_country)
    assert {event.station_code: event.flags for event in found.events} == STORIES[story].flags()


@pytest.mark.parametrize("story", [name for name in STORIES if name != "members-30"])
def test_every_level_adds_up_to_the_same_people(story: str, demo_layers: Demo, demo_country: FloodCountry) -> None:
    found = told(story, demo_layers, demo_country)
    total = sum(event.people for event in found.events)
    assert people_by_level(found) == {1: total, 2: total, 3: total}


def test_a_trigger_after_three_warning_days(demo_layers: Demo, demo_country: FloodCountry) -> None:
    (event,) = told("trigger-after-warnings", demo_layers, demo_country).events
    assert (event.lead_time, event.first_trigger, event.alert_class, event.return_period) == (4, 4, "max", 5)
    assert event.flood_map == 10, "the 5-year threshold has no map: the smallest one is used, and said to be"


def test_below_the_smallest_map_an_extent_can_be_empty(demo_layers: Demo, demo_country: FloodCountry) -> None:
    maps = demo_country.flood_maps.model_copy(update={"below_smallest": "empty"})
    found = told("trigger-after-warnings", demo_layers, demo_country, flood_maps=maps)
    assert (found.events[0].flood_map, found.events[0].people, found.events[0].trigger) == (None, 0, True)
    assert all(extent.events == () for extent in found.extents)


def test_a_shared_parent_belongs_to_one_event(demo_layers: Demo, demo_country: FloodCountry) -> None:
    found = told("two-events", demo_layers, demo_country)
    owners: dict[str, list[str]] = {}
    for event in found.events:
        for level in (1, 2):
            for area in event.areas_of(level):
                owners.setdefault(area.place_code, []).append(event.name)
    assert all(len(events) == 1 for events in owners.values())
    assert owners["XD0303"] == ["G9008"] or owners["XD0303"] == ["G9003"]
    holder = owners["XD0303"][0]
    shared = next(a for e in found.events if e.name == holder for a in e.areas if a.place_code == "XD0303")
    inside = [
        area.people for event in found.events for area in event.areas_of(3) if area.place_code.startswith("XD0303")
    ]
    assert shared.people == sum(inside), "with the area's whole affected population"
    (loser,) = (event for event in found.events if event.name != holder)
    assert (found.default_admin_level, loser.shared_areas_given) == (2, (("XD0303", holder),))
    shown = sum(area.people for area in loser.areas_of(2))
    assert (
        f"the portal shows {shown:,} people for event {loser.name}, the forecast has {loser.people:,}: {shared.name} "
        f"is shown with {holder}"
    ) in found.notes


def test_extents_are_those_of_the_events_that_trigger_on_that_very_day(
    demo_layers: Demo, demo_country: FloodCountry
) -> None:
    found = told("busiest", demo_layers, demo_country)
    by_day = {extent.lead_time: set(extent.events) for extent in found.extents}
    assert by_day == {
        0: {"G9003", "G9008"}, 1: {"G9002", "G9003", "G9008"}, 2: {"G9002", "G9008"}, 3: set(), 4: {"G9001"},
        5: {"G9001"}, 6: set(), 7: set(),
    }  # fmt: skip
    wet = wet_areas(found.publishable_events, 3)
    assert len(wet[4]) == 8
    assert wet[3] == wet[6] == wet[7] == {}, "nothing accumulates over lead times"


def test_warnings_have_no_people_unless_asked_for(demo_layers: Demo, demo_country: FloodCountry) -> None:
    (event,) = told("warning-only", demo_layers, demo_country).events
    assert event.people == 0
    people = demo_country.people.model_copy(update={"for_warnings": True})
    found = told("warning-only", demo_layers, demo_country, people=people)
    assert found.events[0].people == people_by_level(found)[1] > 7000
    assert all(extent.events == () for extent in found.extents), "an extent is for triggers only"


def test_an_alert_without_areas_is_found_and_cannot_be_published(demo_layers: Demo, demo_country: FloodCountry) -> None:
    found = told("unmapped-only", demo_layers, demo_country)
    assert [event.name for event in found.unpublishable_events] == ["G9006"]
    assert found.publishable_events == []
    assert found.headline == "1 trigger"


def test_missing_members_are_reported(demo_layers: Demo, demo_country: FloodCountry) -> None:
    found = told("members-49", demo_layers, demo_country)
    assert found.members_missing == (17, 33)
    assert "49 of 51 members are there; missing: 17, 33" in found.notes


def test_too_few_members_stop_the_run(demo_layers: Demo, demo_country: FloodCountry) -> None:
    with pytest.raises(InputMissing, match=r"30 of 51 ensemble members are there\..* at least 34"):
        told("members-30", demo_layers, demo_country)


def cube_of(demo: Demo, country: FloodCountry, wishes: str) -> xr.DataArray:
    return ensemble(demo[0], country, wishes, ISSUE)


def test_a_blind_station_is_no_quiet_station(demo_layers: Demo, demo_country: FloodCountry) -> None:
    """20 of 51 members missing on one lead time leave 31, fewer than the 34 of the country."""
    cube = cube_of(demo_layers, demo_country, "G9001=---TTT-- G9002=-TT-----")
    cube.loc[{"station": "G9001", "lead_time": 6, "member": slice(0, 19)}] = np.nan
    found = find(cube, demo_layers[0], demo_country)
    blind = found.station("G9001")
    assert (blind.condition, blind.values, blind.reason) == ("blind", None, "31 valid members on 6-day, 34 needed")
    assert [event.station_code for event in found.events] == ["G9002"]
    assert any("G9001" in note and "blind" in note for note in found.notes)


def test_an_empty_lead_time_stops_the_run(demo_layers: Demo, demo_country: FloodCountry) -> None:
    cube = cube_of(demo_layers, demo_country, "")
    cube.loc[{"lead_time": 2}] = np.nan
    with pytest.raises(InputInvalid, match="no station has a usable forecast"):
        find(cube, demo_layers[0], demo_country)


def test_a_forecast_without_any_water_is_no_all_clear(demo_layers: Demo, demo_country: FloodCountry) -> None:
    cube = cube_of(demo_layers, demo_country, "") * 0
    cube.attrs = cube_of(demo_layers, demo_country, "").attrs
    with pytest.raises(InputInvalid, match=r"every value at all \d+ stations is 0 m3/s"):
        find(cube, demo_layers[0], demo_country)
    cube.loc[{"station": "G9001", "lead_time": 6, "member": 7}] = 0.1
    assert find(cube, demo_layers[0], demo_country).headline == "no alert", "a little water somewhere is a forecast"


def test_a_day_on_which_every_station_is_suspect_is_no_all_clear(demo_layers: Demo, demo_country: FloodCountry) -> None:
    said = "no station has a forecast that can be relied on, so that no alert is no all clear: practically dry"
    cube = story_ensemble(STORIES["two-events"], ISSUE)
    cube = cube.assign_coords(outside=("station", [False] * cube.sizes["station"]))
    cube = cube.assign_attrs(source="dry", glofas_version="4", issue_date=ISSUE.isoformat())
    for share, of_one, expected in ((1e-4, 1.0, [said]), (1e-5, 1.0, [said]), (1e-4, 1e4, [])):
        dry = cube * share * xr.where(cube["station"] == "G9001", of_one, 1.0)
        found = find(dry.assign_attrs(cube.attrs), demo_layers[0], demo_country)
        assert found.events == ()
        assert [doubt for doubt in found.doubts if "relied on" in doubt] == expected
        assert [note for note in found.notes if "relied on" in note] == expected


def test_the_dry_station_is_suspect_and_sent(demo_layers: Demo, demo_country: FloodCountry) -> None:
    found = told("no-alert", demo_layers, demo_country)
    dry = found.station("G9007")
    assert dry.condition == "suspect"
    assert dry.values is not None
    assert found.headline == "no alert"


def test_rounded_people_add_up_although_halves_are_cut(tmp_path: Path) -> None:
    """0.3 people a cell: 01A has 1.65 of them in the top row and 01B 1.35, which round to 2 and 1."""
    static = tiny_country.write_country(tmp_path / "static")
    tiny_country.write_raster(static / "population.tif", np.full((10, 20), 0.3))
    country = tiny_country.country()
    prepare_floods(country, static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    found = find(ensemble(layers, country, "G1=T-------", ISSUE, members=10), layers, country)
    (event,) = found.events
    assert {area.place_code: area.people for area in event.areas} == {"01": 3, "01A": 2, "01B": 1}
    assert {area.place_code: round(area.share, 3) for area in event.areas} == {"01": 0.1, "01A": 0.1, "01B": 0.1}


def test_areas_that_the_maps_do_not_reach_are_said(tmp_path: Path) -> None:
    """G2 has the area 02A alone: without population there it shows 0 people, without water there as well."""
    country = tiny_country.country()
    found = {}
    for case, file in (("nobody", "population.tif"), ("dry", "flood_maps/flood_map_XTY_RP10.tif")):
        static = tiny_country.write_country(tmp_path / case / "static")
        values = np.full((10, 20), 2.0)
        values[:, 10:] = 0
        tiny_country.write_raster(static / file, values)
        prepare_floods(country, static, tmp_path / case / "prepared")
        layers, _ = read_prepared(tmp_path / case / "prepared", "XTY")
        found[case] = find(ensemble(layers, country, "G1=T------- G2=T-------", ISSUE, members=10), layers, country)
    zero = "event G2 shows 0 people: the 10-year flood map reaches nobody in its areas; check that the maps cover them"
    assert [note for note in found["nobody"].notes if "event G" in note and "reaches the" not in note] == [
        "event G2: nobody lives in 1 of its 1 areas (02A) by the population raster: outside of it, or practically "
        "without size",
        zero,
    ]
    assert [note for note in found["dry"].notes if "event G" in note and "reaches the" not in note] == [zero]
    dry = "the flood maps reach nobody in the areas of G2: check that they cover them"
    empty = "by the population raster nobody lives in areas of G2: outside of it, or without size"
    assert found["nobody"].doubts[:2] == (empty, dry)
    assert found["dry"].doubts[0] == dry


def test_findings_survive_being_written(demo_layers: Demo, demo_country: FloodCountry, tmp_path: Path) -> None:
    found = told("busiest", demo_layers, demo_country)
    write_findings_json(found, tmp_path / "events.json")
    assert read_findings_json(tmp_path / "events.json") == found


def test_damaged_findings_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text('{"country": "XDM"', encoding="utf-8")
    with pytest.raises(InputInvalid, match="run the day again"):
        read_findings_json(tmp_path / "events.json")
