"""Small countries of rectangles, and a plain client that says what it sends. No code of the pipeline."""

from __future__ import annotations

import itertools
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from ibf_pipeline.sandbox import SANDBOX_PASSWORD, CountrySeed, Sandbox, StationSeed

SEVERITY = {"trigger": (1, 1), "high": (1, 0), "med": (0.7, 0), "min": (0.3, 0), "no": (0, 0)}
NO_ALERT_INDICATORS = ("population_affected", "forecast_severity", "forecast_trigger")
_codes = ("".join(letters) for letters in itertools.product("J", string.ascii_uppercase, string.ascii_uppercase))


@dataclass
class Clock:
    """A server clock that moves by one millisecond whenever it is read."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 9, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


def rectangle(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    ring = [
        [west, south],
        [west + width, south],
        [west + width, south + height],
        [west, south + height],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def small_country(iso3: str, *, levels: tuple[int, ...] = (2, 3), **more: Any) -> CountrySeed:
    """Four areas ``<ISO3>1..4`` in a row on level 2, two below each (``<ISO3>11``, ``<ISO3>12``), two stations."""
    upper, lower = [], []
    for n in range(1, 5):
        upper.append(
            {
                "type": "Feature",
                "properties": {
                    "ADM2_PCODE": f"{iso3}{n}",
                    "ADM2_EN": f"Area {n}",
                    "ADM1_PCODE": f"{iso3}0",
                    "ADM1_EN": "North",
                },
                "geometry": rectangle(30 + n, 0, 1, 1),
            }
        )
        for k in (1, 2):
            lower.append(
                {
                    "type": "Feature",
                    "properties": {
                        "adm3_pcode": f"{iso3}{n}{k}",
                        "adm3_en": f"Area {n}-{k}",
                        "adm2_pcode": f"{iso3}{n}",
                        "adm2_en": f"Area {n}",
                    },
                    "geometry": rectangle(30 + n, (k - 1) / 2, 1, 0.5),
                }
            )
    collections = {2: upper, 3: lower}
    return CountrySeed(
        iso3=iso3,
        name=f"Country {iso3}",
        admin_levels=levels,
        default_admin_level=2,
        admin_areas={level: {"type": "FeatureCollection", "features": collections[level]} for level in levels},
        stations=(StationSeed(f"{iso3}-1", "NA", 0.5, 31.5), StationSeed(f"{iso3}-2", "River at bridge", 0.5, 32.5)),
        **more,
    )


class Portal:
    """One country on a sandbox, seen by somebody who speaks HTTP."""

    def __init__(self, sandbox: Sandbox, iso3: str, disaster: str = "floods") -> None:
        self.sandbox, self.iso3, self.disaster = sandbox, iso3, disaster
        self.session = requests.Session()
        self.login("pipeline")

    def login(self, role: str) -> None:
        answer = self.session.post(
            f"{self.sandbox.url}/user/login",
            json={"email": f"{role}@sandbox.example", "password": SANDBOX_PASSWORD},
        )
        self.session.headers["Authorization"] = f"Bearer {answer.json()['user']['token']}"

    def area(self, n: int) -> str:
        return f"{self.iso3}{n}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(f"{self.sandbox.url}/{path}", params=query)

    def post(self, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.session.post(f"{self.sandbox.url}/{path}", json=body, params=query)

    def place(self, **more: Any) -> dict[str, Any]:
        return {"countryCodeISO3": self.iso3, "disasterType": self.disaster, **more}

    def exposure(
        self,
        indicator: str,
        event: str | None,
        amounts: dict[str, float],
        *,
        date: str | None,
        lead_time: str = "4-day",
        level: int = 2,
    ) -> None:
        body = self.place(
            adminLevel=level,
            leadTime=lead_time,
            dynamicIndicator=indicator,
            eventName=event,
            exposurePlaceCodes=[{"placeCode": code, "amount": amount} for code, amount in amounts.items()],
        )
        if date is not None:
            body["date"] = date
        answer = self.post("admin-area-dynamic-data/exposure", body)
        assert (answer.status_code, answer.text) == (201, "")

    def flags(self, event: str | None, flags: str, date: str | None, **more: Any) -> None:
        """``---wTTTT``: a warning on 3-day, a trigger from 4-day on."""
        body = self.place(
            eventName=event,
            alertsPerLeadTime=[
                {"leadTime": f"{n}-day", "forecastAlert": flag in "wT", "forecastTrigger": flag == "T"}
                for n, flag in enumerate(flags)
            ],
            **more,
        )
        if date is not None:
            body["date"] = date
        answer = self.post("event/alerts-per-lead-time", body)
        assert (answer.status_code, answer.text) == (201, "")

    def event(
        self,
        name: str,
        areas: list[int],
        date: str,
        *,
        alert: str = "trigger",
        lead_time: str = "4-day",
        people: float = 100,
        flags: str | None = None,
    ) -> None:
        """The three indicators of an event on the default level, and its flags."""
        severity, trigger = SEVERITY[alert]
        codes = [self.area(n) for n in areas]
        for indicator, amount in (
            ("population_affected", people),
            ("forecast_severity", severity),
            ("forecast_trigger", trigger),
        ):
            self.exposure(indicator, name, dict.fromkeys(codes, amount), date=date, lead_time=lead_time)
        if flags is None:
            first, letter = int(lead_time[0]), "T" if alert == "trigger" else "w"
            flags = "-" * first + letter * (8 - first)
        self.flags(name, flags, date)

    def zeros(self, date: str, *, indicators: tuple[str, ...] = NO_ALERT_INDICATORS, lead_time: str = "1-day") -> None:
        """The no-alert upload: every area of the default level, no event name."""
        for indicator in indicators:
            self.exposure(indicator, None, {self.area(n): 0 for n in range(1, 5)}, date=date, lead_time=lead_time)

    def wipe(self, date: str) -> None:
        """No event name and an empty list: deletes the period's rows of every event, brings none."""
        for indicator in NO_ALERT_INDICATORS:
            self.exposure(indicator, None, {}, date=date, lead_time="1-day")

    def station(self, key: str, value: Any, *, date: str | None, lead_time: str | None = "4-day", n: int = 1) -> None:
        body: dict[str, Any] = {
            **self.place(pointDataCategory="glofas_stations", key=key, leadTime=lead_time),
            "dynamicPointData": [{"fid": f"{self.iso3}-{n}", "value": value}],
        }
        if date is not None:
            body["date"] = date
        answer = self.post("point-data/dynamic", body)
        assert (answer.status_code, answer.text) == (201, "")

    def process(self, *, mail: bool = True) -> requests.Response:
        query = {} if mail else {"noNotifications": "true"}
        answer = self.post("events/process", self.place(), **query)
        assert answer.status_code == 200
        return answer

    def events(self) -> list[dict[str, Any]]:
        answer = self.get("event", countryCodeISO3=self.iso3, disasterType=self.disaster)
        assert answer.status_code == 200
        return answer.json()

    def shown(self) -> dict[str, tuple[str, str | None, str | None, str]]:
        """Event name -> level, first lead time, first trigger lead time, day first issued."""
        return {
            e["eventName"]: (e["alertLevel"], e["firstLeadTime"], e["firstTriggerLeadTime"], e["firstIssuedDate"][:10])
            for e in self.events()
        }

    def levels(self) -> dict[str, str]:
        return {e["eventName"]: e["alertLevel"] for e in self.events()}

    def alerts(self, event: str | None = None) -> dict[str, str]:
        query = {} if event is None else {"eventName": event}
        return self.get(f"event/alerts/{self.iso3}/{self.disaster}", **query).json()

    def polygons(self, level: int = 2, **query: Any) -> list[dict[str, Any]]:
        return [
            f["properties"]
            for f in self.get(f"admin-areas/{self.iso3}/{self.disaster}/{level}", **query).json()["features"]
        ]

    def log(self) -> list[dict[str, Any]]:
        entries = self.get("event/activation-log", countryCodeISO3=self.iso3, disasterType=self.disaster).json()
        return [entry for entry in entries if entry["databaseId"]]

    def open_areas(self) -> set[tuple[str, str]]:
        return {(entry["eventName"], entry["placeCode"]) for entry in self.log() if not entry["closed"]}

    def station_data(self, n: int = 1) -> dict[str, str] | None:
        features = self.get(f"point-data/glofas_stations/{self.iso3}", disasterType=self.disaster).json()["features"]
        return next(f["properties"]["dynamicData"] for f in features if f["properties"]["fid"] == f"{self.iso3}-{n}")

    def mails(self) -> list[tuple[str, ...]]:
        """Event names of each mail, oldest first."""
        return [mail.event_names for mail in self.sandbox.mails(self.iso3)]


def new_portal(sandbox: Sandbox, **more: Any) -> Portal:
    """A country that no other test knows."""
    iso3 = next(_codes)
    sandbox.seed(small_country(iso3, **more))
    return Portal(sandbox, iso3, more.get("disaster_type", "floods"))


def exposure_body(portal: Portal, **changes: Any) -> dict[str, Any]:
    """A complete upload; a change to ``...`` leaves the field out."""
    complete = {
        **portal.place(),
        "adminLevel": 2,
        "leadTime": "4-day",
        "dynamicIndicator": "population_affected",
        "eventName": "G1",
        "date": "2026-11-10T00:00:00Z",
        "exposurePlaceCodes": [{"placeCode": portal.area(1), "amount": 1}],
        **changes,
    }
    return {key: value for key, value in complete.items() if value is not ...}


def broken(portal: Portal, path: str, sent: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Property -> constraints of a 400; children by path."""

    def collect(errors: list[dict[str, Any]], prefix: str) -> dict[str, dict[str, str]]:
        found = {}
        for error in errors:
            if "constraints" in error:
                found[prefix + error["property"]] = error["constraints"]
            found |= collect(error["children"], f"{prefix}{error['property']}.")
        return found

    answer = portal.post(path, sent)
    assert answer.status_code == 400
    return collect(answer.json()["errors"], "")
