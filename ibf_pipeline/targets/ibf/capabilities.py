"""What IBF servers differ in: a table, not branches (design section 6)."""

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
    """One generation of the IBF API."""

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
    """closes old events after the event loop, and again after zeros; None where the preview does it"""
    preview_parameter: str | None
    """query parameter with which `events/process` closes events, notifies nobody and answers with the mail that would
    go out; None where there is no such call"""
    end_path: str
    silent_parameter: str | None
    """query parameter of the end that keeps it from notifying; None where there is none"""
    other_alert_indicators: tuple[str, ...] = ()
    """of the other generation, as far as the server takes them: rows of an earlier upload would make events too"""
    closes_before_zeros: bool = True
    """whether a day without events has the first close too: a server of today works on yesterday's rows until those of
    the day are there, and a trigger that a person set yesterday would become a warning for good"""


DESCRIBED = Capabilities(
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
"""The API as its description of 2024 says."""

CURRENT = Capabilities(
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
    other_alert_indicators=tuple(DESCRIBED.alert_indicators),
)
"""IBF API 0.284 and later, checked on 0.335."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The capabilities of a server and why they were chosen."""

    capabilities: Capabilities
    reason: str


def choose(setting: str, openapi: Any, where: str) -> Choice:
    """Capabilities of a server: as set, or `auto` from its own OpenAPI document (None: it could not be read).

    Raises ServerRefused where `auto` cannot tell: guessing would upload indicators that the server does not know.
    """
    paths = _paths(openapi)
    if setting in ("described", "current"):
        forced = DESCRIBED if setting == "described" else CURRENT
        return Choice(_fitted(forced, paths), f"set to `{setting}` in the configuration")
    if paths is None:
        raise ServerRefused(
            "the server's OpenAPI document names no paths",
            where=where,
            expected="/docs-json, from which the capabilities are chosen",
            remedy="check the target's url; if it is right, set capabilities to `described` or `current`",
        )
    for capabilities in (CURRENT, DESCRIBED):
        if capabilities.lead_time_path in paths:
            reason = f"its OpenAPI document names {capabilities.lead_time_path}"
            return Choice(_fitted(capabilities, paths), reason)
    raise ServerRefused(
        "the server's OpenAPI document names neither way of uploading alerts per lead time",
        where=where,
        expected=f"{CURRENT.lead_time_path} or {DESCRIBED.lead_time_path}",
        remedy="check the target's url, or set its capabilities",
    )


def _paths(openapi: Any) -> Mapping[str, Any] | None:
    """What the document says of each path; None where it is no OpenAPI document."""
    paths = openapi.get("paths") if isinstance(openapi, Mapping) else None
    return paths if isinstance(paths, Mapping) else None


def _fitted(capabilities: Capabilities, paths: Mapping[str, Any] | None) -> Capabilities:
    """Details in which servers of one generation differ, read from the document where there is one."""
    if paths is None:
        return capabilities
    image = any(path.startswith("/event/event-map-image") for path in paths)
    ends_plainly = capabilities.end_path in paths or "/events/process" not in paths
    end = capabilities.end_path if ends_plainly else "/events/process"
    others = capabilities.other_alert_indicators
    of_today = CURRENT.lead_time_path in paths
    if capabilities.name == "described" and of_today:
        others = tuple(CURRENT.alert_indicators)
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
    """The parameters of a path's POST; none where it says nothing that can be read."""
    post = path.get("post") if isinstance(path, Mapping) else None
    lists = [post.get(name) for name in ("parameters", "query")] if isinstance(post, Mapping) else []
    return [entry for listed in lists if isinstance(listed, list) for entry in listed]
