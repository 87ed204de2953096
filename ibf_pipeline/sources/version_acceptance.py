"""Whether a forecast may be used with a country's thresholds, by what its files and its source say (F14)."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.discharge.version import KnownIds, VersionEvidence, accepted_version_of


def accepted_version(discharge: xr.DataArray, country: FloodCountry, settings: Settings, file: Path) -> str:
    """The GloFAS version of a cube as `read_cube` gives it; VersionRefused if it is not one of the thresholds'.

    Of a trial nobody knows it: each station is held against the source's own archive instead (`archive_misfits`).
    """
    if discharge.attrs.get("trial"):
        return "unknown"
    evidence = VersionEvidence(
        discharge.attrs["glofas_version"] or None,
        discharge.attrs.get("glofas_version_declared") or None,
        tuple(discharge.attrs["glofas_process_ids"]),
        tuple(discharge.attrs.get("glofas_background_ids", ())),
    )
    return accepted_version_of(
        evidence,
        KnownIds(
            settings.glofas_process_ids,
            settings.glofas_background_ids,
            country.accepted_process_ids,
            country.accepted_background_ids,
        ),
        country.thresholds_version,
        country.accepted_versions,
        country_file=f"countries/{country.iso3}.yaml",
        where=file if evidence.process_ids else file.parent,
    )
