"""Settings of a country as GET country and the metadata endpoints print them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

from ibf_pipeline.sandbox.store import Store
from ibf_pipeline.sandbox.vocabulary import LEAD_TIME_UNIT, LEAD_TIMES, MAIN_EXPOSURE

_SETTINGS_NAMESPACE = uuid.UUID("c1f4d0b2-53f5-4a0b-8e3c-7f3a4f6d2e90")
_REGIONS = {
    1: ("Region", "Regions"),
    2: ("District", "Districts"),
    3: ("County", "Counties"),
    4: ("Sub-County", "Sub-Counties"),
}
_LABELS = {"floods": "flood", "flash-floods": "flash flood"}


def country_json(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    iso3 = row["iso3"]
    setups = store.rows("SELECT * FROM country_disaster WHERE iso3 = :iso3 ORDER BY disaster", iso3=iso3)
    levels = sorted({level for setup in setups for level in range(1, max(json.loads(setup["levels"])) + 1)})
    return {
        "countryId": _identity("country", iso3),
        "countryCodeISO3": iso3,
        "countryName": row["name"],
        "adminRegionLabels": {str(n): _region_labels(n) for n in levels},
        "countryLogos": {},
        "countryBoundingBox": _bounding_box(store, iso3),
        "created": row["created"],
        "countryDisasterSettings": [_disaster_settings(setup) for setup in setups],
        "disasterTypes": [_disaster_type(setup["disaster"]) for setup in setups],
        "notificationInfo": {
            "notificationInfoId": _identity("notification", iso3),
            "triggerStatement": {setup["disaster"]: "Sandbox: nobody is notified." for setup in setups},
            "linkSocialMediaType": None,
            "linkSocialMediaUrl": None,
            "linkVideo": None,
            "linkPdf": None,
            "useWhatsapp": {},
            "whatsappMessage": {},
            "externalEarlyActionForm": None,
        },
    }


def _disaster_settings(setup: sqlite3.Row) -> dict[str, Any]:
    return {
        "countryDisasterSettingsId": _identity("settings", setup["iso3"], setup["disaster"]),
        "disasterType": setup["disaster"],
        "adminLevels": json.loads(setup["levels"]),
        "defaultAdminLevel": setup["default_level"],
        "activeLeadTimes": _active_lead_times(setup["disaster"]),
        "droughtSeasonRegions": None,
        "showMonthlyEapActions": False,
        "forecastSource": None,
        "eapLink": "",
        "droughtRegions": None,
        "enableEarlyActions": True,
    }


def _active_lead_times(disaster: str) -> list[str]:
    unit = LEAD_TIME_UNIT[disaster]
    return [lead_time for lead_time in LEAD_TIMES if lead_time.endswith(f"-{unit}")]


def _disaster_type(disaster: str) -> dict[str, Any]:
    lead_times = _active_lead_times(disaster)
    return {
        "id": _identity("disaster", disaster),
        "disasterType": disaster,
        "label": _LABELS.get(disaster, disaster),
        "mainExposureIndicator": MAIN_EXPOSURE[disaster],
        "showOnlyTriggeredAreas": disaster != "typhoon",
        "enableSetWarningToTrigger": disaster == "drought",
        "leadTimeUnit": LEAD_TIME_UNIT[disaster],
        "minLeadTime": lead_times[0],
        "maxLeadTime": lead_times[-1],
    }


def _region_labels(level: int) -> dict[str, str]:
    singular, plural = _REGIONS.get(level, (f"Level {level}", f"Level {level}"))
    return {"singular": singular, "plural": plural}


def _bounding_box(store: Store, iso3: str) -> dict[str, Any] | None:
    areas = store.rows(
        "SELECT geometry FROM admin_area WHERE iso3 = :iso3"
        " AND level = (SELECT MIN(level) FROM admin_area WHERE iso3 = :iso3)",
        iso3=iso3,
    )
    if not areas:
        return None
    pairs = [pair for area in areas for polygon in json.loads(area["geometry"])["coordinates"] for pair in polygon[0]]
    west, east = min(p[0] for p in pairs), max(p[0] for p in pairs)
    south, north = min(p[1] for p in pairs), max(p[1] for p in pairs)
    ring = [[east, south], [east, north], [west, north], [west, south], [east, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def indicators_json(setup: sqlite3.Row | None) -> list[dict[str, Any]]:
    """Configured indicators of a country and disaster: the dynamic ones, the two alert indicators and population."""
    if setup is None:
        return []
    dynamic = [*json.loads(setup["indicators"]), "forecast_severity", "forecast_trigger"]
    return [_indicator(name, dynamic=True) for name in dynamic] + [_indicator("populationTotal", dynamic=False)]


def _indicator(name: str, *, dynamic: bool) -> dict[str, Any]:
    percentage = name.endswith("_percentage")
    return {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "dynamic": dynamic,
        "unit": "%" if percentage else "people",
        "numberFormatMap": "perc" if percentage else "decimal0",
        "aggregateIndicator": "sum",
        "active": "if-trigger" if dynamic else "no",
    }


def layers_json(setup: sqlite3.Row | None) -> list[dict[str, Any]]:
    if setup is None:
        return []
    return [
        {"name": "glofas_stations", "label": "GloFAS stations", "type": "point", "active": "yes"},
        {"name": "flood_extent", "label": "Flood extent", "type": "raster", "active": "if-trigger"},
    ]


def _identity(*words: str) -> str:
    return str(uuid.uuid5(_SETTINGS_NAMESPACE, "/".join(words)))
