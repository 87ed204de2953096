"""Whether a forecast may be used with a country's thresholds, by what its files and its source say (design rule 14)."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.discharge.version import VersionRefused, require_matching_version, version_of_process


def accepted_version(discharge: xr.DataArray, country: FloodCountry, settings: Settings, file: Path) -> str:
    """The GloFAS version of a cube as `read_cube` gives it; VersionRefused where it is not one of the thresholds'.

    The GRIB process ids tell it where there are any, else the files' attributes, else what the source declares. Of a
    trial nobody knows it: each station is held against the source's own archive instead (`archive_misfits`).
    """
    if discharge.attrs.get("trial"):
        return "unknown"
    found = discharge.attrs["glofas_version"] or None
    told = {
        version_of_process(process, settings.glofas_process_ids, country.accepted_process_ids, found, file)
        for process in discharge.attrs["glofas_process_ids"]
    }
    versions = sorted(version for version in told if version is not None)
    if len({version.split(".")[0] for version in versions}) > 1:
        raise VersionRefused(
            f"fields of GloFAS versions {' and '.join(versions)} lie together",
            where=file,
            expected="one model version in a run",
            remedy="fetch the file again; look at glofas_process_ids in settings.yaml",
        )
    if told:
        found = versions[-1] if versions else None
    require_matching_version(
        found,
        country.thresholds_version,
        country.accepted_versions,
        country_file=f"countries/{country.iso3}.yaml",
        where=file.parent,
    )
    return str(found)
