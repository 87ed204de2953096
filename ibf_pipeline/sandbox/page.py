"""The page at ``/``: one HTML file without external requests, and the data behind it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ibf_pipeline.sandbox.answers import json_response
from ibf_pipeline.sandbox.backend import Backend
from ibf_pipeline.sandbox.mail import PAGE_FOLDER
from ibf_pipeline.sandbox.page_state import countries, page_state

# Nothing but what came with the page itself; the mails are shown in frames without any rights.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'"


def page_routes(backend: Backend) -> list[Route]:
    async def page(_: Request) -> Response:
        return HTMLResponse(_document(backend), headers={"Content-Security-Policy": _POLICY})

    async def known_countries(_: Request) -> Response:
        return await _answer(lambda: {"behavesLike": backend.behaves_like, "countries": countries(backend.store)})

    async def state(request: Request) -> Response:
        query = request.query_params
        return await _answer(
            lambda: page_state(backend, query.get("iso3", ""), query.get("disaster", ""), query.get("day"))
        )

    async def areas(request: Request) -> Response:
        query = request.query_params
        return await _answer(lambda: _outlines(backend, query.get("iso3", ""), int(query.get("level", "0"))))

    async def extent(request: Request) -> Response:
        query = request.query_params
        return await _answer(lambda: _extent(backend, query.get("iso3", ""), query.get("leadTime", "")))

    async def hydrograph(request: Request) -> Response:
        query = request.query_params
        return await _answer(
            lambda: _hydrograph(backend, query.get("iso3", ""), query.get("day", ""), query.get("station", ""))
        )

    return [
        Route("/", page, methods=["GET"]),
        Route("/page/countries", known_countries, methods=["GET"]),
        Route("/page/state", state, methods=["GET"]),
        Route("/page/areas", areas, methods=["GET"]),
        Route("/page/extent", extent, methods=["GET"]),
        Route("/page/hydrograph", hydrograph, methods=["GET"]),
    ]


async def _answer(make: Callable[[], Any]) -> Response:
    return json_response(200, await run_in_threadpool(make))


def _document(backend: Backend) -> str:
    text = (PAGE_FOLDER / "index.html").read_text(encoding="utf-8")
    for name in ("page.css", "page.js"):
        text = text.replace(f"/*{name}*/", (PAGE_FOLDER / name).read_text(encoding="utf-8"))
    return text.replace("{{behaves_like}}", backend.behaves_like)


def _outlines(backend: Backend, iso3: str, level: int) -> dict[str, Any]:
    from ibf_pipeline.sandbox.page_map import outlines  # shapely is slow to load and only the page needs it

    return outlines(backend.store, iso3, level)


def _extent(backend: Backend, iso3: str, lead_time: str) -> dict[str, Any]:
    from ibf_pipeline.sandbox.page_extent import extent_picture  # rasterio, likewise

    if not (iso3.isalnum() and lead_time.replace("-", "").isalnum()):
        return {"problem": "no such extent"}
    name = f"flood_extent_{lead_time}_{iso3}.tif"
    return extent_picture(backend.raster_folder("flood_extents") / name)


def _hydrograph(backend: Backend, iso3: str, day: str, station: str) -> dict[str, Any]:
    """The forecast behind a station's values, or why there is none."""
    try:
        issue_date = date.fromisoformat(day)
    except ValueError:
        return {"problem": "no such day"}
    if backend.hydrographs is None or not re.fullmatch("[A-Z]{3}", iso3):
        return {"problem": "no run folder is at hand"}
    picture = backend.hydrographs(iso3, issue_date, station)
    if picture is None:
        return {"problem": "no run folder of this day is at hand"}
    return {"picture": base64.b64encode(picture).decode("ascii")}
