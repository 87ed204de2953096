"""The folder of a demo, emptied before each and never one that no demo has made, and what is configured in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.atomic_files import write_errors, write_text

_MARKER = ".ibf-demo"
"""file by which the demo knows its own folder again"""


def empty_demo(folder: Path) -> None:
    """An empty folder with the marker of the demo; ForbiddenByRule where it has content that is not the demo's."""
    marker = folder / _MARKER
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        strange = not marker.is_file() and any(folder.iterdir())
    if strange:
        raise ForbiddenByRule(
            "the folder has content that no demo has made, and a demo empties its folder",
            where=folder,
            expected="a new or an empty folder, or that of an earlier demo",
            remedy="name another one with --workspace",
        )
    with write_errors(folder):
        marker.write_text("made by `ibf-pipeline demo`, which empties this folder\n", encoding="utf-8")
        for name in ("runs", "sandbox", "forecasts", "rain", "tracks"):
            shutil.rmtree(folder / name, ignore_errors=True)


def write_configuration(
    workspace: Path, settings: dict[str, Any], country: dict[str, Any], sources: dict[str, Any]
) -> str:
    """The configuration of a demo's country below a workspace, and its folder. `settings`: of the installation, beside
    which `sources` are written; `country`: its whole file.
    """
    folder = workspace / "config"
    settings = {**settings, "sources": {**settings["sources"], **sources}}
    write_text(folder / "settings.yaml", yaml.safe_dump(settings, sort_keys=False))
    write_text(folder / "countries" / f"{country['iso3']}.yaml", yaml.safe_dump(country, sort_keys=False))
    return str(folder)
