"""What can be ordered: workflows and their options as the service lists them now, and an order checked against them.

Names of options changed within five months of 2024, so none of them is written in this code: the live list decides.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, TypeAdapter

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.satellites.hook.orders import Text


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(entry) for entry in value) if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class WorkflowOption:
    """One option of a workflow."""

    name: Annotated[Text, Field(alias="Name")] = ""
    description: Annotated[Text, Field(alias="Description")] = ""
    type: Annotated[Text, Field(alias="Type")] = ""
    default: Annotated[
        str | None, PlainValidator(lambda value: None if value is None else str(value)), Field(alias="Default")
    ] = None
    allowed: Annotated[tuple[str, ...], PlainValidator(_texts), Field(alias="Value")] = ()
    """values that the service lists; empty: any"""
    required: Annotated[bool, PlainValidator(lambda value: str(value).lower() == "true"), Field(alias="Required")] = (
        False
    )


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that the account may order."""

    id: Annotated[Text, Field(alias="Id")] = ""
    name: Annotated[Text, Field(alias="Name")] = ""
    display_name: Annotated[Text, Field(alias="DisplayName")] = ""
    description: Annotated[Text, Field(alias="Description")] = ""
    version: Annotated[Text, Field(alias="WorkflowVersion")] = ""
    input_types: tuple[str, ...] = ()
    options: Annotated[tuple[WorkflowOption, ...], Field(alias="WorkflowOptions")] = ()
    """empty if the list was asked for without them"""


def workflow_from(content: Mapping[str, Any]) -> Workflow:
    """A workflow as the service describes it; absent and null parts are empty."""
    options = [entry for entry in content.get("WorkflowOptions") or () if isinstance(entry, Mapping)]
    several = content.get("InputProductTypes") or []
    one = content.get("InputProductType")
    types = tuple(dict.fromkeys(str(entry) for entry in [*([one] if one else []), *several]))
    return _WORKFLOW.validate_python({**content, "input_types": types, "WorkflowOptions": options})


def check_options(workflow: Workflow, options: Mapping[str, str | int]) -> None:
    """InputInvalid if an order's options are not those that the service describes now.

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


_WORKFLOW: Final = TypeAdapter(Workflow)
