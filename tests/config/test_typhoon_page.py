"""The examples of the page for a new country are configurations that work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flows.wiring.track_sources import open_track_sources
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.typhoon import TyphoonCountry
from tests.worlds.countries import typhoon_files

PAGE = Path(__file__).parents[2] / "docs" / "typhoon.md"


def test_the_examples_of_the_page_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ECMWF_FTP_USER", "ECMWF_FTP_PASSWORD"):
        monkeypatch.setenv(name, "example")
    settings, country, least = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    (tmp_path / "countries").mkdir()
    (tmp_path / "settings.yaml").write_text(settings, encoding="utf-8")
    (tmp_path / "countries" / "PHL.yaml").write_text(country, encoding="utf-8")
    (tmp_path / "countries" / "FJI.yaml").write_text(least, encoding="utf-8")
    configuration = load(tmp_path)
    philippines = configuration.country_of("PHL", TyphoonCountry)
    assert [each.scope for each in philippines.triggers] == ["regions", "province", "country"]
    assert [each.calibration is not None for each in philippines.triggers] == [False, True, False]
    assert [source.name for source in open_track_sources(configuration, philippines)] == ["ecmwf", "wmo"]
    assert configuration.settings.sources["own"].kind == "tracks-folder"
    assert configuration.settings.targets[philippines.target].is_set_up_here
    fiji = configuration.country_of("FJI", TyphoonCountry)
    assert (fiji.triggers, fiji.province_level, fiji.monitoring[2]) == ((), None, (190, -10))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"triggers": None, "region_level": None}, "those of the Philippines if none are written, by its regions"),
        ({"province_level": None}, "region_level 1 without a province_level: name both, or province_level alone"),
        (
            {"monitoring": [[5, 120], [30, 120], [30, 145]]},
            "a latitude of 120: write [longitude, latitude]",
        ),
        ({"province_level": 1}, "region_level 1 is not above province_level 1"),
        (
            {"triggers": [typhoon_files.TRIGGER | {"regions": [2]}]},
            "write it in quotation marks",
        ),
    ],
)
def test_what_another_country_gets_wrong(changes: dict[str, Any], said: str) -> None:
    """A key that is None is left out."""
    keys = typhoon_files.country().model_dump(by_alias=True) | changes
    with pytest.raises(ValidationError, match=re.escape(said)):
        TyphoonCountry.model_validate({key: value for key, value in keys.items() if value is not None})
