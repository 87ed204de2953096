"""Login and the endpoints that read back."""

from __future__ import annotations

import uuid
from typing import Any

from ibf_pipeline.sandbox import bodies
from ibf_pipeline.sandbox.auth import login_answer
from ibf_pipeline.sandbox.backend import ApiRequest, Endpoint
from ibf_pipeline.sandbox.events import activation_log, alert_areas, events_of_all, lead_time_alerts
from ibf_pipeline.sandbox.mail import kept_mails
from ibf_pipeline.sandbox.maps import MapQuery, aggregates, boundaries, dynamic_values, event_polygons, raw_boundaries
from ibf_pipeline.sandbox.portal import country_json, indicators_json, layers_json
from ibf_pipeline.sandbox.process import country_disaster, last_upload
from ibf_pipeline.sandbox.responses import ApiResponse, Refusal, ok, plain_error, server_error
from ibf_pipeline.sandbox.stations import point_features
from ibf_pipeline.sandbox.typhoon import track_features
from ibf_pipeline.sandbox.vocabulary import POINT_CATEGORIES, ApiVersion

_LOG_NAMESPACE = uuid.UUID("0a6a3c56-65a7-4a35-9b83-2f3f2b0d7d11")
_LOG_PAGE_SIZE = 10


def reading_endpoints(behaves_like: ApiVersion) -> list[Endpoint]:
    common = [
        Endpoint("POST", "/user/login", login, None, bodies.LOGIN),
        Endpoint("GET", "/country", countries),
        Endpoint("GET", "/event/last-upload-date/{iso3}/{disaster}", last_upload_date, "viewer"),
        Endpoint("GET", "/event/alerts/{iso3}/{disaster}", event_alerts, "viewer"),
        Endpoint("GET", "/event/alert-areas/{iso3}/{level}/{disaster}", areas_on_alert, "viewer"),
        Endpoint("GET", "/event/activation-log", log_of_activations, "viewer"),
        Endpoint("GET", "/admin-areas/aggregates/{iso3}/{disaster}/{level}", totals, "viewer"),
        Endpoint("GET", "/admin-areas/{iso3}/{disaster}/{level}", map_polygons, "viewer"),
        Endpoint("GET", "/admin-area-dynamic-data/{iso3}/{level}/{indicator}/{disaster}", values, "viewer"),
        Endpoint("GET", "/point-data/{category}/{iso3}", point_data, "viewer"),
        Endpoint("GET", "/typhoon-track/{iso3}", typhoon_tracks, "viewer"),
        Endpoint("GET", "/metadata/indicators/{iso3}/{disaster}", indicators, "viewer"),
        Endpoint("GET", "/metadata/layers/{iso3}/{disaster}", layers, "viewer"),
    ]
    if behaves_like == "described":
        # Boundaries as GeoJSON came with 0.321, events by query with 0.331.
        return [
            *common,
            Endpoint("GET", "/admin-areas/raw/{iso3}", raw_areas, "viewer"),
            Endpoint("GET", "/event/{iso3}/{disaster}", events),
        ]
    return [
        *common,
        Endpoint("GET", "/admin-areas/{iso3}/{level}", areas_of_level, "viewer"),
        Endpoint("GET", "/event", events),
        Endpoint("GET", "/notification/log", notification_log, "admin"),
    ]


def login(call: ApiRequest) -> ApiResponse:
    accounts, body = call.backend.accounts, call.body
    user = accounts.by_password(body["email"], body["password"])
    if user is None:
        raise Refusal(401, {"message": "Invalid login"})
    known = [row["iso3"] for row in call.store.rows("SELECT iso3 FROM country ORDER BY iso3")]
    return ok(login_answer(user, accounts.token(user), known, call.store.disasters.names))


def countries(call: ApiRequest) -> ApiResponse:
    """Without token every country, with one of a non-admin only that user's."""
    user, store = call.user, call.store
    found = store.rows("SELECT * FROM country ORDER BY name")
    seen = [row for row in found if user is None or user.role == "admin" or user.sees(row["iso3"])]
    return ok([country_json(store, row) for row in seen])


def last_upload_date(call: ApiRequest) -> ApiResponse:
    last = last_upload(call.store, *call.place)
    if last is None:
        return ok({"date": None, "timestamp": None, "cutoffMoment": None})
    return ok({"date": last.day, "timestamp": last.moment, "cutoffMoment": last.cutoff})


def event_alerts(call: ApiRequest) -> ApiResponse:
    return ok(lead_time_alerts(call.store, *call.place, call.query.get("eventName")))


def areas_on_alert(call: ApiRequest) -> ApiResponse:
    return ok(alert_areas(call.store, *call.place, _level(call.params["level"]), call.query.get("eventName")))


def log_of_activations(call: ApiRequest) -> ApiResponse:
    return ok(activation_log(call.store, *call.place))


def _view(call: ApiRequest) -> MapQuery:
    params, query = call.params, call.query
    call.store.disasters[params["disaster"]]  # the service fails on a hazard that it does not know
    return MapQuery(
        iso3=params["iso3"],
        disaster=params["disaster"],
        level=_level(params["level"]),
        event=query.get("eventName"),
        lead_time=query.get("leadTime"),
        parent=query.get("placeCodeParent"),
    )


def totals(call: ApiRequest) -> ApiResponse:
    return ok(aggregates(call.store, _view(call)))


def map_polygons(call: ApiRequest) -> ApiResponse:
    return ok(event_polygons(call.store, _view(call)))


def values(call: ApiRequest) -> ApiResponse:
    return ok(dynamic_values(call.store, _view(call), call.params["indicator"]))


def areas_of_level(call: ApiRequest) -> ApiResponse:
    return ok(boundaries(call.store, call.params["iso3"], _level(call.params["level"])))


def raw_areas(call: ApiRequest) -> ApiResponse:
    return ok(raw_boundaries(call.store, call.params["iso3"]))


def _level(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise server_error() from None


def point_data(call: ApiRequest) -> ApiResponse:
    category = call.params["category"]
    if category not in POINT_CATEGORIES:
        raise plain_error(404, "Not a known point layer")
    return ok(point_features(call.store, category, *call.place))


def events(call: ApiRequest) -> ApiResponse:
    return ok(events_of_all(call.store, *call.place))


def typhoon_tracks(call: ApiRequest) -> ApiResponse:
    return ok(track_features(call.store, call.params["iso3"], call.query.get("eventName")))


def indicators(call: ApiRequest) -> ApiResponse:
    return ok(indicators_json(call.store, country_disaster(call.store, *call.place)))


def layers(call: ApiRequest) -> ApiResponse:
    return ok(layers_json(call.store, country_disaster(call.store, *call.place)))


def notification_log(call: ApiRequest) -> ApiResponse:
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
        return ok({"events": len(named), "email": recipients, "whatsapp": 0})
    page = int(query["page"]) if query.get("page", "").isdigit() else 1
    start = (max(page, 1) - 1) * _LOG_PAGE_SIZE
    return ok({"logs": entries[::-1][start : start + _LOG_PAGE_SIZE], "total": len(entries)})
