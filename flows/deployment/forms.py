"""What the UI asks of an operator who starts a run: choices instead of names to type, plain labels, and no folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from prefect.utilities.callables import parameter_schema

from flows.deployment.table import DeploymentSpec
from flows.hazard_flows import FLOWS
from flows.observe_event import observe_event
from flows.resume import resume
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard

_OF_THE_DEPLOYMENT: Final = ("config", "workspace")
"""parameters that say where the runs take place: a deployment has them, and who starts a run cannot know better"""
_STARTED_BY_RUNS: Final = (resume.name, observe_event.name)
"""deployments that automations and runs start: a choice that is not up to date must not keep them from it"""
_LABELS: Final = {
    "issue_date": "Issue date (UTC)",
    "issue_time": "Issue time (UTC): day and hour",
    "target": "Publish to",
    "notify": "Notify people",
    "publish": "Publish what is found",
    "hold": "Hold the notification: approve at the command line",
    "approval": "Hold the notification: approve on the page of the run",
    "accept_blind": "Alerts that may close unseen",
    "take_over": "Replace an upload that is not ours",
    "discard_decisions": "Delete what people decided today",
    "publish_withdrawn": "Publish withdrawn alerts again",
    "date_from": "First issue date (UTC)",
    "date_to": "Last issue date (UTC)",
    "really_notify": "Notify people: confirm it",
    "limit": "Countries at the same time",
    "catch_up": "Search the catalogues now",
}
"""of parameters whose name does not say it"""


def form_of(planned: DeploymentSpec, configuration: Configuration, valid: Sequence[CountryHazard]) -> dict[str, Any]:
    """The schema of a deployment's parameters, by which the UI draws its form and the server checks what is given.

    `valid`: the countries whose configuration is.
    """
    schema = json.loads(_schema(planned.flow.fn))
    fields = {name: field for name, field in schema["properties"].items() if name not in _OF_THE_DEPLOYMENT}
    choices = {} if planned.flow.name in _STARTED_BY_RUNS else _choices(planned, configuration, valid)
    for name, field in fields.items():
        field["title"] = _LABELS.get(name, name.replace("_", " ").capitalize())
        if "anyOf" in field:
            kinds = sorted(field["anyOf"], key=lambda kind: kind["type"] != "null")
            several = len([kind for kind in kinds if kind["type"] != "null"]) > 1
            field["anyOf"] = [{"title": _button(kind, is_of_several=several), **kind} for kind in kinds]
        for kind in (field, *field.get("anyOf", ())):
            _offer(kind, choices.get(name))
    if planned.flow.name in FLOWS:
        _offer_own_target(fields["target"], choices["target"])
    return {**schema, "properties": fields}


def _button(kind: dict[str, Any], *, is_of_several: bool) -> str:
    """What stands on the button of one of the ways in which a parameter can be given; the first is shown at first."""
    if kind["type"] == "null":
        return "as usual"
    if kind.get("format") == "date":
        return "a day"
    return "day and hour" if is_of_several else "choose"


@cache
def _schema(function: Callable[..., Any]) -> str:
    """Of a flow's parameters, as JSON; each country's deployment has the same."""
    return json.dumps(parameter_schema(function).model_dump_for_openapi())


def _choices(
    planned: DeploymentSpec, configuration: Configuration, valid: Sequence[CountryHazard]
) -> dict[str, list[str]]:
    """By parameter, what there is to choose from; of a country's own deployment that country alone."""
    countries = sorted({country.iso3 for country in valid})
    hazards = [hazard for hazard in FLOWS if any(country.hazard == hazard for country in valid)]
    targets = list(configuration.settings.targets)
    if planned.flow.name in FLOWS:
        own = configuration.country(planned.parameters["country"], planned.flow.name).target
        targets = [own, *(name for name in targets if name != own)]
    fixed = {name: [str(value)] for name, value in planned.parameters.items()}
    return {"country": countries, "countries": countries, "hazard": hazards, "target": targets, **fixed}


def _offer(kind: dict[str, Any], choices: list[str] | None) -> None:
    """Texts, or lists of them."""
    if choices and kind.get("type") == "string":
        kind["enum"] = choices
    elif choices and kind.get("type") == "array":
        kind["items"] = {**kind["items"], "enum": choices}


def _offer_own_target(field: dict[str, Any], targets: list[str]) -> None:
    """Of a country, whose own target is known: it is chosen until an operator chooses another."""
    del field["anyOf"]
    field |= {"type": "string", "enum": targets, "default": targets[0]}
    field["description"] = f"the country's own is {targets[0]}."
