"""Recordings of the real server, replayed against a sandbox: what it answered must be what the sandbox answers.

A recording is a list of calls in the order in which they were sent, with the answers (IBF API 0.335). What it leaves
out is left out here too: ids, shapes, lists that end in "... N more" (compared as far as they go).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ibf_pipeline.sandbox import CountrySeed, HazardSeed
from tests.worlds.services.portal import Portal, rectangle

FOLDER = Path(__file__).parents[1] / "fixtures" / "recorded"
_MORE = re.compile(r"^\.\.\. \d+")
# Ids differ from run to run; shapes are made up here; the sandbox has early actions of its own.
_TELL_APART = ("fid", "placeCode", "eventName", "leadTime", "timestampOfTrackpoint")
_OWN = {"countryId", "countryDisasterSettingsId", "id", "notificationInfo", "adminRegionLabels", "eapLink", "created"}
_OWN |= {
    "countryBoundingBox",
    "report_date",
    "type",
    "amenity",
    "eventPlaceCodeId",
    "databaseId",
    "geometry",
    "eapActions",
    "pointDataId",
    "message",
}


def recorded(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def country_of(calls: list[dict[str, Any]], iso3: str, hazard: HazardSeed, **more: Any) -> CountrySeed:
    """The areas that a recording is about, as squares in a row, with the names that it prints."""
    names: dict[str, dict[str, Any]] = {}
    for found in _objects([[call.get("sent"), call.get("body")] for call in calls]):
        code = found.get("placeCode") or found.get("adm3_pcode")
        if isinstance(code, str) and re.fullmatch(f"{iso3[:2]}\\w*\\d\\w*", code):
            names.setdefault(code, {}).update({key: value for key, value in found.items() if value is not None})
    features = [
        {
            "type": "Feature",
            "properties": {
                "adm3_pcode": code,
                "adm3_en": about.get("name") or about.get("adm3_en"),
                "adm2_pcode": about.get("placeCodeParent") or about.get("adm2_pcode"),
                "adm2_en": about.get("nameParent") or about.get("adm2_en"),
            },
            "geometry": rectangle(n, 0, 1, 1),
        }
        for n, (code, about) in enumerate(sorted(names.items()))
    ]
    areas = {3: {"type": "FeatureCollection", "features": features}}
    return CountrySeed(iso3=iso3, name=iso3, admin_areas=areas, hazards=(hazard,), **more)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)


def send(portal: Portal, call: dict[str, Any], everywhere: Sequence[str] = ()) -> Any:
    """The call once more; its answer. A shortened list of zeros is sent for the areas `everywhere`, another one as far
    as it was written down."""
    method, _, address = call["request"].partition(" ")
    path = urlsplit(address)
    body = _without_more(call.get("sent"))
    if isinstance(body, dict) and body != call.get("sent") and body.get("eventName", "") is None:
        body["exposurePlaceCodes"] = [{"placeCode": code, "amount": 0} for code in everywhere]
    return portal.session.request(
        method,
        f"{portal.sandbox.url}{path.path.removeprefix('/api')}",
        params=dict(parse_qsl(path.query)),
        json=body if isinstance(body, dict) else None,
    )


def _without_more(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_more(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_more(item) for item in value if not (isinstance(item, str) and _MORE.match(item))]
    return value


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """Where an answer is not what was recorded; keys that the recording leaves out may be there."""
    if isinstance(expected, str) and (_MORE.search(expected[-40:]) or "... " in expected or expected.startswith("<")):
        return []  # shortened
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key, value in expected.items()
            if key not in _OWN
            for line in (
                differences(value, found[key], f"{where}.{key}") if key in found else [f"{where}.{key} is missing"]
            )
        ]
    if isinstance(expected, list) and isinstance(found, list):
        shortened = bool(expected) and isinstance(expected[-1], str) and _MORE.match(expected[-1])
        if not shortened:
            expected, found = _in_order(expected), _in_order(found)
        whole = expected[:-1] if shortened else expected
        if shortened and "timestampOfTrackpoint" in str(whole):
            return [] if len(found) > len(whole) else [f"{where}: {len(found)} points"]  # in any order
        if len(found) < len(whole) or (not shortened and len(found) != len(whole)):
            return [f"{where}: {len(found)} instead of {len(whole)}"]
        pairs = itertools.zip_longest(whole, found[: len(whole)])
        return [line for n, (a, b) in enumerate(pairs) for line in differences(a, b, f"{where}[{n}]")]
    return [] if expected == found else [f"{where}: {found!r} instead of {expected!r}"]


def _in_order(values: list[Any]) -> list[Any]:
    """What is equal to the service's own order comes in any order: areas of one exposure, features of one place."""
    if not all(isinstance(value, dict) for value in values):
        return values
    if all("mainExposureValue" in value for value in values):
        return sorted(values, key=lambda area: (-(area["mainExposureValue"] or 0), area["placeCode"]))
    if all("properties" in value for value in values):
        return sorted(values, key=lambda feature: [str(feature["properties"].get(key)) for key in _TELL_APART])
    return values


def constraints(body: Any) -> list[dict[str, str]]:
    """What a 400 complains about; the echo of the body is compared where it was recorded whole."""
    return [found["constraints"] for found in _objects(body) if "constraints" in found]
