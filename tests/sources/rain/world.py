"""A country of two areas with sources of rain as the settings declare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import xarray as xr
import yaml

from flows.wiring.rain_sources import open_rain_sources
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.sources.rain.block import BlockRain, rain_of_block
from ibf_pipeline.sources.rain.source import RainAreas
from tests.rain.written import BOUNDS

ISSUE = IssueTime(date(2026, 2, 15), 6)
NOW = datetime(2026, 2, 15, 6, tzinfo=UTC)
AREAS = {"A": shapely.box(33.1, -11.4, 33.9, -10.1), "B": shapely.box(33.9, -11.4, 34.9, -10.1)}


def after(hours: float) -> datetime:
    """So many hours after the issue time."""
    return NOW + timedelta(hours=hours)


def configured(root: Path, sources: Mapping[str, Any], **keys: Any) -> tuple[Configuration, FlashFloodCountry]:
    """A configuration with these sources, all of them of the country in this order."""
    (root / "config" / "countries").mkdir(parents=True, exist_ok=True)
    settings = {
        "paths": {"static": "static", "inputs": "fetched"},
        "sources": dict(sources),
        "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True}},
    }
    section = {"districts": {"Karonga": list(AREAS)}, "sources": list(sources), **keys}
    country = {"iso3": "MWI", "name": "Malawi", "admin_levels": [3], "default_admin_level": 3}
    (root / "config" / "settings.yaml").write_text(yaml.safe_dump(settings))
    file = root / "config" / "countries" / "MWI.yaml"
    file.write_text(yaml.safe_dump(country | {"hazards": {"flash-floods": section}}))
    configuration = load(root / "config")
    return configuration, configuration.country_of("MWI", FlashFloodCountry)


def areas(root: Path) -> RainAreas:
    """The two areas."""
    return RainAreas(tuple(AREAS), BOUNDS, "shapes", lambda: list(AREAS.values()), root / "weights")


def block(
    root: Path, sources: Mapping[str, Any], issue: IssueTime = ISSUE, longest_h: int = 6, **keys: Any
) -> BlockRain:
    """The rain of a block through the real opening function."""
    opened = open_rain_sources(*configured(root, sources, **keys))
    return rain_of_block(opened, issue, areas(root), longest_h=longest_h)


def at(found: xr.DataArray, hour: float, area: str = "A") -> tuple[float, str]:
    """mm and origin of the hour that ends `hour` after the issue time."""
    one = found.sel(time=np.datetime64(after(hour).replace(tzinfo=None), "ns"), area=area)
    place = int(one["origin"])
    return round(float(one[0]), 3), found.attrs["origins"][place] if place >= 0 else ""


def series(found: xr.DataArray, hours: Sequence[int], area: str = "A") -> list[float]:
    """mm of hours that end so long after the issue time."""
    return [at(found, hour, area)[0] for hour in hours]
