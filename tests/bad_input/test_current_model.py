"""The model in operation changes in front of the pipeline's eyes, and its files say nothing of it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import xarray as xr
import yaml

import flows.wiring.operational_model as guard
from flows.wiring.day import open_configuration
from flows.wiring.inputs_fetch import fetch_and_read
from ibf_pipeline.check.settings import check_settings
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.sources import ForecastFiles
from tests.worlds.countries.tiny_day import ISSUE, TinyDay, edit_text
from tests.worlds.services.ewds import DATASET, KEY, Service, running

DOUBT = (
    "nothing but the settings tells its GloFAS version, and whether that model is still in operation cannot be judged"
)


def beside_ewds(day: TinyDay, service: Service, *, of_country: bool = True, **more: object) -> None:
    """The folder first, whose netCDF carries no version; the data store is the second source, or in the settings."""
    file = day.config / "settings.yaml"
    content = yaml.safe_load(file.read_text())
    content["sources"]["ewds"] = {"kind": "ewds", "url": service.url, "attempts": 2, "retry_seconds": 0.01, **more}
    file.write_text(yaml.safe_dump(content))
    day.configure(sources=["folder", "ewds"] if of_country else ["folder"])


@pytest.fixture(autouse=True)
def today(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    day.bring_layers()
    monkeypatch.setenv("EWDS_KEY", KEY)
    set_clock(monkeypatch, 1)


def set_clock(monkeypatch: pytest.MonkeyPatch, days_after: int) -> None:
    moment = datetime.combine(ISSUE, time(12), UTC) + timedelta(days=days_after)
    monkeypatch.setattr(guard, "now", lambda: moment)


def refused_by_fetch(day: TinyDay) -> VersionRefused | None:
    return fetch_and_read(open_configuration(str(day.config), str(day.root / "work")), "XTY", ISSUE, None).refused


def test_a_form_that_lists_version_4_stops_a_run_from_another_source(
    day: TinyDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as service:
        beside_ewds(day, service)
        assert [event.flags for event in day.findings().events] == ["--TTT---"]
        assert refused_by_fetch(day) is None
        service.form[0]["details"]["groups"][1]["values"] += ["version_4_0"]
        assert "the service lists version_4_0 among its legacy versions" in day.refused(VersionRefused).found
        assert "version_4_0" in str(refused_by_fetch(day)), "what inputs fetch says is what a run does"
        assert service.orders == []
        set_clock(monkeypatch, 2)
        assert refused_by_fetch(day) is None, "an older issue date is of the model of its own day"


def test_a_form_that_nobody_may_or_can_look_at_stops_nothing(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as service:
        service.form[0]["details"]["groups"][1]["values"] += ["version_4_0"]
        beside_ewds(day, service, check=False)
        assert refused_by_fetch(day) is None
        beside_ewds(day, service)
        monkeypatch.delenv("EWDS_KEY")
        assert refused_by_fetch(day) is None
        monkeypatch.setenv("EWDS_KEY", KEY)
        assert refused_by_fetch(day) is not None
    assert refused_by_fetch(day) is None, "the service is gone"


def test_a_data_store_that_only_the_settings_name_is_asked_and_without_a_key(
    day: TinyDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as service:
        service.open_catalogue = True
        service.form[0]["details"]["groups"][1] = {"label": "Previous versions", "values": ["GloFAS v4.0"]}
        beside_ewds(day, service, of_country=False)
        assert "GloFAS v4.0 among its legacy versions" in str(refused_by_fetch(day))
        monkeypatch.delenv("EWDS_KEY")
        assert "GloFAS v4.0 among its legacy versions" in str(refused_by_fetch(day))
        assert service.asked["catalogue/v1/collections/cems-glofas-forecast/form.json"] == 2


def test_a_form_that_cannot_be_judged_is_a_doubt_where_nothing_else_tells_the_version(
    day: TinyDay, caplog: pytest.LogCaptureFixture
) -> None:
    with running() as service:
        service.form[0]["name"] = "model_version"
        beside_ewds(day, service, of_country=False)
        found = day.findings()
        assert found.doubts == (f"source folder: {DOUBT}: {service.url} ({DATASET}): its form lists no system_version",)
        assert found.doubts[0] in found.notes
        assert any("XTY: whether its model is in operation cannot be judged" in said for said in caplog.messages)


def test_why_no_form_could_be_judged(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    def why(source: str = "folder") -> str:
        configuration = open_configuration(str(day.config), str(day.root / "work"))
        country = configuration.country_of("XTY", FloodCountry)
        return guard.require_operational_model(configuration, country, ForecastFiles(source, (), "4"), ISSUE)

    assert why() == "", "nobody named a data store: `check` says so"
    with running() as service:
        beside_ewds(day, service, of_country=False)
        assert why() == ""
        service.helps = False
        assert why().endswith("its form could not be had")
        assert why("ewds") == "", "it has asked before it ordered"
        monkeypatch.delenv("EWDS_KEY")
        assert why().endswith("; EWDS_KEY is not set")


def test_files_that_tell_their_version_leave_no_doubt() -> None:
    files = ForecastFiles("folder", (), "4")
    declared = {"glofas_process_ids": [], "glofas_version_declared": "4"}
    for more, doubts in (({}, True), ({"glofas_process_ids": [5]}, False), ({"glofas_version_declared": ""}, False)):
        cube = xr.DataArray(0, attrs={**declared, **more})
        assert (guard.UNJUDGED in guard.with_doubt(files, cube, "no form").origin) is doubts
        assert guard.with_doubt(files, cube, "") is files


def test_check_says_where_nobody_is_asked(day: TinyDay) -> None:
    def said() -> list[str]:
        configuration = open_configuration(str(day.config), str(day.root / "work"))
        found = check_settings(configuration, configuration.country_of("XTY", FloodCountry))
        return [one.found for one in found if one.level == "not checked"]

    assert [each.split(": ")[1] for each in said()] == ["the version that folder declares is believed"]
    beside_ewds(day, Service(), of_country=False)
    assert said() == []
    beside_ewds(day, Service(), of_country=False, check=False)
    assert len(said()) == 1
    edit_text(day.config / "settings.yaml", "glofas_version: '4'", "glofas_version: null")
    assert said() == [], "the files tell it"
