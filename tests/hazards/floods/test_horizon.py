"""A flood day that looks 10 days ahead, towards a portal that shows 7: what is found, and what of it can be shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.findings import read_findings_json, write_findings_json
from tests.worlds.countries import tiny_country
from tests.worlds.countries.flood_days import ensemble

ISSUE = date(2026, 2, 15)
CLASSES = {"rule": "return-period", "probability": 0.6, "return_period": {"min": 1.5, "med": 2, "max": 5}}


def country(**changes: Any) -> FloodCountry:
    trigger = {"return_period": 5, "probability": 0.6, "lead_time_limit": 10}
    return tiny_country.country(**{"horizon": 10, "trigger": trigger, "classes": CLASSES, **changes})


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> CountryLayers:
    """G1 has 01A, G2 has 01B and 02A: both share the area 01 of level 1."""
    folder = tmp_path_factory.mktemp("tiny")
    static = tiny_country.write_country(folder / "static")
    mapping = "glofasStation,placeCode\nG1,01A\nG2,01B\nG2,02A\n"
    (static / "station_admin_mapping.csv").write_text(mapping, encoding="utf-8")
    prepare_floods(country(), static, folder / "prepared")
    return read_prepared(folder / "prepared", "XTY")[0]


def found(layers: CountryLayers, wishes: str, **changes: Any) -> FloodFindings:
    rule = country(**changes)
    return find(ensemble(layers, rule, wishes, ISSUE, members=10, lead_times=11), layers, rule)


def test_all_lead_times_are_found_and_eight_rasters_made(layers: CountryLayers) -> None:
    day = found(layers, "G1=------T-T-- G2=---------TT")
    assert day.lead_times == tuple(range(11))
    assert [(e.name, e.flags, e.lead_time, e.trigger, e.beyond_portal) for e in day.events] == [
        ("G1", "------T-T--", 6, True, False),
        ("G2", "---------TT", 9, True, True),
    ]
    assert [e.name for e in day.publishable_events] == ["G1"]
    assert [e.name for e in day.events_beyond_portal] == ["G2"]
    assert day.unpublishable_events == []
    assert [(extent.lead_time, extent.events) for extent in day.extents] == [
        (lead_time, ("G1",) if lead_time == 6 else ()) for lead_time in range(8)
    ]
    wet = wet_areas(day.publishable_events, 2)
    assert {lead_time: set(areas) for lead_time, areas in wet.items()} == {
        lead_time: {"01A"} if lead_time == 6 else set() for lead_time in range(8)
    }
    assert "event G2 begins on 9-day, beyond what the portal shows: it is in no call yet" in day.notes


def test_an_event_beyond_takes_no_area_from_one_that_is_shown(layers: CountryLayers) -> None:
    """G2, a trigger, comes before the warning at G1 and would have the whole of 01; on 9-day it has its own part."""
    day = found(layers, "G1=----w------:med G2=---------T-")
    areas = {event.name: {area.place_code for area in event.areas} for event in day.events}
    assert areas == {"G1": {"01", "01A"}, "G2": {"01", "01B", "02", "02A"}}
    assert day.headline == "1 trigger, 1 warning"


def test_a_warning_with_a_trigger_beyond_is_published_as_the_warning_that_it_is(layers: CountryLayers) -> None:
    day = found(layers, "G1=-----w---T-:min")
    (event,) = day.publishable_events
    assert (event.alert_class, event.trigger, event.lead_time, event.first_trigger) == ("min", False, 5, None)
    assert (event.flags, event.people, event.flood_map) == ("-----w---T-", 0, None)
    assert list(day.triggers_beyond(event, 7)) == [9]
    station = day.station("G1")
    assert station.values is not None
    assert (station.values.lead_time, station.values.alert_class) == (5, "min")
    assert day.headline == "1 warning"
    assert (
        "event G1 triggers on 9-day, beyond what the portal shows: it is published as the warning that it is from "
        "5-day on"
    ) in day.notes
    assert all(extent.events == () for extent in day.extents)


def test_the_flood_map_is_of_the_trigger_days_that_are_shown(layers: CountryLayers) -> None:
    """G1 reaches its 5-year threshold on 7-day and its 20-year one on 9-day: the smallest map, of 10 years, is used."""
    shown, beyond = (found(layers, wishes).events[0] for wishes in ("G1=-------TTT-@20", "G1=--------TTT@20"))
    assert (shown.lead_time, shown.return_period, shown.flood_map) == (7, 5, 10)
    assert (beyond.lead_time, beyond.return_period, beyond.flood_map) == (8, 20, 20)
    assert not beyond.publishable, "its own days tell people how large it may become"


def test_beyond_the_limit_a_trigger_is_a_warning_beyond_the_portal(layers: CountryLayers) -> None:
    trigger = {"return_period": 5, "probability": 0.6, "lead_time_limit": 8}
    (event,) = found(layers, "G1=---------T-", trigger=trigger).events
    assert (event.alert_class, event.trigger, event.lead_time, event.beyond_portal) == ("med", False, 9, True)
    assert found(layers, "G1=---------T-", trigger=trigger).beyond_limit("G1") == [9]


def test_a_station_is_blind_where_members_lack_on_any_lead_time(layers: CountryLayers) -> None:
    cube = ensemble(layers, country(), "G2=-T---------", ISSUE, members=10, lead_times=11)
    cube[4:, 9, 0] = np.nan
    day = find(cube, layers, country())
    assert (day.station("G1").condition, day.station("G1").flags) == ("blind", "-" * 11)
    assert day.station("G1").reason == "4 valid members on 9-day, 6 needed"
    cube[4:, 9] = np.nan
    with pytest.raises(InputInvalid, match="no station has a usable forecast: G1 4 valid members on 9-day"):
        find(cube, layers, country())


def test_what_lies_beyond_survives_being_written(layers: CountryLayers, tmp_path: Path) -> None:
    day = found(layers, "G1=------T---- G2=---------TT")
    write_findings_json(day, tmp_path / "events.json")
    read = read_findings_json(tmp_path / "events.json")
    assert read == day
    assert [event.beyond_portal for event in read.events] == [False, True]
