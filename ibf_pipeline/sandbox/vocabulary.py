"""The closed word lists of the IBF API 0.335, in the order in which its own error texts print them."""

from __future__ import annotations

from typing import Literal

BehavesLike = Literal["current", "described"]

DISASTER_TYPES = ("floods", "malaria", "drought", "typhoon", "flash-floods")

LEAD_TIMES = (
    *(f"{n}-day" for n in range(8)),
    *(f"{n}-month" for n in range(12)),
    *(f"{n}-hour" for n in range(169)),
)

INDICATORS = (
    "population_affected",
    "population_affected_percentage",
    "potential_cases_U9",
    "potential_cases_U5",
    "potential_cases_65",
    "alert_threshold",
    "forecast_trigger",
    "forecast_severity",
    "trigger",
    "potential_cases",
    "potential_cases_threshold",
    "cattle_exposed",
    "small_ruminants_exposed",
    "windspeed",
    "rainfall",
    "houses_affected",
    "affected_population",
    "prob_within_50km",
    "show_admin_area",
    "drought_phase_classification",
    "vegetation_condition",
    "livestock_body_condition",
    "exposed_pop_u18",
    "nr_affected_buildings",
    "nr_affected_roads",
    "nr_affected_schools",
    "nr_affected_clinics",
    "nr_affected_waterpoints",
    "damage_estimation",
)

ALERT_THRESHOLD = "alert_threshold"
FORECAST_SEVERITY = "forecast_severity"
FORECAST_TRIGGER = "forecast_trigger"
COMPUTED_TRIGGER = "trigger"

# The described server (2024) had one alert indicator; the split into severity and trigger came with 0.284.
DESCRIBED_INDICATORS = tuple(i for i in INDICATORS if i not in (FORECAST_SEVERITY, FORECAST_TRIGGER))

POINT_CATEGORIES = (
    "glofas_stations",
    "evacuation_centers",
    "dams",
    "health_sites",
    "red_cross_branches",
    "community_notifications",
    "schools",
    "waterpoints",
    "gauges",
)

LINE_CATEGORIES = ("roads", "buildings")
TYPHOON_CATEGORIES = ("TD", "TS", "STS", "TY", "STY")

MAIN_EXPOSURE = {
    "floods": "population_affected",
    "flash-floods": "population_affected",
    "drought": "population_affected",
    "typhoon": "houses_affected",
    "malaria": "potential_cases",
}

# The lead times at which the service records that there is nothing, whatever lead time was uploaded. (Drought
# goes by the country's rain seasons, which a sandbox country does not have.)
NO_EVENT_LEAD_TIMES = {
    "floods": ("1-day",),
    "flash-floods": ("1-hour",),
    "typhoon": ("72-hour",),
    "drought": ("0-month",),
    "malaria": ("0-month", "1-month", "2-month"),
}

LEAD_TIME_UNIT = {"floods": "day", "flash-floods": "hour", "typhoon": "hour", "drought": "month", "malaria": "month"}

# Highest first; a user may do what the roles to the right of theirs may.
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
