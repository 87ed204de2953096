"""Answers of an IBF server in their known form: an answer of another form never means that nothing is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.targets.ibf.transport import IbfClient


def ask_last_upload(client: IbfClient, iso3: str, disaster_type: str) -> Mapping[str, Any] | None:
    """GET event/last-upload-date; None without such a route (404).

    Raises
    ------
    ServerRefused
        For an answer of another form, and as `IbfClient.get`.
    ServerUnreachable
        If the server does not answer.
    """
    path = f"/event/last-upload-date/{iso3}/{disaster_type}"
    found = client.get_if_there(path)
    return None if found is None else as_upload(found, path)


def ask_list(client: IbfClient, path: str, **query: Any) -> list[dict[str, Any]] | None:
    """What a route lists; None without such a route (404).

    Raises
    ------
    ServerRefused
        For an answer of another form, and as `IbfClient.get`.
    ServerUnreachable
        If the server does not answer.
    """
    try:
        return as_list(client.get(path, **query), path)
    except Gone:
        return None


def ask_features(client: IbfClient, path: str, **query: Any) -> dict[str, Any] | None:
    """The GeoJSON that a route answers; None without such a route (404).

    Raises
    ------
    ServerRefused
        For an answer of another form, and as `IbfClient.get`.
    ServerUnreachable
        If the server does not answer.
    """
    found = client.get_if_there(path, **query)
    if found is None or (isinstance(found, dict) and isinstance(found.get("features"), list)):
        return found
    raise _strange(path, "no features", "GeoJSON, with an empty list of features if there is nothing")


def as_upload(found: Any, path: str) -> dict[str, Any]:
    """An answer with `date` and, since server 0.295, `timestamp` of the last upload, null if there was none.

    Raises
    ------
    ServerRefused
        If the answer has another form; `path` is named in the message.
    """
    told = found if isinstance(found, dict) else {}
    if told.keys() & {"date", "timestamp"} and isinstance(told.get("timestamp"), str | None):
        return told
    raise _strange(path, "no date of an upload", "an object with `timestamp`, null if nothing was uploaded")


def as_list(found: Any, path: str) -> list[dict[str, Any]]:
    """An answer that is a list of objects.

    Raises
    ------
    ServerRefused
        If the answer has another form; `path` is named in the message.
    """
    if isinstance(found, list) and all(isinstance(entry, dict) for entry in found):
        return found
    raise _strange(path, "no list", "a JSON array, empty if there is nothing")


def _strange(path: str, found: str, expected: str) -> ServerRefused:
    remedy = "run again; if it stays so, ask the server's administrator"
    return ServerRefused(f"GET {path} answered {found}", expected=expected, remedy=remedy)
