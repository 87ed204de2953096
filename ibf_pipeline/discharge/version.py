"""Which GloFAS version a forecast is of, and whether a country's thresholds may be used with it (design rule 14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ibf_pipeline.errors import InputInvalid


class VersionRefused(InputInvalid):
    """A forecast of a GloFAS version that nobody has accepted for the thresholds; another source is no way out."""


_NAMES = ("glofas_version", "model_version", "product_version", "glofasversion")
_TEXTS = ("title", "source")
"""attributes that say what a file is; others, such as `history`, also name what lay beside it when it was made"""
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_TEXT = re.compile(r"glofas(?:[\s_.,-]+[a-z]+){0,4}?[\s_.,-]*v(?:ersion)?[\s_.-]*(\d+(?:\.\d+)*)", re.IGNORECASE)


def version_in_attributes(attributes: Mapping[str, object], where: object) -> str | None:
    """The GloFAS version that a file's global attributes state, None where they state none.

    VersionRefused where they state two of different major versions.
    """
    told: dict[str, str] = {}
    for name, value in attributes.items():
        if name.lower() in _NAMES and (digits := _NUMBER.search(str(value))):
            told[name] = digits.group()
    for name, value in attributes.items():
        if name.lower() in _TEXTS and (named := _TEXT.search(str(value))):
            told[name] = named.group(1)
    if len({version.split(".")[0] for version in told.values()}) > 1:
        raise VersionRefused(
            "its attributes contradict each other: "
            + ", ".join(f"{name} says GloFAS v{v}" for name, v in told.items()),
            where=where,
            expected="one GloFAS version",
            remedy="fetch the file as the service delivers it, or ask whoever changed it",
        )
    return next(iter(told.values()), None)


def version_of_process(
    process_id: int, known: Mapping[str, Iterable[int]], accepted: Iterable[int], declared: str | None, where: object
) -> str | None:
    """The version of a GRIB generating process id; VersionRefused where nobody has said what it stands for."""
    for version, ids in known.items():
        if process_id in ids:
            return version
    if process_id in accepted:
        return declared
    raise VersionRefused(
        f"the GRIB process id {process_id} is of no known GloFAS version",
        where=where,
        expected="a known id: " + ("; ".join(f"v{v}: {sorted(i)}" for v, i in known.items()) or "none is configured"),
        remedy=(
            "a new id is a new model: find out which GloFAS version it is and whether the thresholds are of it, then "
            "add it to glofas_process_ids in settings.yaml, or accept it for one country with "
            f"accepted_process_ids: [{process_id}]"
        ),
    )


def require_matching_version(
    forecast: str | None, thresholds: str, accepted: Iterable[str], *, country_file: str, where: object
) -> None:
    """Refuse thresholds of another major GloFAS version: their return periods mean another discharge.

    `forecast`: version of the discharge, `thresholds`: version declared for the country's thresholds.
    Raises VersionRefused.
    """
    if forecast is None:
        raise VersionRefused(
            "nothing says which GloFAS version this forecast is of",
            where=where,
            expected=f"version {thresholds}, like the thresholds",
            remedy="declare glofas_version for the source in settings.yaml",
        )
    major = forecast.split(".")[0]
    if major in {version.split(".")[0] for version in (thresholds, *accepted)}:
        return
    raise VersionRefused(
        f"the forecast is of GloFAS v{forecast}, the thresholds are of v{thresholds}",
        where=where,
        expected="the same major version: an old threshold would alert wrongly, or not at all",
        remedy=(
            f'obtain thresholds of GloFAS v{major} and set thresholds_version: "{major}" in {country_file}; to go on '
            f'with the old ones knowingly, add accepted_versions: ["{major}"] there'
        ),
    )
