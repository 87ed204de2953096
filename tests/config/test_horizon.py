"""How far ahead a country looks, and the sources that must give as much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ConfigError
from tests.worlds.countries import tiny_country


def read(folder: Path, source: dict[str, Any], **changes: Any) -> FloodCountry:
    """Tinyland with one source."""
    (folder / "countries").mkdir(exist_ok=True)
    targets = {"sandbox": {"kind": "ibf", "embedded_sandbox": True}}
    (folder / "settings.yaml").write_text(yaml.safe_dump({"sources": {"folder": source}, "targets": targets}))
    content = tiny_country.country().model_dump(mode="json", exclude_unset=True) | changes
    (folder / "countries" / "XTY.yaml").write_text(yaml.safe_dump(content))
    return load(folder).country_of("XTY", FloodCountry)


FOLDER = {"kind": "folder", "root": "forecasts"}


def trigger_until(days: int) -> dict[str, Any]:
    return {"return_period": 5, "probability": 0.6, "lead_time_limit": days}


def test_a_week_unless_the_country_says_more(tmp_path: Path) -> None:
    country = read(tmp_path, FOLDER)
    assert (country.horizon, country.lead_times_needed) == (7, 8)
    country = read(tmp_path, FOLDER, horizon=10, trigger=trigger_until(10))
    assert (country.lead_times_needed, country.rule.trigger_lead_time_limit) == (11, 10)


@pytest.mark.parametrize("wrong", [6, 16, 7.5, "10"])
def test_whole_days_from_a_week_to_fifteen(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(ConfigError, match="horizon: input should be") as caught:
        read(tmp_path, FOLDER, horizon=wrong)
    assert caught.value.found.endswith("(days; the last lead time that is looked at, which every source must give)")


@pytest.mark.parametrize(("horizon", "limit"), [(7, 8), (10, 11)])
def test_a_trigger_lies_within_the_horizon(tmp_path: Path, horizon: int, limit: int) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, FOLDER, horizon=horizon, trigger=trigger_until(limit))
    assert caught.value.found == (
        f"file: trigger.lead_time_limit {limit} lies beyond the horizon of {horizon} days: lower it, or raise `horizon`"
    )


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ({**FOLDER, "lead_times": 10}, "lead_times"),
        ({"kind": "ftp", "lead_times": 10}, "lead_times"),
        ({"kind": "object-store", "url": "s3://archive", "lead_times": 10}, "lead_times"),
        ({"kind": "ewds", "days": 10}, "days"),
    ],
)
def test_a_source_that_gives_less(tmp_path: Path, source: dict[str, Any], key: str) -> None:
    assert read(tmp_path, source, horizon=9).horizon == 9
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, source, horizon=10)
    error = caught.value
    assert error.found == "source folder gives 10 lead times, 0-day to 9-day, and horizon is 10"
    assert error.where == str(tmp_path / "countries" / "XTY.yaml")
    assert error.expected == "sources that give 11 lead times"
    assert error.remedy == (
        f"correct sources.folder.{key} in settings.yaml if it gives more, lower horizon, or choose another source"
    )


@pytest.mark.parametrize("source", [FOLDER, {"kind": "ftp"}, {"kind": "run"}])
def test_a_source_that_does_not_say(tmp_path: Path, source: dict[str, Any]) -> None:
    assert read(tmp_path, source, horizon=15).lead_times_needed == 16
