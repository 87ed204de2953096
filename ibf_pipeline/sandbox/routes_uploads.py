"""Endpoints that a pipeline uploads to. Success is 201 with an empty body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from ibf_pipeline.errors import WriteFailed
from ibf_pipeline.io.atomic_files import write_bytes
from ibf_pipeline.sandbox import bodies
from ibf_pipeline.sandbox.backend import ApiRequest, Endpoint, Handler
from ibf_pipeline.sandbox.disasters import Disasters
from ibf_pipeline.sandbox.lines import store_exposed_lines
from ibf_pipeline.sandbox.process import alert_logic_2024
from ibf_pipeline.sandbox.responses import bad_request, plain_error, server_error
from ibf_pipeline.sandbox.store import SandboxStore
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
from ibf_pipeline.sandbox.validation import Body
from ibf_pipeline.sandbox.vocabulary import ALERT_THRESHOLD, ApiVersion


def upload_endpoints(disasters: Disasters, behaves_like: ApiVersion) -> list[Endpoint]:
    taken: dict[str, tuple[Handler, Body]] = {
        "/admin-area-dynamic-data/exposure": (exposure, bodies.exposure_fields(disasters, behaves_like)),
        "/event/triggers-per-leadtime": (triggers_per_lead_time, bodies.flag_fields(disasters, bodies.TRIGGER_FLAGS)),
        "/point-data/dynamic": (_storing(store_point_values), bodies.point_values_fields(disasters)),
        "/lines-data/exposure-status": (_storing(store_exposed_lines), bodies.exposed_lines_fields(disasters)),
        "/typhoon-track": (_storing(store_track), bodies.TYPHOON_TRACK),
    }
    files: dict[str, Handler] = {"/admin-area-dynamic-data/raster/{disaster}": raster}
    if behaves_like == "described":
        files["/event/event-map-image/{iso3}/{disaster}/{event}"] = event_map_image
    else:
        fields = bodies.flag_fields(disasters, bodies.ALERT_FLAGS)
        taken["/event/alerts-per-lead-time"] = (alerts_per_lead_time, fields)
    return [
        *(Endpoint("POST", path, store, "pipeline", body) for path, (store, body) in taken.items()),
        *(Endpoint("POST", path, store, "pipeline", multipart=True) for path, store in files.items()),
    ]


def _storing(store: Callable[[SandboxStore, Mapping[str, Any], datetime], None]) -> Handler:
    return lambda call: store(call.store, call.body, call.backend.now())


def exposure(call: ApiRequest) -> None:
    backend, body = call.backend, call.body
    store_exposure(backend.store, body, backend.now())
    if backend.behaves_like == "described" and body["dynamicIndicator"] == ALERT_THRESHOLD:
        alert_logic_2024(backend.store, *call.place, body["adminLevel"], body.get("eventName") or None)


def alerts_per_lead_time(call: ApiRequest) -> None:
    _store_flags(call, bodies.ALERT_FLAGS, call.body.get("date"))


def triggers_per_lead_time(call: ApiRequest) -> None:
    """The older form. On the current server its ``date`` is dropped by a bug: the flags land at the time of
    receipt, where nothing looks for them."""
    honoured = call.backend.behaves_like == "described"
    _store_flags(call, bodies.TRIGGER_FLAGS, call.body.get("date") if honoured else None)


def _store_flags(call: ApiRequest, names: tuple[str, str, str], date: object) -> None:
    """A missing second flag is stored as true: the default of its column."""
    name, flag, second = names
    alerts = [LeadTimeAlert(item["leadTime"], item[flag], item.get(second) is not False) for item in call.body[name]]
    if not alerts:
        raise server_error()  # the service looks at the first element without asking
    moment = accepted_timestamp(date, alerts[0].lead_time, call.backend.now())
    if not country_known(call.store, call.body["countryCodeISO3"]):
        raise server_error()
    event = call.body.get("eventName") or None
    store_alerts(call.store, *call.place, event, moment, alerts, received=not date_given(date))


def raster(call: ApiRequest) -> None:
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


def event_map_image(call: ApiRequest) -> None:
    """Described server only (removed in 0.272): a picture for the mail of one event."""
    if call.upload is None:
        raise bad_request("File is required")
    params = call.params
    image = {"iso3": params["iso3"], "disaster": params["disaster"], "event": params["event"]}
    call.store.insert("map_image", [{**image, "image": call.upload.content}], replace=True)
