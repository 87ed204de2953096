"""One tree of errors, by cause. A message says what is wrong, where, what was expected and what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class IbfError(Exception):
    """Base of every error that the pipeline raises on purpose; shown to the user without a traceback.

    >>> print(IbfError("the file is empty", where="a.nc", expected="a forecast", remedy="fetch it again"))
    a.nc: the file is empty. Expected: a forecast. What to do: fetch it again.
    """

    exit_code = 1

    def __init__(self, found: str, *, where: object = None, expected: str = "", remedy: str = "") -> None:
        self.found = found
        self.where = "" if where is None else str(where)
        self.expected = expected
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.found}" if self.where else self.found]
        if self.expected:
            parts.append(f"Expected: {self.expected}.")
        if self.remedy:
            parts.append(f"What to do: {self.remedy}.")
        head = parts[0] if parts[0].endswith((".", "!", "?")) or len(parts) == 1 else parts[0] + "."
        return " ".join([head, *parts[1:]])


@contextmanager
def errors_as(
    kind: type[IbfError], found: str, *, where: object = None, expected: str = "", remedy: str = ""
) -> Iterator[None]:
    """Turn whatever a library raises inside into an error of one kind; our own errors pass unchanged.

    What netCDF, GRIB, GDAL and YAML raise on a damaged file is not limited to a few types, and most have no public
    base class.

    Parameters
    ----------
    kind
        The class of the error that is raised instead.
    found
        What the error says; `{}` stands for the library's own words (its type if it has none), `{type}` for the type.
    where, expected, remedy
        As of `IbfError`.
    """
    try:
        yield
    except IbfError:
        raise
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        said = found.replace("{type}", type(error).__name__).replace("{}", words)
        raise kind(said, where=where, expected=expected, remedy=remedy) from error


@contextmanager
def errors_logged(log: logging.Logger, words: str, *arguments: object) -> Iterator[None]:
    """Log whatever goes wrong inside and go on: for what a day can do without.

    Our own errors are one line in the log; anything else comes with its traceback.
    """
    try:
        yield
    except IbfError as error:
        log.error(f"{words}: %s", *arguments, error)
    except Exception:
        log.exception(words, *arguments)


class ConfigError(IbfError):
    """A configuration file says something unknown, impossible or of the wrong unit."""


class UsageError(ConfigError):
    """A command was given arguments that make no sense."""

    exit_code = 2


class InputMissing(IbfError):
    """An input is not there (yet); the same run may succeed later."""

    exit_code = 3


class InputInvalid(IbfError):
    """An input is there but cannot be trusted."""


class FileDamaged(InputInvalid):
    """A file is empty, cut off or not of this kind at all: nothing in it can be read."""


class WriteFailed(IbfError):
    """A file of our own could not be written: disk full, no permission."""


class StoreUnavailable(IbfError):
    """The file store is down for longer than a run waits, refuses, or does not have what it is asked for."""


class ServerRefused(IbfError):
    """A server answered and said no."""


class ServerUnreachable(IbfError):
    """A server could not be reached, or did not answer, within the retries allowed."""


class PortalUnreachable(ServerUnreachable):
    """The server that a day is published to is down for longer than a run waits, and may be back later."""


class OutcomeUnknown(IbfError):
    """A call was sent and nobody can say whether it was carried out."""

    exit_code = 4


class ForbiddenByRule(IbfError):
    """A rule of the pipeline itself forbids what was asked for."""
