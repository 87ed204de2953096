"""What the rules find in files on disk: written for wishes, through sources, reader, weights, library and assets.

Expected numbers are those of the portal's mock scenarios (`tests/worlds/malawi/numbers.py`), of six blocks of the demo
country (`tests/worlds/six_blocks.py`) and of a town of another kind (`tests/worlds/radar_town`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent, FlashFloodFindings
from ibf_pipeline.hazards.flash_floods.mails import mailing
from ibf_pipeline.hazards.mailing import LastMail
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from tests.conftest import real_data
from tests.worlds.flash_block import FlashWorld, demo, demo_installation, malawi, town
from tests.worlds.malawi.numbers import DISTRICTS, WISHES, alerted
from tests.worlds.radar_town.country import GAUGED, TOWN, write_readings
from tests.worlds.six_blocks import SIX_BLOCKS, Told

ISSUE = "2026-11-20T06"


def mwi() -> FlashWorld:
    return malawi(real_data("malawi"))


def rows(findings: FlashFloodFindings) -> dict[str, tuple[str, int, int | None, int]]:
    """Event -> level, first lead time, first lead time of a trigger, areas: as `GET event` says them."""
    return {
        event.name: (
            "trigger" if event.trigger else "warning",
            event.lead_time,
            event.first_trigger,
            sum(area.alerted for area in event.areas),
        )
        for event in findings.events
    }


def people(event: FlashFloodEvent) -> dict[str, int]:
    return {area.place_code: area.people for area in event.areas if area.alerted}


RUMPHI, BLANTYRE, KARONGA = ("trigger", 0, 0, 4), ("trigger", 6, 6, 8), ("warning", 24, None, 7)


@pytest.mark.parametrize(
    "expected",
    [
        {"Rumphi": RUMPHI, "Blantyre City": BLANTYRE, "Karonga": KARONGA},
        {"Blantyre City": BLANTYRE},
        {"Karonga": KARONGA},
        {"Rumphi": RUMPHI},
        {},
    ],
    ids=["trigger", "trigger-blantyre", "warning-karonga", "trigger-ongoing-rumphi", "no-trigger"],
)
def test_mock_scenarios_of_malawi_come_out_of_rain(expected: dict[str, tuple[str, int, int | None, int]]) -> None:
    found = mwi().found(mwi().rain(ISSUE, " ".join(WISHES[name] for name in expected)))
    assert rows(found) == expected
    assert {event.name: people(event) for event in found.events} == {name: alerted(name) for name in expected}
    largest = {name: max(people(event).values()) for name, event in ((e.name, e) for e in found.events)}
    mocks = {"Rumphi": 151, "Blantyre City": 1953, "Karonga": 122}
    assert largest == {name: mocks[name] for name in expected}


def test_areas_below_the_limit_go_with_their_people() -> None:
    (event,) = mwi().found(mwi().rain(ISSUE, WISHES["Rumphi"])).events
    assert len(event.areas) == len(DISTRICTS["Rumphi"])
    below = {area.place_code: area.people for area in event.areas if not area.alerted}
    assert below == {"MW10403": 12, "MW10402": 0, "MW10511": 0, "MW10411": 0}


def test_f2_the_heaviest_rain_has_its_flood() -> None:
    """Their scenarios without an entry in the ranking ended the pipeline in the heaviest rain."""
    found = mwi().found(mwi().rain(ISSUE, "Karonga=@30h:175mm/24h Blantyre City=@3h:120mm/1h"))
    worst = {event.name: {cause.scenario for cause in event.causes} for event in found.events}
    assert worst == {"Karonga": {"175mm_24hr"}, "Blantyre City": {"60mm_1hr"}}
    assert all(cause.beyond_library for cause in found.events[0].causes), "120 mm in an hour are more than 60"


def test_real_points_and_made_up_houses_and_roads_are_reached() -> None:
    found = mwi().found(mwi().rain(ISSUE, " ".join(WISHES.values())))
    kinds = {each.category for each in found.exposed}
    assert kinds == {"schools", "health_sites", "waterpoints", "buildings", "roads"}
    buildings = [int(fid) for each in found.exposed if each.category == "buildings" for fid in each.fids]
    assert min(buildings) >= 3731, "the first fid of the portal's buildings"


def test_six_blocks_of_the_demo_country() -> None:
    world, before, last = demo(), None, None
    for block in SIX_BLOCKS:
        found = world.found(world.rain(block.issue, block.wishes), before, late=1)
        told = {
            event.district: Told(
                event.trigger,
                event.lead_time,
                event.state,
                sum(area.alerted for area in event.areas),
                tuple(later.lead_time for later in event.later),
            )
            for event in found.events
        }
        assert told == block.events, block.issue
        mail = mailing(found, before, last, found.published)
        assert mail.notify is block.mails, (block.issue, mail.reasons)
        before, last = found, LastMail(found.published, found) if mail.notify else last


def test_an_installation_of_the_demo_country_is_prepared_already(tmp_path: Path) -> None:
    configuration = load(demo_installation(tmp_path))
    country = configuration.country_of("XDM", FlashFloodCountry)
    prepared = configuration.prepared_folder("XDM", country.hazard)
    assert prepare_flash_floods(country, configuration.static_folder(country), prepared) == ()
    demo().write(tmp_path, SIX_BLOCKS[2].issue, SIX_BLOCKS[2].wishes)
    assert {each.name for each in (tmp_path / "rain").iterdir()} == {"forecast", "observed"}


def test_a_town_of_another_kind_radar_before_the_model() -> None:
    issue = "2026-04-10T12"
    write_readings(town().folder, IssueTime.parse(issue), hourly_mm={}, levels={4: 2.2, 5: 0.7})
    block = town().rain(issue, f"{TOWN}=@3h:60mm/2h", observed=False, step_minutes=15, nowcast_h=6)
    found = town().found(block)
    (event,) = found.events
    assert (event.name, event.trigger, event.lead_time, found.default_admin_level) == (TOWN, True, 3, 2)
    near = block.rain.isel(time=np.flatnonzero(block.rain["time"].values > np.datetime64(issue)))[:, :6]
    assert (near["step_hours"] == 0.25).all()
    assert {gauge.fid: gauge.alert_level for gauge in found.gauges} == {"4": "warning-medium", "5": "none"}


def test_a_town_of_another_kind_a_gauge_decides_for_its_area() -> None:
    issue = "2026-04-11T12"
    write_readings(town().folder, IssueTime.parse(issue), hourly_mm={-1: 55.0}, levels={4: 3.4})
    block = town().rain(issue, "", observed=False, step_minutes=15, nowcast_h=6)
    found = town().found(block)
    (event,) = found.events
    assert (event.trigger, event.lead_time, list(people(event))) == (True, 0, [GAUGED])
    assert event.causes[0].amount_mm == 55.0
    assert {gauge.fid: gauge.alert_level for gauge in found.gauges} == {"4": "trigger"}
