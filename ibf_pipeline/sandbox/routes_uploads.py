"""Endpoints that a pipeline uploads to. Success is 201 with an empty body."""

from __future__ import annotations

from pathlib import PurePosixPath

from ibf_pipeline.errors import WriteFailed
from ibf_pipeline.io.atomic_files import write_bytes
from ibf_pipeline.sandbox import bodies
from ibf_pipeline.sandbox.backend import ApiRequest, Endpoint
from ibf_pipeline.sandbox.disasters import Disasters
from ibf_pipeline.sandbox.lines import store_exposed_lines
from ibf_pipeline.sandbox.process import alert_logic_2024
from ibf_pipeline.sandbox.responses import ApiResponse, bad_request, created, plain_error, server_error
from ibf_pipeline.sandbox.timestamps import date_given
from ibf_pipeline.sandbox.typhoon import store_track
from ibf_pipeline.sandbox.uploads import (
    LeadTimeAlert,
    accepted_timestamp,
    country_known,
    store_alerts,
    store_exposure,
    store_point_values,
)
from ibf_pipeline.sandbox.vocabulary import ALERT_THRESHOLD, ApiVersion


def upload_endpoints(disasters: Disasters, behaves_like: ApiVersion) -> list[Endpoint]:
    described = behaves_like == "described"
    endpoints = [
        Endpoint(
            "POST",
            "/admin-area-dynamic-data/exposure",
            exposure,
            "pipeline",
            bodies.exposure_fields(disasters, behaves_like),
        ),
        Endpoint("POST", "/admin-area-dynamic-data/raster/{disaster}", raster, "pipeline", multipart=True),
        Endpoint(
            "POST",
            "/event/triggers-per-leadtime",
            triggers_per_lead_time,
            "pipeline",
            bodies.triggers_per_lead_time_fields(disasters),
        ),
        Endpoint("POST", "/point-data/dynamic", point_values, "pipeline", bodies.point_values_fields(disasters)),
        Endpoint(
            "POST", "/lines-data/exposure-status", exposed_lines, "pipeline", bodies.exposed_lines_fields(disasters)
        ),
        Endpoint("POST", "/typhoon-track", typhoon_track, "pipeline", bodies.TYPHOON_TRACK),
    ]
    if described:
        path = "/event/event-map-image/{iso3}/{disaster}/{event}"
        endpoints.append(Endpoint("POST", path, event_map_image, "pipeline", multipart=True))
    else:
        endpoints.append(
            Endpoint(
                "POST",
                "/event/alerts-per-lead-time",
                alerts_per_lead_time,
                "pipeline",
                bodies.alerts_per_lead_time_fields(disasters),
            )
        )
    return endpoints


def exposure(call: ApiRequest) -> ApiResponse:
    backend, body = call.backend, call.body
    store_exposure(backend.store, body, backend.now())
    if backend.behaves_like == "described" and body["dynamicIndicator"] == ALERT_THRESHOLD:
        alert_logic_2024(backend.store, *call.place, body["adminLevel"], body.get("eventName") or None)
    return created()


def alerts_per_lead_time(call: ApiRequest) -> ApiResponse:
    """A missing ``forecastTrigger`` is stored as true: the default of its column."""
    alerts = [
        LeadTimeAlert(item["leadTime"], item["forecastAlert"], _true_unless_given(item.get("forecastTrigger")))
        for item in call.body["alertsPerLeadTime"]
    ]
    return _store_flags(call, alerts, call.body.get("date"))


def triggers_per_lead_time(call: ApiRequest) -> ApiResponse:
    """The older form. On the current server its ``date`` is dropped by a bug: the flags land at the time of
    receipt, where nothing looks for them."""
    alerts = [
        LeadTimeAlert(item["leadTime"], item["triggered"], _true_unless_given(item.get("thresholdReached")))
        for item in call.body["triggersPerLeadTime"]
    ]
    honoured = call.backend.behaves_like == "described"
    return _store_flags(call, alerts, call.body.get("date") if honoured else None)


def _true_unless_given(flag: bool | None) -> bool:
    return True if flag is None else flag


def _store_flags(call: ApiRequest, alerts: list[LeadTimeAlert], date: object) -> ApiResponse:
    if not alerts:
        raise server_error()  # the service looks at the first element without asking
    moment = accepted_timestamp(date, alerts[0].lead_time, call.backend.now())
    if not country_known(call.store, call.body["countryCodeISO3"]):
        raise server_error()
    event = call.body.get("eventName") or None
    store_alerts(call.store, *call.place, event, moment, alerts, received=not date_given(date))
    return created()


def point_values(call: ApiRequest) -> ApiResponse:
    store_point_values(call.store, call.body, call.backend.now())
    return created()


def exposed_lines(call: ApiRequest) -> ApiResponse:
    store_exposed_lines(call.store, call.body, call.backend.now())
    return created()


def typhoon_track(call: ApiRequest) -> ApiResponse:
    store_track(call.store, call.body, call.backend.now())
    return created()


def raster(call: ApiRequest) -> ApiResponse:
    """The client's file name is used as it is, without its directory part; nothing about it is checked."""
    disaster = call.store.disasters.find(call.params["disaster"])
    if disaster is None or disaster.raster_folder is None:
        raise plain_error(400, "Disaster Type not allowed")
    if call.upload is None:
        cause = "TypeError: Cannot read properties of undefined (reading 'originalname')"
        raise plain_error(404, f"File not written: {cause}")
    name = PurePosixPath(call.upload.name.replace("\\", "/")).name
    if name in ("", ".", ".."):
        raise plain_error(404, "File not written: Error: EISDIR: illegal operation on a directory, open")
    target = call.backend.raster_folder(disaster.raster_folder) / name
    try:
        write_bytes(target, call.upload.content)
    except WriteFailed as error:
        raise plain_error(404, f"File not written: Error: {error.found}") from None
    return created()


def event_map_image(call: ApiRequest) -> ApiResponse:
    """Described server only (removed in 0.272): a picture for the mail of one event."""
    if call.upload is None:
        raise bad_request("File is required")
    params = call.params
    image = {"iso3": params["iso3"], "disaster": params["disaster"], "event": params["event"]}
    call.store.insert("map_image", [{**image, "image": call.upload.content}], replace=True)
    return created()
