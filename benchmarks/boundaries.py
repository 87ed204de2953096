"""Boundaries of the portal's countries: how long they take, and how many people the overlaps counted twice.

The real areas of 20 countries with a made-up population raster of 2,000 cells along their longer side, each country in
a process of its own. before: people counted outline by outline, twice where areas overlap; after: as `prepare` counts
them; union: what the raster holds inside the union of the deepest level, each cell with its exact share. read: all
levels read, repaired, parents found, overlaps given to one area; count: people of the deepest level; both in processor
seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import inputs


def main() -> None:
    from tests.worlds.countries.portal_country import COUNTRIES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--countries", nargs="+", default=COUNTRIES, help="ISO3 codes; all of them where none are given"
    )
    parser.add_argument("--across", type=int, default=2000, help="raster cells along a country's longer side")
    parser.add_argument("--child", nargs="+", metavar=("FOLDER", "LEVEL"), default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(Path(options.child[0]), [int(level) for level in options.child[1:]])))
        return
    print(
        "| country | areas a level | parents | reach out (mostly) | overlaps | read | count | peak | before | after |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    furthest = max(abs(measure(iso3, options.across)) for iso3 in options.countries)
    print(f"before and after: against the raster inside the level's union; after differs by {furthest:.4%} at most")


def measure(iso3: str, across: int) -> float:
    """Print a country's row; the difference of its people from those inside the union, as a share."""
    from ibf_pipeline.prepare.boundaries import read_boundaries
    from tests.conftest import real_data
    from tests.worlds.countries import portal_country as world

    seed = world.country_seed(real_data("boundaries"), iso3)
    with tempfile.TemporaryDirectory() as folder:
        static = Path(folder)
        (static / "admin_areas").mkdir()
        for level, areas in seed.admin_areas.items():
            (static / "admin_areas" / f"adm{level}.geojson").write_text(json.dumps(areas), encoding="utf-8")
        world.bring_files(static, seed, across)
        command = [sys.executable, "-m", __spec__.name, "--child", folder, *map(str, seed.admin_levels)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        deepest = read_boundaries(static / "admin_areas", seed.admin_levels)[seed.admin_levels[-1]]
        union = world.people_in_union(static, deepest)
        before = world.people_area_by_area(static, deepest) / union - 1
    after = float(found["people"]) / union - 1
    print(
        f"| {iso3} | {found['areas']} | {found['how']} | {found['out']} ({found['mostly']}) | {found['overlaps']:,} | "
        f"{found['read']:.2f} s | {found['count']:.2f} s | {found['peak']:.0f} MiB | {before:+.2%} | {after:+.4%} |",
        flush=True,
    )
    return after


def child(static: Path, admin_levels: Sequence[int]) -> dict[str, Any]:
    """One country in this process, whose memory nothing else has grown."""
    from benchmarks.flood_day import peak_mib
    from ibf_pipeline.prepare.boundaries import DOUBTFUL, REACHES_OUT, read_boundaries
    from ibf_pipeline.prepare.raster_blocks import bounded_gdal
    from ibf_pipeline.prepare.zonal_sums import area_sums

    started = time.process_time()
    levels = read_boundaries(static / "admin_areas", admin_levels)
    read = time.process_time()
    with bounded_gdal():
        people = area_sums(static / "population.tif", [], levels[admin_levels[-1]], static / "scratch.tif").sum()
    shares = [share for layer in levels.values() for share in layer.inside]
    return {
        "areas": ", ".join(f"{len(layer.place_codes):,}" for layer in levels.values()),
        "how": ", ".join(sorted({how for layer in levels.values() for how in layer.how})),
        "out": sum(share < REACHES_OUT for share in shares),
        "mostly": sum(share < DOUBTFUL for share in shares),
        "overlaps": sum(len(layer.overlaps) for layer in levels.values()),
        "read": read - started,
        "count": time.process_time() - read,
        "peak": peak_mib(),
        "people": people,
    }


if __name__ == "__main__":
    inputs.run(main)
