"""Where a workflow gets its input from, and what an order needs for that: looked at before it costs one of the month's.

The service's page lists the hooks that it provides; every other name in its live list is somebody's own, or not
documented. Names of options are those of the tutorial (since October 2024); an order is held against them only if
the service lists the option `source_type` for the workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.satellites.hook.workflows import Workflow

PROVIDED: Final = frozenset({"data-harvest", "card_bs", "card_cohinf", "c2rcc", "lai", "sen2cor"})
"""the provided hooks of the service's page"""
_SOURCE_TYPE: Final = "source_type"


@dataclass(frozen=True, slots=True)
class InputSource:
    """What belongs to one value of `source_type`."""

    prefixes: tuple[str, ...]
    """what the names of its options begin with"""
    needed: tuple[str, ...]
    """options without which nothing can be fetched"""


_SOURCES: Final[Mapping[str, InputSource]] = {
    "DESP": InputSource(
        ("desp_source_",), ("desp_source_username", "desp_source_password", "desp_source_collection")
    ),
    "EXTERNAL": InputSource(
        ("source_catalogue_", "source_token_", "source_grant_", "source_auth_", "source_client_", "source_username",
         "source_password"),
        ("source_catalogue_api_url", "source_catalogue_collection"),
    ),
}  # fmt: skip


def origin_of(workflow: str) -> str:
    """`provided`, or what else a workflow of the live list is."""
    return "provided" if workflow in PROVIDED else "custom, or not in the service's page"


def ordered_options(
    preset: Mapping[str, str | int], given: Mapping[str, str | int], output: Mapping[str, str | int]
) -> dict[str, str | int]:
    """The options of an order: output, then the workflow's preset, then what was given, of which an empty value drops.

    What a preset holds for another source than the order's is left out, its passwords first of all.
    """
    chosen = {**output, **preset, **given}
    source = str(chosen.get(_SOURCE_TYPE, ""))
    foreign = tuple(prefix for name, each in _SOURCES.items() if name != source for prefix in each.prefixes)
    return {
        name: value for name, value in chosen.items() if value != "" and (name in given or not name.startswith(foreign))
    }


def require_source(workflow: Workflow, options: Mapping[str, str | int]) -> None:
    """InputInvalid for an order that cannot work for want of its source: none named, or without what that needs.

    What the service has a default for is not missing. Also for one that carries what belongs to another source, such as
    a password that nobody would read there.
    """
    described = {option.name: option.default or "" for option in workflow.options}
    if _SOURCE_TYPE not in described:
        return
    known = {**described, **options}
    source = str(known[_SOURCE_TYPE])
    problems = [
        f"{name} belongs to {_SOURCE_TYPE} {other}"
        for other, each in _SOURCES.items()
        if other != source
        for name in options
        if name.startswith(each.prefixes)
    ]
    if source in _SOURCES:
        problems += [f"{name} is missing" for name in _SOURCES[source].needed if not known.get(name)]
    elif workflow.name in PROVIDED:
        problems.append(f"{_SOURCE_TYPE} is {source or 'not given'}, so that nothing could be read")
    if problems:
        ways = (f"{_SOURCE_TYPE} {name} with {', '.join(each.needed)}" for name, each in _SOURCES.items())
        raise InputInvalid(
            f"this order cannot work: {'; '.join(problems)}",
            where=f"options of {workflow.name}",
            expected=" or ".join(ways),
            remedy="give them with -o NAME=VALUE, or as a preset in destine.yaml; -o NAME= drops one",
        )
