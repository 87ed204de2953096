"""What IBF servers differ in: a table, not branches (docs/design/targets.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ibf_pipeline.domain.alert_classes import SEVERITY
from ibf_pipeline.domain.findings import Event
from ibf_pipeline.errors import ServerRefused


def _severity(event: Event | None) -> float:
    return SEVERITY[event.alert_class] if event else 0


def _trigger(event: Event | None) -> float:
    return 1 if event and event.trigger else 0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one version of the IBF API takes; `name` is the word of the settings."""

    name: Literal["described", "current"]
    alert_indicators: Mapping[str, Callable[[Event | None], float]]
    """indicator -> amount for the areas of an event (None: no alert); uploaded after the exposure"""
    lead_time_path: str
    lead_time_list: str
    alert_field: str
    """warning or trigger on that lead time"""
    trigger_field: str
    map_image: bool
    """takes a map image with each event"""
    close_path: str | None
    """closes old events after the event loop, and again after zeros; None if the preview does it"""
    preview_parameter: str | None
    """query parameter with which `events/process` closes events, notifies nobody and answers with the mail that would
    go out; None if there is no such call"""
    end_path: str
    silent_parameter: str | None
    """query parameter of the end that keeps it from notifying; None if there is none"""
    other_alert_indicators: tuple[str, ...] = ()
    """of the other version, as far as the server takes them: rows of an earlier upload would make events too"""
    closes_before_zeros: bool = True
    """whether a day without events has the first close too: a server since 0.284 works on yesterday's rows until those
    of the day are there, and a trigger that a user of the portal set yesterday would become a warning for good"""


API_BEFORE_0_284 = Capabilities(
    name="described",
    alert_indicators={"alert_threshold": _severity},
    lead_time_path="/event/triggers-per-leadtime",
    lead_time_list="triggersPerLeadTime",
    alert_field="triggered",
    trigger_field="thresholdReached",
    map_image=True,
    close_path="/event/close-events",
    preview_parameter=None,
    end_path="/notification/send",
    silent_parameter=None,
)
"""The API before 0.284, as its description of 2024 says; `described` in the settings."""

API_FROM_0_284 = Capabilities(
    name="current",
    alert_indicators={"forecast_severity": _severity, "forecast_trigger": _trigger},
    lead_time_path="/event/alerts-per-lead-time",
    lead_time_list="alertsPerLeadTime",
    alert_field="forecastAlert",
    trigger_field="forecastTrigger",
    map_image=False,
    close_path=None,
    preview_parameter="noNotifications",
    end_path="/notification/send",
    silent_parameter="noNotifications",
    other_alert_indicators=tuple(API_BEFORE_0_284.alert_indicators),
)
"""IBF API 0.284 and later, checked on 0.335; `current` in the settings."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The capabilities of a server and why they were chosen."""

    capabilities: Capabilities
    reason: str


def choose(setting: str, openapi: Any, where: str) -> Choice:
    """Choose the capabilities of a server.

    Parameters
    ----------
    setting : str
        `described`, `current`, or `auto`: from the server's OpenAPI document.
    openapi : Any
        That document; None if it could not be read. Details in which servers of one version differ (map images, the
        closing call, the parameter that silences a call) are read from it whatever is set.
    where : str
        The server, for messages.

    Raises
    ------
    ServerRefused
        If `auto` cannot tell: guessing would upload indicators that the server does not know.
    """
    paths = _paths(openapi)
    if setting in ("described", "current"):
        forced = API_BEFORE_0_284 if setting == "described" else API_FROM_0_284
        return Choice(_fitted(forced, paths), f"set to `{setting}` in the configuration")
    if paths is None:
        raise ServerRefused(
            "the server's OpenAPI document names no paths",
            where=where,
            expected="/docs-json, from which the capabilities are chosen",
            remedy="check the target's url; if it is right, set capabilities to `described` or `current`",
        )
    for capabilities in (API_FROM_0_284, API_BEFORE_0_284):
        if capabilities.lead_time_path in paths:
            reason = f"its OpenAPI document names {capabilities.lead_time_path}"
            return Choice(_fitted(capabilities, paths), reason)
    raise ServerRefused(
        "the server's OpenAPI document names neither way of uploading alerts per lead time",
        where=where,
        expected=f"{API_FROM_0_284.lead_time_path} or {API_BEFORE_0_284.lead_time_path}",
        remedy="check the target's url, or set its capabilities",
    )


def _paths(openapi: Any) -> Mapping[str, Any] | None:
    """What the document says of each path; None if it is not an OpenAPI document."""
    paths = openapi.get("paths") if isinstance(openapi, Mapping) else None
    return paths if isinstance(paths, Mapping) else None


def _fitted(capabilities: Capabilities, paths: Mapping[str, Any] | None) -> Capabilities:
    """Details in which servers of one version differ, read from the document if there is one."""
    if paths is None:
        return capabilities
    image = any(path.startswith("/event/event-map-image") for path in paths)
    ends_plainly = capabilities.end_path in paths or "/events/process" not in paths
    end = capabilities.end_path if ends_plainly else "/events/process"
    others = capabilities.other_alert_indicators
    of_today = API_FROM_0_284.lead_time_path in paths
    if capabilities.name == "described" and of_today:
        others = tuple(API_FROM_0_284.alert_indicators)
    preview = _silencing(paths.get("/events/process")) if capabilities.preview_parameter else None
    close = capabilities.close_path
    if capabilities.preview_parameter and preview is None and "/event/close-events" in paths:
        close = "/event/close-events"
    return replace(
        capabilities,
        map_image=image,
        close_path=close,
        preview_parameter=preview,
        end_path=end,
        silent_parameter=_silencing(paths.get(end)),
        other_alert_indicators=others,
        closes_before_zeros=not of_today,
    )


def _silencing(path: Any) -> str | None:
    """The query parameter by which a call notifies nobody; it was `isApiTest` before 0.284."""
    named = {str(entry.get("name")) if isinstance(entry, Mapping) else str(entry) for entry in _parameters(path)}
    return next((name for name in ("noNotifications", "isApiTest") if name in named), None)


def _parameters(path: Any) -> list[Any]:
    """The parameters of a path's POST; none if it says nothing that can be read."""
    post = path.get("post") if isinstance(path, Mapping) else None
    lists = [post.get(name) for name in ("parameters", "query")] if isinstance(post, Mapping) else []
    return [entry for listed in lists if isinstance(listed, list) for entry in listed]
