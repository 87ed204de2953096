"""A process that reads damaged forecasts on request, so that a crash of a C library is seen and not suffered.

One JSON line a request on standard input, one a answer on standard output.
"""

from __future__ import annotations

import json
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import Any

from ibf_pipeline.discharge.reader import find_files, read_cube
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.prepare.store import read_prepared, station_cells
from tests.worlds.countries import tiny_country


def main(prepared: Path, sound: Path, scratch: Path, issue_date: date) -> None:
    """Answer until the input ends."""
    layers, _ = read_prepared(prepared, "XTY")
    originals = {file.name: file.read_bytes() for file in sorted(sound.iterdir())}
    for line in sys.stdin:
        for name, content in spoiled(originals, json.loads(line)).items():
            (scratch / name).write_bytes(content)
        try:
            cube = read_cube(find_files(scratch), station_cells(layers), issue_date, version="4")
            found = find(cube, layers, tiny_country.country())
            station = found.station("G1")
            answer = {
                "triggers": [event.name for event in found.events if event.trigger],
                "condition": station.condition,
                "missing": list(found.members_missing),
                "members": list(station.members),
            }
        except IbfError as error:
            answer = {"error": type(error).__name__, "whole": bool(error.where and error.expected and error.remedy)}
        except Exception:
            answer = {"traceback": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


def spoiled(originals: dict[str, bytes], damage: dict[str, Any]) -> dict[str, bytes]:
    """The files, some of them (`files`, by position) flipped or cut off; places are shares of a file's length."""
    result = dict(originals)
    for number in damage["files"]:
        name = list(originals)[number % len(originals)]
        data = bytearray(originals[name])
        for at, value in damage["flips"]:
            data[int(at * (len(data) - 1))] ^= value
        result[name] = bytes(data[: int(damage["cut"] * len(data))])
    return result


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), date.fromisoformat(sys.argv[4]))
