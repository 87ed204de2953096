"""The closed word lists of the IBF API 0.335, in the order in which its own error texts print them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml

ApiVersion = Literal["current", "described"]

_WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
DISASTER_ROWS: dict[str, dict[str, Any]] = _WORDS["disasters"]
PORTAL_INDICATORS: tuple[str, ...] = tuple(_WORDS["indicators"])
POINT_CATEGORIES: tuple[str, ...] = tuple(_WORDS["point_categories"])
WITH_TIME_ZONE: dict[str, str] = _WORDS["with_time_zone"]
WITHOUT_TIME_ZONE: tuple[str, ...] = tuple(_WORDS["without_time_zone"])
MAIL_CLOCKS: dict[str, tuple[str, int]] = {iso3: tuple(clock) for iso3, clock in _WORDS["mail_clocks"].items()}
LINE_CATEGORIES: tuple[str, ...] = tuple(_WORDS["line_categories"])
TYPHOON_CATEGORIES: tuple[str, ...] = tuple(_WORDS["typhoon_categories"])

PORTAL_LEAD_TIMES = (
    *(f"{n}-day" for n in range(8)),
    *(f"{n}-month" for n in range(12)),
    *(f"{n}-hour" for n in range(169)),
)

ALERT_THRESHOLD = "alert_threshold"
FORECAST_SEVERITY = "forecast_severity"
FORECAST_TRIGGER = "forecast_trigger"
COMPUTED_TRIGGER = "trigger"
SHOW_ADMIN_AREA = "show_admin_area"

# The described server (2024) had one alert indicator; the split into severity and trigger came with 0.284.
INDICATORS_2024 = tuple(i for i in PORTAL_INDICATORS if i not in (FORECAST_SEVERITY, FORECAST_TRIGGER))

# Highest first; a user may do what the roles to the right of theirs may, but upload (see User.may).
ROLES = ("admin", "local-admin", "operator", "pipeline", "viewer")

# Highest first: the order in which events and areas are listed.
ALERT_LEVELS = ("trigger", "warning", "warning-medium", "warning-low", "none")


def lead_time_number(lead_time: str) -> int:
    """The number in front of the unit: ``"4-day"`` -> 4."""
    return int(lead_time.split("-")[0])


def alert_level(severity: float | None, forecast_trigger: bool | None, user_trigger: bool | None) -> str:
    """Level of an area or event: a trigger of either kind wins, else the severity decides.

    IBF API 0.335, checked on a running instance: exactly 0.3 is low, exactly 0.7 is medium, 1.0 without a
    trigger is the high ``warning``.
    """
    if user_trigger or forecast_trigger:
        return "trigger"
    value = severity or 0.0
    if value > 0.7:
        return "warning"
    if value > 0.3:
        return "warning-medium"
    return "warning-low" if value > 0 else "none"
