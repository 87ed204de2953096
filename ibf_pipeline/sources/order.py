"""The order of preference: the first source whose forecast is there and can be used."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.sources.source import ForecastFiles, Source

log = logging.getLogger(__name__)

Used = TypeVar("Used")
PASSED_OVER = (InputMissing, InputInvalid, ServerRefused, ServerUnreachable)
"""what makes a run turn to its next source; everything else stops it"""


def first_usable(
    sources: Sequence[Source], issue_date: date, use: Callable[[Source], Used]
) -> tuple[Used, tuple[str, ...]]:
    """What `use` makes of the first source that does not fail, and why the ones before it were passed over.

    Raises the only error of a single source, else one that names every source: InputMissing where at least one of them
    may still have the forecast later, InputInvalid otherwise. A forecast of a refused GloFAS version stops at once.
    """
    failures: list[tuple[str, IbfError]] = []
    for source in sources:
        try:
            return use(source), tuple(f"{name}: {error.found}" for name, error in failures)
        except VersionRefused:
            raise  # a declared version of the next source could hide the change
        except PASSED_OVER as error:
            failures.append((source.name, error))
            if len(failures) < len(sources):
                log.warning("source %s is passed over: %s", source.name, error)
    if len(failures) == 1:
        raise failures[0][1]
    final = any(isinstance(error, InputInvalid) for _, error in failures) and not any(
        isinstance(error, InputMissing) for _, error in failures
    )
    raise (InputInvalid if final else InputMissing)(
        "; ".join(f"{name}: {error.where}: {error.found}" for name, error in failures) or "no source is configured",
        where=", ".join(name for name, _ in failures) or "sources",
        expected=f"a forecast of {issue_date}",
        remedy="run again when it has been published",
    )


def fetch_first(sources: Sequence[Source], issue_date: date) -> ForecastFiles:
    """The files of the first source that has any."""
    return first_usable(sources, issue_date, lambda source: source.fetch(issue_date))[0]
