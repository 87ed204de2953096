"""Time and peak memory of `prepare` at several sizes, each in a process of its own.

Generated countries of 1,521 areas and 39 stations with 7 flood maps and a population raster at 3 arc-seconds. Printed
for each size: seconds, processor seconds and peak resident memory of a build from nothing, of one after a change of the
mapping, and of one where nothing changed; the floor, which is reading the 8 input rasters once and writing 8 rasters as
large (7 depths and the area grid) once, block by block, in the same way; how far from linear the sizes are. Loading the
libraries is not part of the seconds; peaks are those of the whole process, libraries among it (their share is printed).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import inputs

ISO3 = "XLG"
SIZES = (45, 200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million-cells", type=float, nargs="+", default=list(SIZES))
    parser.add_argument("--cache", type=Path, default=inputs.ROOT / "work" / "benchmarks")
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "FOLDER"), default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child[0], Path(options.child[1]))))
        return
    measured = {millions: measure(millions, options.cache) for millions in options.million_cells}
    first, last = min(measured), max(measured)
    if first != last:
        growth, ideal = measured[last] / measured[first], last / first
        print(
            f"ratio to linear: {growth / ideal:.2f} "
            f"({growth:.1f} times the processor time for {ideal:.1f} times the cells)"
        )


def measure(millions: float, cache: Path) -> float:
    """Processor seconds of a build from nothing; prints everything about a size."""
    from tests.worlds.countries.large_country import Size, write_large_country

    folder = cache / f"large-{millions:g}"
    size = Size(int(millions * 1e6))
    if not (folder / "made").is_file():
        write_large_country(folder / "static", ISO3, size)
        (folder / "made").touch()
    cells = size.grid.width * size.grid.height / 1e6
    print(f"{cells:.1f} million cells, {size.side**2} areas, {len(list(folder.rglob('flood_map_*')))} flood maps")
    results = {}
    for what in ("libraries", "build", "unchanged", "mapping", "floor"):
        command = [sys.executable, "-m", __spec__.name, "--child", what, str(folder)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results[what] = json.loads(done.stdout.splitlines()[-1])
        seconds, spent, peak = (results[what][key] for key in ("seconds", "processor", "peak"))
        print(
            f"{seconds:8.2f} s, {spent:7.2f} s processor, peak {peak:4.0f} MiB  {what}{results[what]['more']}",
            flush=True,
        )
    ratio = results["build"]["processor"] / results["floor"]["processor"]
    print(f"prepare: {results['build']['seconds']:.1f} s, {ratio:.1f} times the floor's processor time, "
          f"peak {results['build']['peak']:.0f} MiB")  # fmt: skip
    return float(results["build"]["processor"])


def child(what: str, folder: Path) -> dict[str, float | str]:
    """One measurement in this process."""
    import shutil

    from benchmarks.flood_day import peak_mib
    from ibf_pipeline.prepare.build import prepare_floods
    from tests.worlds.countries.large_country import large_config

    country, static, prepared = large_config(ISO3), folder / "static", folder / "prepared"
    more = ""
    if what == "build":
        for stale in (prepared, prepared.with_name("prepared.part")):
            shutil.rmtree(stale, ignore_errors=True)
    if what == "mapping":
        file = static / "station_admin_mapping.csv"
        text = file.read_text()
        line = text.splitlines()[1]
        station = ",G000," if ",G000," in line else ",no_station,"
        swapped = line.replace(station, ",no_station," if station == ",G000," else ",G000,")
        file.write_text(text.replace(line, swapped))
    started, processor = time.perf_counter(), time.process_time()
    if what in ("build", "unchanged", "mapping"):
        laps: list[tuple[float, str]] = []
        built = prepare_floods(country, static, prepared, lambda step: laps.append((time.perf_counter(), step.words)))
        more = f": {len(built)} parts"
        if what == "build":
            ends = [moment for moment, _ in laps[1:]] + [time.perf_counter()]
            for (begun, words), ended in zip(laps, ends, strict=True):
                print(f"          {ended - begun:6.2f} s  {words}", file=sys.stderr)
    elif what == "floor":
        more = floor(static, folder / "floor")
    spent = time.process_time() - processor
    return {"seconds": time.perf_counter() - started, "processor": spent, "peak": peak_mib(), "more": more}


def floor(static: Path, scratch: Path) -> str:
    """Read every input raster once and write 8 rasters once; the words say how the processor time divides."""
    import shutil

    from ibf_pipeline.prepare.raster_blocks import bounded_gdal, new_raster, open_raster, read_block, windows

    scratch.mkdir(exist_ok=True)
    files = sorted((static / "flood_maps").glob("*.tif"))
    started = time.process_time()
    with bounded_gdal():
        for file in (*files, static / "population.tif"):
            with open_raster(file, "raster") as raster:
                for window in windows(raster.width, raster.height):
                    read_block(raster, window, "raster")
        reading = time.process_time() - started
        copying = time.process_time()
        for file in (*files, files[-1]):
            with open_raster(file, "raster") as raster, new_raster(scratch / file.name, raster, "float32") as out:
                for window in windows(raster.width, raster.height):
                    block = read_block(raster, window, "raster")
                    if block.any():
                        out.write(block, window)
        writing = time.process_time() - copying - reading
    shutil.rmtree(scratch)
    return f": reading {reading:.1f} s and, reading not counted twice, writing {writing:.1f} s"


if __name__ == "__main__":
    inputs.run(main)
