"""What `check`, `prepare` and a run make of the tiny country's rasters: the same, or the test fails."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ibf_pipeline.check.country import check_static
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.report.headline import cautions
from ibf_pipeline.runs.extents import write_extents
from ibf_pipeline.runs.findings import read_findings_json, write_findings_json
from ibf_pipeline.targets.day_summary import day_in_words
from ibf_pipeline.targets.doubts import doubt_notices
from tasks.floods import prepared_layers
from tests.worlds.countries import tiny_country
from tests.worlds.countries.flood_days import ensemble

ISSUE = date(2026, 2, 15)


def judged(static: Path, folder: Path, **changes: object) -> tuple[str, list[str]]:
    """What `prepare` refuses ("" for nothing) and what its layers note; `check` and a run say the same, or the test
    fails.
    """
    country = tiny_country.country(**changes)
    said = [f for f in check_static(country, static)[0] if f.subject == "rasters"]
    errors, doubts = [f.found for f in said if f.level == "error"], [words for f in said for words in f.doubts]
    refused = ""
    try:
        prepare_floods(country, static, folder / "prepared")
    except InputInvalid as error:
        refused = error.found
    ran = a_run(country, static, folder)
    if refused or errors:
        assert refused
        assert any(refused in words for words in errors), errors
        assert ran == refused
        return refused, []
    layers, _ = read_prepared(folder / "prepared", "XTY")
    notes = [note for note in layers.findings if ".tif" in note]
    for note in notes:
        assert note in doubts
    assert isinstance(ran, FloodFindings)
    (told,) = [notice.text for notice in doubt_notices(ran, {})] or [""]
    for note in notes:
        assert note in ran.notes
        assert "doubtful: " in day_in_words(ran, [])
        assert any(words.startswith(f"Doubtful: {note}") for words in cautions(ran))
        assert f"\n- {note}" in told
    return "", notes


def a_run(country: FloodCountry, static: Path, folder: Path) -> FloodFindings | str:
    """What a day on which every station triggers finds, written and read again, or what stops it."""
    try:
        layers, tiles = prepared_layers.fn("XTY", country, static, folder / "prepared")
    except InputInvalid as error:
        return error.found
    wishes = " ".join(f"{station.code}=T-------" for station in layers.stations)
    cube = ensemble(layers, country, wishes, ISSUE, members=country.members.expected)
    found = find(cube, layers, country)
    wet = wet_areas(found.publishable_events, country.deepest_admin_level)
    write_extents(wet, tiles, {lead_time: folder / "extents" / f"{lead_time}.tif" for lead_time in wet})
    assert len(found.events) == len(layers.stations)
    for event in found.events:
        of_areas = layers.exposure.sel(flood_map=event.flood_map, area=list(layers.mapping[event.station_code]))
        assert event.people == of_areas.round().sum()
    write_findings_json(found, folder / "events.json")
    return read_findings_json(folder / "events.json")
