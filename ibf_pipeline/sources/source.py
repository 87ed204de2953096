"""What a source of forecasts is: it answers with the files of one issue date, or says that they are not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import InputInvalid, ServerRefused


class AccountMissing(ServerRefused):
    """The account of a source is not in the environment; waiting does not help, another source may."""


@dataclass(frozen=True, slots=True)
class ForecastFiles:
    """The files of one issue date."""

    source: str
    """name in the settings"""
    files: tuple[Path, ...]
    glofas_version: str | None
    """declared by the source for files that carry none"""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """where they were fetched from, with sizes and hashes of what the service delivered; for the manifest"""
    kept: bool = False
    """the one file is `forecast.nc` of an earlier run"""
    at_stations: bool = False
    """the one file has the form of such a `forecast.nc`: the stations alone, no grid"""
    loose: bool = False
    """somebody put them there: a damaged one counts as not there yet, as it does if a service is asked"""


class Source(Protocol):
    """A way to obtain forecasts for one country."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The files of an issue date, as far as they are there; what was fetched before is not fetched again.

        Raises InputMissing if there is nothing yet, InputInvalid if nothing of it can be trusted, ServerRefused
        and ServerUnreachable if a service cannot be used.
        """


def require_one_kind(gribs: Sequence[str], members: Sequence[str], issue_date: date, where: object) -> None:
    """InputInvalid if names of GRIB2 and of netCDF files stand for one day: either may be a part of its forecast."""
    if gribs and members:
        raise InputInvalid(
            f"{len(gribs)} GRIB and {len(members)} netCDF files of {issue_date} lie together, such as {gribs[0]} and "
            f"{members[0]}",
            where=where,
            expected="one forecast, GRIB2 or netCDF",
            remedy="remove the files that are not part of the whole forecast",
        )


def shorten_names(names: Sequence[str]) -> str:
    """`a, b, c and 4 others`."""
    return ", ".join(names[:3]) + (f" and {counted(len(names) - 3, 'other')}" if len(names) > 3 else "")


def no_other_source(issue_date: date) -> str | None:
    """No other source has a day's whole forecast."""
    return None


@runtime_checkable
class CachingSource(Source, Protocol):
    """A source that keeps what it has fetched."""

    def has_whole(self, issue_date: date) -> bool:
        """Whether the whole ensemble of a day was fetched already; asks no service."""

    def forget(self, issue_date: date) -> None:
        """Fetch everything of a day anew at the next `fetch`."""
