"""The OpenAPI document of the sandbox: paths without the ``/api`` prefix, as the real server prints them.

It lists what the real document lists (recorded outline), also if the sandbox only says "not part of the sandbox";
routes that the real document leaves out are left out here too. The list is ``operations.yaml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ibf_pipeline.sandbox.vocabulary import ApiVersion

_OPERATIONS = Path(__file__).with_name("operations.yaml")


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented operation, in the names of the real document."""

    path: str
    method: str
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    """media types"""
    answers: tuple[str, ...] = ("200",)
    servers: ApiVersion | None = None
    """the one that has it; None for both"""


@cache
def operations(behaves_like: ApiVersion) -> list[Operation]:
    """What a server documents."""
    listed = [Operation(**entry) for entry in yaml.safe_load(_OPERATIONS.read_text(encoding="utf-8"))]
    return [operation for operation in listed if operation.servers in (None, behaves_like)]


def openapi_document(behaves_like: ApiVersion) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations(behaves_like):
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.0.0",
        "paths": paths,
        "info": {
            "title": "IBF API Documentation",
            "description": "A local sandbox that behaves like the IBF API; nothing leaves this machine.",
            "version": "1.0",
            "contact": {},
        },
        "tags": [],
        "servers": [],
        "components": {"securitySchemes": {"bearer": {"scheme": "bearer", "bearerFormat": "JWT", "type": "http"}}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.method}{operation.path.replace('/', '_')}",
        "parameters": [
            *(_parameter(name, "path") for name in re.findall(r"{(\w+)}", operation.path)),
            *(_parameter(name, "query") for name in operation.query),
        ],
        "responses": {status: {"description": ""} for status in operation.answers},
    }
    if operation.body:
        schema = {"schema": {"type": "object"}}
        described["requestBody"] = {"required": True, "content": dict.fromkeys(operation.body, schema)}
    return described


def _parameter(name: str, place: str) -> dict[str, Any]:
    kind = "boolean" if name in ("noNotifications", "isApiTest", "reset") else "string"
    return {"name": name, "required": place == "path", "in": place, "schema": {"type": kind}}
