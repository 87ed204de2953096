"""Finished blocks of the country of two valleys with their reports, for tests and for looking at them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
import shapely
import xarray as xr
from rasterio.transform import from_bounds

from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.report.writer import write_report
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.flash_floods import KeptAsset, write_assets_kept, write_rain_kept
from ibf_pipeline.runs.folder import RunFolder

WEST, SOUTH = 33.0, -11.0
OUTLINES: Mapping[str, shapely.Polygon] = {
    "A1": shapely.Polygon([(33.0, -11.0), (33.5, -11.1), (33.6, -10.5), (33.0, -10.6)]),
    "A2": shapely.Polygon([(33.5, -11.1), (34.0, -11.0), (34.1, -10.55), (33.6, -10.5)]),
    "B1": shapely.Polygon([(33.0, -10.6), (33.6, -10.5), (33.5, -9.9), (33.05, -10.0)]),
    "U1": shapely.Polygon([(33.6, -10.5), (34.1, -10.55), (34.0, -9.95), (33.5, -9.9)]),
}
ASSETS = (
    KeptAsset("schools", "7", "Kelim primary school", -10.83, 33.2, "A1"),
    KeptAsset("schools", "16", "Saint-Étienne", -10.72, 33.35, "A1"),
    KeptAsset("schools", "9", "", -10.3, 33.3, "B1"),
    KeptAsset("health_sites", "3", "Clinic of Ros", -10.9, 33.3, "A1"),
    KeptAsset("roads", "120", "M1", -10.8, 33.5, "A1", "MULTILINESTRING ((33.1 -10.95, 33.4 -10.75, 33.9 -10.8))"),
    KeptAsset("roads", "99", "", -10.7, 33.8, "A2", "LINESTRING (33.7 -10.9, 33.85 -10.65)"),
    KeptAsset("gauges", "G1", "Kelim bridge", -10.66, 33.22),
)


def write_outlines(prepared: Path, names: Mapping[str, str] | None = None, **more: shapely.Polygon) -> Path:
    """`outlines_adm3.geojson` of the four areas and more, as `prepare` leaves it."""
    prepared.mkdir(parents=True, exist_ok=True)
    features = [
        {
            "type": "Feature",
            "properties": {"place_code": code, "name": (names or {}).get(code, f"Area {code}")},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for code, shape in {**OUTLINES, **more}.items()
    ]
    content = {"type": "FeatureCollection", "features": features}
    (prepared / "outlines_adm3.geojson").write_text(json.dumps(content), encoding="utf-8")
    return prepared


def flash_run(
    findings: FlashFloodFindings, rain: xr.DataArray, runs: Path, prepared: Path, assets: Sequence[KeptAsset] = ASSETS
) -> RunFolder:
    """A finished block with its report; a river through both valleys is its extent."""
    run = RunFolder(runs, RunId(findings.country, findings.hazard, findings.issue_time))
    partial = begin_findings(run)
    for lead_time in {event.lead_time for event in findings.events}:
        extent = findings.extent(lead_time)
        assert extent is not None
        _write_river(partial / "extents" / extent.file_name)
    write_findings_json(findings, partial / "events.json")
    write_rain_kept(partial, rain)
    write_assets_kept(partial, findings, assets)
    manifest = {"versions": {"ibf-pipeline": "0"}, "configuration": {"time_zone": findings.time_zone}}
    write_report(findings, partial, prepared, run, manifest)
    keep_findings(run, partial, manifest)
    return run


def _write_river(file: Path) -> None:
    rows, columns = 240, 220
    depth = np.zeros((rows, columns), dtype=np.float32)
    for column in range(columns):
        middle = int(170 + 20 * np.sin(column / 25))
        depth[middle - 4 : middle + 4, column] = 0.8
    transform = from_bounds(WEST, -11.1, 34.1, -9.9, columns, rows)
    with rasterio.open(
        file, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs="EPSG:4326",
        transform=transform, nodata=0,
    ) as out:  # fmt: skip
        out.write(depth, 1)
