"""Roads and buildings: which of them are exposed, and what the map draws of that.

IBF API 0.335 has no endpoint that reads them: the portal draws a view of its database, and the view is defective. Of a
lead time it keeps only the newest timestamp **over all countries**, and of the lines without any status of their own
the unexposed ones; whatever was exposed before that timestamp is in no row any more, neither exposed nor safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ibf_pipeline.sandbox.responses import server_error
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.timestamps import period_start
from ibf_pipeline.sandbox.uploads import accepted_timestamp, js_text


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A road or building as the map draws it; one that the view lost is drawn nowhere."""

    iso3: str
    category: str
    fid: int
    lead_time: str | None
    """None if it is not exposed"""

    @property
    def exposed(self) -> bool:
        return self.lead_time is not None


def store_exposed_lines(store: SandboxStore, body: Mapping[str, Any], now: datetime) -> None:
    """Notes the exposed lines of a lead time; one id that is not an integer fails the whole call, unknown ones and null
    are skipped. An empty list changes nothing: what was exposed stays so."""
    moment = accepted_timestamp(body.get("date"), None, now)
    fids = [_integer(fid) for fid in body["exposedFids"] if fid is not None]
    row = {"iso3": body["countryCodeISO3"], "category": body["linesDataCategory"], "lead_time": body["leadTime"]}
    start = period_start(store.disasters[body["disasterType"]].period, moment)
    with store.transaction():
        for fid in dict.fromkeys(fids):
            known = "SELECT 1 FROM line WHERE iso3 = :iso3 AND category = :category AND fid = :fid"
            if store.row(known, iso3=row["iso3"], category=row["category"], fid=fid) is None:
                continue
            store.run(
                "DELETE FROM line_status WHERE iso3 = :iso3 AND category = :category AND fid = :fid"
                " AND lead_time = :lead_time AND moment >= :start",
                **row,
                fid=fid,
                start=start,
            )
            store.insert("line_status", [{**row, "fid": fid, "moment": moment}])


def drawn_lines(store: SandboxStore, category: str, iso3: str | None = None) -> list[DrawnLine]:
    """Rows of the view, of one country or of all."""
    found = store.rows(
        "SELECT l.iso3, l.category, l.fid, s.lead_time FROM line AS l LEFT JOIN line_status AS s"
        " ON s.iso3 = l.iso3 AND s.category = l.category AND s.fid = l.fid"
        " LEFT JOIN (SELECT lead_time, MAX(moment) AS moment FROM line_status WHERE category = :category"
        " GROUP BY lead_time) AS newest ON newest.lead_time = s.lead_time"
        " WHERE l.category = :category AND (:iso3 IS NULL OR l.iso3 = :iso3)"
        " AND (s.moment IS NULL OR s.moment = newest.moment) ORDER BY l.iso3, l.fid, s.lead_time",
        category=category,
        iso3=iso3,
    )
    return [DrawnLine(**row) for row in found]


def _integer(fid: Any) -> int:
    try:
        return int(js_text(fid) or "")
    except ValueError:
        raise server_error() from None
