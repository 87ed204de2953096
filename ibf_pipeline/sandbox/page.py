"""The page at ``/``: one HTML file without external requests, and the data behind it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ibf_pipeline.sandbox.backend import Backend
from ibf_pipeline.sandbox.mail import PAGE_FOLDER
from ibf_pipeline.sandbox.page_assets import asset_positions
from ibf_pipeline.sandbox.page_state import countries_with_days, page_state
from ibf_pipeline.sandbox.responses import json_response

# Nothing but what came with the page itself; the mails are shown in frames without any rights.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'"


Query = Mapping[str, str]


def page_routes(backend: Backend) -> list[Route]:
    async def page(_: Request) -> Response:
        return HTMLResponse(_document(backend), headers={"Content-Security-Policy": _POLICY})

    def data(name: str, answer: Callable[[Backend, Query], Any]) -> Route:
        def respond(request: Request) -> Response:
            return json_response(200, answer(backend, request.query_params))

        return Route(f"/page/{name}", respond, methods=["GET"])

    return [
        Route("/", page, methods=["GET"]),
        data("countries", _countries),
        data("state", _state),
        data("areas", _outlines),
        data("assets", _assets),
        data("extent", _extent),
        data("hydrograph", _hydrograph),
    ]


def _document(backend: Backend) -> str:
    text = (PAGE_FOLDER / "index.html").read_text(encoding="utf-8")
    for name in ("page.css", "page.js", "assets.js", "tracks.js"):
        text = text.replace(f"/*{name}*/", (PAGE_FOLDER / name).read_text(encoding="utf-8"))
    return text.replace("{{behaves_like}}", backend.behaves_like)


def _countries(backend: Backend, _: Query) -> dict[str, Any]:
    return {"behavesLike": backend.behaves_like, "countries": countries_with_days(backend.store)}


def _state(backend: Backend, query: Query) -> dict[str, Any]:
    return page_state(backend, query.get("iso3", ""), query.get("disaster", ""), query.get("day"))


def _outlines(backend: Backend, query: Query) -> dict[str, Any]:
    from ibf_pipeline.sandbox.page_map import outlines  # shapely is slow to load and only the page needs it

    return outlines(backend.store, query.get("iso3", ""), int(query.get("level", "0")))


def _assets(backend: Backend, query: Query) -> dict[str, Any]:
    hazard = backend.store.disasters.find(query.get("disaster", ""))
    return asset_positions(backend.store, hazard, query.get("iso3", ""))


def _extent(backend: Backend, query: Query) -> dict[str, Any]:
    from ibf_pipeline.sandbox.page_extent import extent_picture  # rasterio, likewise

    iso3, lead_time = query.get("iso3", ""), query.get("leadTime", "")
    disaster = backend.store.disasters.find(query.get("disaster") or backend.store.disasters.names[0])
    valid = iso3.isalnum() and lead_time.replace("-", "").isalnum()
    if not valid or disaster is None or disaster.raster_folder is None:
        return {"problem": "no such extent"}
    return extent_picture(backend.raster_folder(disaster.raster_folder) / disaster.raster(iso3, lead_time))


def _hydrograph(backend: Backend, query: Query) -> dict[str, Any]:
    """The forecast behind a station's values, or why there is none."""
    iso3 = query.get("iso3", "")
    try:
        day = date.fromisoformat(query.get("day", ""))
    except ValueError:
        return {"problem": "no such day"}
    if backend.hydrographs is None or not re.fullmatch("[A-Z]{3}", iso3):
        return {"problem": "no run folder is at hand"}
    picture = backend.hydrographs(iso3, day, query.get("station", ""))
    if picture is None:
        return {"problem": "no run folder of this day is at hand"}
    return {"picture": base64.b64encode(picture).decode("ascii")}
