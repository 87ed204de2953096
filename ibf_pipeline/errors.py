"""One tree of errors, by cause. A message says what was found, where, what was expected and what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class IbfError(Exception):
    """Base of every error that the pipeline raises on purpose; shown to the user without a traceback."""

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
def turned_into(
    kind: type[IbfError], found: str, *, where: object = None, expected: str = "", remedy: str = ""
) -> Iterator[None]:
    """The wall against libraries: whatever one raises within is an error of this kind; ours pass as they are.

    What a damaged file makes of netCDF, GRIB, GDAL and YAML is not limited to a few types, and most have no public
    base class. `found`: what is said, with `{}` for the library's own words, or the error's type where it has none,
    and `{type}` for the type alone.
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
def only_logged(log: logging.Logger, words: str, *arguments: object) -> Iterator[None]:
    """Whatever goes wrong within is logged and stops nothing: for what a day can do without.

    What we raise ourselves is a line in the log; anything else comes with its traceback.
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
    """A command was given something that it cannot mean anything by."""

    exit_code = 2


class InputMissing(IbfError):
    """An input is not there (yet); the run may be repeated later."""

    exit_code = 3


class InputInvalid(IbfError):
    """An input is there and cannot be trusted."""


class FileDamaged(InputInvalid):
    """A file is empty, was cut off or is no such file at all: nothing in it can be read."""


class WriteFailed(IbfError):
    """A file of our own could not be written: disk full, no permission."""


class StoreUnavailable(IbfError):
    """The store of files is away for longer than is waited for, refuses, or does not have what it is asked for."""


class ServerRefused(IbfError):
    """A server answered and said no."""


class ServerUnreachable(IbfError):
    """A server could not be reached, or did not answer, within the retries allowed."""


class PortalUnreachable(ServerUnreachable):
    """The server that a day is published to is away for longer than a run waits, and may be back later."""


class OutcomeUnknown(IbfError):
    """A call was sent and nobody can say whether it was carried out."""

    exit_code = 4


class ForbiddenByRule(IbfError):
    """A rule of the pipeline itself forbids what was asked for."""
