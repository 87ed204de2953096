"""Accounts from the environment: what is missing is named, and no value is ever shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ibf_pipeline.errors import ConfigError, IbfError

WHERE_SET: Final = (
    "export what is missing where the pipeline runs: for a command in its terminal, for runs of a deployment where the "
    "worker is started (with units of systemd /etc/ibf/environment), and start that worker again"
)
"""an account that is set in one's own shell is not in the environment of a worker that runs already"""


def unset(variables: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    """The environment variables without a value, each once."""
    return [variable for variable in dict.fromkeys(variables) if not environment.get(variable)]


def are_not_set(variables: list[str]) -> str:
    """A message about variables without a value.

    >>> are_not_set(["A", "B"])
    'A and B are not set'
    """
    return f"{' and '.join(variables)} {'is' if len(variables) == 1 else 'are'} not set"


def values_of(
    variables: Sequence[str],
    environment: Mapping[str, str],
    what: str,
    where: str,
    remedy: str = WHERE_SET,
    kind: type[IbfError] = ConfigError,
) -> list[str]:
    """The values of environment variables.

    Parameters
    ----------
    variables : Sequence[str]
        Names, in the order of the result.
    environment : Mapping[str, str]
        Such as `os.environ`.
    what : str
        What they are together, for the error: "the account of ...".
    where : str
        Where the names come from, for the error.
    remedy : str
        What an operator can do.
    kind : type of IbfError
        Class of the error.

    Raises
    ------
    IbfError
        Of class `kind`, naming the variables without a value.
    """
    if missing := unset(variables, environment):
        raise kind(f"{what} is not in the environment: {are_not_set(missing)}", where=where, remedy=remedy)
    return [environment[variable] for variable in variables]
