"""The demo country's block of flash floods: rain, library, assets and gauges are fixtures, as its flood days are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.writing import write_text

COUNTRY = "XDM"
ISSUE_TIME = IssueTime.parse("2026-02-15T06")
SECTION = "flash_floods.yaml"
"""file among the demo country's static data: its section `hazards.flash-floods`, and the `sources` that it lists"""


def set_up(workspace: Path, config: str) -> str:
    """Write the configuration of the demo below a workspace and return its folder.

    The demo country's own file and the settings of `config`, with flash floods in place of floods and the sources that
    these have. InputMissing where there are no fixtures.
    """
    base = Path(config).resolve().parent
    country = _read(Path(config) / "countries" / f"{COUNTRY}.yaml")
    static = (base / country["static"]).resolve()
    if not (static / SECTION).is_file():
        raise InputMissing(
            "the demo country has no flash floods here",
            where=static / SECTION,
            expected="the fixtures of the project's folder",
            remedy="run inside the project's folder",
        )
    demo = _read(static / SECTION)
    settings = _read(Path(config) / "settings.yaml")
    for source in demo["sources"].values():
        source["root"] = str((static / source["root"]).resolve())
    settings["sources"] |= demo["sources"]
    content = {"iso3": COUNTRY, "name": country["name"], "static": str(static), "hazards": demo["hazards"]}
    folder = workspace / "config"
    write_text(folder / "settings.yaml", yaml.safe_dump(settings, sort_keys=False))
    write_text(folder / "countries" / f"{COUNTRY}.yaml", yaml.safe_dump(content, sort_keys=False))
    return str(folder)


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content
