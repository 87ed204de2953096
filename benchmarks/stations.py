"""What a day costs by the number of stations: 10, 100, 1,000 and 10,000 of them, 51 members, 8 lead times.

Measured is everything between the discharge cube and what was found: screening, counting, classes, station values,
events, areas and people. Stations, thresholds and ensemble are made up in memory; about a third of the stations are
alerted, each has three areas, and four share a district. Processor seconds, the best of several runs in this process,
so that other work on the machine counts as little as possible. Ten times the stations may cost at most twelve times.
"""

from __future__ import annotations

import argparse
import time

from benchmarks import inputs
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.hazards.floods.day import find
from tests.worlds.countries import many_stations

SIZES = (10, 100, 1_000, 10_000)
AIM = 1.2
"""times the cost for each time the stations"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, nargs="+", default=list(SIZES), help="sizes, smallest first")
    parser.add_argument("--rounds", type=int, default=5, help="runs of a size, of which the best counts")
    options = parser.parse_args()
    print(f"51 members, {len(LEAD_TIMES)} lead times, best of {options.rounds} runs, processor seconds")
    before: tuple[int, float] | None = None
    for stations in options.stations:
        seconds, found = measure(stations, options.rounds)
        print(f"{stations:6d} stations: {seconds:.3f} s; {found}{compared(stations, seconds, before)}", flush=True)
        before = stations, seconds


def measure(stations: int, rounds: int) -> tuple[float, str]:
    """Processor seconds of the best run, and what was found in a few words."""
    country, layers = many_stations.country(), many_stations.layers(stations)
    cube = many_stations.ensemble(layers.thresholds)
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        found = find(cube, layers, country)
        best = min(best, time.process_time() - started)
    return best, found.headline


def compared(stations: int, seconds: float, before: tuple[int, float] | None) -> str:
    """The ratio to the size before in words."""
    if before is None:
        return ""
    growth, limit = seconds / before[1], AIM * stations / before[0]
    return f"; ratio {growth:.1f}, at most {limit:g}: {'yes' if growth <= limit else 'NO'}"


if __name__ == "__main__":
    inputs.run(main)
