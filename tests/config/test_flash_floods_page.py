"""The example of the page for a new country is a configuration that works."""

from __future__ import annotations

import re
from pathlib import Path

from flows.wiring.rain_sources import open_rain_sources
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.flash_floods import FlashFloodCountry

PAGE = Path(__file__).parents[2] / "docs" / "flash-floods.md"


def test_the_example_of_the_page_is_valid(tmp_path: Path) -> None:
    settings, country = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    (tmp_path / "countries").mkdir()
    (tmp_path / "settings.yaml").write_text(settings, encoding="utf-8")
    (tmp_path / "countries" / "MWI.yaml").write_text(country, encoding="utf-8")
    configuration = load(tmp_path)
    malawi = configuration.country_of("MWI", FlashFloodCountry)
    assert list(malawi.districts) == ["Karonga", "Rumphi"]
    assert [configuration.settings.sources[name].kind for name in malawi.sources] == [
        "rain-gauges",
        "imerg",
        "imerg",
        "ecmwf-open-data",
        "gfs",
        "water-levels",
    ]
    assert [source.role for source in open_rain_sources(configuration, malawi)] == ["observed"] * 3 + ["forecast"] * 2
    assert configuration.settings.targets[malawi.target].is_set_up_here
