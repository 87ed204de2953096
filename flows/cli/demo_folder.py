"""The folder of the demo: emptied before each demo, and never a folder that the demo did not make."""

from __future__ import annotations

import shutil
from pathlib import Path

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.writing import writing

MARKER = ".ibf-demo"
"""file by which the demo knows its own folder again"""


def empty_demo(folder: Path) -> None:
    """An empty folder with the marker of the demo; ForbiddenByRule where it has content that is not the demo's."""
    marker = folder / MARKER
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        strange = not marker.is_file() and any(folder.iterdir())
    if strange:
        raise ForbiddenByRule(
            "the folder has content that no demo has made, and a demo empties its folder",
            where=folder,
            expected="a new or an empty folder, or that of an earlier demo",
            remedy="name another one with --workspace",
        )
    with writing(folder):
        marker.write_text("made by `ibf-pipeline demo`, which empties this folder\n", encoding="utf-8")
        for name in ("runs", "sandbox", "forecasts", "rain", "tracks"):
            shutil.rmtree(folder / name, ignore_errors=True)
