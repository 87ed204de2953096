"""A project folder for tests: the demo country as often as wanted, each copy with codes of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.worlds.countries.stories import write_day

SUNDAY = date(2026, 2, 15)


def make_project(
    folder: Path,
    countries: Sequence[str] = ("XDM",),
    stories: Mapping[date, str] | None = None,
    operations: Mapping[str, Any] | None = None,
) -> str:
    """Configuration, static data and forecasts below a folder; returns the configuration folder.

    Copies of the demo country are named XD<letter>; their place and station codes carry the letter, so that one
    sandbox can hold them all. All read the same forecast files.
    """
    config = folder / "config"
    (config / "countries").mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text(encoding="utf-8"))
    settings["sources"]["demo"]["root"] = str(folder / "forecasts")
    settings["operations"] = dict(operations or {})
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for iso3 in countries:
        add_country(config, iso3)
    for day, story in ({SUNDAY: "busiest"} if stories is None else stories).items():
        write_day(folder / "forecasts", story, day)
    return str(config)


def add_country(config: Path, iso3: str, **changes: Any) -> None:
    """Configure a copy of the demo country, with static data of its own below the project."""
    static = config.parent / "static" / iso3
    if iso3 == "XDM":
        static = ROOT / "data/fixtures/XDM"
    elif not static.is_dir():
        _copy_static(static, iso3)
    country = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text(encoding="utf-8"))
    own = {"iso3": iso3, "name": f"Demoland {iso3}", "static": str(static), "sources": ["demo"]}
    country.update({**own, **changes})
    (config / "countries" / f"{iso3}.yaml").write_text(yaml.safe_dump(country), encoding="utf-8")


def _copy_static(static: Path, iso3: str) -> None:
    source = ROOT / "data/fixtures/XDM"
    shutil.copytree(source, static, ignore=shutil.ignore_patterns("forecasts", "ORIGIN.md"))
    for file in static.rglob("*"):
        if file.suffix in (".geojson", ".csv", ".json"):
            text = file.read_text(encoding="utf-8")
            text = text.replace("G90", f"G9{iso3[2]}").replace("XD0", f"XD{iso3[2]}")
            file.write_text(text, encoding="utf-8")
        elif "_XDM_" in file.name:
            file.rename(file.with_name(file.name.replace("_XDM_", f"_{iso3}_")))
