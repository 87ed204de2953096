"""The page shows the forecast behind a station where the run of that country and day is at hand."""

import base64
from datetime import date

import pytest
import requests

from ibf_pipeline.report.floods.station_picture import run_hydrograph
from ibf_pipeline.runs.findings import write_flood_findings
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.sandbox import Sandbox
from tests.worlds.countries.square_country import square_config, square_discharge, square_layers
from tests.worlds.runs import flood_run

DAY = date(2026, 2, 16)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from ibf_pipeline.hazards.floods.day import find

    folder = tmp_path_factory.mktemp("runs")
    layers = square_layers(2)
    cube = square_discharge(layers, DAY, {"S01": {3: (38, 350.0)}})
    run = flood_run(folder, "XSQ", DAY)
    partial = begin_findings(run)
    write_flood_findings(find(cube, layers, square_config()), cube, partial)
    keep_findings(run, partial, {})
    return folder


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory, runs):
    def hydrographs(iso3, day, station):
        return run_hydrograph(runs, iso3, day, station)

    with Sandbox(tmp_path_factory.mktemp("sandbox"), hydrographs=hydrographs) as running:
        yield running


def answer(sandbox, **query):
    response = requests.get(f"{sandbox.page_url}page/hydrograph", params=query, timeout=20)
    assert response.status_code == 200
    return response.json()


@pytest.mark.parametrize("station", ["S01", "S02"])  # alerted or quiet
def test_the_hydrograph_of_the_run(sandbox, station):
    picture = base64.b64decode(answer(sandbox, iso3="XSQ", day="2026-02-16", station=station)["picture"])
    assert picture.startswith(b"<?xml")
    assert b"<script" not in picture


@pytest.mark.parametrize(
    "query",
    [
        {"iso3": "XSQ", "day": "2026-02-17", "station": "S01"},
        {"iso3": "XSQ", "day": "2026-02-16", "station": "S99"},
        {"iso3": "UGA", "day": "2026-02-16", "station": "S01"},
        {"iso3": "../XSQ", "day": "2026-02-16", "station": "S01"},
        {"iso3": "XSQ", "day": "..", "station": "S01"},
        {},
    ],
)
def test_without_the_run_the_page_says_so(sandbox, query):
    assert answer(sandbox, **query)["problem"].startswith("no ")


def test_a_server_without_runs_says_so(tmp_path):
    with Sandbox(tmp_path / "alone") as alone:
        assert answer(alone, iso3="XSQ", day="2026-02-16", station="S01") == {"problem": "no run folder is at hand"}


def test_a_damaged_run_is_no_error_of_the_page(runs, tmp_path):
    run = flood_run(tmp_path, "XSQ", DAY)
    run.path.mkdir(parents=True)
    for name in ("manifest.json", "events.json", "forecast.nc"):
        (run.path / name).write_text("{", encoding="utf-8")
    assert run_hydrograph(tmp_path, "XSQ", DAY, "S01") is None
    assert run_hydrograph(runs, "XSQ", DAY, "S01") is not None
