"""The example of the page for a new country is a configuration that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.wiring.track_sources import open_track_sources
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.typhoon import TyphoonCountry

PAGE = Path(__file__).parents[2] / "docs" / "typhoon.md"


def test_the_example_of_the_page_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ECMWF_FTP_USER", "ECMWF_FTP_PASSWORD"):
        monkeypatch.setenv(name, "example")
    settings, country = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[:2]
    (tmp_path / "countries").mkdir()
    (tmp_path / "settings.yaml").write_text(settings, encoding="utf-8")
    (tmp_path / "countries" / "PHL.yaml").write_text(country, encoding="utf-8")
    configuration = load(tmp_path)
    philippines = configuration.country_of("PHL", TyphoonCountry)
    assert [each.scope for each in philippines.triggers] == ["regions", "province", "country"]
    assert [each.calibration is not None for each in philippines.triggers] == [False, True, False]
    assert [source.name for source in open_track_sources(configuration, philippines)] == ["ecmwf", "wmo"]
    assert configuration.settings.sources["own"].kind == "tracks-folder"
    assert configuration.settings.targets[philippines.target].is_set_up_here
