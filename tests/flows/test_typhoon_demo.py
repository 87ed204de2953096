"""The demos of typhoon: configured, prepared, read and found, cycle after cycle."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.sandbox import demo
from flows.cli.typhoon_demo import CYCLES, DEMO_COUNTRY, PHILIPPINES, set_up, set_up_philippines
from flows.wiring.sandbox import sandbox_seed
from flows.wiring.track_sources import open_track_sources
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.typhoon import PUBLISHED, TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ConfigError, UsageError
from ibf_pipeline.hazards.typhoon.cycle import Cycle, Past, find
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.prepare.typhoon.build import prepare_typhoon
from ibf_pipeline.prepare.typhoon.store import read_typhoon
from ibf_pipeline.synthetic import philippines
from tests.conftest import ROOT, real_data
from tests.worlds.countries.demo_islands import STORY, demo_country


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, tracks_here: None) -> list[TyphoonFindings]:
    """What each of the demo's cycles finds, one after the other."""
    place = tmp_path_factory.mktemp("demo")
    configuration = load(Path(set_up(place, str(ROOT / "config"))))
    country = configuration.country_of(DEMO_COUNTRY, TyphoonCountry)
    assert country == demo_country(static=country.static)
    prepare_typhoon(country, configuration.static_folder(country), place / "prepared")
    layers = read_typhoon(place / "prepared", DEMO_COUNTRY).layers
    [source] = open_track_sources(configuration, country)
    found: list[TyphoonFindings] = []
    for text in CYCLES:
        issue_time = IssueTime.parse(text)
        given = source.cycle(issue_time)
        past = Past(found[-1]) if found else None
        cycle = Cycle(tracks=given.tracks, source=str(given.tracks.attrs["source"]))
        found.append(find(cycle, layers, country, issue_time.start, past))
    return found


def test_a_storm_from_its_warning_to_its_end(story: list[TyphoonFindings]) -> None:
    assert set(CYCLES) <= set(STORY)
    said = [[(event.name, event.trigger, event.lead_time) for event in found.events] for found in story]
    assert said == [
        [("Amora (KORAL)", False, 101)],
        [("Amora (KORAL)", True, 65)],
        [("Amora (KORAL)", True, 17)],
        [("Amora (KORAL)", True, 0)],
        [("Amora (KORAL)", True, 0)],
        [],
    ]


def test_a_second_landfall_is_ahead_when_the_first_has_come(story: list[TyphoonFindings]) -> None:
    [event] = story[3].events
    assert [hours for hours, flag in enumerate(event.flags) if flag == "T"] == [0, 6]


def test_houses_without_calibration_make_no_trigger(story: list[TyphoonFindings]) -> None:
    for found in story[1:3]:
        [event] = found.events
        houses = [each for each in event.triggers if "houses" in each.name]
        assert [(each.met, each.counts) for each in houses] == [(True, False)]


def test_the_configuration_of_others_stays_as_it_is(tmp_path: Path) -> None:
    before = (ROOT / "config" / "settings.yaml").read_text(encoding="utf-8")
    set_up(tmp_path, str(ROOT / "config"))
    assert (ROOT / "config" / "settings.yaml").read_text(encoding="utf-8") == before
    assert DEMO_COUNTRY not in load(ROOT / "config").country_codes()


def test_the_built_in_server_has_the_islands_municipalities(tmp_path: Path) -> None:
    configuration = load(Path(set_up(tmp_path, str(ROOT / "config"))))
    seed = sandbox_seed(configuration, configuration.country(DEMO_COUNTRY, TyphoonCountry.hazard))
    assert {level: len(areas["features"]) for level, areas in seed.admin_areas.items()} == {3: 23}
    assert [hazard.disaster_type for hazard in seed.hazards] == ["typhoon"]
    assert {"houses_affected", "windspeed", "prob_within_50km"} <= set(seed.hazards[0].indicators)


def test_the_philippines_have_no_demo_of_other_hazards(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the scenario of the Philippines is for typhoon"):
        demo(philippines=True, hazard="floods", workspace=str(tmp_path / "demo"))


def test_the_philippines_are_set_up_with_their_own_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBF_TEST_DATA", str(real_data("tracks").parent))
    monkeypatch.setattr("flows.cli.typhoon_demo.make_philippines", lambda source, target: target)
    configuration = load(Path(set_up_philippines(tmp_path, str(ROOT / "config"))))
    country = configuration.country_of(PHILIPPINES, TyphoonCountry)
    assert country.triggers == PUBLISHED
    [source] = open_track_sources(configuration, country)
    assert source.cycle(IssueTime.parse("2021-09-10T00")).tracks["name"].values.tolist() == ["CHANTHU"]
    assert "made up" in philippines.MADE_UP_FILES


def test_a_folder_without_configuration_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBF_TEST_DATA", str(real_data("tracks").parent))
    with pytest.raises(ConfigError, match=r"settings\.yaml"):
        set_up_philippines(tmp_path, str(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == [], "nothing was made before"
