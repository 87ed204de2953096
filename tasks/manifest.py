"""The part of a run's manifest that all hazards share: files, static data, versions and configuration."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.prepare.stamp import read_stamp

_PACKAGES: Final = ("ibf-pipeline", "xarray", "rasterio", "numpy", "exactextract", "prefect")


def made_of(country: CountryHazard, files: Iterable[Path], prepared: Path) -> dict[str, Any]:
    """`files`: the forecast's; static data are those that the prepared layers were made of, by path below the static
    folder.
    """
    stamp = read_stamp(prepared / "stamp.json")
    static = stamp.inputs if stamp is not None else {}
    return {
        "inputs": [{"name": file.name, "size": file.stat().st_size, "sha256": sha256(file)} for file in files],
        "static": [{"name": name, "size": file.size, "sha256": file.sha256} for name, file in sorted(static.items())],
        "versions": {name: version(name) for name in _PACKAGES},
        "configuration": country.model_dump(mode="json"),
    }
