"""GFS as its public archive holds it: files of many messages with an index, precipitation in buckets of 6 hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import numpy as np

from tests.rain.written import flat, grib

OTHER = b"GRIB and what else is in 500 MB 7777"


def publish(root: Path, cycle: datetime, hours: Iterable[int], mm: Callable[[int], float]) -> None:
    """Files of a cycle (UTC) for `hours`; `mm`: what falls everywhere in the hour that ends so long after the cycle."""
    folder = root / f"gfs.{cycle:%Y%m%d}" / f"{cycle:%H}" / "atmos"
    folder.mkdir(parents=True, exist_ok=True)
    began = np.datetime64(cycle.replace(tzinfo=None), "m")
    for hour in hours:
        bucket = (hour - 1) // 6 * 6
        content, lines = OTHER, [f"1:0:d={cycle:%Y%m%d%H}:TMP:surface:{hour} hour fcst:"]
        for start in sorted({bucket, 0}, reverse=True):
            one, span = folder / "one", f"{start}-{hour}"
            grib(one, [(span, flat(sum(mm(each) for each in range(start + 1, hour + 1))))], cycle=began)
            lines.append(f"{len(lines) + 1}:{len(content)}:d={cycle:%Y%m%d%H}:APCP:surface:{span} hour acc fcst:")
            content += one.read_bytes()
            one.unlink()
        lines.append(f"{len(lines) + 1}:{len(content)}:d={cycle:%Y%m%d%H}:CPRAT:surface:{hour} hour fcst:")
        name = f"gfs.t{cycle:%H}z.pgrb2.0p25.f{hour:03d}"
        (folder / name).write_bytes(content + OTHER)
        (folder / f"{name}.idx").write_text("\n".join(lines) + "\n")
