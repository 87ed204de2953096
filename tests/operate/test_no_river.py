"""A country that GloFAS has no river for is a finished set-up: not scheduled, not awaited, and said once."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from flows.deployment.registration import when_it_runs
from flows.deployment.table import planned_deployments
from flows.heartbeat import overdue_runs
from flows.wiring.day import open_configuration
from flows.wiring.idle_countries import awaited
from flows.wiring.sources import users_of
from tests.worlds.countries.projects import add_country, make_project

DAY = date(2026, 2, 15)
NONE = "stationCode,stationName,lat,lon\nno_station,,,\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """XDN has no river; XDM has stations."""
    config = Path(make_project(tmp_path_factory.mktemp("project"), ("XDM", "XDN"), stories={}))
    (config.parent / "static/XDN/stations.csv").write_text(NONE, encoding="utf-8")
    return config


def test_it_is_not_scheduled_and_deploy_says_why(project: Path) -> None:
    planned = {each.full_name: each for each in planned_deployments(open_configuration(str(project)), "config", None)}
    assert planned["floods/XDM"].schedule
    without = planned["floods/XDN"]
    assert (without.schedule, when_it_runs(without, None)) == (
        None, "not scheduled: no river that GloFAS can forecast here",
    )  # fmt: skip


def test_nobody_waits_for_its_day(project: Path) -> None:
    configuration = open_configuration(str(project))
    assert [each.label for each in awaited(configuration)] == ["XDM"]
    assert overdue_runs(configuration, DAY, str(project), None) == ["XDM: there is no run"]
    assert [country.iso3 for country in users_of(configuration, "demo")[0]] == ["XDM"]


def test_a_country_waits_for_data_that_are_still_to_come_and_never_for_data_that_were_lost(tmp_path: Path) -> None:
    config = Path(make_project(tmp_path, ("XDM",), stories={}))
    add_country(config, "XDO", static=str(tmp_path / "to come"), awaits_static=True)
    add_country(config, "XDP", static=str(tmp_path / "to come"))
    configuration = open_configuration(str(config))
    assert [each.label for each in awaited(configuration)] == ["XDM", "XDP"]
    planned = {each.full_name: each for each in planned_deployments(configuration, "config", None)}
    assert planned["floods/XDP"].schedule
    assert planned["floods/XDO"].idle == f"no static data yet in {tmp_path}/to come: bring them, then deploy again"
    prepared = configuration.prepared_folder("XDO")
    prepared.mkdir(parents=True)
    assert [each.label for each in awaited(configuration)] == ["XDM", "XDO", "XDP"], "it was prepared: they are lost"
    prepared.rmdir()
    configuration.path("runs/XDO/floods/2026-02-14").mkdir(parents=True)
    assert [each.label for each in awaited(configuration)] == ["XDM", "XDO", "XDP"], "it had a run"
    shutil.rmtree(configuration.path("runs/XDO"))
    (tmp_path / "to come").mkdir()
    assert [each.label for each in awaited(configuration)] == ["XDM", "XDO", "XDP"], "they are there"


def test_what_is_not_known_is_scheduled(project: Path, tmp_path: Path) -> None:
    """Static data behind a URL of which there is no copy yet, or a list that cannot be read."""
    shutil.copytree(project.parent, tmp_path / "other")
    config = tmp_path / "other/config"
    file = config / "countries/XDN.yaml"
    text = file.read_text(encoding="utf-8")
    elsewhere = text.replace(f"static: {project.parent}/static/XDN", "static: https://static.example/XDN")
    assert elsewhere != text
    file.write_text(elsewhere, encoding="utf-8")
    configuration = open_configuration(str(config))
    assert [each.label for each in awaited(configuration)] == ["XDM", "XDN"]
    copy = configuration.static_folder(configuration.country("XDN"))
    copy.mkdir(parents=True)
    (copy / "stations.csv").write_text(NONE, encoding="utf-8")
    assert [each.label for each in awaited(configuration)] == ["XDM"], "its copy says so"
    (copy / "stations.csv").write_text("damaged", encoding="utf-8")
    assert [each.label for each in awaited(configuration)] == ["XDM", "XDN"]
    file.write_text("damaged: [", encoding="utf-8")
    assert [each.label for each in awaited(open_configuration(str(config)))] == ["XDM", "XDN"]
