"""A configured country on the built-in server: all of its hazards, each with its own points and lines."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

from flows.wiring.day import open_configuration
from flows.wiring.decisions import open_run
from flows.wiring.legs import LEGS
from flows.wiring.records import open_database
from flows.wiring.sandbox import sandbox_seed
from ibf_pipeline.errors import UsageError
from ibf_pipeline.records.schema import RUN
from ibf_pipeline.sandbox import seed_assets
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import feature, square, write_areas

FLASH = {"districts": {"Alpha": ["A1"]}, "sources": ["model"], "admin_levels": [2], "default_admin_level": 2}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A country with floods and flash floods."""
    static = tmp_path / "static"
    write_areas(static / "admin_areas", 1, [feature(1, "A", None, square(10, 10.1))])
    write_areas(static / "admin_areas", 2, [feature(2, "A1", "A", square(10, 10.1))])
    (static / "stations.csv").write_text("stationCode,stationName,lat,lon,fid\nG1,Bridge,10,10,G1\n")
    (static / "assets").mkdir()
    (static / "assets/schools.csv").write_text("fid,name,lat,lon\n16,School,10.05,10.05\n")
    (tmp_path / "config/countries").mkdir(parents=True)
    settings = {
        "sources": {"rain": {"kind": "folder", "root": "rain"}, "model": {"kind": "rain-folder", "root": "rain"}},
        "targets": {"here": {"kind": "files", "folder": "out"}},
    }
    (tmp_path / "config/settings.yaml").write_text(yaml.safe_dump(settings))
    tiny = tiny_country.country().model_dump(mode="json", exclude_unset=True)
    floods = {key: tiny[key] for key in ("trigger", "members", "flood_maps", "thresholds_version")}
    country = {
        "iso3": "XTI", "name": "Tideland", "static": str(static), "admin_levels": [1, 2], "default_admin_level": 1,
        "time_zone": "Africa/Blantyre", "sources": ["rain"], "target": "here",
        "hazards": {"floods": floods, "flash-floods": FLASH},
    }  # fmt: skip
    (tmp_path / "config/countries/XTI.yaml").write_text(yaml.safe_dump(country))
    return tmp_path


def test_both_hazards_with_their_points(root: Path) -> None:
    configuration = open_configuration(str(root / "config"), str(root / "work"))
    leg = replace(LEGS["floods"], seeded=lambda seed, section, static: seed_assets(seed, static, section.gauges))
    for hazard in ("floods", "flash-floods"):  # whichever is run
        with patch.dict(LEGS, {"flash-floods": leg}):
            seed = sandbox_seed(configuration, configuration.country("XTI", hazard))
        assert {h.disaster_type: h.default_admin_level for h in seed.hazards} == {"floods": 1, "flash-floods": 2}
        assert ([s.code for s in seed.stations], [p.fid for p in seed.points["schools"]]) == (["G1"], ["16"])
        assert (sorted(seed.admin_areas), seed.clock) == ([1, 2], "Africa/Blantyre")


def test_a_hazard_that_cannot_be_run_here(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It keeps no other hazard from its run; asked for by itself it is refused in words."""
    configuration = open_configuration(str(root / "config"), str(root / "work"))
    with patch.dict(LEGS), caplog.at_level(logging.WARNING):
        LEGS.pop("flash-floods", None)
        seed = sandbox_seed(configuration, configuration.country("XTI", "floods"))
        assert [h.disaster_type for h in seed.hazards] == ["floods"]
        said = (
            "XTI: the built-in server does not have its flash-floods: flash-floods cannot be run by this installation"
        )
        assert [message.startswith(said) for message in caplog.messages] == [True]
        with pytest.raises(UsageError, match="flash-floods cannot be run by this installation"):
            sandbox_seed(configuration, configuration.country("XTI", "flash-floods"))


def test_a_run_is_named_without_its_hazard_on_a_machine_that_has_none_of_its_folders(root: Path) -> None:
    file = root / "config/settings.yaml"
    shared = {"records": f"sqlite:///{root}/records.sqlite", "store": {"url": f"file://{root}/store"}}
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **shared, "paths": {"runs": str(root / "b")}}))
    configuration = open_configuration(str(root / "config"))
    with pytest.raises(UsageError, match="may be a run of any of"):
        open_run("XTI/2026-02-15", str(root / "config"), None, None)
    run = {"country": "XTI", "issue_time": "2026-02-15", "exercise": False}
    told = dict.fromkeys(("source", "arrived", "headline", "finished"), "")
    with open_database(configuration).transaction() as connection:
        connection.execute(RUN.insert().values(**run, hazard="floods", **told))
    assert open_run("XTI/2026-02-15", str(root / "config"), None, None).country.hazard == "floods"
