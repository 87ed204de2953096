"""A loopback stand-in of the Early Warning Data Store: its HTTP API of jobs, forms, constraints and results.

Answers have the shape that ECMWF's client reads; what an order delivers is made from the order itself, so that a wrong
area, lead time or product type shows in the numbers.
"""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import eccodes

from ibf_pipeline.discharge.cells import GLOFAS_CELL, Grid
from ibf_pipeline.discharge.grib_messages import read_grib_messages
from tests.worlds.countries.ewds_grib import BACKGROUND_ID, PROCESS_ID, write_ewds_grib
from tests.worlds.countries.forecast_files import GRID, ISSUE, MEMBERS, PLACES, cube

KEY = "0f5c-personal-key"
DATASET = "cems-glofas-forecast"


def widget(name: str, *values: str, required: bool = True) -> dict[str, Any]:
    return {"name": name, "type": "StringListWidget", "required": required, "details": {"values": list(values)}}


def the_form() -> list[dict[str, Any]]:
    """The collection's form; values in groups where the service groups them."""
    return [
        {
            "name": "system_version", "type": "StringListArrayWidget", "required": True,
            "details": {"groups": [{"values": ["operational"]}, {"label": "Legacy", "values": ["version_3_1"]}]},
        },
        widget("hydrological_model", "lisflood", "htessel_lisflood"),
        widget("product_type", "control_forecast", "ensemble_perturbed_forecasts"),
        widget("variable", "river_discharge_in_the_last_24_hours"),
        widget("year", "2025", "2026"), widget("month", "02"), widget("day", "14", "15"),
        widget("leadtime_hour", *(str(24 * day) for day in range(1, 31))),
        widget("data_format", "grib2", "netcdf"), widget("download_format", "zip", "unarchived"),
        {"name": "area", "type": "GeographicExtentWidget", "required": False, "details": {"range": {}}},
        {"name": "licences", "type": "LicenceWidget", "required": False, "details": {}},
    ]  # fmt: skip


@dataclass
class Service:
    """A running stand-in and what it was asked."""

    port: int = 0
    form: list[dict[str, Any]] = field(default_factory=the_form)
    accounts: set[str | None] = field(default_factory=set)
    """what came as `Authorization` with the key"""
    days: list[str] = field(default_factory=lambda: ["14", "15"])
    """days of the month that the constraints allow"""
    combinations: list[dict[str, list[str]]] = field(default_factory=list)
    """values that are possible together, by key, instead of those of the form on these days"""
    limit: float = 1000
    """of an order's cost, which is its number of fields"""
    looks: int = 2
    """answers `accepted` or `running` before an order is ready"""
    together: int = 1
    """orders that must have been placed before any of them is ready"""
    licences: bool = True
    refusal: str | None = None
    """why no order is accepted"""
    failure: str | None = None
    """what every order fails with"""
    too_many: int = 0
    """answers with 429 that are still to come"""
    cut_after: int | None = None
    """bytes of a download after which its connection is cut, once"""
    damage: bytes | None = None
    """what is delivered instead of GRIB, once"""
    open_catalogue: bool = False
    """whether its catalogue answers without a key"""
    helps: bool = True
    """whether form, constraints and costing are offered"""
    missing_members: tuple[int, ...] = ()
    instead: dict[str, Any] = field(default_factory=dict)
    """keys of an order in whose place others are delivered"""
    ids: tuple[int, int] = (PROCESS_ID, BACKGROUND_ID)
    """generating and background process of what is delivered"""
    copies: int = 1
    """how often each field is delivered"""
    gone: dict[str, int] = field(default_factory=dict)
    """order -> status that is answered instead of its result"""
    failing: set[str] = field(default_factory=set)
    """orders that fail"""
    orders: list[dict[str, Any]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    results: dict[str, bytes] = field(default_factory=dict)
    looked: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def possible(self, order: dict[str, Any]) -> dict[str, list[str]]:
        """Each key's values that are possible with what is ordered of all other keys, whatever its own are."""
        of_form = {item["name"]: item["details"].get("values", ["operational"]) for item in self.form[:8]}
        combinations = self.combinations or [{**of_form, "day": self.days}]
        chosen = {key: {value} if isinstance(value, str) else set(value) for key, value in order.items()}
        return {
            key: sorted(
                {
                    value
                    for values in combinations
                    if all(chosen[other] & set(values[other]) for other in values if other != key and other in chosen)
                    for value in values[key]
                }
            )
            for key in combinations[0]
        }


def delivered(
    request: dict[str, Any], missing: tuple[int, ...], ids: tuple[int, int] = (PROCESS_ID, BACKGROUND_ID)
) -> bytes:
    """The GRIB2 messages that an order asks for."""
    return _delivered(json.dumps(request), missing, ids)


@cache
def _delivered(order: str, missing: tuple[int, ...], ids: tuple[int, int]) -> bytes:
    """Made once for all tests of a process that order the same."""
    request: dict[str, Any] = json.loads(order)
    north, west, south, east = request["area"]
    grid = Grid(west, north, GLOFAS_CELL, round((east - west) / GLOFAS_CELL), round((north - south) / GLOFAS_CELL))
    down, right = round((GRID.top - north) / GLOFAS_CELL), round((west - GRID.left) / GLOFAS_CELL)
    cells = {
        code: (row - down, column - right)
        for code, (row, column) in PLACES.items()
        if 0 <= row - down < grid.height and 0 <= column - right < grid.width
    }
    members = [0] if "control_forecast" in request["product_type"] else []
    if "ensemble_perturbed_forecasts" in request["product_type"]:
        members += range(1, MEMBERS)
    members = [member for member in members if member not in missing]
    hours = {int(hour) for hour in request["leadtime_hour"]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "all.grib2"
        part = cube().sel(station=list(cells))
        issue = date(*(int(request[key][0]) for key in ("year", "month", "day")))
        write_ewds_grib(file, issue, part, cells, grid, members=members, process_id=ids[0], background_id=ids[1])
        return b"".join(message for message in read_grib_messages(file) if _end_hour(message) in hours)


def _end_hour(content: bytes) -> int:
    message = eccodes.codes_new_from_message(content)
    try:
        return int(eccodes.codes_get(message, "endStep"))
    finally:
        eccodes.codes_release(message)


@contextmanager
def running() -> Iterator[Service]:
    """Serve on loopback."""
    about = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *arguments: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.split("?")[0].removeprefix("/api/")
            about.asked[re.sub(r"job-\d+", "ID", path)] += 1
            if path.startswith("results/"):
                self._download(path.removeprefix("results/"))
            elif path == "catalogue/v1/messages":
                self._json(200, {"messages": []})
            elif not (about.open_catalogue and path.startswith("catalogue/")) and not self._known():
                pass
            elif path == f"catalogue/v1/collections/{DATASET}":
                self._json(200, {"id": DATASET, "links": []})
            elif path == f"catalogue/v1/collections/{DATASET}/form.json" and about.helps:
                self._json(200, about.form)
            elif path == f"retrieve/v1/processes/{DATASET}":
                self._json(200, {"id": DATASET, "links": []})
            elif (job := re.fullmatch(r"retrieve/v1/jobs/(job-\d+)", path)) is not None:
                self._job(job.group(1))
            elif (job := re.fullmatch(r"retrieve/v1/jobs/(job-\d+)/results", path)) is not None:
                self._results(job.group(1))
            else:
                self._json(404, {"title": "not found", "detail": f"no {path}"})

        def do_POST(self) -> None:
            inputs = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
            step = self.path.rsplit("/", 1)[-1]
            about.asked[step] += 1
            if not self._known():
                return
            if about.too_many:
                about.too_many -= 1
                self._json(429, {"title": "too many requests", "detail": "queued requests are limited"})
            elif step == "constraints" and about.helps:
                self._json(200, about.possible({key: inputs[key] for key in inputs if key != "area"}))
            elif step == "costing" and about.helps:
                fields = (1 + 50 * (len(inputs["product_type"]) - 1)) if "control" in str(inputs) else 50
                self._json(200, {"id": "size", "cost": fields * len(inputs["leadtime_hour"]), "limit": about.limit})
            elif step == "execution":
                self._order(inputs)
            else:
                self._json(404, {"title": "not found"})

        def _known(self) -> bool:
            if self.headers.get("PRIVATE-TOKEN") == KEY:
                about.accounts.add(self.headers.get("Authorization"))
                return True
            self._json(401, {"title": "authentication failed", "detail": "the key is unknown"})
            return False

        def _order(self, inputs: dict[str, Any]) -> None:
            if not about.licences:
                self._json(
                    403, {"title": "required licences not accepted", "detail": "accept CEMS-FLOODS datasets licence"}
                )
                return
            if about.refusal is not None:
                self._json(400, {"title": "invalid request", "detail": about.refusal})
                return
            about.orders.append(inputs)
            job = f"job-{len(about.orders)}"
            if about.failure is None:
                about.results[job] = (
                    delivered({**inputs, **about.instead}, about.missing_members, about.ids) * about.copies
                )
            self._json(201, self._state(job, "accepted"))

        def _state(self, job: str, status: str) -> dict[str, Any]:
            href = f"{about.url}/retrieve/v1/jobs/{job}"
            links = [{"rel": "self", "href": href}, {"rel": "monitor", "href": href}]
            if status == "successful":
                links.append({"rel": "results", "href": f"{href}/results"})
            return {"processID": DATASET, "jobID": job, "status": status, "links": links, "metadata": {}}

        def _job(self, job: str) -> None:
            if int(job[4:]) > len(about.orders):
                self._json(404, {"title": "job not found", "detail": f"job {job} not found"})
                return
            about.looked[job] += "request=" in self.path
            ready = about.looked[job] > about.looks and len(about.orders) >= about.together
            waiting = "accepted" if about.looked[job] <= about.looks // 2 else "running"
            self._json(
                200,
                self._state(
                    job, ("failed" if about.failure or job in about.failing else "successful") if ready else waiting
                ),
            )

        def _results(self, job: str) -> None:
            if about.failure or job in about.failing:
                self._json(400, {"title": "The job has failed", "detail": about.failure or "out of memory"})
                return
            value = {
                "type": "application/x-grib", "href": f"{about.url}/results/{job}.grib?signature=very-secret",
                "file:size": len(about.results[job]),
            }  # fmt: skip
            self._json(200, {"asset": {"value": value}})

        def _download(self, name: str) -> None:
            job = name.removesuffix(".grib")
            if job in about.gone:
                self._json(about.gone[job], {"title": "no such result"})
                return
            content = about.results[job]
            if about.damage is not None and self.command == "GET":
                content, about.damage = (about.damage + bytes(len(content)))[: len(content)], None
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(wanted.group(1)) if wanted else 0
            cut = None
            if self.command == "GET":
                about.asked["download"] += 1
                about.asked["download from the middle"] += start > 0
                cut, about.cut_after = about.cut_after, None
            self.send_response(206 if wanted else 200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(content) - start))
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content[start:][:cut])
            self.close_connection = cut is not None

        def _json(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    about.port = server.server_address[1]
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    try:
        yield about
    finally:
        server.shutdown()
        server.server_close()


__all__ = ["DATASET", "ISSUE", "KEY", "Service", "running"]
