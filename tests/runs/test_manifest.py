"""A run tells weeks later what it was made of."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.prepare.store import ExtentTiles
from ibf_pipeline.sources import ForecastFiles
from tasks.floods import find_events, record_findings
from tests.conftest import ROOT
from tests.worlds.countries.flood_days import ensemble
from tests.worlds.runs import flood_run

DAY = date(2026, 2, 15)


def test_every_file_of_the_static_data_is_in_it_with_its_hash(
    tmp_path: Path, demo_country: FloodCountry, demo_layers: tuple[CountryLayers, ExtentTiles], demo_prepared: Path
) -> None:
    layers, tiles = demo_layers
    cube = ensemble(layers, demo_country, "G9001=--TT----", DAY)
    found = find_events.fn("XDM", cube, layers, demo_country)
    files = ForecastFiles("wish list", (), "4")
    run = record_findings.fn(
        "XDM", found, cube, tiles, demo_country, files, flood_run(tmp_path, "XDM", DAY), demo_prepared
    )
    named = json.loads((run.path / "manifest.json").read_text())["static"]
    static = ROOT / "data/fixtures/XDM"
    assert {file["name"] for file in named} >= {
        "admin_areas/adm2.geojson", "flood_maps/flood_map_XDM_RP20.tif", "population.tif",
        "station_admin_mapping.csv", "stations.csv", "thresholds.json",
    }  # fmt: skip
    for file in named:
        content = (static / file["name"]).read_bytes()
        assert (file["size"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest()), file["name"]
