"""The order of preference: the first source whose forecast is there and can be used."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Protocol, TypeVar

from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable

log = logging.getLogger(__name__)


class Named(Protocol):
    """A source of anything."""

    @property
    def name(self) -> str:
        """Its name in the settings."""


_Asked = TypeVar("_Asked", bound=Named)
_Used = TypeVar("_Used")
PASSED_OVER = (InputMissing, InputInvalid, ServerRefused, ServerUnreachable)
"""what makes a run turn to its next source; everything else stops it"""


def first_usable(
    sources: Sequence[_Asked],
    issue_date: date | IssueTime,
    use: Callable[[_Asked], _Used],
    whole: Callable[[_Used], bool] = lambda used: True,
) -> tuple[_Used, tuple[str, ...]]:
    """What `use` makes of the first source that does not fail, and why others were passed over.

    A source that delivers something usable that is not `whole` is used if no later one has a whole forecast.

    Raises the only error of a single source, else one that names every source: InputMissing if at least one of them
    may still have the forecast later, InputInvalid or ServerRefused otherwise. A forecast of a refused GloFAS version
    stops at once.
    """
    failures: list[tuple[str, IbfError]] = []
    passed_over: list[str] = []
    incomplete: tuple[str, _Used] | None = None
    for source in sources:
        try:
            used = use(source)
        except VersionRefused:
            raise  # a declared version of the next source could hide the change
        except PASSED_OVER as error:
            failures.append((source.name, error))
            passed_over.append(f"{source.name}: {error.found}")
            if len(sources) > 1:
                log.warning("source %s is passed over: %s", source.name, error)
            continue
        if whole(used):
            if incomplete is not None:
                passed_over.append(f"{incomplete[0]}: incomplete, and {source.name} is whole")
            return used, tuple(passed_over)
        if len(sources) > 1:
            log.warning("source %s has an incomplete forecast", source.name)
        incomplete = incomplete or (source.name, used)
    if incomplete is not None:
        return incomplete[1], tuple(passed_over)
    if len(failures) == 1:
        raise failures[0][1]
    raise _kind(error for _, error in failures)(
        "; ".join(f"{name}: {error.where}: {error.found}" for name, error in failures) or "no source is configured",
        where=", ".join(name for name, _ in failures) or "sources",
        expected=f"a forecast of {issue_date}",
        remedy="; ".join(f"{name}: {error.remedy}" for name, error in failures if error.remedy)
        or "run again when it has been published",
    )


def _kind(errors: Iterable[IbfError]) -> type[IbfError]:
    """What several errors come to: a forecast that is not there yet before one that is damaged, and so on."""
    kinds = [kind for error in errors for kind in PASSED_OVER if isinstance(error, kind)]
    for kind, meaning in (
        (InputMissing, InputMissing),
        (InputInvalid, InputInvalid),
        (ServerUnreachable, InputMissing),
        (ServerRefused, ServerRefused),
    ):
        if kind in kinds:
            return meaning
    return InputMissing
