"""Settings of a country as GET country and the metadata endpoints print them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

from ibf_pipeline.sandbox.disasters import Disaster
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.vocabulary import SHOW_ADMIN_AREA

_SETTINGS_NAMESPACE = uuid.UUID("c1f4d0b2-53f5-4a0b-8e3c-7f3a4f6d2e90")
_REGIONS = {
    1: ("Region", "Regions"),
    2: ("District", "Districts"),
    3: ("County", "Counties"),
    4: ("Sub-County", "Sub-Counties"),
}


def country_json(store: SandboxStore, row: sqlite3.Row) -> dict[str, Any]:
    iso3 = row["iso3"]
    setups = store.rows("SELECT * FROM country_disaster WHERE iso3 = :iso3 ORDER BY rowid", iso3=iso3)
    levels = sorted({level for setup in setups for level in range(1, max(json.loads(setup["levels"])) + 1)})
    return {
        "countryId": _identity("country", iso3),
        "countryCodeISO3": iso3,
        "countryName": row["name"],
        "adminRegionLabels": {str(n): _region_labels(n) for n in levels},
        "countryLogos": {},
        "countryBoundingBox": _bounding_box(store, iso3),
        "created": row["created"],
        "countryDisasterSettings": [_disaster_settings(setup, store.disasters[setup["disaster"]]) for setup in setups],
        "disasterTypes": [
            _disaster_type(store.disasters[name]) for name in sorted(setup["disaster"] for setup in setups)
        ],
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


def _disaster_settings(setup: sqlite3.Row, disaster: Disaster) -> dict[str, Any]:
    return {
        "countryDisasterSettingsId": _identity("settings", setup["iso3"], setup["disaster"]),
        "disasterType": setup["disaster"],
        "adminLevels": json.loads(setup["levels"]),
        "defaultAdminLevel": setup["default_level"],
        "activeLeadTimes": list(disaster.lead_times),
        "droughtSeasonRegions": None,
        "showMonthlyEapActions": False,
        "forecastSource": None,
        "eapLink": "",
        "droughtRegions": None,
        "enableEarlyActions": disaster.early_actions,
    }


def _disaster_type(disaster: Disaster) -> dict[str, Any]:
    return {
        "id": _identity("disaster", disaster.name),
        "disasterType": disaster.name,
        "label": disaster.label,
        "mainExposureIndicator": disaster.main_exposure,
        "showOnlyTriggeredAreas": disaster.only_triggered_areas,
        "enableSetWarningToTrigger": disaster.set_warning_to_trigger,
        "leadTimeUnit": disaster.lead_time_unit,
        "minLeadTime": disaster.lead_times[0],
        "maxLeadTime": disaster.lead_times[-1],
    }


def _region_labels(level: int) -> dict[str, str]:
    singular, plural = _REGIONS.get(level, (f"Level {level}", f"Level {level}"))
    return {"singular": singular, "plural": plural}


def _bounding_box(store: SandboxStore, iso3: str) -> dict[str, Any] | None:
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


def indicators_json(store: SandboxStore, setup: sqlite3.Row | None) -> list[dict[str, Any]]:
    """Configured indicators of a country and disaster: the dynamic ones, what stands for the alert, and population.

    Whether an area is drawn is uploaded and not listed.
    """
    if setup is None:
        return []
    seeded = [name for name in json.loads(setup["indicators"]) if name != SHOW_ADMIN_AREA]
    dynamic = [*seeded, *store.disasters[setup["disaster"]].alert_indicators]
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


def layers_json(store: SandboxStore, setup: sqlite3.Row | None) -> list[dict[str, Any]]:
    """The tracks, points and lines of the hazard and its raster; further layers (boundaries, rivers) are left out."""
    if setup is None:
        return []
    disaster = store.disasters[setup["disaster"]]
    points = [*(["typhoon_track"] if disaster.has_tracks else []), *disaster.point_layers]
    layers = [
        {"name": category, "label": _layer_label(category), "type": "point", "active": "yes"} for category in points
    ]
    layers += [
        {"name": category, "label": _layer_label(category), "type": "wms", "active": "no"}
        for category in disaster.line_layers
    ]
    if disaster.raster_folder:
        name = disaster.raster_name
        layers.append({"name": name, "label": _layer_label(name), "type": "raster", "active": "if-trigger"})
    return layers


def _layer_label(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("Glofas", "GloFAS")


def _identity(*words: str) -> str:
    return str(uuid.uuid5(_SETTINGS_NAMESPACE, "/".join(words)))
