"""The demo's block of flash floods, from its fixtures: configured, prepared, read and found."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from flows.cli.flash_demo import DEMO_COUNTRY, ISSUE_TIME, run_demo, set_up
from flows.wiring.rain_sources import open_levels, open_rain_sources
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.hazards.flash_floods.block import find
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.sandbox.assets import seed_assets
from ibf_pipeline.sandbox.countries import seed_from_static
from ibf_pipeline.sources.rain.block import rain_of_block
from tests.conftest import ROOT
from tests.worlds.countries.demo_flash import GAUGES, PARENTS, demo_section
from tests.worlds.flash_block import demo
from tests.worlds.flash_project import FlashRuns


def test_the_demo_of_flash_floods_has_a_trigger_a_warning_and_a_high_river(tmp_path: Path) -> None:
    configuration = load(Path(set_up(tmp_path, str(ROOT / "config"))))
    country = configuration.country_of(DEMO_COUNTRY, FlashFloodCountry)
    assert {name: list(codes) for name, codes in country.districts.items()} == demo_section()["districts"]
    layers = demo().prepared.layers
    block = rain_of_block(
        open_rain_sources(configuration, country), ISSUE_TIME, demo().areas, longest_h=max(country.durations_h)
    )
    said: list[str] = []
    levels = open_levels(configuration, country, said.append)
    found = find(block.rain, layers, country, ISSUE_TIME.start, gauges=levels)
    assert [(e.name, e.trigger, e.lead_time) for e in found.events] == [("Kimiri", True, 4), ("Lokiba", False, 24)]
    assert {gauge.fid: gauge.alert_level for gauge in found.gauges} == {"1": "warning", "2": "none"}
    assert (block.notes, block.doubts, said, layers.doubts) == ((), (), [], ())
    assert {each.category for each in found.exposed} == {
        "schools", "health_sites", "waterpoints", "buildings", "roads",
    }  # fmt: skip


def test_the_sandbox_shows_the_gauges_in_their_districts() -> None:
    static = ROOT / "data/fixtures" / DEMO_COUNTRY
    seed = seed_assets(seed_from_static(static, DEMO_COUNTRY, name="Demoland"), static, demo_section()["gauges"])
    areas = read_boundaries(static / "admin_areas", [2])[2]
    ground = dict(zip(areas.place_codes, areas.geometries, strict=True))
    for gauge in seed.points["gauges"]:
        name, _, district = GAUGES[int(gauge.fid)]
        assert gauge.name == name
        assert ground[PARENTS[district]].contains(shapely.Point(gauge.lon, gauge.lat))


def test_the_configuration_of_floods_stays_as_it_is(tmp_path: Path) -> None:
    before = (ROOT / "config" / "settings.yaml").read_text(encoding="utf-8")
    set_up(tmp_path, str(ROOT / "config"))
    assert (ROOT / "config" / "settings.yaml").read_text(encoding="utf-8") == before
    assert load(ROOT / "config").hazards(DEMO_COUNTRY) == ("floods",)


@pytest.mark.story
@pytest.mark.usefixtures("plain", "quick")
def test_the_demo_runs_three_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = set_up(tmp_path, str(ROOT / "config"))
    assert run_demo(config, str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert said.count("report: ") == 3
    shown = FlashRuns(config, str(tmp_path), "XDM", tmp_path / "rain").portal()
    assert shown.events == dict.fromkeys(("Kimiri", "Veo"), ("trigger", "0-hour", "0-hour"))
    assert [set(names) for names in shown.mails] == [{"Kimiri", "Lokiba"}, {"Lokiba"}, {"Veo"}]
