"""Checks on request bodies, with the error texts and nesting of the IBF API 0.335 (recorded).

A body is described by its fields in order; each field names its rules in the order in which the service reports
them. Unknown fields are ignored. An error echoes the whole body as ``target`` (on login, the password too).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ibf_pipeline.sandbox.responses import invalid_body, server_error
from ibf_pipeline.sandbox.timestamps import InvalidDate, parse_js_date

_MISSING: Any = object()
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One constraint: its name in ``constraints``, its text after the property's name, and the test itself."""

    name: str
    text: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class BodyField:
    """A field of a body; ``items`` describes the objects of a list."""

    name: str
    rules: tuple[Rule, ...] = ()
    optional: bool = False
    items: Body | None = None


Body = tuple[BodyField, ...]

NOT_EMPTY = Rule("isNotEmpty", "should not be empty", lambda v: v is not _MISSING and v is not None and v != "")
STRING = Rule("isString", "must be a string", lambda v: isinstance(v, str))
NUMBER = Rule(
    "isNumber",
    "must be a number conforming to the specified constraints",
    lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= sys.float_info.max,
)
BOOLEAN = Rule("isBoolean", "must be a boolean value", lambda v: isinstance(v, bool))
ARRAY = Rule("isArray", "must be an array", lambda v: isinstance(v, list))
EMAIL = Rule("isEmail", "must be an email", lambda v: isinstance(v, str) and bool(_EMAIL.fullmatch(v)))
DATE = Rule("isDate", "must be a Date instance", lambda v: _is_date(v))


def _is_date(value: Any) -> bool:
    try:
        parse_js_date(value)
    except InvalidDate:
        return False
    return True


def one_of(values: Sequence[str]) -> Rule:
    return Rule("isEnum", f"must be one of the following values: {', '.join(values)}", lambda v: v in tuple(values))


def min_length(size: int) -> Rule:
    return Rule(
        "minLength",
        f"must be longer than or equal to {size} characters",
        lambda v: isinstance(v, str) and len(v) >= size,
    )


def check_body(body: Any, fields: Body) -> Mapping[str, Any]:
    """Return the body if every rule holds; raise the 400 in the recorded shape otherwise."""
    if isinstance(body, list):
        # The service would check each object of a list; no endpoint of a flood run takes one.
        raise server_error()
    target = body if isinstance(body, dict) else {}
    errors = _errors(target, fields)
    if errors:
        raise invalid_body(errors)
    for field in fields:
        if field.items is not None and any(item is None for item in target.get(field.name) or ()):
            raise server_error()  # a null in a list passes the checks and breaks the service's own loop
    return target


def _errors(target: Any, fields: Body) -> list[dict[str, Any]]:
    found = []
    for field in fields:
        value = target.get(field.name, _MISSING)
        if field.optional and (value is _MISSING or value is None):
            continue
        broken = [rule for rule in field.rules if not rule.holds(value)]
        constraints = {rule.name: f"{field.name} {rule.text}" for rule in broken}
        children: list[dict[str, Any]] = []
        if field.items is not None and value is not _MISSING and value is not None:
            if isinstance(value, list):
                children = _item_errors(value, field.items)
            elif not isinstance(value, dict):
                constraints["nestedValidation"] = f"nested property {field.name} must be either object or array"
        if constraints or children:
            found.append(_error(target, value, field.name, children, constraints))
    return found


def _item_errors(values: list[Any], fields: Body) -> list[dict[str, Any]]:
    found = []
    for index, item in enumerate(values):
        if item is None:
            continue
        if not isinstance(item, dict):
            text = {"nestedValidation": f"nested property {index} must be either object or array"}
            found.append(_error(values, item, str(index), [], text))
        elif errors := _errors(item, fields):
            found.append(_error(values, item, str(index), errors, {}))
    return found


def _error(
    target: Any, value: Any, name: str, children: list[dict[str, Any]], constraints: dict[str, str]
) -> dict[str, Any]:
    error: dict[str, Any] = {"target": target}
    if value is not _MISSING:
        error["value"] = value
    error |= {"property": name, "children": children}
    if constraints:
        error["constraints"] = constraints
    return error
