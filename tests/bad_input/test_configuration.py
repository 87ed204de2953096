"""Configuration that is unknown, impossible or missing stops the day before anything else happens."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from ibf_pipeline.config.configuration import load
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, UsageError
from ibf_pipeline.targets.problems import require_not_future
from tests.worlds.countries.tiny_day import ISSUE, TinyDay, edit_text


@pytest.fixture(autouse=True)
def layers(day: TinyDay) -> None:
    """Nothing here is wrong with the static data."""
    day.bring_layers()


RETURN_PERIOD_CLASSES = {"rule": "return-period", "return_period": {"min": 1.5, "med": 2, "max": 5}, "probability": 0.6}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"triger": {}}, "triger: unknown key, did you mean 'trigger'?"),
        ({"members": {"minimun": 34}}, "members.minimun: unknown key, did you mean 'minimum'?"),
        ({"members": {"expected": 10, "minimum": 11}}, "minimum 11 is larger than expected 10"),
        ({"admin_levels": [2, 1]}, "admin_levels: list every level once, smallest first; found [2, 1]"),
        ({"default_admin_level": 3}, "default_admin_level 3 is not among admin_levels [1, 2]"),
        ({"trigger": {"return_period": 5, "probability": 60, "lead_time_limit": 5}}, "0.60 for 60 %"),
        ({"trigger": {"return_period": 5, "probability": 0.6, "lead_time_limit": 8}}, "trigger.lead_time_limit"),
        ({"trigger": {"return_period": 5, "probability": 0.6}}, "trigger.lead_time_limit: this key is missing"),
        (
            {"classes": {**RETURN_PERIOD_CLASSES, "return_period": {"min": 1.5, "max": 10}}},
            "does not fit the class max (return period 10, probability 0.6): make them equal",
        ),
        ({"classes": {**RETURN_PERIOD_CLASSES, "return_period": {"min": 5, "max": 2}}}, "must grow from min over med"),
        ({"classes": {**RETURN_PERIOD_CLASSES, "return_period": 5}}, "a return_period for each class"),
        ({"classes": {**RETURN_PERIOD_CLASSES, "return_period": {"min": 2}}}, "names no class `max`"),
        ({"classes": {"rule": "disable", "probability": 0.6}}, "there are no classes"),
        ({"flood_maps": {"return_periods": []}}, "flood_maps.return_periods"),
        ({"flood_maps": {"return_periods": [20, 10]}}, "every return period once, smallest first"),
        ({"flood_maps": {"return_periods": [10], "minimum_depth": 10.0}}, "metres; shallower water is dry land"),
        ({"thresholds_version": 4}, 'in quotation marks, e.g. "4"'),
        ({"sources": ["ftp"]}, "there is no source 'ftp'"),
        ({"target": "portal2"}, "there is no target 'portal2'"),
        ({"iso3": "XTZ"}, "iso3 is XTZ"),
        *(
            ({"people": {"further_layers": [{"indicator": name, "raster": "houses.tif"}]}}, f"{name} is published by")
            for name in ("population_affected", "population_affected_percentage", "forecast_trigger", "alert_threshold")
        ),
        (
            {"people": {"further_layers": [{"indicator": "houses", "raster": f"{name}.tif"} for name in "ab"]}},
            "houses stands twice",
        ),
        *(
            ({"flood_maps": {"return_periods": [10], "permanent_water": name}}, "flood_maps.permanent_water")
            for name in ("/data/water.tif", "../water.tif", "")
        ),
        (
            {"people": {"further_layers": [{"indicator": "houses", "raster": "/data/houses.tif"}]}},
            "'/data/houses.tif' is not a file below the country's static data",
        ),
    ],
)
def test_an_unknown_key_or_an_impossible_combination(day: TinyDay, changes: dict[str, Any], said: str) -> None:
    day.configure(**changes)
    error = day.refused(ConfigError)
    assert said in error.found
    assert error.where.endswith("countries/XTY.yaml")


def test_a_key_that_stands_twice(day: TinyDay) -> None:
    day.country_file.write_text(day.country_file.read_text() + "\nname: Otherland\n")
    assert "key 'name' stands twice" in day.refused(ConfigError).found


def test_no_yaml(day: TinyDay) -> None:
    day.country_file.write_text("iso3: [XTY\n")
    assert "not readable YAML" in day.refused(ConfigError).found


def test_a_country_without_a_file_names_those_that_there_are(day: TinyDay) -> None:
    day.country_file.rename(day.country_file.with_name("XTZ.yaml"))
    error = day.refused(UsageError)
    assert (error.found, error.expected) == ("there is no country 'XTY'", "one of XTZ")
    assert error.remedy.startswith("write XTY.yaml")


@pytest.mark.parametrize("iso3", ["xty", "../XTY", "", "XTYZ"])
def test_a_country_code_is_three_capitals(day: TinyDay, iso3: str) -> None:
    with pytest.raises(ConfigError, match="there is no country") as caught:
        load(day.config).country(iso3)
    assert (caught.value.remedy == "write XTY") == (iso3 == "xty")


def test_no_settings(day: TinyDay) -> None:
    (day.config / "settings.yaml").unlink()
    assert "settings.yaml" in day.refused(ConfigError).found


def test_an_environment_variable_that_is_not_set(day: TinyDay) -> None:
    edit_text(day.config / "settings.yaml", "root: forecasts", "root: ${IBF_NOWHERE}/forecasts")
    assert day.refused(ConfigError).found == "the environment variable IBF_NOWHERE is not set"


def test_a_password_in_a_url(day: TinyDay) -> None:
    edit_text(day.config / "settings.yaml", "http://", "http://me:secret@")
    error = day.refused(ConfigError)
    assert "name the environment variables instead" in error.found
    assert "secret" not in str(error)


def test_an_account_that_is_not_in_the_environment(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found only when publishing starts, and still before the first call."""
    monkeypatch.delenv("IBF_PASSWORD")
    state = day.flow()
    assert isinstance(state.result(raise_on_failure=False), ConfigError)
    assert state.result(raise_on_failure=False).found.endswith("not in the environment: IBF_PASSWORD is not set")
    assert day.server.log == []


def test_a_future_issue_date_is_refused_but_for_test_targets(day: TinyDay) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    error = day.refused(ForbiddenByRule, issue_date=tomorrow, target="live")
    says = f"the issue date {tomorrow} lies in the future: today is {tomorrow - timedelta(days=1)} (UTC)"
    assert error.found == says
    missing = day.refused(ForbiddenByRule, issue_date=tomorrow, target="portal")
    assert missing.found.startswith(f"{says}; no forecast of {tomorrow}"), "a test target takes it, if there is any"
    assert missing.remedy == "correct the date"
    today = datetime.combine(ISSUE, time(), UTC)
    require_not_future(IssueTime(date(2026, 2, 16)), today, test_target=True)
    require_not_future(IssueTime(ISSUE), today, test_target=False)
    with pytest.raises(ForbiddenByRule, match="2026-02-16 lies in the future"):
        require_not_future(IssueTime(date(2026, 2, 16)), today + timedelta(hours=23), test_target=False)
