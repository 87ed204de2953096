"""Schools, health sites, waterpoints, buildings and roads: every file at once, and where what it lists lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import shapely

from ibf_pipeline.check.finding import Finding, error_finding, finding, fine, first_few
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.flash_floods.asset_files import INDICATOR_OF_ASSETS, AssetFile, asset_file, read_asset_file


def check_assets(
    static: Path, areas: Boundaries, districts: Boundaries
) -> tuple[list[Finding], dict[str, tuple[str, ...]]]:
    """What was found, and category -> fids that lie in `districts`."""
    findings: list[Finding] = []
    fids: dict[str, tuple[str, ...]] = {}
    lacking = []
    for category in INDICATOR_OF_ASSETS:
        try:
            file = asset_file(static, category)
            if file is None:
                lacking.append(category)
                continue
            found = read_asset_file(file, category)
        except IbfError as error:
            findings.append(error_finding("assets", error))
            continue
        own = _in(found, districts)
        fids[category] = tuple(dict.fromkeys(found.places["fid"][own].tolist()))
        findings += _of_file(file, found, _in(found, areas), own)
    if lacking:
        example = f"e.g. assets/{lacking[0]}.csv"
        findings.append(finding("assets not there", categories=first_few(lacking, len(lacking)), example=example))
    return findings, fids


def _of_file(file: Path, found: AssetFile, inside: np.ndarray, own: np.ndarray) -> Iterator[Finding]:
    total = len(found.places)
    if found.repeated:
        yield finding("assets repeated", file=file.name, count=found.repeated)
    if found.shared:
        yield finding("fids shared", file=file.name, fids=first_few(found.shared))
    if not own.any():
        yield finding("assets in no district", file=file.name, total=total)
        return
    if not inside.all():
        outside = found.places["fid"][~inside].tolist()
        yield finding("assets outside", file=file.name, count=len(outside), total=total, fids=first_few(outside))
    yield fine("assets", f"{file.name}: {total}, of which {int(own.sum())} in areas of districts")


def _in(found: AssetFile, areas: Boundaries) -> np.ndarray:
    """(asset,) whether it touches an area."""
    asset, _ = shapely.STRtree(np.array(areas.ground)).query(found.places.geometry.to_numpy(), predicate="intersects")
    return np.isin(np.arange(len(found.places)), asset)
