"""What can be ordered: workflows and their options as the service lists them now, and an order checked against them.

Names of options changed within five months of 2024, so none of them is written in this code: the live list decides.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ibf_pipeline.errors import InputInvalid


@dataclass(frozen=True, slots=True)
class WorkflowOption:
    """One option of a workflow."""

    name: str
    description: str
    type: str
    default: str | None
    allowed: tuple[str, ...]
    """values that the service lists; empty: any"""
    required: bool


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that the account may order."""

    id: str
    name: str
    display_name: str
    description: str
    version: str
    input_types: tuple[str, ...]
    output_types: tuple[str, ...]
    options: tuple[WorkflowOption, ...]
    """empty where the list was asked for without them"""


def workflow_from(content: Mapping[str, Any]) -> Workflow:
    """A workflow as the service describes it; absent and null parts are empty."""
    return Workflow(
        id=_text(content.get("Id")),
        name=_text(content.get("Name")),
        display_name=_text(content.get("DisplayName")),
        description=_text(content.get("Description")),
        version=_text(content.get("WorkflowVersion")),
        input_types=_types(content, "Input"),
        output_types=_types(content, "Output"),
        options=tuple(_option(entry) for entry in content.get("WorkflowOptions") or () if isinstance(entry, Mapping)),
    )


def check_options(workflow: Workflow, options: Mapping[str, str | int]) -> None:
    """InputInvalid where an order's options are not those that the service describes now.

    Unknown names, values outside the listed ones and required options without value or default are all named at once.
    What an option needs only beside another one is known to the service alone; it says so when the order is sent.
    """
    known = {option.name: option for option in workflow.options}
    problems = []
    for name, value in options.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            problems.append(f"{name}: unknown option" + (f", did you mean {near[0]}?" if near else ""))
        elif known[name].allowed and str(value) not in known[name].allowed:
            problems.append(f"{name}: {value} is none of {', '.join(known[name].allowed)}")
    problems += [
        f"{option.name}: required and without default"
        for option in workflow.options
        if option.required and option.default in (None, "") and options.get(option.name, "") == ""
    ]
    if problems:
        raise InputInvalid(
            "; ".join(problems),
            where=f"options of {workflow.name}",
            expected="options that the service describes now: " + (", ".join(known) or "none"),
            remedy=f"look with `ibf-pipeline hook describe {workflow.name}`, then correct the order or destine.yaml",
        )


def _option(content: Mapping[str, Any]) -> WorkflowOption:
    allowed = content.get("Value")
    default = content.get("Default")
    return WorkflowOption(
        name=_text(content.get("Name")),
        description=_text(content.get("Description")),
        type=_text(content.get("Type")),
        default=None if default is None else str(default),
        allowed=tuple(str(value) for value in allowed) if isinstance(allowed, list) else (),
        required=str(content.get("Required")).lower() == "true",
    )


def _types(content: Mapping[str, Any], side: str) -> tuple[str, ...]:
    several = content.get(f"{side}ProductTypes") or []
    one = content.get(f"{side}ProductType")
    return tuple(dict.fromkeys(str(entry) for entry in [*([one] if one else []), *several]))


def _text(value: object) -> str:
    return "" if value is None else str(value)
