"""The configuration folder of a country for flash floods."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def write_flash_config(
    folder: Path, country: Mapping[str, Any], section: Mapping[str, Any], sources: Mapping[str, Any]
) -> Path:
    """Write `config` below a folder and return it. `country`: keys of all hazards; `section`: of flash floods;
    `sources`: name -> its settings, listed in their order unless the section lists some itself.
    """
    config = folder / "config"
    (config / "countries").mkdir(parents=True, exist_ok=True)
    names = ("static", "prepared", "runs", "sandbox", "inputs")
    settings = {
        "paths": {name: name for name in names},
        "sources": dict(sources),
        "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True, "exercises": True, "test_target": True}},
    }
    content = {**country, "hazards": {"flash-floods": {"sources": list(sources), **section}}}
    for file, text in (
        (config / "settings.yaml", settings),
        (config / "countries" / f"{country['iso3']}.yaml", content),
    ):
        file.write_text(yaml.safe_dump(text, sort_keys=False), encoding="utf-8")
    return config


def rain_folder(folder: Path, role: str, origin: str, **further: Any) -> dict[str, Any]:
    """Settings of rain as `write_rain` writes it into `rain` below a folder."""
    return {
        "kind": "rain-folder", "root": str((folder / "rain").resolve()), "role": role, "origin": origin, **further
    }  # fmt: skip
