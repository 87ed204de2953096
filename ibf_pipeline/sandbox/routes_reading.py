"""Login and the endpoints that read back."""

from __future__ import annotations

import sqlite3
import uuid
from functools import partial
from typing import Any

from ibf_pipeline.sandbox import bodies
from ibf_pipeline.sandbox.auth import login_answer
from ibf_pipeline.sandbox.backend import ApiRequest, Endpoint, Handler
from ibf_pipeline.sandbox.events import activation_log, alert_areas, events_of_all, lead_time_alerts
from ibf_pipeline.sandbox.mail import kept_mails
from ibf_pipeline.sandbox.maps import MapQuery, aggregates, boundaries, dynamic_values, event_polygons, raw_boundaries
from ibf_pipeline.sandbox.portal import country_json, indicators_json, layers_json
from ibf_pipeline.sandbox.process import country_disaster, last_upload
from ibf_pipeline.sandbox.responses import Refusal, plain_error, server_error
from ibf_pipeline.sandbox.stations import point_features
from ibf_pipeline.sandbox.typhoon import track_features
from ibf_pipeline.sandbox.vocabulary import POINT_CATEGORIES, ApiVersion

_LOG_NAMESPACE = uuid.UUID("0a6a3c56-65a7-4a35-9b83-2f3f2b0d7d11")
_LOG_PAGE_SIZE = 10


def reading_endpoints(behaves_like: ApiVersion) -> list[Endpoint]:
    get = partial(Endpoint, "GET", status=200)
    viewed: dict[str, Handler] = {
        "/event/last-upload-date/{iso3}/{disaster}": last_upload_date,
        "/event/alerts/{iso3}/{disaster}": lambda call: lead_time_alerts(call.store, *call.place, _event(call)),
        "/event/alert-areas/{iso3}/{level}/{disaster}": lambda call: alert_areas(
            call.store, *call.place, _level(call), _event(call)
        ),
        "/event/activation-log": lambda call: activation_log(call.store, *call.place),
        "/admin-areas/aggregates/{iso3}/{disaster}/{level}": lambda call: aggregates(call.store, _view(call)),
        "/admin-areas/{iso3}/{disaster}/{level}": lambda call: event_polygons(call.store, _view(call)),
        "/admin-area-dynamic-data/{iso3}/{level}/{indicator}/{disaster}": lambda call: dynamic_values(
            call.store, _view(call), call.params["indicator"]
        ),
        "/point-data/{category}/{iso3}": point_data,
        "/typhoon-track/{iso3}": lambda call: track_features(call.store, call.params["iso3"], _event(call)),
        "/metadata/indicators/{iso3}/{disaster}": lambda call: indicators_json(call.store, _setup(call)),
        "/metadata/layers/{iso3}/{disaster}": lambda call: layers_json(call.store, _setup(call)),
    }
    if behaves_like == "described":
        # Boundaries as GeoJSON came with 0.321, events by query with 0.331.
        viewed["/admin-areas/raw/{iso3}"] = lambda call: raw_boundaries(call.store, call.params["iso3"])
        further = [get("/event/{iso3}/{disaster}", events)]
    else:
        viewed["/admin-areas/{iso3}/{level}"] = lambda call: boundaries(call.store, call.params["iso3"], _level(call))
        further = [get("/event", events), get("/notification/log", notification_log, "admin")]
    return [
        Endpoint("POST", "/user/login", login, None, bodies.LOGIN, status=200),
        get("/country", countries),
        *(get(path, read, "viewer") for path, read in viewed.items()),
        *further,
    ]


def login(call: ApiRequest) -> dict[str, Any]:
    accounts, body = call.backend.accounts, call.body
    user = accounts.by_password(body["email"], body["password"])
    if user is None:
        raise Refusal(401, {"message": "Invalid login"})
    known = [row["iso3"] for row in call.store.rows("SELECT iso3 FROM country ORDER BY iso3")]
    return login_answer(user, accounts.token(user), known, call.store.disasters.names)


def countries(call: ApiRequest) -> list[dict[str, Any]]:
    """Without token every country, with one of a non-admin only that user's."""
    user, store = call.user, call.store
    found = store.rows("SELECT * FROM country ORDER BY name")
    seen = [row for row in found if user is None or user.role == "admin" or user.sees(row["iso3"])]
    return [country_json(store, row) for row in seen]


def last_upload_date(call: ApiRequest) -> dict[str, Any]:
    last = last_upload(call.store, *call.place)
    if last is None:
        return {"date": None, "timestamp": None, "cutoffMoment": None}
    return {"date": last.day, "timestamp": last.moment, "cutoffMoment": last.cutoff}


def _event(call: ApiRequest) -> str | None:
    return call.query.get("eventName")


def _setup(call: ApiRequest) -> sqlite3.Row | None:
    return country_disaster(call.store, *call.place)


def _view(call: ApiRequest) -> MapQuery:
    params, query = call.params, call.query
    call.store.disasters[params["disaster"]]  # the service fails on a hazard that it does not know
    return MapQuery(
        iso3=params["iso3"],
        disaster=params["disaster"],
        level=_level(call),
        event=_event(call),
        lead_time=query.get("leadTime"),
        parent=query.get("placeCodeParent"),
    )


def _level(call: ApiRequest) -> int:
    try:
        return int(call.params["level"])
    except ValueError:
        raise server_error() from None


def point_data(call: ApiRequest) -> dict[str, Any]:
    category = call.params["category"]
    if category not in POINT_CATEGORIES:
        raise plain_error(404, "Not a known point layer")
    return point_features(call.store, category, *call.place)


def events(call: ApiRequest) -> list[dict[str, Any]]:
    return events_of_all(call.store, *call.place)


def notification_log(call: ApiRequest) -> dict[str, Any]:
    """Who was mailed for which events, newest first."""
    query = call.query
    isos = [iso3 for iso3 in query.get("countryCodesISO3", "").split(",") if iso3]
    disasters = [disaster for disaster in query.get("disasterTypes", "").split(",") if disaster]
    entries: list[dict[str, Any]] = [
        {
            "id": str(uuid.uuid5(_LOG_NAMESPACE, str(number))),
            "createdAt": mail.at,
            "channel": "email",
            "recipientCount": mail.recipients,
            "countryCodeISO3": mail.iso3,
            "disasterType": mail.disaster_type,
            "eventNames": list(mail.event_names),
        }
        for number, mail in enumerate(kept_mails(call.store))
        if (not isos or mail.iso3 in isos) and (not disasters or mail.disaster_type in disasters)
    ]
    if query.get("metrics") == "true":
        named = {(e["countryCodeISO3"], e["disasterType"], name) for e in entries for name in e["eventNames"]}
        recipients = sum(entry["recipientCount"] for entry in entries)
        return {"events": len(named), "email": recipients, "whatsapp": 0}
    page = int(query["page"]) if query.get("page", "").isdigit() else 1
    start = (max(page, 1) - 1) * _LOG_PAGE_SIZE
    return {"logs": entries[::-1][start : start + _LOG_PAGE_SIZE], "total": len(entries)}
