"""Accounts out of the environment: what is missing is named, what is there is shown nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ibf_pipeline.errors import ConfigError, IbfError


def unset(variables: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    """The environment variables without a value, each once."""
    return [variable for variable in dict.fromkeys(variables) if not environment.get(variable)]


def are_not_set(variables: list[str]) -> str:
    """`A is not set`, or `A and B are not set`."""
    return f"{' and '.join(variables)} {'is' if len(variables) == 1 else 'are'} not set"


def values_of(
    variables: Sequence[str],
    environment: Mapping[str, str],
    what: str,
    where: str,
    remedy: str = "export what is missing where the pipeline runs",
    kind: type[IbfError] = ConfigError,
) -> list[str]:
    """The values of environment variables; an error of this kind that names those without one.

    `what` they make together, such as the account of a server; `where` the names of the variables come from.
    """
    if missing := unset(variables, environment):
        raise kind(f"{what} is not in the environment: {are_not_set(missing)}", where=where, remedy=remedy)
    return [environment[variable] for variable in variables]
