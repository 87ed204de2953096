"""A country with sources of cyclone tracks as the settings declare them, and cycles of a few storms as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml

from flows.wiring.track_sources import open_track_sources
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.sources.tracks.source import TrackSource
from ibf_pipeline.synthetic.track_files import write_tracks
from tests.worlds.track_data import dataset

ISSUE = IssueTime(date(2026, 11, 29), 12)
CYCLE = ISSUE.start
STEPS = (0, 6, 12, 24)
"""hours"""


def configured(root: Path, sources: Mapping[str, Any]) -> tuple[Configuration, TyphoonCountry]:
    """A configuration with these sources, all of them of the country in this order."""
    (root / "config" / "countries").mkdir(parents=True, exist_ok=True)
    settings = {
        "paths": {"static": "static", "inputs": "fetched"},
        "sources": dict(sources),
        "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True}},
    }
    section = {"monitoring": [[115, 5], [135, 5], [135, 25], [115, 25]], "sources": list(sources), "triggers": []}
    country = {"iso3": "PHL", "name": "Philippines", "admin_levels": [3], "default_admin_level": 3}
    (root / "config" / "settings.yaml").write_text(yaml.safe_dump(settings))
    file = root / "config" / "countries" / "PHL.yaml"
    file.write_text(yaml.safe_dump(country | {"hazards": {"typhoon": section}}))
    configuration = load(root / "config")
    return configuration, configuration.country_of("PHL", TyphoonCountry)


def source(root: Path, section: Mapping[str, Any]) -> TrackSource:
    """A source through the real opening function."""
    return open_track_sources(*configured(root, {"tracks": dict(section)}))[0]


def storms(
    *identifiers: str, members: Sequence[int] = range(1, 53), cycle: datetime = CYCLE, seen: bool = True
) -> xr.Dataset:
    """Storms that stay at 15 N 130 E and further east, 40 m/s in each of these members."""
    shape = (len(identifiers), len(members), len(STEPS))
    east = np.arange(len(identifiers), dtype=float)
    lon = np.broadcast_to(130 + east[:, np.newaxis, np.newaxis], shape)
    values = {"lat": np.full(shape, 15.0), "lon": lon, "pressure": np.full(shape, 960.0), "wind": np.full(shape, 40.0)}
    observed = [np.full(len(identifiers), 15.0), lon[:, 0, 0]] if seen else np.full((2, len(identifiers)), np.nan)
    names = {each: each for each in identifiers}
    return dataset(cycle, names, members, np.array(STEPS), values, observed, last_h=240)


def deliver(file: Path, *identifiers: str, members: Sequence[int] = range(1, 53), cycle: datetime = CYCLE) -> Path:
    """A file of tracks, its folder made where it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_tracks(storms(*identifiers, members=members, cycle=cycle), file)
    return file


def at(hour: int, day: int = 29) -> IssueTime:
    """A cycle of November 2026."""
    return IssueTime(datetime(2026, 11, day, tzinfo=UTC).date(), hour)
