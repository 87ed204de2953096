"""Runs of ECMWF's open data as files below a folder: where they lie, and the index beside each."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

from tests.rain.written import flat, grib

METRES = 228
"""paramId of total precipitation as ECMWF has it, in m"""
OTHER = b"GRIB, a message of another parameter 7777"


def publish(root: Path, cycle: datetime, step: int, stream: str, kind: str, mm: Mapping[int, float]) -> Path:
    """A file `<cycle>-<step>h-<stream>-<ef|fc>.grib2` with tp of the members from the start of the run, and others.

    `kind`: type of the messages, pf, cf or fc; those of another type are appended.
    """
    folder = root / f"{cycle:%Y%m%d}" / f"{cycle:%H}z" / "ifs" / "0p25" / stream
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{cycle:%Y%m%d%H%M%S}-{step}h-{stream}-{'fc' if kind == 'fc' else 'ef'}.grib2"
    index = file.with_suffix(".index")
    content = (file.read_bytes() if file.is_file() else b"") + OTHER
    lines = [{"type": kind, "stream": stream, "step": str(step), "param": "2t", "_offset": 0, "_length": len(OTHER)}]
    began = np.datetime64(cycle.replace(tzinfo=None), "m")
    for member, amount in mm.items():
        one = folder / "one"
        number = None if kind == "fc" else member
        grib(one, [(f"0-{step}", flat(amount / 1000))], cycle=began, param=METRES, member=number)
        place = {"_offset": len(content), "_length": one.stat().st_size}
        lines.append(lines[0] | {"param": "tp"} | place | ({"number": str(member)} if kind == "pf" else {}))
        content += one.read_bytes() + OTHER
        one.unlink()
    file.write_bytes(content)
    with index.open("a") as out:
        out.writelines(json.dumps({"domain": "g", "levtype": "sfc", **line}) + "\n" for line in lines)
    return file


def track_file(root: Path, cycle: datetime, step: int, stream: str) -> Path:
    """Where the archive has the tracks of a cycle, its folder made."""
    folder = root / f"{cycle:%Y%m%d}" / f"{cycle:%H}z" / "ifs" / "0p25" / stream
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{cycle:%Y%m%d%H%M%S}-{step}h-{stream}-tf.bufr"


def finish(root: Path, cycle: datetime, step: int, minutes: float) -> Path:
    """The index of the last step of an ensemble, listed so many minutes ago."""
    file = track_file(root, cycle, step, "enfo")
    index = file.with_name(file.name.replace("-tf.bufr", "-ef.index"))
    index.write_text("{}\n")
    os.utime(index, (time.time() - 60 * minutes,) * 2)
    return index
