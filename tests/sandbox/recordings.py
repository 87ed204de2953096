"""Recordings of the real server, replayed against a sandbox: what it answered must be what the sandbox answers.

A recording is a list of calls in the order in which they were sent, with the answers (IBF API 0.335). What it leaves
out is left out here too: ids, shapes, lists that end in "... N more" (compared as far as they go).
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ibf_pipeline.sandbox import CountrySeed, HazardSeed, Sandbox
from tests.sandbox.recorded_mails import mail_differences, preview_differences
from tests.worlds.services.portal import Portal, rectangle

FOLDER = Path(__file__).parents[1] / "fixtures" / "recorded"
_MORE = re.compile(r"^\.\.\. (\d+)(?: features in all, (\d+) of them)?")
_LONGEST = 5000
"""longer lists have fewer entries here: nobody waits for 16,733 water points"""
# Ids differ from run to run; shapes are made up here; the sandbox has early actions of its own.
_TELL_APART = ("fid", "placeCode", "eventName", "leadTime", "timestampOfTrackpoint")
_OWN = {"countryId", "countryDisasterSettingsId", "id", "notificationInfo", "adminRegionLabels", "eapLink", "created"}
_OWN |= {"countryBoundingBox", "eventPlaceCodeId", "databaseId", "eapActions", "pointDataId"}


LEFT_OUT = (
    "GET /api/metadata/",  # display settings of the portal: their names have a test of their own
    "GET /api/admin-areas/PHL/3 ",
    "GET /api/admin-areas/aggregates/MWI/flash-floods/3?eventName=Rumphi&",  # static values of the real areas
    "POST /api/user/login",  # its account is another one: see test_flash_floods_recorded
)


def recorded(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def country_of(
    calls: list[dict[str, Any]],
    iso3: str,
    hazard: HazardSeed,
    patterns: Sequence[str] = (),
    number: int = 0,
    **more: Any,
) -> CountrySeed:
    """The areas that a recording is about, as squares in a row, with the names that it prints.

    `patterns` tell the codes of the hazard's levels apart, where there are several; `number`: how many there are of a
    level, those that the recording does not show are made up.
    """
    said = list(_objects([[call.get("sent"), call.get("body")] for call in calls]))
    areas = {
        level: {"type": "FeatureCollection", "features": _features(said, level, pattern, number)}
        for level, pattern in zip(hazard.admin_levels, patterns or [f"{iso3[:2]}\\w*\\d\\w*"], strict=True)
    }
    return CountrySeed(iso3=iso3, name=more.pop("name", iso3), admin_areas=areas, hazards=(hazard,), **more)


def _features(said: Sequence[dict[str, Any]], level: int, pattern: str, number: int) -> list[dict[str, Any]]:
    own, above = f"adm{level}", f"adm{level - 1}"
    names: dict[str, dict[str, Any]] = {}
    for found in said:
        code = found.get("placeCode") or found.get(f"{own}_pcode")
        if isinstance(code, str) and re.fullmatch(pattern, code):
            known = {key: value for key, value in found.items() if value is not None and found.get("name") != code}
            names.setdefault(code, {}).update(known)
    for n in range(number - len(names)):
        names[f"made up {n:04}"] = {}
    return [
        {
            "type": "Feature",
            "properties": {
                f"{own}_pcode": code,
                f"{own}_en": about.get("name") or about.get(f"{own}_en"),
                f"{above}_pcode": about.get("placeCodeParent") or about.get(f"{above}_pcode"),
                f"{above}_en": about.get("nameParent") or about.get(f"{above}_en"),
            },
            "geometry": rectangle(n, 0, 1, 1),
        }
        for n, (code, about) in enumerate(sorted(names.items()))
    ]


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
    file = re.fullmatch(r"multipart, field (\w+), (\S+)", body) if isinstance(body, str) else None
    if isinstance(body, dict) and body != call.get("sent") and body.get("eventName", "") is None:
        body["exposurePlaceCodes"] = [{"placeCode": code, "amount": 0} for code in everywhere]
    return portal.session.request(
        method,
        f"{portal.sandbox.url}{path.path.removeprefix('/api')}",
        params=dict(parse_qsl(path.query)),
        json=body if isinstance(body, dict) else None,
        files={file[1]: (file[2], b"raster")} if file else None,
    )


def _without_more(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_more(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_more(item) for item in value if not (isinstance(item, str) and _MORE.match(item))]
    return value


def differences(
    expected: Any, found: Any, where: str = "", *, every_key: bool = False, counted: bool = True
) -> list[str]:
    """Where an answer is not what was recorded; keys that the recording lacks may be there unless it has every one.

    `counted`: of a list that was shortened the number of entries counts too.
    """
    if isinstance(expected, str):
        return _text_differences(expected, found, where)
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [key for key in expected if key not in _OWN]
        further = sorted(found.keys() - expected.keys() - _OWN) if every_key else []
        return [f"{where}.{key} is there" for key in further] + [
            line
            for key in keys
            for line in (
                differences(expected[key], found[key], f"{where}.{key}", every_key=every_key, counted=counted)
                if key in found
                else [f"{where}.{key} is missing"]
            )
        ]
    if isinstance(expected, list) and isinstance(found, list):
        more = _MORE.match(expected[-1]) if expected and isinstance(expected[-1], str) else None
        whole = expected[:-1] if more else expected
        if found and all(isinstance(each, dict) and {"value", "placeCode"} <= each.keys() for each in (*whole, *found)):
            return _value_differences(whole, found, where, exactly=not more)
        if not more:
            expected, found = _in_order(expected), _in_order(found)
            whole = expected
        if more and "timestampOfTrackpoint" in str(whole):
            return [] if len(found) > len(whole) else [f"{where}: {len(found)} points"]  # in any order
        there = len(whole) + (int(more[1]) if more and not more[2] else 0)
        if len(found) < len(whole) or (len(found) != there and ((counted and there < _LONGEST) or not more)):
            return [f"{where}: {len(found)} instead of {there}"]
        pairs = itertools.zip_longest(whole, found[: len(whole)])
        return [
            line
            for n, (a, b) in enumerate(pairs)
            for line in differences(a, b, f"{where}[{n}]", every_key=every_key, counted=counted)
        ]
    return [] if expected == found else [f"{where}: {found!r} instead of {expected!r}"]


def _value_differences(expected: Sequence[Any], found: Sequence[Any], where: str, *, exactly: bool) -> list[str]:
    """Rows of values in any order; static ones, which have no alert beside their value, are other ones here."""
    dynamic = [row for row in expected if "indicator" not in row or "alertLevel" in row]
    missing = [row for row in dynamic if not any(row.items() <= each.items() for each in found)]
    number = [f"{where}: {len(found)} rows"] if exactly and len(found) != len(expected) else []
    return [f"{where}: no row {row}" for row in missing] + number


def _text_differences(expected: str, found: Any, where: str) -> list[str]:
    """A long text as far as it was written down; a placeholder stands for anything."""
    if expected.startswith("<"):
        return []
    beginning, shortened, _ = expected.partition("... ")
    same = str(found).startswith(beginning) if shortened else expected == found
    return [] if same else [f"{where}: {found!r} instead of {expected!r}"]


def _in_order(values: list[Any]) -> list[Any]:
    """What is equal to the service's own order comes in any order: areas of one exposure, features of one place."""
    if not all(isinstance(value, dict) for value in values):
        return values
    if all("mainExposureValue" in value for value in values):
        return sorted(values, key=lambda area: (-(area["mainExposureValue"] or 0), area["placeCode"]))
    if all("properties" in value for value in values):
        return sorted(values, key=lambda feature: [str(feature["properties"].get(key)) for key in _TELL_APART])
    return values


def replayed(
    portal: Portal, n: int, call: dict[str, Any], everywhere: Sequence[str] = (), *, counted: bool = True
) -> list[str]:
    """Where the answer to one call is not the recorded one."""
    if "sql" in call:
        return differences(call["rows"], drawn(portal.sandbox, call["sql"]), f"{n} lines")
    if not call.get("status") or f"{call['request']} ".startswith(LEFT_OUT):
        return []
    before = len(portal.sandbox.mails())
    answer = _answer(portal, call, everywhere)
    where = f"{n} {call['request']}"
    if answer.status_code != call["status"]:
        return [f"{where}: {answer.status_code} instead of {call['status']}"]
    if unlike := mail_differences(call, portal.sandbox.mails()[before:]):
        return [f"{where}: {line}" for line in unlike]
    if call["body"] == "" or not answer.text:
        return differences(call["body"], answer.text, where)
    body = answer.json()
    if answer.status_code == 400 and "/typhoon-track" in call["request"]:  # its echo has dates of another form
        return differences(_constraints(call["body"]), _constraints(body), where)
    if "preview" in call:
        return preview_differences(call["preview"], body, portal.sandbox, where)
    return differences(call["body"], shown(call, body), where, every_key="shortened" not in call, counted=counted)


def _constraints(body: Any) -> list[dict[str, str]]:
    return [found["constraints"] for found in _objects(body) if "constraints" in found]


def _answer(portal: Portal, call: dict[str, Any], everywhere: Sequence[str]) -> Any:
    """As whoever sent the call."""
    token = portal.session.headers["Authorization"]
    if call.get("as") == "no token":
        del portal.session.headers["Authorization"]
    elif call.get("as"):
        portal.login(call["as"])
    answer = send(portal, call, everywhere)
    portal.session.headers["Authorization"] = token
    return answer


def shown(call: dict[str, Any], body: Any) -> Any:
    """Of an answer what the recording shows: only one country, only points with values."""
    if call["request"] == "GET /api/country":
        return [country for country in body if country["countryCodeISO3"] == call["body"][0]["countryCodeISO3"]]
    if call["request"] == "GET /api/admin-areas/MWI/3":  # in the database's own order
        first = [feature["properties"]["adm3_pcode"] for feature in call["body"]["features"][:-1]]
        features = sorted(body["features"], key=lambda f: f["properties"]["adm3_pcode"] not in first)
        return body | {"features": features}
    if "only those are shown" in str(call["body"]):
        features = [f for f in body["features"] if f["properties"]["dynamicData"] is not None]
        return body | {"features": features}
    return body


def drawn(sandbox: Sandbox, sql: str) -> list[list[str]]:
    """The counts that the recording took from the database's view."""
    category = "buildings" if "buildings_exposure" in sql else "roads"
    counts = Counter(
        (line.iso3, line.lead_time or "", "t" if line.exposed else "f") for line in sandbox.lines(category)
    )
    rows = [[*place, str(count)] for place, count in counts.items()]
    return sorted(rows, key=lambda row: (row[0], row[1] == "", row[1]))


def rows(
    portal: Portal,
    event: str | None,
    amounts: Mapping[str, float],
    date: str,
    lead_time: str,
    *,
    level: int = 3,
    severity: float = 1,
    trigger: int = 1,
) -> None:
    """The three indicators of an event, or without one zeros."""
    alerts = {"forecast_severity": severity, "forecast_trigger": trigger}
    for indicator in ("population_affected", *alerts):
        alert = alerts.get(indicator, 0) if event else 0
        sent = amounts if indicator == "population_affected" else dict.fromkeys(amounts, alert)
        portal.exposure(indicator, event, dict(sent), date=date, lead_time=lead_time, level=level)
