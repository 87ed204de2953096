"""Answers in the shapes that the IBF API 0.335 gives them (recorded from a running instance)."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response


class Refusal(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('message', '')}")
        self.status = status
        self.body = body


def json_response(status: int, body: Any) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(text.encode(), status_code=status, media_type="application/json; charset=utf-8")


def forbidden() -> Refusal:
    """No token, a bad or expired one, or too low a role: always 403, never 401."""
    return Refusal(403, {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403})


def server_error() -> Refusal:
    """Whatever the database refuses comes out as this, without a word on the cause."""
    return Refusal(500, {"statusCode": 500, "message": "Internal server error"})


def bad_request(message: str) -> Refusal:
    return Refusal(400, {"message": message, "error": "Bad Request", "statusCode": 400})


def plain_error(status: int, message: str) -> Refusal:
    """Errors that the service words itself carry no ``error`` field."""
    return Refusal(status, {"statusCode": status, "message": message})


def no_such_route(method: str, url: str) -> Refusal:
    return Refusal(404, {"message": f"Cannot {method} {url}", "error": "Not Found", "statusCode": 404})


def invalid_body(errors: list[dict[str, Any]]) -> Refusal:
    return Refusal(400, {"message": "Something went wrong", "errors": errors})


def feature(properties: dict[str, Any], geometry: dict[str, Any]) -> dict[str, Any]:
    """One GeoJSON Feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    """A GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": features}
