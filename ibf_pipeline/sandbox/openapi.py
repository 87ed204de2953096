"""The OpenAPI document of the sandbox: paths without the ``/api`` prefix, as the real server prints them.

It lists what the real document lists (recorded outline), also where the sandbox only says "not part of the sandbox";
routes that the real document leaves out are left out here too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ibf_pipeline.sandbox.vocabulary import BehavesLike

_JSON = ("application/json",)
_FORM = ("multipart/form-data",)
_BOTH = ("application/json", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented operation, in the names of the real document."""

    path: str
    method: str
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    answers: tuple[str, ...] = ("200",)
    since_described: bool = True
    """False where the described server (2024) lacked it."""


_AREAS = ("placeCodeParent", "eventName", "leadTime")
_PLACE = ("disasterType", "countryCodeISO3")

_SHARED = (
    Operation("/user/login", "post", body=_JSON, answers=("200", "403")),
    Operation("/admin-areas/{countryCodeISO3}/{adminLevel}", "get", since_described=False),
    Operation(
        "/admin-areas/{countryCodeISO3}/{adminLevel}", "post", query=("reset",), body=_JSON, since_described=False
    ),
    Operation("/admin-areas/{countryCodeISO3}/{adminLevel}", "delete", body=_JSON, since_described=False),
    Operation("/admin-areas/{countryCodeISO3}/{disasterType}/{adminLevel}", "get", query=_AREAS),
    Operation("/admin-areas/aggregates/{countryCodeISO3}/{disasterType}/{adminLevel}", "get", query=_AREAS),
    Operation("/event", "get", query=("format", *_PLACE), since_described=False),
    Operation("/event/last-upload-date/{countryCodeISO3}/{disasterType}", "get"),
    Operation("/event/alerts/{countryCodeISO3}/{disasterType}", "get", query=("eventName",)),
    Operation("/event/activation-log", "get", query=_PLACE),
    Operation("/event/triggers-per-leadtime", "post", body=_JSON, answers=("201",)),
    Operation("/event/alerts-per-lead-time", "post", body=_JSON, answers=("201",), since_described=False),
    Operation("/event/alert-areas/{countryCodeISO3}/{adminLevel}/{disasterType}", "get", query=("eventName",)),
    Operation("/country", "post", body=_JSON, answers=("201",)),
    Operation("/country", "get"),
    Operation("/country/notification-info", "post", body=_JSON, answers=("201",)),
    Operation("/typhoon-track", "post", body=_JSON, answers=("201",)),
    Operation("/typhoon-track/{countryCodeISO3}", "get", query=("eventName",)),
    Operation("/admin-area-dynamic-data/exposure", "post", body=_JSON, answers=("201",)),
    Operation(
        "/admin-area-dynamic-data/{countryCodeISO3}/{adminLevel}/{indicator}/{disasterType}",
        "get",
        query=("eventName", "leadTime"),
    ),
    Operation("/admin-area-dynamic-data/raster/{disasterType}", "post", body=_FORM, answers=("201", "400", "404")),
    Operation("/event/close-events", "post", body=_JSON, answers=("201",)),
    Operation("/events/process", "post", query=("noNotifications",), body=_JSON, since_described=False),
    Operation(
        "/events/notify", "post", query=("noNotifications",), body=_JSON, answers=("201",), since_described=False
    ),
    Operation("/events/set-trigger", "post", body=_JSON, answers=("201",), since_described=False),
    Operation("/notification/whatsapp/status", "post", body=_BOTH, answers=("201",)),
    Operation("/notification/whatsapp/incoming", "post", body=_BOTH, answers=("201",)),
    Operation("/notification/whatsapp/send-test-whatsapp", "post", body=_JSON, answers=("201",)),
    Operation(
        "/notification/log",
        "get",
        query=("metrics", "period", "countryCodesISO3", "disasterTypes", "page"),
        since_described=False,
    ),
    Operation("/point-data/{pointDataCategory}/{countryCodeISO3}", "get", query=("disasterType",)),
    Operation(
        "/point-data/upload-csv/{pointDataCategory}/{countryCodeISO3}", "post", body=_FORM, answers=("201", "400")
    ),
    Operation("/point-data/community-notification/{countryCodeISO3}", "post", body=_JSON, answers=("201",)),
    Operation("/point-data/community-notification/{pointDataId}", "put", answers=("201",)),
    Operation("/point-data/dynamic", "post", body=_JSON, answers=("201",)),
    Operation(
        "/lines-data/upload-csv/{linesDataCategory}/{countryCodeISO3}", "post", body=_FORM, answers=("201", "400")
    ),
    Operation("/lines-data/exposure-status", "post", body=_JSON, answers=("201",)),
)

_CURRENT = (
    *_SHARED,
    Operation("/notification/send", "post", query=("noNotifications",), body=_JSON, answers=("201",)),
)

_DESCRIBED = (
    *(operation for operation in _SHARED if operation.since_described),
    Operation("/notification/send", "post", query=("isApiTest",), body=_JSON, answers=("201",)),
    Operation("/admin-areas/raw/{countryCodeISO3}", "get"),
    Operation("/event/{countryCodeISO3}/{disasterType}", "get"),
    Operation(
        "/event/event-map-image/{countryCodeISO3}/{disasterType}/{eventName}", "post", body=_FORM, answers=("201",)
    ),
)


def operations(behaves_like: BehavesLike) -> tuple[Operation, ...]:
    return _CURRENT if behaves_like == "current" else _DESCRIBED


def openapi_document(behaves_like: BehavesLike) -> dict[str, Any]:
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
