"""Which GloFAS version a forecast is of, and whether a country's thresholds may be used with it (docs/design/floods.md,
rule 14).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ibf_pipeline.errors import InputInvalid


class VersionRefused(InputInvalid):
    """A forecast of a GloFAS version that nobody has accepted for the thresholds; another source does not help."""


_NAMES = ("glofas_version", "model_version", "product_version", "glofasversion")
_TEXTS = ("title", "source")
"""attributes that say what a file is; others, such as `history`, also name what lay beside it when it was made"""
_NOT_GIVEN: Final = 255
"""what GRIB2 has for a background process that nobody gave (WMO FM 92, code tables: missing)"""
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_TEXT = re.compile(r"glofas(?:[\s_.,-]+[a-z]+){0,4}?[\s_.,-]*v(?:ersion)?[\s_.-]*(\d+(?:\.\d+)*)", re.IGNORECASE)


def version_in_attributes(attributes: Mapping[str, object], where: object) -> str | None:
    """The GloFAS version that a file's global attributes state, None if they state none.

    VersionRefused if they state two of different major versions.

    >>> version_in_attributes({"title": "GloFAS version 4.0 forecast", "history": "made from v3 files"}, "a.nc")
    '4.0'
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


@dataclass(frozen=True, slots=True)
class VersionEvidence:
    """What says which GloFAS version a forecast is of."""

    stated: str | None = None
    """what its files state, else what its source declares"""
    declared: str | None = None
    """what its source declares, whether or not its files state another"""
    process_ids: tuple[int, ...] = ()
    """GRIB generating processes (`generatingProcessIdentifier`) of its fields"""
    background_ids: tuple[int, ...] = ()
    """GRIB background processes (`backgroundProcess`) of its fields"""


@dataclass(frozen=True, slots=True)
class KnownIds:
    """What GRIB ids stand for, as the settings say it."""

    process: Mapping[str, Collection[int]]
    """version -> generating processes"""
    background: Mapping[str, Collection[int]]
    """version -> background processes"""
    accepted: Collection[int] = ()
    """generating processes that an operator accepts though nobody knows their version"""
    accepted_background: Collection[int] = ()
    """background processes, likewise"""


def accepted_version_of(
    evidence: VersionEvidence,
    known: KnownIds,
    thresholds: str,
    accepted: Collection[str],
    *,
    country_file: str,
    where: object,
) -> str:
    """The GloFAS version of a forecast that may be used with a country's thresholds.

    The generating processes state the version if there are any, and the background processes must be of the same one;
    without GRIB ids the files' own statement counts, else what the source declares. The major version must be that of
    the thresholds or one of `accepted`, and what the source declares may not be another one. If an operator accepted a
    generating process that nobody knows, its version is `stated`; its background process must be known for that
    version, accepted as well, or not be given (255).

    Parameters
    ----------
    evidence
        What files and source state.
    known
        What GRIB ids stand for.
    thresholds
        GloFAS version of the country's thresholds.
    accepted
        Further versions that an operator accepts for them.
    country_file, where
        For the error: where to accept it, and what was refused.

    Raises
    ------
    VersionRefused
        If the version is unknown, contradictory or not accepted.

    References
    ---------- docs/design/floods.md, rule 14; both ids of every message are asked for, 5 and 21 for v4, as an
    operational guard does.
    """
    by_id = {_version_of_process(process, known, evidence.stated, where) for process in evidence.process_ids}
    versions = sorted(version for version in by_id if version is not None)
    if len({_major(version) for version in versions}) > 1:
        raise VersionRefused(
            f"fields of GloFAS versions {' and '.join(versions)} lie together",
            where=where,
            expected="one model version in a run",
            remedy="fetch the file again; look at glofas_process_ids in settings.yaml",
        )
    found = (versions[-1] if versions else None) if by_id else evidence.stated
    require_matching_version(found, thresholds, accepted, country_file=country_file, where=where)
    _require_background(evidence, str(found), known, where)
    if evidence.declared is not None and _major(evidence.declared) != _major(str(found)):
        raise VersionRefused(
            f"the forecast is of GloFAS v{found}, its source declares v{evidence.declared}",
            where=where,
            expected="one version, whoever tells it",
            remedy="find out which of the two is right; then correct glofas_version of the source in settings.yaml, or "
            "remove it where the files tell their version themselves",
        )
    return str(found)


def _version_of_process(process_id: int, known: KnownIds, told: str | None, where: object) -> str | None:
    """The version of a GRIB generating process id; VersionRefused if nobody has said what it stands for."""
    for version, ids in known.process.items():
        if process_id in ids:
            return version
    if process_id in known.accepted:
        return told
    raise VersionRefused(
        f"the GRIB process id {process_id} is of no known GloFAS version",
        where=where,
        expected="a known id: " + _listed(known.process),
        remedy=(
            "a new id is a new model: find out which GloFAS version it is and whether the thresholds are of it, then "
            "add it to glofas_process_ids in settings.yaml, or accept it for one country with "
            f"accepted_process_ids: [{process_id}]"
        ),
    )


def _require_background(evidence: VersionEvidence, version: str, known: KnownIds, where: object) -> None:
    """VersionRefused if a background process is none of a version's, and not accepted either."""
    allowed = {each for name, ids in known.background.items() if _major(name) == _major(version) for each in ids}
    allowed |= set(known.accepted_background)
    if not set(evidence.process_ids) <= {process for ids in known.process.values() for process in ids}:
        allowed.add(_NOT_GIVEN)
    others = sorted(set(evidence.background_ids) - allowed)
    if others:
        raise VersionRefused(
            f"the GRIB background process {others[0]} is none of GloFAS v{version}'s, which the process id stands for",
            where=where,
            expected="a known background process: " + _listed(known.background),
            remedy="a new id may be a new model: find out whether the thresholds are of it, then add it to "
            "glofas_background_ids in settings.yaml, or accept it for one country with "
            f"accepted_background_ids: [{others[0]}]",
        )


def _listed(known: Mapping[str, Collection[int]]) -> str:
    return "; ".join(f"v{version}: {sorted(ids)}" for version, ids in known.items()) or "none is configured"


def _major(version: str) -> str:
    return version.split(".")[0]


def require_matching_version(
    forecast: str | None, thresholds: str, accepted: Iterable[str], *, country_file: str, where: object
) -> None:
    """Refuse thresholds of another major GloFAS version: their return periods mean another discharge.

    Parameters
    ----------
    forecast
        Version of the discharge; None if nothing states it.
    thresholds
        Version declared for the country's thresholds.
    accepted
        Further versions that an operator accepts for them.
    country_file, where
        For the error.

    Raises
    ------
    VersionRefused
        If the major versions differ and the forecast's is not accepted, or nothing states it.
    """
    if forecast is None:
        raise VersionRefused(
            "nothing says which GloFAS version this forecast is of",
            where=where,
            expected=f"version {thresholds}, like the thresholds",
            remedy="declare glofas_version for the source in settings.yaml",
        )
    major = _major(forecast)
    if major in {_major(version) for version in (thresholds, *accepted)}:
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
