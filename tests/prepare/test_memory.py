"""Peak memory of `prepare` and of a day's rasters with 200 million cells, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.worlds.countries.large_country import Size, write_large_country

pytestmark = pytest.mark.story

CHILD = """
import json, sys, time
from pathlib import Path
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.extents import write_extent
from tests.worlds.countries.large_country import large_config

def peak_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

folder = Path(sys.argv[1])
config = large_config("XLG", flood_maps={"return_periods": [500]})
peaks = {"libraries": peak_mib()}
prepare_floods(config, folder / "static", folder / "prepared")
peaks["prepare"] = peak_mib()
layers, tiles = read_prepared(folder / "prepared", "XLG")
wet = {code: 500.0 for codes in layers.mapping.values() for code in codes}
cells = write_extent(wet, tiles, folder / "extent.tif")
peaks["run"] = peak_mib()
people = sum(area.population for area in layers.level(1))
print(json.dumps({"peaks": peaks, "cells": cells, "people": people, "areas": len(wet)}))
"""


def test_200_million_cells_stay_below_one_gigabyte(tmp_path: Path) -> None:
    """Mostly empty rasters, as of a dry country: two rivers, and a town of 16 x 16 cells every 1,024 cells.

    That makes 14 x 14 towns with 2 people a cell. A raster as an array would take 800 MB; what is needed beyond the
    libraries must not come near that.
    """
    size = Size(200_000_000, side=10, rivers=2, towns_every=1024)
    write_large_country(tmp_path / "static", "XLG", size)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert size.grid.width * size.grid.height > 199_000_000
    assert found["areas"] == 20, "two rows of ten areas have a river"
    assert found["cells"] > 500_000
    assert round(found["people"]) == 14 * 14 * 16 * 16 * 2
    assert found["peaks"]["run"] < 1024, found
    assert found["peaks"]["run"] - found["peaks"]["libraries"] < 400, found


BOUNDARIES = """
import json, sys
from pathlib import Path
from ibf_pipeline.prepare.boundaries import read_boundaries

def peak_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

before = peak_mib()
areas = read_boundaries(Path(sys.argv[1]), [1])[1]
print(json.dumps({"areas": len(areas.geometries), "mib": peak_mib() - before}))
"""


def test_finely_drawn_boundaries_take_little_more_than_their_text(tmp_path: Path) -> None:
    """1,600 areas whose upper borders have 1,200 points each; as Python numbers they take seven times their text."""
    with (tmp_path / "adm1.geojson").open("w") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for number in range(1600):
            left, bottom = 30 + number % 40 * 0.1, number // 40 * 0.1
            top = [[left + 0.09 * point / 1200, bottom + 0.09 + point % 2 * 1e-6] for point in range(1200)]
            ring = [[left, bottom], *top, [left + 0.09, bottom], [left, bottom]]
            area = {
                "type": "Feature",
                "properties": {"ADM1_PCODE": f"A{number:04d}"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
            file.write((", " if number else "") + json.dumps(area))
        file.write("]}")
    size = (tmp_path / "adm1.geojson").stat().st_size / 2**20
    assert 40 < size < 60
    done = subprocess.run(
        [sys.executable, "-c", BOUNDARIES, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["areas"] == 1600
    assert found["mib"] < 4 * size, found
